package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// sums is what a filter lets through, added up over all its hours: what most
// questions are answered by. It is remembered while the roll-up does not change.
type sums struct {
	asked, stamp string
	names        *names
	list         []sum
	proven       []int64
	sources      []cameBy
	index        []uint32 // by source: its place in sources, plus one
	table        []uint32 // by hash of a group of the block: its place in list, plus one
	base         int      // where in list the block begins

	clusters []analysis.Cluster // of these, once they were asked for
}

// sum is a group of sessions over all hours.
type sum struct {
	visit       visit
	sessions    int64
	acts        int64
	first, last int64 // hours
	at          int   // in proven
	next        int   // the source's next sum, plus one
}

// cameBy is a source's share.
type cameBy struct {
	source    uint32
	days, day int32
	head      int // its first sum, plus one
}

// proofs are how many acts prove each technique of the verdict.
func (m *sums) proofs(g *sum) []int64 { return m.proven[g.at : g.at+int(g.visit.proven)] }

// How many filters' sums are remembered, and of how many groups, some 80 octets
// each; the latest always is.
const (
	maxSums   = 4
	maxSummed = 300_000
)

// sums adds up what the filter lets through.
func (s *Store) sums(ctx context.Context, f Filter) (*sums, error) {
	asked := fmt.Sprintf("%+v", f)
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	u := &s.rollup
	u.mu.Lock()
	i := slices.IndexFunc(u.sums, func(m *sums) bool { return m.asked == asked && m.stamp == stamp })
	if i >= 0 {
		m := u.sums[i]
		u.mu.Unlock()
		return m, nil
	}
	u.mu.Unlock()
	m := &sums{asked: asked, stamp: stamp}
	hours, names, sv, err := s.sifted(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	m.names = names
	m.addAll(hours, sv)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sums = append(u.sums, m)
	all := 0
	for _, m := range u.sums {
		all += len(m.list)
	}
	for len(u.sums) > maxSums || len(u.sums) > 1 && all > maxSummed {
		all -= len(u.sums[0].list)
		u.sums = slices.Delete(u.sums, 0, 1)
	}
	return m, nil
}

// sumBlock is how many sources are added up at a time, so that what is written
// stays in the processor's cache.
const sumBlock = 512

// addAll adds up hours, block after block of sources, by which each is ordered.
func (m *sums) addAll(hours []*unpacked, sv *sieve) {
	type place struct{ visit, proven int }
	at := make([]place, len(hours))
	last, all := uint32(0), 0
	for _, h := range hours {
		all += len(h.visits)
		if n := len(h.visits); n > 0 {
			last = max(last, h.visits[n-1].source)
		}
	}
	m.index = make([]uint32, last+1)
	m.list = make([]sum, 0, all/6)
	for end := uint32(sumBlock); ; end += sumBlock {
		m.base = len(m.list)
		clear(m.table)
		for i, h := range hours {
			p := at[i]
			hour := floor(h.at, unitHour)
			for p.visit < len(h.visits) && h.visits[p.visit].source < end {
				v := &h.visits[p.visit]
				if sv.lets(v) {
					m.add(hour, v, h.proven[p.proven:p.proven+int(v.proven)])
				}
				p.visit++
				p.proven += int(v.proven)
			}
			at[i] = p
		}
		if end > last {
			break
		}
	}
	m.table = nil
}

func (m *sums) add(at int64, v *visit, proven []int32) {
	c := m.came(v.source)
	if day := int32(at / int64(24*time.Hour)); day != c.day {
		c.day = day
		c.days++
	}
	slot := m.slot(v)
	if *slot == 0 {
		if len(m.list) == cap(m.list) {
			m.list = slices.Grow(m.list, max(1024, len(m.list)/2))
		}
		m.list = append(m.list, sum{visit: *v, first: at, at: len(m.proven), next: c.head})
		for range v.proven {
			m.proven = append(m.proven, 0)
		}
		*slot = uint32(len(m.list))
		c.head = len(m.list)
	}
	g := &m.list[*slot-1]
	g.sessions += int64(v.sessions)
	g.acts += int64(v.acts)
	g.last = at
	for k := range min(int(g.visit.proven), len(proven)) {
		m.proven[g.at+k] += int64(proven[k])
	}
}

// slot is where in the table a group's place is, or belongs: open addressing.
func (m *sums) slot(v *visit) *uint32 {
	if 2*(len(m.list)-m.base) >= len(m.table) {
		m.table = make([]uint32, max(1024, 2*len(m.table)))
		for i := m.base; i < len(m.list); i++ {
			*m.free(&m.list[i].visit) = uint32(i + 1)
		}
	}
	return m.free(v)
}

func (m *sums) free(v *visit) *uint32 {
	h := (uint64(v.source)<<32 | uint64(v.verdict)<<12 | uint64(v.place)) * 0x9E3779B97F4A7C15
	for i := (h ^ uint64(v.network)*0xBF58476D1CE4E5B9) >> 20; ; i++ {
		at := &m.table[i&uint64(len(m.table)-1)]
		if *at == 0 {
			return at
		}
		if g := &m.list[*at-1].visit; g.source == v.source && g.verdict == v.verdict && g.place == v.place && g.network == v.network {
			return at
		}
	}
}

// came is a source's share, made when it first comes.
func (m *sums) came(source uint32) *cameBy {
	if m.index[source] == 0 {
		m.sources = append(m.sources, cameBy{source: source, day: -1})
		m.index[source] = uint32(len(m.sources))
	}
	return &m.sources[m.index[source]-1]
}
