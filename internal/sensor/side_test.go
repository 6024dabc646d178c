package sensor

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// transfer opens a side port for each line ("tcp" or "udp"), tells its address,
// and keeps what comes there; "close" closes the last one.
func transfer(ctx context.Context, s *session.Session) error {
	var last *session.Side
	for {
		l, err := s.R().ReadString('\n')
		if err != nil {
			return err
		}
		s.Record(event.Act{Op: "side", Class: event.FileWrite})
		network := strings.TrimSpace(l)
		if network == "close" {
			last.Close()
			fmt.Fprintln(s, "closed")
			continue
		}
		side, err := s.Side(ctx, network)
		if err != nil {
			fmt.Fprintln(s, "no:", err)
			continue
		}
		last = side
		fmt.Fprintln(s, side.Addr)
		s.Flush()
		if network == "udp" {
			if err := speak(ctx, side); err != nil {
				return err
			}
		} else if p, _ := s.R().Peek(1); string(p) == "!" {
			s.R().Discard(2)
			s.Record(event.Act{Op: "stor", Class: event.FileWrite})
			listen(ctx, side)
		}
	}
}

// listen reads the side's connection to its end.
func listen(ctx context.Context, side *session.Side) {
	defer side.Close()
	kid, err := side.Accept(ctx)
	if err != nil {
		return
	}
	_, err = io.Copy(io.Discard, kid.R())
	kid.Record(event.Act{Op: "data", Class: event.FileWrite})
	kid.End(err)
}

// speak sends the first datagram and answers one.
func speak(ctx context.Context, side *session.Side) error {
	defer side.Close()
	kid, err := side.Accept(ctx)
	if err != nil {
		return err
	}
	kid.Send(event.Act{Op: "block", Class: event.Report}, []byte("block"))
	p, err := kid.Datagram()
	if err == nil {
		kid.Record(event.Act{Op: "ack", Class: event.Read})
		kid.Write(append([]byte("got "), p...))
	}
	kid.End(err)
	return nil
}

func line(t *testing.T, c net.Conn, send string) string {
	t.Helper()
	io.WriteString(c, send)
	var l []byte
	for b := make([]byte, 1); ; {
		if _, err := c.Read(b); err != nil {
			t.Fatalf("after %q: %v", l, err)
		}
		if b[0] == '\n' {
			return string(l)
		}
		l = append(l, b[0])
	}
}

// freePorts finds n ports in a row that nothing listens on.
func freePorts(t *testing.T, n int) PortRange {
	t.Helper()
next:
	for first := 42000; first < 60000; first += n {
		for p := first; p < first+n; p++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
			if err != nil {
				continue next
			}
			l.Close()
		}
		return PortRange{uint16(first), uint16(first + n - 1)}
	}
	t.Fatal("no free ports")
	return PortRange{}
}

