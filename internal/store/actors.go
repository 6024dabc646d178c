package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// An Actor is what a source has done, over all its sessions.
type Actor struct {
	Src       netip.Addr `json:"src"`
	Sessions  int64      `json:"sessions"`
	Acts      int64      `json:"acts"`
	First     time.Time  `json:"first"`
	Last      time.Time  `json:"last"`
	Days      int64      `json:"days"` // on which he came
	Protocols []string   `json:"protocols"`
	Personas  []string   `json:"personas"`
	Sensors   []string   `json:"sensors"`
	Label     string     `json:"label"` // the gravest of his sessions
	Labels    []string   `json:"labels"`
	Score     float64    `json:"score"`
	Severity  int        `json:"severity"`
	Tools     []string   `json:"tools,omitempty"`

	analysis.Source
}

// deeds is what is added up of a source.
type deeds struct {
	source, network uint32
	sessions, acts  int64
	first, last     int64 // hours
	days, day       int64
	severity, score int64
}

// Actors lists sources, those that did the gravest first.
func (s *Store) Actors(ctx context.Context, f Filter, limit int) ([]Actor, error) {
	return s.ActorsBy(ctx, f, "", limit)
}

// order is that of the list of actors: the most "sessions" or "acts", the "last"
// to come or the "first"; else those that did the gravest.
func order(by string) func(a, b deeds) int {
	return func(a, b deeds) int {
		c := 0
		switch by {
		case "sessions":
			c = cmp.Compare(b.sessions, a.sessions)
		case "acts":
			c = cmp.Compare(b.acts, a.acts)
		case "last":
			c = cmp.Compare(b.last, a.last)
		case "first":
			c = cmp.Compare(a.first, b.first)
		}
		return cmp.Or(c, cmp.Compare(b.severity, a.severity), cmp.Compare(b.score, a.score), cmp.Compare(b.sessions, a.sessions), cmp.Compare(a.source, b.source))
	}
}

// ActorsBy lists sources in an order by name.
func (s *Store) ActorsBy(ctx context.Context, f Filter, by string, limit int) ([]Actor, error) {
	var all []deeds
	var index []uint32 // by source: its place in all, plus one
	n, err := s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		for int(v.source) >= len(index) {
			index = append(index, make([]uint32, max(1024, len(index), int(v.source)+1-len(index)))...)
		}
		if index[v.source] == 0 {
			all = append(all, deeds{source: v.source, first: at, day: -1})
			index[v.source] = uint32(len(all))
		}
		d := &all[index[v.source]-1]
		d.sessions += int64(v.sessions)
		d.acts += int64(v.acts)
		d.network, d.last = v.network, at
		if day := at / int64(24*time.Hour); day != d.day {
			d.day = day
			d.days++
		}
		x := &n.verdicts[v.verdict]
		d.severity, d.score = max(d.severity, x.severity), max(d.score, x.score)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, order(by))
	out, err := s.actors(ctx, f, n, all[:min(limit, len(all))])
	slices.SortStableFunc(out, func(a, b Actor) int {
		c := 0
		switch by {
		case "sessions":
			c = cmp.Compare(b.Sessions, a.Sessions)
		case "acts":
			c = cmp.Compare(b.Acts, a.Acts)
		case "last":
			c = b.Last.Compare(a.Last)
		case "first":
			c = a.First.Compare(b.First)
		}
		return cmp.Or(c, cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Score, a.Score), cmp.Compare(b.Sessions, a.Sessions), a.Src.Compare(b.Src))
	})
	return out, err
}

