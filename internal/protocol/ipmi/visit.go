package ipmi

import (
	"context"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// A visit is one datagram and what is said about it.
type visit struct {
	*bmc
	s     *session.Session
	ctx   context.Context // ends with the flow
	later *sync.WaitGroup // what the flow still has to do
	raw   []byte
	now   time.Time
	act   event.Act
	note  detail
	out   []byte // the answer; nil: silence
}

// serve reads the datagram, records it, and answers.
func (v *visit) serve() {
	down := v.down.Holds(v.s.Source(), v.now)
	v.take()
	if down && v.out != nil {
		v.ignore("the controller is restarting")
		v.out = nil
	}
	v.act.Detail = &v.note
	v.s.Record(v.act)
	if v.out == nil {
		return
	}
	if l := v.set.Latency; len(l) == 2 {
		v.s.Delay(time.Duration(l[0]) + time.Duration(v.s.Rand().Int64N(int64(l[1]-l[0])+1)))
	}
	v.s.Write(v.out) // a datagram that the reply budget does not allow is lost, and the act says so
}

// take has the controller to itself while it reads the datagram.
func (v *visit) take() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.expire()
	v.receive()
}

// receive tells the classes of RMCP apart.
func (v *visit) receive() {
	h, _, err := wire.ParseHeader(v.raw)
	switch {
	case len(v.raw) == 0: // how some scanners look for open ports
		v.act = event.Act{Op: "empty_datagram", Class: event.Connect}
		v.ignore("nothing in it")
	case err != nil:
		v.unreadable(err)
	case h.Ack():
		v.act = event.Act{Op: "rmcp_ack", Class: event.Other}
		v.ignore("nothing of ours was to be acknowledged")
	case h.Class == wire.ClassASF:
		v.asf()
	case h.Class == wire.ClassIPMI:
		v.ipmi()
	default:
		v.act = event.Act{Op: "rmcp_message", Class: event.Other}
		v.note.int("rmcp_class", int64(h.Class))
		v.ignore("a class of RMCP that is not served")
	}
}

// unreadable describes a datagram that is none of ours: silence, as BMCs do.
func (v *visit) unreadable(err error) {
	v.act = event.Act{Op: "malformed", Class: event.Malformed}
	if name := foreign.Name(v.raw); name != "" && name != "ipmi" && errors.Is(err, wire.ErrVersion) {
		v.act.Op, v.act.Class = name, event.Foreign
	}
	v.ignore(err.Error())
}

// ignore leaves the datagram unanswered.
func (v *visit) ignore(reason string) {
	v.act.Outcome = event.Ignored
	v.note.reason = reason
}

func (v *visit) asf() {
	a, err := wire.ParseASF(v.raw)
	switch {
	case err != nil:
		v.unreadable(err)
	case a.Enterprise != wire.ASFEnterprise || a.Type != wire.ASFPing:
		v.act = event.Act{Op: "asf_message", Class: event.Other}
		v.note.int("asf_type", int64(a.Type))
		v.ignore("no presence ping")
	default:
		v.act = event.Act{Op: "presence_ping", Class: event.Identify}
		v.note.int("tag", int64(a.Tag))
		v.out = wire.Pong(a).Append(nil)
	}
}

func (v *visit) ipmi() {
	f, err := wire.ParseFrame(v.raw)
	if err != nil {
		v.unreadable(err)
		return
	}
	v.note.int("session_id", int64(f.ID))
	v.note.int("session_seq", int64(f.Seq))
	if f.Auth == wire.AuthRMCPPlus {
		v.note.version = "2.0"
		v.plus(&f)
		return
	}
	v.note.version = "1.5"
	v.classic(&f)
}

// A detail is the protocol's part of an act.
type detail struct {
	version string // of the session header
	fields  []field
	data    []byte // of a message that was encrypted on the wire
	answer  []byte // the same of ours
	reason  string // why nothing was answered
}

// A field is one further member of a detail.
type field struct {
	name string
	text string
	num  int64
	kind uint8 // 't' text, 'n' number, 'b' truth
}

func (d *detail) int(name string, n int64) {
	d.fields = append(d.fields, field{name: name, num: n, kind: 'n'})
}
func (d *detail) text(name, s string) {
	d.fields = append(d.fields, field{name: name, text: s, kind: 't'})
}
func (d *detail) hex(name string, p []byte) { d.text(name, hex.EncodeToString(p)) }

// yes adds a truth that is only mentioned where it holds.
func (d *detail) yes(name string, v bool) {
	if v {
		d.fields = append(d.fields, field{name: name, kind: 'b'})
	}
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if d.version != "" {
		o.Text("version", d.version)
	}
	for _, f := range d.fields {
		switch f.kind {
		case 'n':
			o.Int(f.name, f.num)
		case 't':
			o.Text(f.name, f.text)
		default:
			o.Bool(f.name, true)
		}
	}
	if d.data != nil {
		o.Hex("data", d.data)
	}
	if d.answer != nil {
		o.Hex("response_data", d.answer)
	}
	if d.reason != "" {
		o.Text("reason", d.reason)
	}
	return o.End()
}