func TestSideIsLockedToTheVisitor(t *testing.T) {
	r := run(t, newService("tcp", "127.0.0.1:0", room(transfer)))
	c := r.dial("127.0.0.2")
	addr := line(t, c, "tcp\n!\n")
	stranger, err := from("127.0.0.3", addr)
	if err == nil {
		stranger.Write([]byte("stolen"))
		if _, err := stranger.Read(make([]byte, 1)); err == nil {
			t.Error("a stranger is served at the side port")
		}
		stranger.Close()
	}
	mine, err := from("127.0.0.2", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(mine, "mine")
	mine.Close()
	await(t, "the side session", func() bool { return len(r.of(event.KindClose)) == 1 })
	r.stop()
	for _, e := range r.of(event.KindOpen) {
		if e.Parent == "" {
			continue
		}
		if e.Src.IP.String() != "127.0.0.2" || fmt.Sprintf("127.0.0.1:%d", e.Dst.Port) != addr {
			t.Errorf("side session from %v to %v, announced %s", e.Src, e.Dst, addr)
		}
	}
	for _, e := range r.of(event.KindAct) {
		if e.Op == "data" && e.Request != fmt.Sprintf("%x", "mine") {
			t.Errorf("the side session has %s", e.Request)
		}
	}
	if r.refused("side_source") != 1 {
		t.Errorf("%d strangers counted", r.refused("side_source"))
	}
}

func TestSideOfUDP(t *testing.T) {
	r := run(t, newService("tcp", "127.0.0.1:0", room(transfer)))
	c := r.dial("127.0.0.2")
	visitor := socket(t, "127.0.0.2:"+strings.Split(c.LocalAddr().String(), ":")[1])
	addr := netip.MustParseAddrPort(line(t, c, "udp\n"))
	buf := make([]byte, 100)
	n, src, err := visitor.ReadFromUDPAddrPort(buf)
	if err != nil || string(buf[:n]) != "block" || unmap(src) != addr {
		t.Fatalf("%q from %v: %v", buf[:n], src, err)
	}
	stranger := socket(t, "127.0.0.3:0")
	stranger.WriteToUDPAddrPort([]byte("stranger"), addr)
	time.Sleep(20 * time.Millisecond)
	if got, _ := exchange(t, visitor, addr, "ack"); got != "got ack" {
		t.Errorf("visitor gets %q", got)
	}
	await(t, "the side session", func() bool { return len(r.of(event.KindClose)) == 1 })
	r.stop()
	if r.refused("side_source") != 1 {
		t.Errorf("%d strangers counted", r.refused("side_source"))
	}
}

func TestSidesAreCapped(t *testing.T) {
	v := newService("tcp", "127.0.0.1:0", room(transfer))
	v.Sides = freePorts(t, 6)
	v.Announce = netip.MustParseAddr("203.0.113.5")
	r := run(t, v)
	c := r.dial("127.0.0.1")
	seen := map[uint16]bool{}
	for range maxSides {
		got := netip.MustParseAddrPort(line(t, c, "tcp\n"))
		if got.Addr() != v.Announce || got.Port() < v.Sides.First || got.Port() > v.Sides.Last || seen[got.Port()] {
			t.Errorf("side at %v, range %v", got, v.Sides)
		}
		seen[got.Port()] = true
	}
	if got := line(t, c, "tcp\n"); !strings.HasPrefix(got, "no:") {
		t.Errorf("side %d is opened: %s", maxSides+1, got)
	}
	line(t, c, "close\n")
	if got := line(t, c, "tcp\n"); strings.HasPrefix(got, "no:") {
		t.Errorf("no side after one was closed: %s", got)
	}
}

func TestSideRangeIsUsedUp(t *testing.T) {
	v := newService("tcp", "127.0.0.1:0", room(transfer))
	v.Sides = freePorts(t, 1)
	r := run(t, v)
	a, b := r.dial("127.0.0.1"), r.dial("127.0.0.2")
	if got := line(t, a, "tcp\n"); !strings.HasSuffix(got, fmt.Sprint(":", v.Sides.First)) {
		t.Errorf("side at %s", got)
	}
	if got := line(t, b, "tcp\n"); !strings.HasPrefix(got, "no:") {
		t.Errorf("two sides at one port: %s", got)
	}
}

// A data connection under way must not keep the sensor from shutting down.
func TestSideEndsAtShutDown(t *testing.T) {
	r := run(t, newService("tcp", "127.0.0.1:0", room(transfer)))
	busy, waiting := r.dial("127.0.0.1"), r.dial("127.0.0.1")
	data, err := from("127.0.0.1", line(t, busy, "tcp\n!\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	io.WriteString(data, "half a file")
	line(t, waiting, "tcp\n!\n") // and one whose visitor never connects
	time.Sleep(20 * time.Millisecond)
	r.stop()
	closes := r.of(event.KindClose)
	if len(closes) != 3 {
		t.Fatalf("%d sessions closed, want 3", len(closes))
	}
	for _, e := range closes {
		if e.Reason != "shutdown" {
			t.Errorf("close %s", e.Reason)
		}
	}
}

// What a firewall must open is in the counts: the ports that are bound, in runs.
func TestStatsTellSidePorts(t *testing.T) {
	v := newService("tcp", "127.0.0.1:0", room(transfer))
	v.Sides = freePorts(t, 6)
	taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", v.Sides.First+2))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	got := run(t, v).Stats().Services[0]
	want := []SideStats{{"tcp", v.Sides.First, v.Sides.First + 1}, {"tcp", v.Sides.First + 3, v.Sides.Last}, {"udp", v.Sides.First, v.Sides.Last}}
	if !slices.Equal(got.Sides, want) || got.Standard != v.Standard {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Who tries ports blindly, behind an address that he forges, is not taken for one
// who was told the right one.
func TestGuessedPortProvesNothing(t *testing.T) {
	for name, tried := range map[string]int{"told": 0, "a late packet": 1, "guessed": 3} {
		t.Run(name, func(t *testing.T) {
			proven := make(chan bool, 1)
			r := run(t, newService("udp", "127.0.0.1:0", room(func(ctx context.Context, s *session.Session) error {
				if _, err := s.Datagram(); err != nil {
					return err
				}
				s.Record(event.Act{Op: "ask", Class: event.FileRead})
				side, err := s.Side(ctx, "udp")
				if err != nil {
					return err
				}
				defer side.Close()
				if _, err := s.Side(ctx, "udp"); err == nil {
					t.Error("a flow that proved nothing has two ports")
				}
				kid, err := side.Accept(ctx)
				if err != nil {
					return err
				}
				kid.Send(event.Act{Op: "block", Class: event.Report}, []byte(side.Addr.String()))
				_, err = kid.Datagram()
				proven <- kid.Prove()
				kid.End(err)
				return nil
			})))
			visitor := socket(t, "127.0.0.2:0")
			addr, _ := exchange(t, visitor, r.Addrs(0)[0], "ask")
			at := netip.MustParseAddrPort(addr)
			for _, p := range r.services[0].sides["udp"].all {
				if tried > 0 && p.port != at.Port() {
					visitor.WriteToUDPAddrPort([]byte("ack"), netip.AddrPortFrom(at.Addr(), p.port))
					tried--
				}
			}
			visitor.WriteToUDPAddrPort([]byte("ack"), at)
			if got, want := <-proven, name != "guessed"; got != want {
				t.Errorf("believed: %v", got)
			}
			r.stop()
		})
	}
}
