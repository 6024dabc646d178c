package sensor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/session"
)

const (
	maxSides = 4 // open at once, per session
	sideWait = 60 * time.Second
)

// sides opens side ports for one session.
type sides struct {
	sensor  *Sensor
	service *service
	open    atomic.Int32
}

var errSides = errors.New("sensor: the session has all the side ports that it may have")

// make implements session.SideMaker.
func (m *sides) make(_ context.Context, s *session.Session, network string) (*session.Side, error) {
	if m.open.Add(1) > maxSides {
		m.open.Add(-1)
		return nil, errSides
	}
	open := m.openTCP
	if network == "udp" {
		open = m.openUDP
	}
	side, err := open(s)
	if err != nil {
		m.open.Add(-1)
		return nil, err
	}
	shut := side.Close
	side.Close = sync.OnceValue(func() error {
		m.open.Add(-1)
		return shut()
	})
	return side, nil
}

// bind tries ports of the service's range from a random one on; without a range
// the system picks one.
func (m *sides) bind(s *session.Session, listen func(netip.AddrPort) error) error {
	r, local := m.service.Sides, s.Local().Addr()
	if r.First == 0 {
		return listen(netip.AddrPortFrom(local, 0))
	}
	n := int(r.Last) - int(r.First) + 1
	if n < 1 {
		return fmt.Errorf("side ports %d-%d are no range", r.First, r.Last)
	}
	start := s.Rand().IntN(n)
	var err error
	for i := range n {
		if err = listen(netip.AddrPortFrom(local, r.First+uint16((start+i)%n))); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no free side port in %d-%d: %w", r.First, r.Last, err)
}

func (m *sides) announced(a netip.AddrPort) netip.AddrPort {
	if m.service.Announce.IsValid() {
		return netip.AddrPortFrom(m.service.Announce, a.Port())
	}
	return a
}

func (m *sides) openTCP(s *session.Session) (*session.Side, error) {
	var l *net.TCPListener
	err := m.bind(s, func(a netip.AddrPort) (err error) {
		l, err = net.ListenTCP("tcp", net.TCPAddrFromAddrPort(a))
		return err
	})
	if err != nil {
		return nil, err
	}
	l.SetDeadline(time.Now().Add(sideWait))
	accept := func(ctx context.Context) (*session.Session, error) {
		stop := context.AfterFunc(ctx, func() { l.Close() })
		defer stop()
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return nil, err
			}
			src := unmap(c.RemoteAddr().(*net.TCPAddr).AddrPort())
			if src.Addr() != s.Remote().Addr() { // nobody else's port
				m.service.gate.refuse("side_source", 1)
				c.SetLinger(0)
				c.Close()
				continue
			}
			cfg := s.Child()
			cfg.Conn, cfg.Idle = c, sideWait
			cfg.Envelope.Src, cfg.Envelope.Transport = src, "tcp"
			cfg.Envelope.Dst = unmap(c.LocalAddr().(*net.TCPAddr).AddrPort())
			return session.Open(cfg), nil
		}
	}
	return &session.Side{Addr: m.announced(unmap(l.Addr().(*net.TCPAddr).AddrPort())), Accept: accept, Close: l.Close}, nil
}

func (m *sides) openUDP(s *session.Session) (*session.Side, error) {
	var c *net.UDPConn
	err := m.bind(s, func(a netip.AddrPort) (err error) {
		c, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(a))
		return err
	})
	if err != nil {
		return nil, err
	}
	local := unmap(c.LocalAddr().(*net.UDPAddr).AddrPort())
	accept := func(context.Context) (*session.Session, error) {
		cfg := s.Child()
		r := &reply{budgets: m.sensor.budget, prefix: budgetPrefix(s.Remote().Addr())}
		cfg.Conn, cfg.Budget, cfg.Idle = &sideFlow{UDPConn: c, to: s.Remote(), gate: m.service.gate, reply: r, buf: make([]byte, maxDatagram)}, r, sideWait
		cfg.Envelope.Transport, cfg.Envelope.Dst = "udp", local
		return session.Open(cfg), nil
	}
	return &session.Side{Addr: m.announced(local), Accept: accept, Close: c.Close}, nil
}

// sideFlow is a socket of its own that hears and answers one visitor alone.
type sideFlow struct {
	*net.UDPConn
	to    netip.AddrPort
	gate  *gate
	reply *reply
	buf   []byte
}

// Datagram implements session.PacketConn.
func (f *sideFlow) Datagram() ([]byte, error) {
	for {
		n, src, err := f.UDPConn.ReadFromUDPAddrPort(f.buf)
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			return nil, io.EOF
		}
		if unmap(src) != f.to {
			f.gate.refuse("side_source", 1)
			continue
		}
		f.reply.budgets.earn(f.reply.prefix, n)
		return f.buf[:n], nil
	}
}

// Write sends one datagram to the visitor.
func (f *sideFlow) Write(p []byte) (int, error) { return f.UDPConn.WriteToUDPAddrPort(p, f.to) }
