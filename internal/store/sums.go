package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// sums is what a filter lets through, added up over all its hours: what most
// questions are answered by. It is remembered while the roll-up does not change.
type sums struct {
	asked, stamp string
	names        *names

	sessions, acts   int64
	first, last      int64   // hours
	places, verdicts []share // by their numbers
	networks         []size
	sources          crowd
	scanner          []bool // by network: it is a known scanner's
}

type size struct{ sessions, acts int64 }

// share is what sessions of one place, or with one verdict, add up to.
type share struct {
	size
	sources set

	first, known int64   // of a place: the hours in which anybody, and a known scanner, first came
	proven       []int64 // of a verdict: acts for each of its techniques
	places       set     // and where
}

// How many filters' sums are remembered, and of how many sources, some 60 octets
// each; the latest always is.
const (
	maxSums   = 6
	maxSummed = 200_000
)

// sums adds up what the filter lets through. Who asks for what is being added up waits.
func (s *Store) sums(ctx context.Context, f Filter) (*sums, error) {
	asked := fmt.Sprintf("%+v", f)
	u := &s.rollup
	for {
		stamp, err := s.meta(ctx, metaStamp)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		u.mu.Lock()
		if i := slices.IndexFunc(u.sums, func(m *sums) bool { return m.asked == asked && m.stamp == stamp }); i >= 0 {
			m := u.sums[i]
			u.mu.Unlock()
			return m, nil
		}
		other := u.adding[asked]
		if other == nil {
			if u.adding == nil {
				u.adding = map[string]chan struct{}{}
			}
			u.adding[asked] = make(chan struct{})
			u.mu.Unlock()
			return s.addUpAs(ctx, f, asked, stamp)
		}
		u.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, fmt.Errorf("store: %w", ctx.Err())
		}
	}
}

// addUpAs adds up, and remembers it.
func (s *Store) addUpAs(ctx context.Context, f Filter, asked, stamp string) (m *sums, err error) {
	u := &s.rollup
	defer func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		close(u.adding[asked])
		delete(u.adding, asked)
		if m != nil {
			u.remember(m)
		}
	}()
	if m, err = s.addUp(ctx, f); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	m.asked, m.stamp = asked, stamp
	return m, nil
}

// remember keeps sums instead of the oldest. The caller holds the lock.
func (u *rollup) remember(m *sums) {
	u.sums = append(u.sums, m)
	all := int64(0)
	for _, m := range u.sums {
		all += m.sources.n
	}
	for len(u.sums) > maxSums || len(u.sums) > 1 && all > maxSummed {
		all -= u.sums[0].sources.n
		u.sums = slices.Delete(u.sums, 0, 1)
	}
}

// addUp adds up the stretches of a filter's period on all processors.
func (s *Store) addUp(ctx context.Context, f Filter) (*sums, error) {
	q, err := s.sift(ctx, f)
	if err != nil {
		return nil, err
	}
	scanner := scannersOf(q.names)
	var mu sync.Mutex
	var all []*sums
	err = s.inStretches(ctx, q, func() func(stretch) error {
		m := newSums(q.names, scanner)
		mu.Lock()
		all = append(all, m)
		mu.Unlock()
		return func(v stretch) error { return m.stretch(ctx, s, q, v) }
	})
	if err != nil {
		return nil, err
	}
	for _, m := range all[1:] {
		all[0].merge(m)
	}
	return all[0], nil
}

// scannersOf says of networks whether they are those of known scanners.
func scannersOf(n *names) []bool {
	return mask(n.networks, func(x analysis.Source) bool { return x.Scanner != "" })
}

func newSums(n *names, scanner []bool) *sums {
	return &sums{names: n, scanner: scanner, first: math.MaxInt64,
		places: make([]share, len(n.places)), verdicts: make([]share, len(n.verdicts)), networks: make([]size, len(n.networks))}
}

// stretch adds a stretch: that of a day by its digest, if it has one and all sessions
// are asked for.
func (m *sums) stretch(ctx context.Context, s *Store, q *sifting, v stretch) error {
	if v.first {
		if err := s.groupsOf(ctx, q, stretch{first: true}, m.add); err != nil {
			return err
		}
		v.first = false
	}
	if v.from%int64(unitDay) == 0 && v.to-v.from == int64(unitDay) && q.sieve.all() {
		b, err := s.digestOf(ctx, v.from, digestSums)
		if err != nil {
			return err
		}
		if b != nil {
			known, err := m.addDay(v.from, b)
			if err != nil {
				return err
			}
			if known {
				v.from = v.to
			}
		}
	}
	return s.groupsOf(ctx, q, v, m.add)
}

// add adds a group of an hour, which is not before the last one's.
func (m *sums) add(at int64, v *visit, proven []int32) {
	m.sessions += int64(v.sessions)
	m.acts += int64(v.acts)
	m.first, m.last = min(m.first, at), max(m.last, at)
	x := &m.verdicts[v.verdict]
	x.add(v)
	x.places.add(uint32(v.place))
	for len(x.proven) < len(proven) {
		x.proven = append(x.proven, 0)
	}
	for i, n := range proven {
		x.proven[i] += int64(n)
	}
	p := &m.places[v.place]
	if p.sessions == 0 {
		p.first = at
	}
	p.add(v)
	if p.known == 0 && m.scanner[v.network] {
		p.known = at
	}
	n := &m.networks[v.network]
	n.sessions += int64(v.sessions)
	n.acts += int64(v.acts)
	m.sources.add(at, v, &m.names.verdicts[v.verdict])
}

func (s *share) add(v *visit) {
	s.sessions += int64(v.sessions)
	s.acts += int64(v.acts)
	s.sources.add(v.source)
}

// merge adds other stretches' sums.
func (m *sums) merge(o *sums) {
	m.sessions += o.sessions
	m.acts += o.acts
	m.first, m.last = min(m.first, o.first), max(m.last, o.last)
	for i := range o.places {
		m.places[i].merge(&o.places[i])
	}
	for i := range o.verdicts {
		m.verdicts[i].merge(&o.verdicts[i])
	}
	for i, n := range o.networks {
		m.networks[i].sessions += n.sessions
		m.networks[i].acts += n.acts
	}
	m.sources.merge(&o.sources)
}

func (s *share) merge(o *share) {
	s.first, s.known = earlier(s.first, o.first), earlier(s.known, o.known)
	s.sessions += o.sessions
	s.acts += o.acts
	s.sources.unite(&o.sources)
	s.places.unite(&o.places)
	for len(s.proven) < len(o.proven) {
		s.proven = append(s.proven, 0)
	}
	for i, n := range o.proven {
		s.proven[i] += n
	}
}

// earlier is the earlier of two times of which 0 is none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
