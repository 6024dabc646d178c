package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// shown is how many sessions of a cluster are named.
const shown = 10

// traceLeft is a trace with all sessions that left it.
type traceLeft struct {
	kind, value string
	members     []member
}

// Clusters joins sources by what they share, in sessions that have ended. A trace
// that twenty sources or more left, at any time, is nobody's own. Of a cluster's
// sessions the latest are named.
func (s *Store) Clusters(ctx context.Context, f Filter) ([]analysis.Cluster, error) {
	asked := fmt.Sprintf("%+v", f)
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	u := &s.rollup
	u.mu.Lock()
	if u.clusters.stamp != stamp {
		u.clusters.stamp, u.clusters.of = stamp, map[string][]analysis.Cluster{}
	}
	list, known := u.clusters.of[asked]
	u.mu.Unlock()
	if known {
		return slices.Clone(list), nil
	}
	if list, err = s.cluster(ctx, f); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	u.mu.Lock()
	if u.clusters.stamp == stamp && len(u.clusters.of) < maxSums {
		u.clusters.of[asked] = list
	}
	u.mu.Unlock()
	return slices.Clone(list), nil
}

func (s *Store) cluster(ctx context.Context, f Filter) ([]analysis.Cluster, error) {
	traces, members, err := s.tracesOf(ctx, f)
	if err != nil {
		return nil, err
	}
	groups := analysis.Join(traces)
	var sources []uint32
	for i := range groups {
		sources = append(sources, groups[i].Sources...)
	}
	addrs, err := s.addrs(ctx, sources)
	if err != nil {
		return nil, err
	}
	list, latest := make([]analysis.Cluster, len(groups)), make([][]member, len(groups))
	for i, g := range groups {
		c := &list[i]
		*c = analysis.Cluster{Name: fmt.Sprintf("C-%04d", i+1), First: g.First, Last: g.Last}
		for _, source := range g.Sources {
			c.Sources = append(c.Sources, addrs[source])
		}
		slices.SortFunc(c.Sources, netip.Addr.Compare)
		var all []member
		for _, k := range g.Traces {
			c.Keys = append(c.Keys, traces[k].Key())
			all = append(all, members[k]...)
		}
		slices.Sort(c.Keys)
		slices.SortFunc(all, func(a, b member) int {
			return cmp.Or(cmp.Compare(b.opened, a.opened), cmp.Compare(b.session, a.session))
		})
		all = slices.CompactFunc(all, func(a, b member) bool { return a.session == b.session })
		c.Count, latest[i] = len(all), all[:min(shown, len(all))]
	}
	return list, s.nameSessions(ctx, list, latest)
}

// nameSessions gives clusters the ids of their latest sessions.
func (s *Store) nameSessions(ctx context.Context, list []analysis.Cluster, latest [][]member) error {
	var all []int64
	for _, of := range latest {
		for _, m := range of {
			all = append(all, m.session)
		}
	}
	ids, err := s.sessionIDs(ctx, all)
	if err != nil {
		return err
	}
	for i, of := range latest {
		list[i].Sessions = []string{}
		for _, m := range of {
			if id := ids[m.session]; id != "" { // retention may have deleted it
				list[i].Sessions = append(list[i].Sessions, id)
			}
		}
	}
	return nil
}

// sessionIDs are those of sessions by their keys.
func (s *Store) sessionIDs(ctx context.Context, keys []int64) (map[int64]string, error) {
	ids := map[int64]string{}
	for chunk := range slices.Chunk(keys, 500) {
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
			return nil, err
		}
	}
	return ids, nil
}

// tracesOf are the traces of sessions that the filter lets through, with these.
func (s *Store) tracesOf(ctx context.Context, f Filter) ([]analysis.Trace, [][]member, error) {
	lets, err := s.membersOf(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.allTraces(ctx)
	if err != nil {
		return nil, nil, err
	}
	traces, members := make([]analysis.Trace, 0, len(all)), make([][]member, 0, len(all))
	for _, x := range all {
		t := analysis.Trace{Kind: x.kind, Value: x.value}
		var of []member
		for _, m := range x.members {
			if !lets(m) {
				continue
			}
			of = append(of, m)
			i := slices.IndexFunc(t.Left, func(l analysis.Left) bool { return l.Source == m.source })
			if i < 0 {
				i = len(t.Left)
				t.Left = append(t.Left, analysis.Left{Source: m.source, First: m.opened, Last: m.opened})
			}
			l := &t.Left[i]
			l.First, l.Last = min(l.First, m.opened), max(l.Last, m.opened)
		}
		if len(t.Left) > 1 {
			traces, members = append(traces, t), append(members, of)
		}
	}
	return traces, members, nil
}

// maxMembersKept bounds how many members of traces are remembered: 24 octets each.
const maxMembersKept = 300_000

// allTraces are those of all time that some but not many left, remembered while the
// roll-up does not change.
func (s *Store) allTraces(ctx context.Context) ([]traceLeft, error) {
	u := &s.rollup
	u.mu.Lock()
	known, at := u.traces.list, u.traces.stamp
	u.mu.Unlock()
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil || known != nil && at == stamp {
		return known, err
	}
	out := []traceLeft{}
	index := map[uint32]int{}
	n := 0
	err = each(ctx, s.db, `SELECT trace, kind, value, members FROM traced JOIN traces ON traces.key = trace WHERE shared = 1`, nil, func(rows *sql.Rows) error {
		var key uint32
		var kind, value, b sql.RawBytes
		if err := rows.Scan(&key, &kind, &value, &b); err != nil {
			return err
		}
		i, ok := index[key]
		if !ok {
			i = len(out)
			index[key] = i
			out = append(out, traceLeft{kind: string(kind), value: string(value)})
		}
		t := &out[i]
		return unpackMembers(b, func(m member) {
			t.members = append(t.members, m)
			n++
		})
	})
	if err != nil || n > maxMembersKept {
		return out, err
	}
	u.mu.Lock()
	u.traces.list, u.traces.stamp = out, stamp
	u.mu.Unlock()
	return out, nil
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
