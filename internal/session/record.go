package session

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// OpGreeting names what we sent before any act.
const OpGreeting = "greeting"

// asked is the last act that the room recorded: what octets written with no act
// pending carry on.
type asked struct {
	op    string
	class event.Class
	seq   int // -1: it was folded
}

// unasked is the act of octets that we sent with no act pending: a greeting, the
// rest of an answer of more than 64 KiB, or an answer that a Send overtook.
func (s *Session) unasked() event.Act {
	if s.asked.op == "" {
		return event.Act{Op: OpGreeting, Class: event.Report}
	}
	return event.Act{Op: s.asked.op, Class: event.Report, Detail: continuation(s.asked)}
}

// continuation is the detail of an act that carries on an earlier one's answer.
type continuation asked

// AppendJSON implements event.Detail.
func (c continuation) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if c.seq >= 0 {
		o.Int("continues", int64(c.seq))
	}
	return o.End()
}

// foldedDetail is the detail of a line that stands for several acts of a source
// over its daily budget: octet totals, and the last act's own detail.
type foldedDetail struct {
	Folded
	last any
}

// AppendJSON implements event.Detail.
func (d foldedDetail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("octets_in", d.OctetsIn)
	o.Int("octets_out", d.OctetsOut)
	switch last := d.last.(type) {
	case nil:
	case event.Detail:
		o.Raw("last", last.AppendJSON(nil))
	default:
		if p, err := json.Marshal(last); err == nil {
			o.Raw("last", p)
		}
	}
	return o.End()
}

// panicked is the detail of an act whose own could not be encoded.
type panicked struct {
	Error event.Text `json:"encoding_error"`
}

// quotaClass is the class under which an act folds. What a visitor can make us
// record at no cost of his own must fold, whatever its class says.
func quotaClass(a *event.Act) event.Class {
	if c, ok := a.Detail.(continuation); ok {
		return c.class
	}
	switch {
	case a.Op == OpGreeting && a.Class == event.Report:
		return event.Connect
	case a.Op == OpAfterClose || a.Op == OpUnrecorded:
		return event.Malformed
	}
	return a.Class
}

// append writes one act's line where the source's quota allows it.
func (s *Session) append(a *event.Act, req, resp event.Octets) {
	s.stats.count(a.Op)
	at := -1
	if s.admit(a, req.Len, resp.Len) {
		s.ensureOpen()
		at = s.seq
		s.put(a, req, resp)
	}
	if !s.sending {
		s.asked = asked{a.Op, a.Class, at}
	}
}

// admit asks the quota; a line that stands for several acts says so.
func (s *Session) admit(a *event.Act, in, out int) bool {
	if s.cfg.Quota == nil {
		return true
	}
	keep, f := s.cfg.Quota.Admit(quotaClass(a), in, out)
	if !keep {
		s.stats.folded++
		return false
	}
	if f.Count > 1 {
		a.Count, a.Detail = f.Count, foldedDetail{f, a.Detail}
	}
	return true
}

// put writes one act's line.
func (s *Session) put(a *event.Act, req, resp event.Octets) {
	at := s.since()
	var took time.Duration // of the answer; nothing asked for what has no request
	if req.Len > 0 {
		took = at - time.Duration(s.arrived.Load())
	}
	line := s.cfg.Buffers.get()
	*line = s.encode((*line)[:0], s.stamp(at), a, req, resp, took)
	s.write(*line, a.Class)
	s.cfg.Buffers.put(line)
}

// encode appends the act's line. A detail that panics is a fault of the room and
// must cost neither the evidence around it nor, from a goroutine of the room's
// own, the sensor.
func (s *Session) encode(b []byte, t event.Stamp, a *event.Act, req, resp event.Octets, took time.Duration) (line []byte) {
	defer func() {
		if r := recover(); r != nil {
			s.Log.Error("an act's detail panicked and is not recorded", "session", s.ID(), "op", a.Op, "panic", fmt.Sprint(r))
			a.Detail = panicked{event.Text(fmt.Sprint(r))}
			line = s.encoder().AppendAct(b, t, a, req, resp, took)
		}
	}()
	return s.encoder().AppendAct(b, t, a, req, resp, took)
}

func (s *Session) stamp(at time.Duration) event.Stamp {
	t := event.Stamp{Time: time.Now(), At: at, Seq: s.seq}
	s.seq++
	return t
}

// ensureOpen writes session.open once.
func (s *Session) ensureOpen() {
	if s.opened || s.ended {
		return
	}
	s.opened = true
	s.opener.Stop()
	seq := s.seq
	s.seq++
	line := s.encoder().AppendOpen(nil, event.Stamp{Time: s.start, Seq: seq}, s.cfg.Open)
	s.write(line, event.Connect)
}

// write appends to the journal. A line that the journal drops is counted there
// and leaves a gap in seq; the visitor is served all the same.
func (s *Session) write(line []byte, class event.Class) {
	if err := s.cfg.Journal.Append(line, class); err != nil {
		s.stats.lost++
	}
}
