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

	// unprovenSides is that of a flow whose visitor may be forged: with several
	// ports open, one that he guesses is more likely one of them.
	unprovenSides = 1
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
	pool := m.service.sides[network]
	if pool == nil {
		return nil, fmt.Errorf("sensor: %s has no %s side ports: its entry in the catalogue must say so", m.service.Protocol.Name, network)
	}
	most := int32(maxSides)
	if !s.Proven() {
		most = unprovenSides
	}
	if m.open.Add(1) > most {
		m.open.Add(-1)
		return nil, errSides
	}
	port, err := pool.borrow(s.Rand(), source(s.Remote().Addr()))
	var side *session.Side
	if err == nil {
		if network == "udp" {
			side = m.openUDP(s, port, pool)
		} else if side, err = m.openTCP(s, port); err != nil {
			pool.giveBack(port)
		}
	}
	if err != nil {
		m.open.Add(-1)
		return nil, err
	}
	shut := side.Close
	side.Close = sync.OnceValue(func() error {
		m.open.Add(-1)
		defer pool.giveBack(port)
		return shut()
	})
	return side, nil
}

// announced is the address that a visitor is told.
func (m *sides) announced(s *session.Session, port uint16) netip.AddrPort {
	if m.service.Announce.IsValid() {
		return netip.AddrPortFrom(m.service.Announce, port)
	}
	return netip.AddrPortFrom(s.Local().Addr(), port)
}

func (m *sides) openTCP(s *session.Session, port *sidePort) (*session.Side, error) {
	l, err := port.listen()
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
	shut := func() error { return errors.Join(ignoreClosed(l.Close()), ignoreClosed(port.shut())) }
	return &session.Side{Addr: m.announced(s, port.port), Accept: accept, Close: shut}, nil
}

// ignoreClosed makes nothing of the error that what is to be closed is closed.
func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func (m *sides) openUDP(s *session.Session, port *sidePort, pool *sidePool) *session.Side {
	local := s.Local().Addr()
	l := port.of(local)
	accept := func(context.Context) (*session.Session, error) {
		cfg := s.Child()
		r := &reply{budgets: m.sensor.budget, prefix: budgetPrefix(s.Remote().Addr()), guessed: func() bool { return pool.guessed(s.Remote()) }}
		cfg.Conn, cfg.Budget, cfg.Idle = &sideFlow{UDPConn: l.conn, l: l, key: flowKey{s.Remote(), local}, gate: m.service.gate, reply: r, buf: make([]byte, maxDatagram)}, r, sideWait
		cfg.Envelope.Transport, cfg.Envelope.Dst = "udp", netip.AddrPortFrom(local, port.port)
		return session.Open(cfg), nil
	}
	return &session.Side{Addr: m.announced(s, port.port), Accept: accept, Close: func() error { return nil }}
}

// sideFlow is a lent UDP socket: it hears and answers one visitor alone.
type sideFlow struct {
	*net.UDPConn
	l     *udpListener
	key   flowKey // the visitor, and the address that he came to
	gate  *gate
	reply *reply
	buf   []byte
	ended atomic.Bool
}

// Datagram implements session.PacketConn.
func (f *sideFlow) Datagram() ([]byte, error) {
	for {
		n, src, _, err := f.l.receive(f.buf)
		if f.ended.Load() {
			return nil, net.ErrClosed
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				return nil, err
			}
			return nil, io.EOF
		}
		if src != f.key.src {
			f.gate.refuse("side_source", 1)
			continue
		}
		f.reply.budgets.earn(f.reply.prefix, n)
		return f.buf[:n], nil
	}
}

// Write sends one datagram to the visitor.
func (f *sideFlow) Write(p []byte) (int, error) { return f.l.send(p, f.key) }

// Close ends the flow; the socket goes back to its pool with the side.
func (f *sideFlow) Close() error {
	f.ended.Store(true)
	return f.SetReadDeadline(time.Now())
}
