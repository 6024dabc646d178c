// Package sensor listens: it opens the ports of every service, admits visitors
// within limits, runs their sessions, and says in the journal when and where it
// was listening.
//
// A limit refuses as closing does; what a service of few sessions answers in
// its own words is its room's business. A panic in a room ends one session, is
// counted and logged, and never the sensor.
package sensor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/session"
)

// A Service is one handler at one address.
type Service struct {
	Persona, Device, Name string
	Protocol              protocol.Protocol
	Handler               protocol.Handler
	Addr                  netip.AddrPort // an unspecified address means all, IPv4 and IPv6
	Standard              uint16         // the port of the real device
	Sides                 PortRange      // for its side ports; zero: any free port
	Announce              netip.Addr     // told to visitors for side ports; zero: the address that they came to
	Limits                Limits         // zero members: the sensor's
}

// A PortRange is inclusive; the zero value is no range.
type PortRange struct{ First, Last uint16 }

// Config is what a sensor is made of.
type Config struct {
	Services  []Service
	Journal   session.Journal
	Artifacts session.ArtifactStore
	Sensor    string // its name in the record
	Boot      string // UUIDv7 of this start
	Build     string
	Seed      [32]byte // secret
	Site      Site
	Limits    Limits
	NoLimits  bool // tests and benchmarks on loopback only
	Instant   bool // no latency profiles
	Log       *slog.Logger
}

// Site is where the sensor stands, as its operator says.
type Site struct {
	Name     string `json:"name,omitempty"`
	Country  string `json:"country,omitempty"`
	Provider string `json:"provider,omitempty"`
}

// A Sensor listens for the visitors of its services.
type Sensor struct {
	cfg      Config
	services []*service
	sources  *sources
	budget   *budgets
	buffers  session.Buffers
	sessions sync.WaitGroup
	status   statusWriter

	panics atomic.Uint64
	probes probes
}

// service is a Service with its listeners and live sessions.
type service struct {
	Service
	limits Limits
	gate   *gate
	listen []listener
	sides  map[string]*sidePool // by network
	counts *counts
}

// listener is a bound socket of a service.
type listener interface {
	serve(ctx context.Context, s *Sensor, svc *service)
	addr() netip.AddrPort
	io.Closer
}

// New returns a sensor. It opens nothing.
func New(cfg Config) *Sensor {
	s := &Sensor{cfg: cfg, sources: newSources(), budget: newBudgets(cfg.NoLimits)}
	s.status = statusWriter{journal: cfg.Journal, sensor: cfg.Sensor, boot: cfg.Boot, log: cfg.Log}
	for _, v := range cfg.Services {
		l := v.Limits.over(cfg.Limits.over(DefaultLimits()))
		if cfg.NoLimits {
			l = Limits{Idle: 24 * time.Hour}
		}
		evictable := evictableTCP
		if v.Protocol.Network == "udp" {
			evictable = evictableUDP
			if !cfg.NoLimits {
				l.Sessions = maxFlows
			}
		}
		s.services = append(s.services, &service{Service: v, limits: l, gate: newGate(l, evictable), counts: newCounts()})
	}
	return s
}

// Listen binds every service's sockets, side ports included: nothing is bound later. An error names the service and the
// address; what was bound before it is closed again.
func (s *Sensor) Listen() error {
	for _, v := range s.services {
		var err error
		if v.Protocol.Network == "udp" {
			v.listen, err = listenUDP(v.Addr)
		} else {
			v.listen, err = listenTCP(v.Addr)
		}
		if err != nil {
			s.close()
			s.closeSides()
			return fmt.Errorf("%s %s of %s: %w", v.Device, v.Name, v.Persona, err)
		}
		v.sides = map[string]*sidePool{}
		for _, network := range v.Protocol.Sides {
			if v.sides[network], err = newSidePool(network, v.Addr.Addr(), v.Sides); err != nil {
				s.close()
				s.closeSides()
				return fmt.Errorf("%s %s of %s: %w", v.Device, v.Name, v.Persona, err)
			}
		}
	}
	return nil
}

// Addrs returns where service i of the configuration listens; the port is the
// real one where 0 was asked for.
func (s *Sensor) Addrs(i int) []netip.AddrPort {
	var out []netip.AddrPort
	for _, l := range s.services[i].listen {
		out = append(out, l.addr())
	}
	return out
}

