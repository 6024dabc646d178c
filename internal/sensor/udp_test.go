package sensor

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// socket is a visitor's UDP socket, open to answers from any address.
func socket(t *testing.T, from string) *net.UDPConn {
	t.Helper()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(2 * time.Second))
	return c
}

// exchange sends p to dst and returns the next datagram and where it came from.
func exchange(t *testing.T, c *net.UDPConn, dst netip.AddrPort, p string) (string, netip.AddrPort) {
	t.Helper()
	if _, err := c.WriteToUDPAddrPort([]byte(p), dst); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	n, src, err := c.ReadFromUDPAddrPort(buf)
	if err != nil {
		t.Fatalf("no answer to %q at %v: %v", p, dst, err)
	}
	return string(buf[:n]), unmap(src)
}

func TestWildcardAnswersFromWhereItWasAsked(t *testing.T) {
	for _, host := range []string{"0.0.0.0", "[::]"} {
		t.Run(host, func(t *testing.T) {
			r := run(t, newService("udp", host+":0", room(echo)))
			port := r.Addrs(0)[0].Port()
			c := socket(t, "127.0.0.1:0")
			for _, ip := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.2"} {
				dst := netip.AddrPortFrom(netip.MustParseAddr(ip), port)
				if got, from := exchange(t, c, dst, "to "+ip); got != "to "+ip || from != dst {
					t.Errorf("asked at %v, answer %q from %v", dst, got, from)
				}
			}
			r.stop()
			to := map[string]int{}
			for _, e := range r.of(event.KindOpen) {
				to[e.Dst.IP.String()]++
			}
			if len(to) != 2 || to["127.0.0.2"] != 1 || to["127.0.0.3"] != 1 {
				t.Errorf("sessions by destination: %v; want one flow for each", to)
			}
		})
	}
}

// A Who-Is to a broadcast address is answered from an address of the host.
func TestBroadcastIsAnswered(t *testing.T) {
	r := run(t, newService("udp", "0.0.0.0:0", room(echo)))
	c := socket(t, "127.0.0.1:0")
	dst := netip.AddrPortFrom(netip.MustParseAddr("127.255.255.255"), r.Addrs(0)[0].Port())
	if _, err := c.WriteToUDPAddrPort([]byte("who is"), dst); err != nil {
		t.Skip("the system does not broadcast on loopback:", err)
	}
	buf := make([]byte, 100)
	n, from, err := c.ReadFromUDPAddrPort(buf)
	if err != nil || string(buf[:n]) != "who is" || !from.Addr().Unmap().IsLoopback() {
		t.Errorf("answer %q from %v: %v", buf[:n], from, err)
	}
}

func TestFlowsByPort(t *testing.T) {
	r := run(t, newService("udp", "127.0.0.1:0", room(echo)))
	dst := r.Addrs(0)[0]
	a, b := socket(t, "127.0.0.1:0"), socket(t, "127.0.0.1:0")
	for range 3 {
		exchange(t, a, dst, "a")
		exchange(t, b, dst, "b")
	}
	if n := r.Stats().Sessions(); n != 2 {
		t.Errorf("%d flows of two sockets", n)
	}
	r.stop()
	closes := r.of(event.KindClose)
	if len(closes) != 2 || closes[0].Acts != 3 || closes[1].Acts != 3 || closes[0].Reason != "shutdown" {
		t.Errorf("closes %+v", closes)
	}
}

// A datagram to a flow whose room has hung up begins a new one.
func TestFlowBeginsAnew(t *testing.T) {
	r := run(t, newService("udp", "127.0.0.1:0", room(func(_ context.Context, s *session.Session) error {
		p, err := s.Datagram()
		s.Record(event.Act{Op: "once", Class: event.Read})
		s.Write(p)
		return err
	})))
	c := socket(t, "127.0.0.1:0")
	for range 3 {
		exchange(t, c, r.Addrs(0)[0], "x")
		await(t, "the flow's end", func() bool { return r.Stats().Sessions() == 0 })
	}
	r.stop()
	if n := len(r.of(event.KindClose)); n != 3 {
		t.Errorf("%d sessions, want 3", n)
	}
}

func TestFlowQueue(t *testing.T) {
	l := &udpListener{flows: map[flowKey]*flow{}}
	f := newFlow(l, flowKey{}, nil)
	for i := range maxQueued {
		if err := f.deliver([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if f.deliver([]byte("x")) != errQueue || l.waiting.Load() != maxQueued {
		t.Errorf("a full queue takes more; %d octets wait", l.waiting.Load())
	}
	if p, err := f.Datagram(); err != nil || p[0] != 0 || l.waiting.Load() != maxQueued-1 {
		t.Errorf("datagram %v %v; %d octets wait", p, err, l.waiting.Load())
	}
	f.Close()
	if f.deliver([]byte("x")) != net.ErrClosed || l.waiting.Load() != 0 {
		t.Errorf("a closed flow takes datagrams; %d octets wait", l.waiting.Load())
	}
	l.waiting.Store(maxWaiting + 1)
	if newFlow(l, flowKey{}, nil).deliver([]byte("x")) != errQueue {
		t.Error("the memory of all queues is not bounded")
	}
}

func TestReplyBudgetOnTheWire(t *testing.T) {
	big := room(func(_ context.Context, s *session.Session) error {
		for {
			if _, err := s.Datagram(); err != nil {
				return err
			}
			s.Record(event.Act{Op: "dump", Class: event.Read})
			for range 20 {
				if _, err := s.Write(make([]byte, 1000)); err != nil {
					break
				}
			}
		}
	})
	r := run(t, newService("udp", "127.0.0.1:0", big))
	c := socket(t, "127.0.0.1:0")
	c.WriteToUDPAddrPort([]byte("?"), r.Addrs(0)[0])
	await(t, "the act", func() bool { return len(r.of(event.KindAct)) == 1 })
	if a := r.of(event.KindAct)[0]; a.Outcome != event.Dropped || a.ResponseLen != 3000 {
		t.Errorf("a 1-octet question: %s, %d octets", a.Outcome, a.ResponseLen)
	}
}
