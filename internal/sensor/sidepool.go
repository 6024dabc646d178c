package sensor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// How many side ports a service has where the persona names no range. Who hits a
// UDP one is believed to have been told it: there are as many as make guessing
// cost more than it gains.
const (
	anySides         = 16
	anyDatagramSides = 64
)

// sideBuffer is what the system holds for a UDP side port.
const sideBuffer = 128 << 10

// sidePool is the side ports of a service in one network. They are bound when the
// sensor starts, since nothing can be bound once it is confined, and lent to one
// session at a time. A TCP port listens only while it is lent: an idle one
// refuses a stranger as a closed port does.
type sidePool struct {
	network string
	mu      sync.Mutex
	free    []*sidePort
	all     []*sidePort
	lent    map[netip.Prefix]int // by source
	closed  bool
}

// sidePort is one bound port.
type sidePort struct {
	port uint16
	by   netip.Prefix   // the source that it is lent to
	tcp  *os.File       // of the socket
	udp  []*udpListener // one, or one for each family
}

// newSidePool binds the ports of a range, or some that are free. Ports of the
// range that others have are left out; it is an error if none is left.
func newSidePool(network string, a netip.Addr, r PortRange) (*sidePool, error) {
	p := &sidePool{network: network, lent: map[netip.Prefix]int{}}
	ports := make([]uint16, anySides)
	if network == "udp" {
		ports = make([]uint16, anyDatagramSides)
	}
	if r.First != 0 {
		ports = ports[:0]
		for port := int(r.First); port <= int(r.Last); port++ {
			ports = append(ports, uint16(port))
		}
	}
	err := fmt.Errorf("side ports %d-%d are no range", r.First, r.Last)
	for _, port := range ports {
		bind := bindSideTCP
		if network == "udp" {
			bind = bindSideUDP
		}
		var s *sidePort
		if s, err = bind(netip.AddrPortFrom(a, port)); err == nil {
			p.all = append(p.all, s)
		}
	}
	if len(p.all) == 0 {
		return nil, fmt.Errorf("no side port can be bound: %w", err)
	}
	p.free = append(p.free, p.all...)
	return p, nil
}

// bindSideTCP binds a port without listening on it.
func bindSideTCP(a netip.AddrPort) (*sidePort, error) {
	addr := net.TCPAddrFromAddrPort(a)
	if a.Addr().IsUnspecified() {
		addr.IP = nil
	}
	if addr.Port == 0 { // a port that the system picks is lost when listening ends: name it
		l, err := net.ListenTCP("tcp", addr)
		if err != nil {
			return nil, err
		}
		addr.Port = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	l, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		return nil, err
	}
	s := &sidePort{port: uint16(l.Addr().(*net.TCPAddr).Port), tcp: f}
	return s, s.shut()
}

func bindSideUDP(a netip.AddrPort) (*sidePort, error) {
	all, err := listenUDP(a)
	if err != nil {
		return nil, err
	}
	s := &sidePort{port: all[0].addr().Port()}
	for _, l := range all {
		u := l.(*udpListener)
		u.conn.SetReadBuffer(sideBuffer) // nobody reads an idle one
		s.udp = append(s.udp, u)
	}
	return s, nil
}

// control runs f on the socket without changing its mode, which it shares with
// the listeners made of it.
func (s *sidePort) control(f func(fd int) error) error {
	raw, err := s.tcp.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = f(int(fd)) })
	return errors.Join(err, inner)
}

// shut stops listening: who has connected and was not accepted is reset, and the
// port stays bound (tcp(7): shutdown of a listening socket).
func (s *sidePort) shut() error {
	return s.control(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) })
}

// listen makes a listener of the bound port.
func (s *sidePort) listen() (*net.TCPListener, error) {
	if err := s.control(func(fd int) error { return unix.Listen(fd, maxSides) }); err != nil {
		return nil, err
	}
	l, err := net.FileListener(s.tcp)
	if err != nil {
		return nil, errors.Join(err, s.shut())
	}
	return l.(*net.TCPListener), nil
}

// of returns the UDP socket of an address's family, without the datagrams that
// came while nobody had it.
func (s *sidePort) of(local netip.Addr) *udpListener {
	l := s.udp[0]
	if len(s.udp) > 1 && local.Is6() {
		l = s.udp[1]
	}
	l.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	for buf := make([]byte, 1); ; {
		if _, _, err := l.conn.ReadFromUDPAddrPort(buf); errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			break
		}
	}
	l.conn.SetReadDeadline(time.Time{})
	return l
}

// errNoSide says that every side port is lent, or all that a source may have.
var errNoSide = errors.New("sensor: no side port is free")

// borrow lends a port, any of the free ones. A source holds at most a quarter of
// them, or what one session may have, so that it leaves some to the others.
func (p *sidePool) borrow(r *rand.Rand, by netip.Prefix) (*sidePort, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 || p.closed || p.lent[by] >= max(maxSides, len(p.all)/4) {
		return nil, errNoSide
	}
	i, last := r.IntN(len(p.free)), len(p.free)-1
	s := p.free[i]
	p.free[i], p.free = p.free[last], p.free[:last]
	p.lent[by]++
	s.by = by
	return s, nil
}

func (p *sidePool) giveBack(s *sidePort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, s)
	if p.lent[s.by]--; p.lent[s.by] <= 0 {
		delete(p.lent, s.by)
	}
}

// guesses is at how many idle ports a source is heard that tries them. One may
// be that of his transfer before, whose end he repeats.
const guesses = 2

// guessed says whether datagrams of src wait at idle UDP ports, which nobody was
// told: he tries them blindly, behind an address that need not be his own.
func (p *sidePool) guessed(src netip.AddrPort) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, s := range p.free {
		for _, l := range s.udp {
			if l.waits(src) {
				n++
				break
			}
		}
		if n == guesses {
			return true
		}
	}
	return false
}

// waits says whether a datagram of src is among those that wait, which are lost.
func (l *udpListener) waits(src netip.AddrPort) (found bool) {
	raw, err := l.conn.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		for range maxQueued {
			_, from, err := unix.Recvfrom(int(fd), nil, unix.MSG_DONTWAIT)
			if err != nil {
				break
			}
			found = found || sourceOf(from) == src
		}
	})
	return found
}

// sourceOf is an address of the system's.
func sourceOf(a unix.Sockaddr) netip.AddrPort {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return unmap(netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)))
	}
	return netip.AddrPort{}
}

// close closes every port, also those that are lent.
func (p *sidePool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.all {
		if s.tcp != nil {
			s.tcp.Close()
		}
		for _, l := range s.udp {
			l.Close()
		}
	}
}
