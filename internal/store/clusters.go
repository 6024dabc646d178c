package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// shown is how many sessions of a cluster are named.
const shown = 10

// pair is a source that left a trace, with its sessions.
type pair struct {
	trace   string // as analysis writes it
	kind    string
	value   string
	source  uint32
	members []member
}

// Clusters joins sources by what they share, in sessions that have ended. A trace
// that twenty sources or more left, at any time, is nobody's own. Of a cluster's
// sessions the latest are named.
func (s *Store) Clusters(ctx context.Context, f Filter) ([]analysis.Cluster, error) {
	m, err := s.sums(ctx, f)
	if err != nil {
		return nil, err
	}
	s.rollup.mu.Lock()
	known := m.clusters
	s.rollup.mu.Unlock()
	if known != nil {
		return slices.Clone(known), nil
	}
	pairs, err := s.pairs(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	keys := map[uint32]bool{}
	for _, p := range pairs {
		keys[p.source] = true
	}
	addrs, err := s.addrs(ctx, slices.Collect(maps.Keys(keys)))
	if err != nil {
		return nil, err
	}
	list := analysis.Clusters(tracesOf(pairs, addrs))
	of := map[netip.Addr]int{} // cluster by source
	for i, c := range list {
		for _, a := range c.Sources {
			of[a] = i
		}
	}
	members := make([]map[int64]int64, len(list)) // session to when it was opened
	for _, p := range pairs {
		i, ok := of[addrs[p.source]]
		if !ok {
			continue
		}
		if _, shared := slices.BinarySearch(list[i].Keys, p.trace); !shared {
			continue
		}
		if members[i] == nil {
			members[i] = map[int64]int64{}
		}
		for _, m := range p.members {
			members[i][m.session] = m.opened
		}
	}
	if err := s.nameSessions(ctx, list, members); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s.rollup.mu.Lock()
	m.clusters = list
	s.rollup.mu.Unlock()
	return slices.Clone(list), nil
}

// tracesOf gives analysis of each pair its first and last session.
func tracesOf(pairs []pair, addrs map[uint32]netip.Addr) []analysis.Trace {
	var out []analysis.Trace
	for _, p := range pairs {
		first, last := p.members[0], p.members[0]
		for _, m := range p.members {
			if m.opened < first.opened {
				first = m
			}
			if m.opened > last.opened {
				last = m
			}
		}
		for _, m := range []member{first, last} {
			t := analysis.Trace{Src: addrs[p.source], At: m.opened}
			switch p.kind {
			case tracePayload:
				t.Payload = p.value
			case traceOperations:
				t.OpSeqHash = p.value
			case traceCredentials:
				t.CredList = p.value
			case traceAgent:
				t.UA = p.value
			case tracePrint:
				t.Fingerprint = p.value
			case traceFile:
				t.Artifacts = []string{p.value}
			}
			if out = append(out, t); first == last {
				break
			}
		}
	}
	return out
}

// nameSessions gives clusters the ids of their latest sessions.
func (s *Store) nameSessions(ctx context.Context, list []analysis.Cluster, members []map[int64]int64) error {
	latest := make([][]int64, len(list))
	ids := map[int64]string{}
	var all []int64
	for i, of := range members {
		keys := slices.SortedFunc(maps.Keys(of), func(a, b int64) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(b, a)) })
		list[i].Count = len(keys)
		latest[i] = keys[:min(shown, len(keys))]
		all = append(all, latest[i]...)
	}
	for chunk := range slices.Chunk(all, 500) {
		w := &where{}
		in(w, "key", chunk)
		err := each(ctx, s.db, `SELECT key, id FROM sessions`+w.String(), w.args, func(rows *sql.Rows) error {
			var key int64
			var id string
			err := rows.Scan(&key, &id)
			ids[key] = id
			return err
		})
		if err != nil {
			return err
		}
	}
	for i, keys := range latest {
		list[i].Sessions = []string{}
		for _, k := range keys {
			if id := ids[k]; id != "" { // retention may have deleted it
				list[i].Sessions = append(list[i].Sessions, id)
			}
		}
	}
	return nil
}

// pairs are who left which traces in sessions that the filter lets through.
func (s *Store) pairs(ctx context.Context, f Filter) ([]pair, error) {
	lets, err := s.membersOf(ctx, f)
	if err != nil {
		return nil, err
	}
	all, err := s.allPairs(ctx)
	if err != nil {
		return nil, err
	}
	var out []pair
	for _, p := range all {
		var members []member
		for _, m := range p.members {
			if lets(m) {
				members = append(members, m)
			}
		}
		if p.members = members; len(members) > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// allPairs are those of all time, remembered while the roll-up does not change.
func (s *Store) allPairs(ctx context.Context) ([]pair, error) {
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil || u.pairs.list != nil && u.pairs.stamp == stamp {
		return u.pairs.list, err
	}
	out := []pair{}
	index := map[uint32]int{} // of the trace's pairs, by source
	before := uint32(0)
	err = each(ctx, s.db, `SELECT traces.key, kind, value, members FROM traces JOIN traced ON traced.trace = traces.key
		WHERE traces.sources >= 2 AND traces.sources < $1 ORDER BY traces.key, part`, []any{rare}, func(rows *sql.Rows) error {
		var key uint32
		var kind, value string
		var b sql.RawBytes
		if err := rows.Scan(&key, &kind, &value, &b); err != nil {
			return err
		}
		if key != before {
			clear(index)
			before = key
		}
		return unpackMembers(b, func(m member) {
			i, ok := index[m.source]
			if !ok {
				i = len(out)
				index[m.source] = i
				out = append(out, pair{trace: kind + " " + value, kind: kind, value: value, source: m.source})
			}
			out[i].members = append(out[i].members, m)
		})
	})
	u.pairs.list, u.pairs.stamp = out, stamp
	return out, err
}

// membersOf says which members a filter lets through: by time exactly; by what
// is known of sources exactly; by the rest of it those whose source did what is
// asked for in that hour.
func (s *Store) membersOf(ctx context.Context, f Filter) (func(member) bool, error) {
	from, to := f.period()
	within := func(m member) bool { return m.opened >= from && m.opened < to }
	g := f
	g.From, g.To = time.Time{}, time.Time{}
	if g.direct() && f.Print == "" && f.Session == "" {
		return within, nil
	}
	g.Country, g.ASN, g.Research, g.Src, g.Sources = nil, 0, "", netip.Prefix{}, nil
	if g.direct() && f.Print == "" && f.Session == "" {
		m, err := s.sums(ctx, f)
		if err != nil {
			return nil, err
		}
		return func(x member) bool { return within(x) && m.sources.has(x.source) }, nil
	}
	type moment struct {
		at     int64
		source uint32
	}
	seen := map[moment]bool{}
	_, err := s.groups(ctx, f, func(_ *names, at int64, v *visit, _ []int32) { seen[moment{at, v.source}] = true })
	return func(m member) bool { return within(m) && seen[moment{floor(m.opened, unitHour), m.source}] }, err
}