// actors tells all of some.
func (s *Store) actors(ctx context.Context, f Filter, n *names, list []deeds) ([]Actor, error) {
	out := make([]Actor, len(list))
	place := map[uint32]int{}
	for i, d := range list {
		place[d.source] = i
		out[i] = Actor{Sessions: d.sessions, Acts: d.acts, Days: d.days, Score: float64(d.score) / 1000, Severity: int(d.severity), Source: n.networks[d.network]}
	}
	addrs, err := s.addrs(ctx, slices.Collect(maps.Keys(place)))
	if err != nil {
		return nil, err
	}
	for source, i := range place {
		a := &out[i]
		a.Src = addrs[source]
		own := func(w *where) { w.and("source = ?", source) }
		if a.First, _, err = s.ends(ctx, f, list[i].first, own); err != nil {
			return nil, err
		}
		if _, a.Last, err = s.ends(ctx, f, list[i].last, own); err != nil {
			return nil, err
		}
	}
	_, err = s.groups(ctx, f, func(n *names, _ int64, v *visit, _ []int32) {
		i, ok := place[v.source]
		if !ok {
			return
		}
		a, p, x := &out[i], &n.places[v.place], &n.verdicts[v.verdict]
		for _, l := range []struct {
			list *[]string
			v    string
		}{{&a.Protocols, p.protocol}, {&a.Personas, p.persona}, {&a.Sensors, p.sensor}, {&a.Labels, x.label}, {&a.Tools, x.tool}} {
			if l.v != "" && !slices.Contains(*l.list, l.v) {
				*l.list = append(*l.list, l.v)
			}
		}
	})
	for i := range out {
		a := &out[i]
		for _, l := range []*[]string{&a.Protocols, &a.Personas, &a.Sensors, &a.Labels, &a.Tools} {
			if *l == nil {
				*l = []string{}
			}
			slices.Sort(*l)
		}
		a.Label = gravest(a.Labels)
	}
	return out, err
}

// gravest is the label that says most of an actor.
func gravest(labels []string) string {
	best := ""
	for _, l := range analysis.Labels() {
		if slices.Contains(labels, l) {
			best = l
		}
	}
	return best
}

// addrs are the addresses of sources.
func (s *Store) addrs(ctx context.Context, keys []uint32) (map[uint32]netip.Addr, error) {
	out := make(map[uint32]netip.Addr, len(keys))
	for chunk := range slices.Chunk(keys, 500) {
		w := &where{}
		in(w, "key", chunk)
		err := each(ctx, s.db, "SELECT key, addr FROM sources"+w.String(), w.args, func(rows *sql.Rows) error {
			var key uint32
			var b []byte
			err := rows.Scan(&key, &b)
			out[key] = addressOf(b)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
	}
	return out, nil
}

// Sources is the set of addresses that came.
func (s *Store) Sources(ctx context.Context, f Filter) (map[netip.Addr]bool, error) {
	seen := map[uint32]bool{}
	if _, err := s.groups(ctx, f, func(_ *names, _ int64, v *visit, _ []int32) { seen[v.source] = true }); err != nil {
		return nil, err
	}
	addrs, err := s.addrs(ctx, slices.Collect(maps.Keys(seen)))
	out := make(map[netip.Addr]bool, len(addrs))
	for _, a := range addrs {
		out[a] = true
	}
	return out, err
}

// A Technique is how often an ATT&CK technique was proven.
type Technique struct {
	ID        string   `json:"id"`
	Sessions  int64    `json:"sessions"`
	Sources   int64    `json:"sources"`
	Acts      int64    `json:"acts"`
	Protocols []string `json:"protocols"`
}

// Techniques counts techniques, the most frequent first.
func (s *Store) Techniques(ctx context.Context, f Filter) ([]Technique, error) {
	var list []Technique
	index := map[string]int{}
	of := map[uint32][]int{} // by verdict
	var d distinct
	_, err := s.groups(ctx, f, func(n *names, _ int64, v *visit, proven []int32) {
		which, ok := of[v.verdict]
		if !ok {
			for _, id := range techniquesOf(n.verdicts[v.verdict]) {
				i, ok := index[id]
				if !ok {
					i = len(list)
					index[id] = i
					list = append(list, Technique{ID: id})
				}
				which = append(which, i)
			}
			of[v.verdict] = which
		}
		for k, i := range which {
			t := &list[i]
			t.Sessions += int64(v.sessions)
			if k < len(proven) {
				t.Acts += int64(proven[k])
			}
			if p := n.places[v.place].protocol; !slices.Contains(t.Protocols, p) {
				t.Protocols = append(t.Protocols, p)
			}
			d.add(i, v.source)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Sources = d.of(i)
		slices.Sort(list[i].Protocols)
	}
	out := slices.DeleteFunc(list, func(t Technique) bool { return t.Sessions == 0 })
	slices.SortFunc(out, func(a, b Technique) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), strings.Compare(a.ID, b.ID))
	})
	if out == nil {
		out = []Technique{}
	}
	return out, nil
}
