package sensor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"testing"
)

func newPool(t *testing.T, network, addr string, r PortRange) *sidePool {
	t.Helper()
	p, err := newSidePool(network, netip.MustParseAddr(addr), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

// An idle port refuses as a closed one does, before it was lent and after.
func TestIdlePortRefuses(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "0.0.0.0", "::1"} {
		p := newPool(t, "tcp", addr, PortRange{})
		if len(p.all) != anySides {
			t.Fatalf("%d ports", len(p.all))
		}
		host := addr
		if host == "0.0.0.0" {
			host = "127.0.0.1"
		}
		refused := func() bool {
			for _, s := range p.all {
				c, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(s.port)))
				if err == nil {
					c.Close()
				}
				if !errors.Is(err, syscall.ECONNREFUSED) {
					t.Logf("port %d: %v", s.port, err)
					return false
				}
			}
			return true
		}
		if !refused() {
			t.Error("an idle port does not refuse")
		}
		s, err := p.borrow(rand.New(rand.NewPCG(1, 2)), source(netip.MustParseAddr("192.0.2.7")))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // again and again
			l, err := s.listen()
			if err != nil {
				t.Fatal(err)
			}
			c, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(s.port)))
			if err != nil {
				t.Fatal(err)
			}
			waiting, err := net.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(s.port)))
			if err != nil {
				t.Fatal(err)
			}
			mine, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			if err := s.shut(); err != nil {
				t.Fatal(err)
			}
			if _, err := waiting.Read(make([]byte, 1)); err == nil {
				t.Error("who was not accepted is not reset")
			}
			mine.Write([]byte("x")) // the accepted connection lives on
			if n, err := c.Read(make([]byte, 1)); n != 1 {
				t.Errorf("the lent connection is gone: %v", err)
			}
			mine.Close()
			c.Close()
			waiting.Close()
			if !refused() {
				t.Error("a port that was lent does not refuse")
			}
		}
	}
}

// A port's next session does not hear what came while nobody had it.
func TestStrayDatagramsAreDropped(t *testing.T) {
	p := newPool(t, "udp", "127.0.0.1", PortRange{})
	s := p.all[0]
	c, err := net.Dial("udp", fmt.Sprintf("127.0.0.1:%d", s.port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 5 {
		c.Write([]byte("stray"))
	}
	l := s.of(netip.MustParseAddr("127.0.0.1"))
	c.Write([]byte("mine"))
	buf := make([]byte, 10)
	if n, _, _, err := l.receive(buf); err != nil || string(buf[:n]) != "mine" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

func TestPoolLendsEachPortOnce(t *testing.T) {
	p := newPool(t, "tcp", "127.0.0.1", freePorts(t, 3))
	r, by := rand.New(rand.NewPCG(1, 2)), source(netip.MustParseAddr("192.0.2.7"))
	seen := map[uint16]bool{}
	var last *sidePort
	for range 3 {
		s, err := p.borrow(r, by)
		if err != nil || seen[s.port] {
			t.Fatalf("%+v, %v", s, err)
		}
		seen[s.port], last = true, s
	}
	if _, err := p.borrow(r, by); !errors.Is(err, errNoSide) {
		t.Errorf("a fourth of three: %v", err)
	}
	p.giveBack(last)
	if s, err := p.borrow(r, by); err != nil || s != last {
		t.Errorf("%+v, %v", s, err)
	}
}

// One source leaves ports to the others, however many sessions it has.
func TestPoolIsShared(t *testing.T) {
	p := newPool(t, "udp", "127.0.0.1", PortRange{})
	r, n := rand.New(rand.NewPCG(1, 2)), 0
	greedy, other := source(netip.MustParseAddr("2001:db8:1:2::3")), source(netip.MustParseAddr("192.0.2.7"))
	var last *sidePort
	for {
		s, err := p.borrow(r, greedy)
		if err != nil {
			break
		}
		last = s
		n++
	}
	if n != anyDatagramSides/4 {
		t.Errorf("one source has %d of %d ports", n, anyDatagramSides)
	}
	if _, err := p.borrow(r, other); err != nil {
		t.Errorf("another gets none: %v", err)
	}
	p.giveBack(last)
	if _, err := p.borrow(r, greedy); err != nil {
		t.Errorf("none for one that was given back: %v", err)
	}
}

// A range that others have in part is used as far as it goes.
func TestPoolInACrowd(t *testing.T) {
	r := freePorts(t, 2)
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", r.First))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if p := newPool(t, "tcp", "127.0.0.1", r); len(p.all) != 1 || p.all[0].port != r.Last {
		t.Errorf("%d ports", len(p.all))
	}
	if _, err := newSidePool("tcp", netip.MustParseAddr("127.0.0.1"), PortRange{r.First, r.First}); err == nil {
		t.Error("a range that others have is taken for free")
	}
}
