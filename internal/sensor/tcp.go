package sensor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// tcpListener is a bound TCP port.
type tcpListener struct{ *net.TCPListener }

func listenTCP(a netip.AddrPort) ([]listener, error) {
	addr := net.TCPAddrFromAddrPort(a)
	if a.Addr().IsUnspecified() {
		addr.IP = nil // one wildcard socket takes IPv4 and IPv6
	}
	l, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, err
	}
	return []listener{tcpListener{l}}, nil
}

func (l tcpListener) addr() netip.AddrPort { return unmap(l.Addr().(*net.TCPAddr).AddrPort()) }

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

func (l tcpListener) serve(ctx context.Context, s *Sensor, v *service) {
	for wait := time.Millisecond; ; {
		c, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			if c != nil {
				c.Close()
			}
			return
		}
		if err != nil { // out of descriptors, most likely: let some go
			s.cfg.Log.Warn("accept failed; raise the limit of open files if this goes on", "service", v.Name, "err", err)
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
			wait = min(2*wait, time.Second)
			continue
		}
		wait = time.Millisecond
		s.accept(ctx, v, c)
	}
}

// accept admits a connection and starts its session.
func (s *Sensor) accept(ctx context.Context, v *service, c *net.TCPConn) {
	src, dst := unmap(c.RemoteAddr().(*net.TCPAddr).AddrPort()), unmap(c.LocalAddr().(*net.TCPAddr).AddrPort())
	l, ok := s.admit(v, src)
	if !ok {
		c.SetLinger(0)
		c.Close()
		return
	}
	cfg := s.sessionConfig(v, src, dst)
	cfg.Conn = c
	l.conn, l.probe = c, cfg.Open.Probe != ""
	l.session = session.Open(cfg)
	v.gate.enter(l)
	s.sessions.Add(1)
	go s.converse(ctx, v, l)
}

// admit reserves a place, or counts a refusal.
func (s *Sensor) admit(v *service, src netip.AddrPort) (*live, bool) {
	p := source(src.Addr())
	if !s.cfg.NoLimits && !s.sources.of(p).mayBegin(v.limits.Rate, time.Now()) {
		v.gate.refuse("source_rate", 1)
		return nil, false
	}
	if !v.gate.admit(p) {
		return nil, false
	}
	return &live{source: p}, true
}

// sessionConfig is what all sessions of a service have in common.
func (s *Sensor) sessionConfig(v *service, src, dst netip.AddrPort) session.Config {
	cfg := session.Config{
		Envelope: event.Envelope{Session: session.NewID(time.Now()), Boot: s.cfg.Boot, Sensor: s.cfg.Sensor,
			Protocol: v.Protocol.Name, Transport: v.Protocol.Network, Src: src, Dst: dst},
		Open:    event.Open{Persona: v.Persona, Device: v.Device, Build: s.cfg.Build, Listener: v.Name, Probe: s.probes.take(v.Protocol.Network, src, time.Now())},
		Journal: counted{s.cfg.Journal, v.counts}, Artifacts: s.cfg.Artifacts,
		Idle: v.limits.Idle, Total: v.limits.Total, MaxOctets: v.limits.Octets,
		Instant: s.cfg.Instant, Buffers: &s.buffers, Seed: s.cfg.Seed, Log: s.cfg.Log,
		Sides: (&sides{sensor: s, service: v}).make,
	}
	id := cfg.Envelope.Session
	cfg.Panicked = func(r any) { s.panicked(v, id, r) } // with cfg in it, each session would keep two
	if !s.cfg.NoLimits {
		cfg.Quota = s.sources.of(source(src.Addr()))
	}
	return cfg
}
