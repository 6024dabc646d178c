package store

import (
	"context"
	"fmt"
	"slices"
	"time"
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

// maxSums is how many filters' sums are remembered.
const maxSums = 4

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
	if m.names, err = s.groups(ctx, f, m.add); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sums = append(u.sums, m); len(u.sums) > maxSums {
		u.sums = slices.Delete(u.sums, 0, 1)
	}
	return m, nil
}

func (m *sums) add(_ *names, at int64, v *visit, proven []int32) {
	c := m.came(v.source)
	if day := int32(at / int64(24*time.Hour)); day != c.day {
		c.day = day
		c.days++
	}
	i := c.head
	for i > 0 {
		g := &m.list[i-1]
		if g.visit.verdict == v.verdict && g.visit.place == v.place && g.visit.network == v.network {
			break
		}
		i = g.next
	}
	if i == 0 {
		m.list = append(m.list, sum{visit: *v, first: at, at: len(m.proven), next: c.head})
		for range v.proven {
			m.proven = append(m.proven, 0)
		}
		i = len(m.list)
		c.head = i
	}
	g := &m.list[i-1]
	g.sessions += int64(v.sessions)
	g.acts += int64(v.acts)
	g.last = at
	for k := range min(int(g.visit.proven), len(proven)) {
		m.proven[g.at+k] += int64(proven[k])
	}
}

// came is a source's share, made when it first comes.
func (m *sums) came(source uint32) *cameBy {
	for int(source) >= len(m.index) {
		m.index = append(m.index, make([]uint32, max(1024, len(m.index), int(source)+1-len(m.index)))...)
	}
	if m.index[source] == 0 {
		m.sources = append(m.sources, cameBy{source: source, day: -1})
		m.index[source] = uint32(len(m.sources))
	}
	return &m.sources[m.index[source]-1]
}
