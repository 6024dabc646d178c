package sensor

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/session"
)

// Limits bound the sessions of one service. A zero member means no limit, in
// Limits.over it means "as below".
type Limits struct {
	Sessions int           // at once, on the service
	Idle     time.Duration // without an octet from the visitor
	Total    time.Duration // of one session
	Octets   int64         // from the visitor in one session
	Rate     int           // new sessions per source and minute
}

// DefaultLimits is what a service has where neither the persona nor the
// operator says otherwise.
func DefaultLimits() Limits {
	return Limits{Sessions: 512, Idle: 5 * time.Minute, Total: 24 * time.Hour, Octets: 256 << 20, Rate: 6000}
}

// over fills the zero members of l from below.
func (l Limits) over(below Limits) Limits {
	if l.Sessions == 0 {
		l.Sessions = below.Sessions
	}
	if l.Idle == 0 {
		l.Idle = below.Idle
	}
	if l.Total == 0 {
		l.Total = below.Total
	}
	if l.Octets == 0 {
		l.Octets = below.Octets
	}
	if l.Rate == 0 {
		l.Rate = below.Rate
	}
	return l
}

// source is the unit that limits count: an IPv4 address, an IPv6 /64.
func source(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}

// live is a session under way.
type live struct {
	session *session.Session
	conn    interface{ Close() error }
	source  netip.Prefix
	proven  func() bool // UDP: the source receives our answers; nil on TCP
	probe   bool        // the operator's own check
}

// gate admits sessions to a service.
type gate struct {
	limits    Limits
	evictable time.Duration // how long a session must have been silent to be evicted

	mu       sync.Mutex
	sessions map[*live]struct{}
	leaving  map[*live]struct{} // evicted, not yet ended
	held     map[netip.Prefix]int
	pending  int               // admitted, not yet entered
	refused  map[string]uint64 // since the start, by reason
	told     map[string]uint64 // of these, what the journal has
}

// A UDP flow is only a guess at a stay, so a newcomer may soon take its place.
const (
	evictableTCP = 2 * time.Second
	evictableUDP = 100 * time.Millisecond
	// evictableMute is for those who have not said a word: a place that they keep
	// from a visitor with a question is worth more to him.
	evictableMute = 250 * time.Millisecond
)

func newGate(l Limits, evictable time.Duration) *gate {
	return &gate{limits: l, evictable: evictable, sessions: map[*live]struct{}{}, leaving: map[*live]struct{}{}, held: map[netip.Prefix]int{}, refused: map[string]uint64{}, told: map[string]uint64{}}
}

// admit reserves a place for a newcomer. Where the source has its share (a
// quarter of the service, at least 4) or the service is full, its idlest
// session is evicted; where none is idle the newcomer is refused.
func (g *gate) admit(src netip.Prefix) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if max := g.limits.Sessions; max > 0 {
		share := max / 4
		if share < 4 {
			share = min(4, max)
		}
		if g.held[src] >= share && !g.evict(src) {
			g.refused["source_sessions"]++
			return false
		}
		if len(g.sessions)+g.pending >= max && !g.evict(netip.Prefix{}) {
			g.refused["sessions"]++
			return false
		}
	}
	g.held[src]++
	g.pending++
	return true
}

// evict ends an idle session, of src alone where src is valid: the one of least
// worth in a random sample.
func (g *gate) evict(src netip.Prefix) bool {
	const sample = 64
	var victim *live
	var least worth
	now, seen := time.Now(), 0
	for l := range g.sessions {
		if src.IsValid() && l.source != src {
			continue
		}
		w := l.worth()
		grace := g.evictable
		if w.mute {
			grace = min(grace, evictableMute)
		}
		if now.Sub(w.since) <= grace {
			continue
		}
		if victim == nil || w.less(least) {
			victim, least = l, w
		}
		if seen++; seen == sample {
			break
		}
	}
	if victim == nil {
		return false
	}
	g.remove(victim)
	g.leaving[victim] = struct{}{}
	victim.session.HangUp("evicted")
	return true
}

// worth is what tells which of two sessions is evicted first: an unproven one,
// then one without a word, then the idlest.
type worth struct {
	proven, mute bool
	since        time.Time // silent
}

func (l *live) worth() worth {
	return worth{l.proven == nil || l.proven(), l.session.Mute(), l.session.IdleSince()}
}

func (w worth) less(o worth) bool {
	switch {
	case w.proven != o.proven:
		return !w.proven
	case w.mute != o.mute:
		return w.mute
	}
	return w.since.Before(o.since)
}

func (g *gate) enter(l *live) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending--
	g.sessions[l] = struct{}{}
}

func (g *gate) leave(l *live) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.leaving, l)
	g.remove(l)
}

func (g *gate) remove(l *live) {
	if _, here := g.sessions[l]; !here {
		return // evicted before
	}
	delete(g.sessions, l)
	if g.held[l.source]--; g.held[l.source] <= 0 {
		delete(g.held, l.source)
	}
}

// refuse counts n visitors or datagrams turned away.
func (g *gate) refuse(reason string, n uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.refused[reason] += n
}

// takeRefused returns what was refused since it was last called.
func (g *gate) takeRefused() map[string]uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := map[string]uint64{}
	for reason, n := range g.refused {
		if n > g.told[reason] {
			r[reason] = n - g.told[reason]
		}
	}
	g.told = maps.Clone(g.refused)
	return r
}

// allRefused returns what was refused since the start.
func (g *gate) allRefused() map[string]uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.refused)
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sessions)
}

// each calls f for every session that has not ended, evicted ones included.
func (g *gate) each(f func(*live)) {
	g.mu.Lock()
	all := slices.AppendSeq(slices.Collect(maps.Keys(g.sessions)), maps.Keys(g.leaving))
	g.mu.Unlock()
	for _, l := range all {
		f(l)
	}
}