func (s *Sensor) close() {
	for _, v := range s.services {
		for _, l := range v.listen {
			l.Close()
		}
	}
}

func (s *Sensor) closeSides() {
	for _, v := range s.services {
		for _, p := range v.sides {
			if p != nil {
				p.close()
			}
		}
	}
}

// grace is how long sessions have to end by themselves before their connections
// are closed under them; longer than a session's last write may take.
const grace = 300 * time.Millisecond

// Run serves visitors until ctx is done, then ends their sessions. When it
// returns every goroutine that it started has ended.
func (s *Sensor) Run(ctx context.Context) error {
	started := time.Now()
	s.status.write("start", s.startDetail())
	var wg sync.WaitGroup
	s.listenerLines("up")
	for _, v := range s.services {
		for _, l := range v.listen {
			wg.Go(func() { l.serve(ctx, s, v) })
		}
	}
	wg.Go(func() { s.housekeep(ctx) })
	<-ctx.Done()
	s.close()
	wg.Wait() // no session begins from here on
	s.endSessions()
	s.closeSides()
	s.report()
	s.listenerLines("down")
	s.status.write("stop", stopDetail{time.Since(started).Round(time.Second).Seconds(), s.Stats().Served(), s.panics.Load()})
	return nil
}

// listenerLines says of every port that it is up, or down.
func (s *Sensor) listenerLines(state string) {
	for _, v := range s.services {
		for _, l := range v.listen {
			s.status.write("listener", listenerDetail{v.Device, v.Name, l.addr().String(), v.Standard, state})
		}
	}
}

// endSessions hangs up on all visitors and waits for their sessions, which after
// the grace lose their connections.
func (s *Sensor) endSessions() {
	each := func(f func(*live)) {
		for _, v := range s.services {
			v.gate.each(f)
		}
	}
	each(func(l *live) { l.session.HangUp("shutdown") })
	ended := make(chan struct{})
	go func() {
		s.sessions.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(grace):
		each(func(l *live) { l.conn.Close() })
		<-ended
	}
}

// converse runs one admitted session to its end. Thousands of sessions wait below
// it: what is on their stacks then is kept under a kilobyte, so that the collector
// halves them (docs/decisions/0011).
func (s *Sensor) converse(ctx context.Context, v *service, l *live) {
	defer s.left(v, l)
	if !l.probe {
		v.counts.visit(l.session.Remote().Addr())
	}
	s.end(ctx, v, l, s.serve(ctx, v, l))
}

// left gives back what a session held.
func (s *Sensor) left(v *service, l *live) {
	l.conn.Close() // by End already, unless it panicked
	v.gate.leave(l)
	s.sessions.Done()
}

var errPanic = errors.New("panic")

// serve has the room converse. A panic of the room's is an error.
func (s *Sensor) serve(ctx context.Context, v *service, l *live) (err error) {
	defer s.caught(v, l, &err)
	return v.Handler.Serve(ctx, l.session)
}

// end ends a session whose room has ended with err.
func (s *Sensor) end(ctx context.Context, v *service, l *live, err error) {
	defer s.caught(v, l, &err)
	if ctx.Err() != nil {
		l.session.HangUp("shutdown") // why a room that watches ctx has ended
	}
	l.session.End(err)
}

// caught, deferred, turns a panic into an error.
func (s *Sensor) caught(v *service, l *live, err *error) {
	if r := recover(); r != nil {
		s.panicked(v, l.session.ID(), r)
		*err = errPanic
	}
}

// panicked counts and logs a panic of a room, from the function that recovered it.
func (s *Sensor) panicked(v *service, session string, r any) {
	s.panics.Add(1)
	s.cfg.Log.Error("a room panicked; its session ends", "protocol", v.Protocol.Name, "session", session, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
}

// Status writes a line about the sensor that another part of it asks for.
func (s *Sensor) Status(st event.Status) { s.status.write(st.What, st.Detail) }

// report writes what was refused since the last report.
func (s *Sensor) report() {
	s.reportOverflow()
	for _, v := range s.services {
		for reason, n := range v.gate.takeRefused() {
			s.status.write("refused", refusedDetail{v.Device, v.Name, reason, n})
		}
	}
	for _, d := range s.sources.takeFolded() {
		s.status.write("limit", d)
	}
}
