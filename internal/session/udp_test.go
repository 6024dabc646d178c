package session_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// purse is a Budget of so many payload octets.
type purse struct {
	left   int
	proven bool
}

func (p *purse) Spend(n int) bool {
	if p.proven {
		return true
	}
	if n > p.left {
		return false
	}
	p.left -= n
	return true
}
func (p *purse) Left() int { return p.left }
func (p *purse) Prove() bool {
	p.proven, p.left = true, 1<<30
	return true
}

func (r *rig) datagram() string {
	r.t.Helper()
	p, err := r.Datagram()
	if err != nil {
		r.t.Fatal(err)
	}
	return string(p)
}

// gets is the next datagram as the visitor gets it.
func (r *rig) gets() string {
	r.t.Helper()
	p, err := r.visitor.Datagram()
	if err != nil {
		r.t.Fatal(err)
	}
	return string(p)
}

func TestDatagramBoundaries(t *testing.T) {
	r := newRig(t, "udp", nil)
	if !r.Packet() || r.R() != nil {
		t.Error("a flow has a stream reader")
	}
	r.says("one")
	r.says("two")
	if got := r.datagram(); got != "one" {
		t.Errorf("first datagram %q", got)
	}
	r.Record(read("1"))
	r.Write([]byte("a"))
	r.Write([]byte("bc"))
	r.Write(nil)
	if got := r.datagram(); got != "two" {
		t.Errorf("second datagram %q", got)
	}
	r.Record(read("2"))
	r.Write([]byte("def"))
	r.Flush()
	for _, want := range []string{"a", "bc", "", "def"} {
		if got := r.gets(); got != want {
			t.Errorf("visitor gets %q, want %q", got, want)
		}
	}
	wantAct(t, r.acts()[0], "1", "one", "abc")
	wantAct(t, r.acts()[1], "2", "two", "def")
}

func TestAllowance(t *testing.T) {
	p := &purse{left: 10}
	r := newRig(t, "udp", func(c *session.Config) { c.Budget = p })
	r.says("q")
	r.datagram()
	r.Record(read("q"))
	if got := r.Allowance(); got != 10 {
		t.Errorf("allowance %d", got)
	}
	if n, err := r.Write([]byte("12345")); n != 5 || err != nil {
		t.Errorf("write within the allowance: %d %v", n, err)
	}
	if n, err := r.Write([]byte("123456")); n != 0 || !errors.Is(err, session.ErrAllowance) {
		t.Errorf("write beyond the allowance: %d %v", n, err)
	}
	r.says("r")
	r.datagram()
	r.Record(read("r"))
	r.Prove()
	if _, err := r.Write(make([]byte, 1400)); err != nil {
		t.Errorf("a proven visitor: %v", err)
	}
	r.end(nil)
	acts := r.acts()
	wantAct(t, acts[0], "q", "q", "12345")
	if acts[0].Outcome != event.Dropped || acts[1].Outcome != event.Answered {
		t.Errorf("outcomes %s, %s", acts[0].Outcome, acts[1].Outcome)
	}
}

func TestAllowanceOnTCPIsUnlimited(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.Prove()
	if r.Allowance() < 1<<20 {
		t.Errorf("allowance %d", r.Allowance())
	}
}

func TestSendBeyondTheAllowance(t *testing.T) {
	r := newRig(t, "udp", func(c *session.Config) { c.Budget = &purse{left: 2} })
	if err := r.Send(event.Act{Op: "cov", Class: event.Report}, []byte("long")); !errors.Is(err, session.ErrAllowance) {
		t.Errorf("Send: %v", err)
	}
	a := r.acts()[0]
	wantAct(t, a, "cov", "", "")
	if a.Outcome != event.Dropped {
		t.Errorf("outcome %s", a.Outcome)
	}
}

// A datagram that the room takes and does not record is the room's fault even
// when the flow has died of idleness: prototest must see it.
func TestForgottenDatagram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "udp", func(c *session.Config) { c.Idle = time.Second })
		r.says("forgotten")
		r.datagram()
		_, err := r.Datagram()
		r.End(err)
		wantActs(t, r.acts(), session.OpUnrecorded)
		if c := r.closed(); c.Reason != "idle" || c.OctetsIn != 9 {
			t.Errorf("reason %s, in %d", c.Reason, c.OctetsIn)
		}
	})
}

func TestDatagramsBehindTheLast(t *testing.T) {
	r := newRig(t, "udp", nil)
	r.says("bye")
	r.says("one")
	r.says("two")
	r.datagram()
	r.Record(read("bye"))
	r.End(nil)
	acts := r.acts()
	wantActs(t, acts, "bye", session.OpAfterClose, session.OpAfterClose)
	wantAct(t, acts[1], session.OpAfterClose, "one", "")
	wantAct(t, acts[2], session.OpAfterClose, "two", "")
}

func TestDatagramOnTCP(t *testing.T) {
	if _, err := newRig(t, "tcp", nil).Datagram(); err == nil {
		t.Error("Datagram works on a stream")
	}
}
