package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// Daily counts sessions a day by what Count knows, days by UTC.
func (s *Store) Daily(ctx context.Context, f Filter, by string) ([]Point, error) {
	naming, err := namingOf(by)
	if err != nil {
		return nil, err
	}
	p := points{}
	var c *classes
	_, err = s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		if c == nil {
			c = naming.classes(n)
		}
		p[instant{floor(at, 24*time.Hour), c.names[c.of(v)]}] += int64(v.sessions)
	})
	return p.sorted(), err
}

// Week counts sessions by the hour in which they began, UTC.
func (s *Store) Week(ctx context.Context, f Filter) ([]Point, error) {
	p := points{}
	_, err := s.groups(ctx, f, func(_ *names, at int64, v *visit, _ []int32) { p[instant{at, ""}] += int64(v.sessions) })
	return p.sorted(), err
}

// NewSources counts the sources that were first seen on a day, in the filter's
// period: by name "research" those of known scanners, and "others".
func (s *Store) NewSources(ctx context.Context, f Filter) ([]Point, error) {
	first, research := map[uint32]int64{}, map[uint32]bool{}
	_, err := s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		if _, ok := first[v.source]; !ok {
			first[v.source] = floor(at, 24*time.Hour)
		}
		if n.networks[v.network].Scanner != "" {
			research[v.source] = true
		}
	})
	p := points{}
	for source, day := range first {
		name := "others"
		if research[source] {
			name = "research"
		}
		p[instant{day, name}]++
	}
	return p.sorted(), err
}

// A Pair is how many sessions have two values.
type Pair struct {
	A string `json:"a"`
	B string `json:"b"`
	N int64  `json:"n"`
}

// Pairs counts sessions by two of what Count knows.
func (s *Store) Pairs(ctx context.Context, f Filter, a, b string) ([]Pair, error) {
	na, err := namingOf(a)
	if err != nil {
		return nil, err
	}
	nb, err := namingOf(b)
	if err != nil {
		return nil, err
	}
	var ca, cb *classes
	sum := map[[2]int]int64{}
	_, err = s.groups(ctx, f, func(n *names, _ int64, v *visit, _ []int32) {
		if ca == nil {
			ca, cb = na.classes(n), nb.classes(n)
		}
		sum[[2]int{ca.of(v), cb.of(v)}] += int64(v.sessions)
	})
	out := make([]Pair, 0, len(sum))
	for k, n := range sum {
		out = append(out, Pair{ca.names[k[0]], cb.names[k[1]], n})
	}
	slices.SortFunc(out, func(x, y Pair) int { return cmp.Or(strings.Compare(x.A, y.A), strings.Compare(x.B, y.B)) })
	return out, err
}

// A Bin is how many sessions have a value up to Value, and more than the bin
// before.
type Bin struct {
	Value float64 `json:"value"`
	N     int64   `json:"n"`
}

// A Spread is how long the sessions of a label lasted, in seconds, in bins of a
// fiftieth of a decade, and how many acts they had; none counts as one.
type Spread struct {
	Label  string `json:"label"`
	Lasted []Bin  `json:"lasted"`
	Acts   []Bin  `json:"acts"`
}

// Distributions are those of sessions that have ended, by label.
func (s *Store) Distributions(ctx context.Context, f Filter) ([]Spread, error) {
	w := f.sessions()
	w.and("closed > 0")
	lasted, acts := map[string]bins{}, map[string]bins{}
	err := each(ctx, s.db, "SELECT label, closed - opened, acts FROM sessions JOIN verdicts ON verdicts.key = sessions.verdict"+w.String(), w.args, func(rows *sql.Rows) error {
		var label string
		var ns, n int64
		if err := rows.Scan(&label, &ns, &n); err != nil {
			return err
		}
		if lasted[label] == nil {
			lasted[label], acts[label] = bins{}, bins{}
		}
		lasted[label][logBin(max(float64(ns)/1e9, 1e-3))]++
		if n = max(n, 1); n > 1000 {
			acts[label][logBin(float64(n))]++
		} else {
			acts[label][float64(n)]++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var out []Spread
	for _, label := range slices.Sorted(maps.Keys(lasted)) {
		out = append(out, Spread{label, lasted[label].sorted(), acts[label].sorted()})
	}
	return out, nil
}

// logBin is the upper end of a value's bin.
func logBin(v float64) float64 { return math.Pow(10, math.Ceil(50*math.Log10(v)-1e-9)/50) }

// bins count by the upper ends of bins.
type bins map[float64]int64

func (b bins) sorted() []Bin {
	out := make([]Bin, 0, len(b))
	for _, v := range slices.Sorted(maps.Keys(b)) {
		out = append(out, Bin{v, b[v]})
	}
	return out
}

// An Arrival is when a known research scanner came, where to, and how much.
type Arrival struct {
	Scanner   string    `json:"scanner"`
	Proof     string    `json:"proof"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Sessions  int64     `json:"sessions"`
	Sources   int64     `json:"sources"`
	Protocols []string  `json:"protocols"`
	Sensors   []string  `json:"sensors"`
	Days      []Point   `json:"days"` // sessions, where there were any

	hours [2]int64 // the first and the last in which it came
}

// Arrivals lists the known research scanners, the first to come first.
func (s *Store) Arrivals(ctx context.Context, f Filter) ([]Arrival, error) {
	var sources []set
	of := map[string]int{}
	out := []Arrival{}
	n, err := s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		x := &n.networks[v.network]
		if x.Scanner == "" {
			return
		}
		i, ok := of[x.Scanner]
		if !ok {
			i = len(out)
			of[x.Scanner] = i
			out, sources = append(out, Arrival{Scanner: x.Scanner, hours: [2]int64{at, at}}), append(sources, set{})
		}
		out[i].add(at, v, &n.places[v.place], x)
		sources[i].add(v.source)
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		a := &out[i]
		a.Sources = sources[i].len()
		slices.Sort(a.Protocols)
		slices.Sort(a.Sensors)
		if err := s.bound(ctx, f, a, n); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(x, y Arrival) int { return cmp.Or(x.First.Compare(y.First), strings.Compare(x.Scanner, y.Scanner)) })
	return out, nil
}

// add counts a group of the scanner's sessions.
func (a *Arrival) add(at int64, v *visit, p *place, x *analysis.Source) {
	a.Proof = max(a.Proof, x.ScannerProof)
	a.Sessions += int64(v.sessions)
	a.Protocols, a.Sensors = with(a.Protocols, p.protocol), with(a.Sensors, p.sensor)
	day := timeOf(floor(at, 24*time.Hour))
	if n := len(a.Days); n == 0 || a.Days[n-1].At != day {
		a.Days = append(a.Days, Point{At: day, Name: a.Scanner})
	}
	a.Days[len(a.Days)-1].N += int64(v.sessions)
	a.hours[1] = at
}

// bound looks up when the scanner's first and last session began.
func (s *Store) bound(ctx context.Context, f Filter, a *Arrival, n *names) (err error) {
	var networks []int
	for key, x := range n.networks {
		if x.Scanner == a.Scanner {
			networks = append(networks, key)
		}
	}
	its := func(w *where) { in(w, "network", networks) }
	if a.First, _, err = s.ends(ctx, f, a.hours[0], its); err != nil {
		return err
	}
	_, a.Last, err = s.ends(ctx, f, a.hours[1], its)
	return err
}

// with is a list that holds v once, if it is anything.
func with(list []string, v string) []string {
	if v == "" || slices.Contains(list, v) {
		return list
	}
	return append(list, v)
}
