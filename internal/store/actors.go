package store

import (
	"cmp"
	"context"
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
	source uint32
	cameBy
}

// graver orders the gravest first.
func graver(a, b deeds) int {
	return cmp.Or(cmp.Compare(b.severity, a.severity), cmp.Compare(b.score, a.score), cmp.Compare(b.sessions, a.sessions), cmp.Compare(a.source, b.source))
}

// order is that of the list of actors by name: the most "sessions" or "acts", the
// "last" to come or the "first"; else those that did the gravest.
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
		return cmp.Or(c, graver(a, b))
	}
}

// Actors lists sources, those that did the gravest first.
func (s *Store) Actors(ctx context.Context, f Filter, limit int) ([]Actor, error) {
	return s.ActorsBy(ctx, f, "", limit)
}

// ActorsBy lists sources in an order by name.
func (s *Store) ActorsBy(ctx context.Context, f Filter, by string, limit int) ([]Actor, error) {
	order := order(by)
	m, err := s.sums(ctx, f)
	if err != nil {
		return nil, err
	}
	var top []deeds // the gravest so far, in order
	for source, c := range m.sources.all() {
		d := deeds{source, *c}
		if len(top) == limit && (limit == 0 || order(top[limit-1], d) < 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, d, order)
		top = slices.Insert(top, at, d)
		top = top[:min(limit, len(top))]
	}
	out, err := s.actors(ctx, f, m, top)
	slices.SortStableFunc(out, func(a, b Actor) int {
		switch by { // within an hour, too
		case "last":
			return b.Last.Compare(a.Last)
		case "first":
			return a.First.Compare(b.First)
		case "":
			return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Score, a.Score), cmp.Compare(b.Sessions, a.Sessions), a.Src.Compare(b.Src))
		}
		return 0
	})
	return out, err
}

// actors tells all of some.
func (s *Store) actors(ctx context.Context, f Filter, m *sums, list []deeds) ([]Actor, error) {
	out := make([]Actor, len(list))
	place := map[uint32]int{}
	for i, d := range list {
		place[d.source] = i
		out[i] = Actor{Sessions: int64(d.sessions), Acts: d.acts, Days: int64(d.days), Score: float64(d.score) / 1000, Severity: int(d.severity), Source: m.names.networks[d.network]}
	}
	addrs, err := s.addrs(ctx, slices.Collect(maps.Keys(place)))
	if err != nil {
		return nil, err
	}
	for source, i := range place {
		a := &out[i]
		a.Src = addrs[source]
		own := func(w *where) { w.and("source = ?", source) }
		if a.First, _, err = s.ends(ctx, f, hourTime(list[i].first), own); err != nil {
			return nil, err
		}
		if _, a.Last, err = s.ends(ctx, f, hourTime(list[i].last), own); err != nil {
			return nil, err
		}
	}
	for k, d := range list {
		for i := range m.places {
			if m.places[i].sources.has(d.source) {
				out[k].was(&m.names.places[i])
			}
		}
		for i := range m.verdicts {
			if m.verdicts[i].sources.has(d.source) {
				out[k].did(&m.names.verdicts[i])
			}
		}
	}
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
	return out, nil
}

// was adds where he was.
func (a *Actor) was(p *place) {
	a.Protocols, a.Personas, a.Sensors = with(a.Protocols, p.protocol), with(a.Personas, p.persona), with(a.Sensors, p.sensor)
}

// did adds what he did.
func (a *Actor) did(x *verdict) {
	a.Labels, a.Tools = with(a.Labels, x.label), with(a.Tools, x.tool)
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

// Sources is the set of addresses that came.
func (s *Store) Sources(ctx context.Context, f Filter) (map[netip.Addr]bool, error) {
	m, err := s.sums(ctx, f)
	if err != nil {
		return nil, err
	}
	keys := make([]uint32, 0, m.sources.n)
	for source := range m.sources.all() {
		keys = append(keys, source)
	}
	addrs, err := s.addrs(ctx, keys)
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
	m, err := s.sums(ctx, f)
	if err != nil {
		return nil, err
	}
	var list []Technique
	var sources, places []set
	index := map[string]int{}
	for i := range m.verdicts {
		x := &m.verdicts[i]
		if x.sessions == 0 {
			continue
		}
		for k, id := range techniquesOf(m.names.verdicts[i]) {
			at, ok := index[id]
			if !ok {
				at = len(list)
				index[id] = at
				list, sources, places = append(list, Technique{ID: id}), append(sources, set{}), append(places, set{})
			}
			t := &list[at]
			t.Sessions += x.sessions
			if k < len(x.proven) {
				t.Acts += x.proven[k]
			}
			sources[at].unite(&x.sources)
			places[at].unite(&x.places)
		}
	}
	for i := range list {
		list[i].Sources = sources[i].len()
		for p := range places[i].all {
			list[i].Protocols = with(list[i].Protocols, m.names.places[p].protocol)
		}
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
