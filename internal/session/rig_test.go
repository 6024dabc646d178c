package session_test

import (
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// rig is a session with its visitor's end and its journal.
type rig struct {
	*session.Session
	t       testing.TB
	visitor *prototest.Conn
	journal *prototest.Journal
}

// stream hides Datagram, so that a session takes the connection for TCP.
type stream struct {
	net.Conn
	half interface{ CloseWrite() error }
}

func (s stream) CloseWrite() error { return s.half.CloseWrite() }

func newStream(c *prototest.Conn) stream { return stream{c, c} }

const testID = "01950000-0000-7000-8000-000000000001"

// newRig opens a session; change may adjust its configuration.
func newRig(t testing.TB, network string, change func(*session.Config)) *rig {
	t.Helper()
	src, dst := netip.MustParseAddrPort("192.0.2.77:40001"), netip.MustParseAddrPort("192.0.2.5:502")
	visitor, service := prototest.NewConn(src, dst, network == "udp")
	r := &rig{t: t, visitor: visitor, journal: &prototest.Journal{}}
	cfg := session.Config{
		Conn:     service,
		Envelope: event.Envelope{Session: testID, Boot: "boot", Sensor: "test", Protocol: "echo", Transport: network, Src: src, Dst: dst},
		Open:     event.Open{Persona: "p", Device: "d", Build: "b", Listener: "echo"},
		Journal:  r.journal,
	}
	if network == "tcp" {
		cfg.Conn = newStream(service)
	}
	if change != nil {
		change(&cfg)
	}
	r.Session = session.Open(cfg)
	return r
}

// says sends what the visitor says.
func (r *rig) says(s string) {
	r.t.Helper()
	if _, err := r.visitor.Write([]byte(s)); err != nil {
		r.t.Fatal(err)
	}
}

// take reads n octets as the room.
func (r *rig) take(n int) string {
	r.t.Helper()
	p := make([]byte, n)
	if _, err := io.ReadFull(r.R(), p); err != nil {
		r.t.Fatalf("room reads %d octets: %v", n, err)
	}
	return string(p)
}

// hears reads n octets as the visitor.
func (r *rig) hears(n int) string {
	r.t.Helper()
	p := make([]byte, n)
	if _, err := io.ReadFull(r.visitor, p); err != nil {
		r.t.Fatalf("visitor reads %d octets: %v", n, err)
	}
	return string(p)
}

// events is the journal so far; acts those of kind act.
func (r *rig) events() []event.Event { return r.journal.Events(r.t) }

func (r *rig) acts() []event.Event {
	var out []event.Event
	for _, e := range r.events() {
		if e.Kind == event.KindAct {
			out = append(out, e)
		}
	}
	return out
}

// closed is the session.close line.
func (r *rig) closed() event.Event {
	r.t.Helper()
	all := r.events()
	if len(all) == 0 || all[len(all)-1].Kind != event.KindClose {
		r.t.Fatalf("the last of %d events is no session.close", len(all))
	}
	return all[len(all)-1]
}

func unhex(t testing.TB, s string) string {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wantAct compares the parts of an act that the session is responsible for.
func wantAct(t testing.TB, e event.Event, op, request, response string) {
	t.Helper()
	if e.Op != op || unhex(t, e.Request) != request || unhex(t, e.Response) != response {
		t.Errorf("act %d is %s %q -> %q, want %s %q -> %q", e.Seq, e.Op, unhex(t, e.Request), unhex(t, e.Response), op, request, response)
	}
	if e.RequestLen != len(request) || e.ResponseLen != len(response) {
		t.Errorf("act %d (%s) has lengths %d and %d, want %d and %d", e.Seq, e.Op, e.RequestLen, e.ResponseLen, len(request), len(response))
	}
}

func wantActs(t testing.TB, acts []event.Event, ops ...string) {
	t.Helper()
	var got []string
	for _, e := range acts {
		got = append(got, e.Op)
	}
	if len(got) != len(ops) {
		t.Fatalf("acts %v, want %v", got, ops)
	}
	for i := range ops {
		if got[i] != ops[i] {
			t.Fatalf("acts %v, want %v", got, ops)
		}
	}
}

func read(op string) event.Act { return event.Act{Op: op, Class: event.Read} }

// end ends the session of a visitor who has closed, so that End has nothing to
// wait for.
func (r *rig) end(err error) {
	r.visitor.CloseWrite()
	r.End(err)
}
