package prototest

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// Read and the rest of net.Conn for stream.
func (s stream) Close() error                       { return s.c.Close() }
func (s stream) CloseWrite() error                  { return s.c.CloseWrite() }
func (s stream) LocalAddr() net.Addr                { return s.c.LocalAddr() }
func (s stream) RemoteAddr() net.Addr               { return s.c.RemoteAddr() }
func (s stream) SetDeadline(t time.Time) error      { return s.c.SetDeadline(t) }
func (s stream) SetReadDeadline(t time.Time) error  { return s.c.SetReadDeadline(t) }
func (s stream) SetWriteDeadline(t time.Time) error { return s.c.SetWriteDeadline(t) }

// lines renders the acts and closes of a record as conversations have them.
func lines(events []event.Event) []string {
	var out []string
	for _, e := range events {
		switch e.Kind {
		case event.KindAct:
			out = append(out, line(e))
		case event.KindClose:
			l := "close " + e.Reason
			if e.Error != "" {
				l += " " + e.Error
			}
			out = append(out, l)
		}
	}
	return out
}

func line(e event.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", e.Class, e.Op, e.Outcome)
	if e.Target != nil {
		fmt.Fprintf(&b, " %s:%s", e.Target.Kind, e.Target.Ref)
	}
	if len(e.Values) > 0 || len(e.Tags) > 0 {
		b.WriteString(" [")
		for i := range max(len(e.Values), len(e.Tags)) {
			if i > 0 {
				b.WriteByte(' ')
			}
			if i < len(e.Tags) {
				b.WriteString(e.Tags[i])
			}
			if i < len(e.Values) {
				b.WriteString("=" + e.Values[i])
			}
			if i < len(e.Previous) {
				b.WriteString("<" + e.Previous[i])
			}
		}
		b.WriteByte(']')
	}
	if e.Cred != nil {
		fmt.Fprintf(&b, " cred:%s/%s/%s", e.Cred.User, e.Cred.Secret, e.Cred.Method)
	}
	if e.Artifact != nil {
		fmt.Fprintf(&b, " artifact:%s/%s/%d", e.Artifact.Kind, e.Artifact.Name, e.Artifact.Size)
	}
	if e.Detail != nil {
		b.WriteString(" " + string(e.Detail))
	}
	return b.String()
}
