package enip

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

const testIdentity = `
controller = "Line7"
latency = { min = "0s", max = "0s" }
identity = { code = 107, revision = "30.11", serial = "60a1b2c3", name = "TW-33ER" }
`

const testTags = `
[[tag]]
name = "level"
type = "float32"
start = 2.5
writable = true
[[tag]]
name = "plc.mode"
type = "text"
start = "run"
writable = true
`

func newTestServer(t testing.TB, settings string) (*server, protocol.Env) {
	t.Helper()
	env := prototest.Env(t, []byte(testTags), []byte(testIdentity+settings), nil)
	d, err := newServer(env)
	if err != nil {
		t.Fatal(err)
	}
	return d, env
}

// discard is a journal that keeps nothing.
type discard struct{}

func (discard) Append([]byte, event.Class) error { return nil }

// serve runs a session with d on conn and returns when it has ended.
func serve(d *server, conn net.Conn, id string) error {
	s := session.Open(session.Config{
		Conn: conn, Journal: discard{}, Instant: true, Idle: 10 * time.Second,
		Envelope: event.Envelope{Session: id, Src: netip.MustParseAddrPort("192.0.2.1:1"), Dst: netip.MustParseAddrPort("192.0.2.2:44818")},
	})
	err := d.Serve(context.Background(), s)
	s.End(err)
	return err
}

func register(t testing.TB, c net.Conn) uint32 {
	t.Helper()
	ask := wire.Frame{Command: wire.RegisterSession, Data: []byte{1, 0, 0, 0}}.Append(nil)
	if _, err := c.Write(ask); err != nil {
		t.Fatal(err)
	}
	return answer(t, c).Session
}

func answer(t testing.TB, c net.Conn) wire.Frame {
	t.Helper()
	head := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	p := append(head, make([]byte, wire.Length(head)-len(head))...)
	if _, err := io.ReadFull(c, p[wire.HeaderLen:]); err != nil {
		t.Fatal(err)
	}
	f, err := wire.Parse(p)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ask sends a message unconnected and returns the reply.
func ask(t testing.TB, c net.Conn, handle uint32, q cip.Request) cip.Reply {
	t.Helper()
	tr := wire.Transfer{Packet: wire.Packet{{Type: wire.NullAddress}, {Type: wire.UnconnectedData, Data: q.Append(nil)}}}
	if _, err := c.Write(wire.Frame{Command: wire.SendRRData, Session: handle, Data: tr.Append(nil)}.Append(nil)); err != nil {
		t.Fatal(err)
	}
	back, err := wire.ParseTransfer(answer(t, c).Data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := cip.ParseReply(back.Packet[1].Data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func writeCount(n byte) cip.Request {
	path := cip.Path{{Kind: cip.Symbol, Text: "Count"}}.Append(nil)
	return cip.Request{Service: writeTag, Path: path, Data: []byte{0xc4, 0, 1, 0, n, 0, 0, 0}}
}

// What is written is kept: the first at once, the last at the end.
func TestTagsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tags = `tags = [{ name = "Count", type = "DINT", value = 9 }]`
		d, env := newTestServer(t, tags)
		conn, visitor := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- serve(d, conn, "s") }()
		kept := func() byte {
			again, err := newServer(env)
			if err != nil {
				t.Fatal(err)
			}
			return again.scopes[""].byName["count"].mem[0]
		}
		handle := register(t, visitor)
		for n := range 3 {
			if p := ask(t, visitor, handle, writeCount(byte(n+1))); p.Status != cip.Success {
				t.Fatalf("write: %+v", p)
			}
		}
		if got := kept(); got != 1 {
			t.Errorf("after three writes within a second %d is kept, want the first", got)
		}
		visitor.Close()
		<-done
		if got := kept(); got != 3 {
			t.Errorf("at the end %d is kept, want 3", got)
		}
	})
}

// A reset ends the sessions of all visitors, and the device is away for a while.
func TestResetEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := newTestServer(t, `restart = "20s"`)
		start := func(id string) (net.Conn, chan error) {
			conn, visitor := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- serve(d, conn, id) }()
			return visitor, done
		}
		one, oneDone := start("1")
		two, twoDone := start("2")
		register(t, two)
		handle := register(t, one)
		if p := ask(t, one, handle, cip.Request{Service: cip.Reset, Path: cip.Object(identityObject, 1).Append(nil)}); p.Status != cip.Success {
			t.Fatalf("reset: %+v", p)
		}
		if _, err := io.ReadAll(one); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadAll(two); err != nil {
			t.Error(err)
		}
		<-oneDone
		<-twoDone
		three, threeDone := start("3")
		if p, _ := io.ReadAll(three); len(p) > 0 {
			t.Errorf("starting, the device says % x", p)
		}
		<-threeDone
		time.Sleep(21 * time.Second)
		four, fourDone := start("4")
		register(t, four)
		four.Close()
		<-fourDone
	})
}

