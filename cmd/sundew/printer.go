package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// eventPrinter writes events for people, one a line.
type eventPrinter struct {
	out    io.Writer
	colour bool
	detail bool // of one session: the details below each act
}

// ANSI colours of classes.
const (
	plain  = ""
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
)

func (p *eventPrinter) paint(colour, s string) string {
	if !p.colour || colour == plain {
		return s
	}
	return colour + s + "\x1b[0m"
}

// colourOf makes what changes the plant stand out from what only looks.
func colourOf(c event.Class) string {
	switch c {
	case event.Write, event.Control, event.Mode, event.ProgramDownload, event.Config, event.Firmware, event.Restart, event.FileWrite:
		return red
	case event.Auth, event.ProgramUpload, event.FileRead:
		return yellow
	case event.Malformed, event.Foreign:
		return cyan
	}
	return plain
}

func (p *eventPrinter) print(e *event.Event) error {
	at := e.Time.UTC().Format("2006-01-02 15:04:05.000")
	var s string
	switch e.Kind {
	case event.KindStatus:
		s = p.paint(dim, fmt.Sprintf("%s  status   %s %s", at, e.What, visible(string(e.Detail))))
	case event.KindOpen:
		s = p.paint(dim, fmt.Sprintf("%s  %-8s %s  %s > %s:%d  open  session %s", at, e.Protocol, e.Session, source(e), e.Device, e.Dst.Port, e.Listener))
	case event.KindClose:
		s = p.paint(dim, fmt.Sprintf("%s  %-8s %s  %s  close %s after %.1f s: %d acts, %d octets in, %d out",
			at, e.Protocol, e.Session, source(e), e.Reason, float64(e.DurationUS)/1e6, e.Acts, e.OctetsIn, e.OctetsOut))
	default:
		s = fmt.Sprintf("%s  %-8s %s  %s  %s", at, e.Protocol, e.Session, source(e), p.act(e))
	}
	_, err := fmt.Fprintln(p.out, s)
	if err == nil && p.detail && e.Kind == event.KindAct {
		err = p.octets(e)
	}
	return err
}

func source(e *event.Event) string {
	if e.Src == nil {
		return "-"
	}
	return e.Src.IP.String()
}

// act says what was done in one phrase.
func (p *eventPrinter) act(e *event.Event) string {
	var b strings.Builder
	b.WriteString(p.paint(colourOf(e.Class), visible(string(e.Class)+" "+e.Op)))
	if e.Target != nil {
		fmt.Fprintf(&b, " %s %s", visible(string(e.Target.Kind)), visible(e.Target.Ref))
	}
	for i := range max(len(e.Tags), len(e.Values)) {
		b.WriteByte(' ')
		if i < len(e.Tags) {
			b.WriteString(visible(e.Tags[i]))
		}
		if i < len(e.Previous) {
			fmt.Fprintf(&b, " %s ->", visible(e.Previous[i]))
		}
		if i < len(e.Values) {
			b.WriteString(" " + visible(e.Values[i]))
		}
		if b.Len() > 400 {
			b.WriteString(" …")
			break
		}
	}
	if e.Cred != nil {
		fmt.Fprintf(&b, " user %q secret %q", e.Cred.User, e.Cred.Secret)
	}
	if e.Artifact != nil {
		fmt.Fprintf(&b, " kept %s (%d octets, %s)", visible(e.Artifact.SHA256[:min(12, len(e.Artifact.SHA256))]), e.Artifact.Size, visible(e.Artifact.Kind))
	}
	if e.Outcome != event.Answered {
		b.WriteString(" " + p.paint(yellow, visible(string(e.Outcome))))
	}
	if e.Count > 1 {
		fmt.Fprintf(&b, " ×%d", e.Count)
	}
	return b.String()
}

// octets writes an act's detail and the octets of both directions below it.
func (p *eventPrinter) octets(e *event.Event) error {
	if d := details(e.Detail); d != "" {
		if _, err := fmt.Fprintf(p.out, "    %s\n", visible(d)); err != nil {
			return err
		}
	}
	for _, d := range []struct {
		mark, hex string
		n         int
	}{{">", e.Request, e.RequestLen}, {"<", e.Response, e.ResponseLen}} {
		if d.hex == "" {
			continue
		}
		shown := d.hex[:min(len(d.hex), 128)]
		if len(shown) < 2*d.n {
			shown += fmt.Sprintf("… (%d octets)", d.n)
		}
		if _, err := fmt.Fprintln(p.out, p.paint(dim, "    "+d.mark+" "+shown)); err != nil {
			return err
		}
	}
	return nil
}

// details writes a detail's members as name=value, in order of name.
func details(raw json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return ""
	}
	names := make([]string, 0, len(members))
	for n := range members {
		names = append(names, n)
	}
	slices.Sort(names)
	var parts []string
	for _, n := range names {
		parts = append(parts, n+"="+string(members[n]))
	}
	return strings.Join(parts, " ")
}