// One visitor does not use up all CIP connections.
func TestConnectionsAreShared(t *testing.T) {
	d, _ := newTestServer(t, "connections = 16\n")
	visit := func(from string) *call {
		s := session.Open(session.Config{Conn: &net.TCPConn{}, Journal: discard{}, Envelope: event.Envelope{Src: netip.MustParseAddrPort(from)}})
		return &call{visitor: &visitor{server: d, s: s, links: map[uint32]*link{}}}
	}
	opened := func(from string) (n int) {
		for c := visit(from); ; n++ {
			extended := uint16(0)
			if c.connect(cip.ForwardOpen{Triad: cip.Triad{Serial: uint16(n), Originator: uint32(len(d.links))}}, &extended) == nil {
				return n
			}
		}
	}
	if n := opened("192.0.2.7:1"); n != 4 {
		t.Errorf("one visitor opens %d of 16", n)
	}
	if n := opened("192.0.2.7:2"); n != 0 {
		t.Errorf("in another session he opens %d more", n)
	}
	if n := opened("192.0.2.8:1"); n != 4 {
		t.Errorf("another opens %d", n)
	}
}

func TestHandlesDiffer(t *testing.T) {
	d, _ := newTestServer(t, "")
	seen := map[uint32]bool{}
	for i := range 50 {
		conn, visitor := net.Pipe()
		go serve(d, conn, strings.Repeat("x", i+1))
		h := register(t, visitor)
		visitor.Close()
		if h == 0 || seen[h] {
			t.Errorf("handle %#x again", h)
		}
		seen[h] = true
	}
}

// TestRandomInput sends what no client would, framed and not; the room neither
// panics nor hangs.
func TestRandomInput(t *testing.T) {
	d, _ := newTestServer(t, `tags = [{ name = "A", type = "DINT", array = [50] }, { name = "S", type = "STRING" }]`)
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := func(n int) []byte {
		p := make([]byte, rnd.IntN(n))
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
		return p
	}
	classes := []byte{1, 2, 4, 6, 0x64, 0x67, 0x68, 0x6b, 0x6c, 0x8b, 0x8e, 0xac, 0xf4, 0xf5, 0xf6}
	for range 40 {
		conn, visitor := net.Pipe()
		done := make(chan struct{})
		go func() { serve(d, conn, "s"); close(done) }()
		handle := register(t, visitor)
		go io.Copy(io.Discard, visitor)
		for range 200 {
			q := cip.Request{Service: cip.Service(rnd.IntN(0x60)), Path: cip.Object(uint32(classes[rnd.IntN(len(classes))]), uint32(rnd.IntN(3))).Append(nil), Data: noise(40)}
			if q.Service == cip.Reset {
				continue
			}
			switch rnd.IntN(4) {
			case 0:
				q.Path = cip.Path{{Kind: cip.Symbol, Text: "AS"[rnd.IntN(2):][:1]}}.Append(nil)
			case 1:
				q.Path = noise(8)
				q.Path = q.Path[:len(q.Path)&^1]
			}
			tr := wire.Transfer{Packet: wire.Packet{{Type: wire.NullAddress}, {Type: wire.UnconnectedData, Data: q.Append(nil)}}}
			f := wire.Frame{Command: wire.SendRRData, Session: handle, Data: tr.Append(nil)}
			if rnd.IntN(10) == 0 {
				f.Data = noise(60)
			}
			visitor.Write(f.Append(nil))
		}
		visitor.Write(noise(300))
		visitor.Close()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			t.Fatal("the room hangs")
		}
	}
}

func TestHello(t *testing.T) {
	d, _ := newTestServer(t, "")
	conn, visitor := net.Pipe()
	go serve(d, conn, "s")
	if err := hello(t.Context(), visitor); err != nil {
		t.Error(err)
	}
	visitor.Close()
	other, end := net.Pipe()
	go func() {
		io.ReadFull(other, make([]byte, wire.HeaderLen))
		other.Write(wire.Frame{Command: wire.ListIdentity}.Append(nil))
		other.Close()
	}()
	if err := hello(t.Context(), end); err == nil {
		t.Error("an answer to another question is taken")
	}
}

func TestRefuse(t *testing.T) {
	q := writeCount(1)
	tr := wire.Transfer{Packet: wire.Packet{{Type: wire.NullAddress}, {Type: wire.UnconnectedData, Data: q.Append(nil)}}}
	f, err := wire.Parse(refuse(wire.Frame{Command: wire.SendRRData, Session: 7, Data: tr.Append(nil)}.Append(nil)))
	if err != nil || f.Session != 7 {
		t.Fatalf("%+v, %v", f, err)
	}
	back, err := wire.ParseTransfer(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := cip.ParseReply(back.Packet[1].Data); err != nil || p.Status != cip.PrivilegeViolation || p.Service != writeTag|0x80 {
		t.Errorf("%+v, %v", p, err)
	}
	f, err = wire.Parse(refuse(wire.Frame{Command: wire.SendUnitData}.Append(nil)))
	if err != nil || f.Status != wire.InvalidCommand {
		t.Errorf("%+v, %v", f, err)
	}
	if refuse([]byte("GET /")) != nil {
		t.Error("what is no request is refused")
	}
}

func BenchmarkReadTag(b *testing.B) {
	d, _ := newTestServer(b, `tags = [{ name = "Count", type = "DINT", value = 9 }]`)
	conn, visitor := net.Pipe()
	go serve(d, conn, "s")
	handle := register(b, visitor)
	q := cip.Request{Service: readTag, Path: cip.Path{{Kind: cip.Symbol, Text: "Count"}}.Append(nil), Data: []byte{1, 0}}
	for b.Loop() {
		if p := ask(b, visitor, handle, q); p.Status != cip.Success {
			b.Fatal(p)
		}
	}
}
