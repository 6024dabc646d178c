package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Point is a value at a time.
type Point struct {
	At   time.Time `json:"at"`
	Name string    `json:"name"`
	N    int64     `json:"n"`
}

// Names that Series knows beside those by which sessions are counted.
const ByClass = "class" // of acts

// Timeline counts acts an hour by protocol, our own reports left out; of the
// filter counts what Operations says.
func (s *Store) Timeline(ctx context.Context, f Filter) ([]Point, error) {
	return s.actsBy(ctx, f, func(p place, _ operation) string { return p.protocol })
}

// Series counts by the hour: acts by their class, or sessions by what Count knows.
func (s *Store) Series(ctx context.Context, f Filter, by string) ([]Point, error) {
	if by == ByClass {
		return s.actsBy(ctx, f, func(_ place, o operation) string { return o.class })
	}
	naming, err := namingOf(by)
	if err != nil {
		return nil, fmt.Errorf("store: no series is made by %q", by)
	}
	p := points{}
	var c *classes
	_, err = s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		if c == nil {
			c = naming.classes(n)
		}
		p[instant{at, c.names[c.of(v)]}] += int64(v.sessions)
	})
	return p.sorted(), err
}

func (s *Store) actsBy(ctx context.Context, f Filter, name func(place, operation) string) ([]Point, error) {
	const ours = -1
	called := map[action]int{} // which of the names, or ours
	var labels []string
	var sums []int64 // by name, of the hour
	out := []Point{}
	hour := int64(0)
	end := func() {
		first := len(out)
		for i, n := range sums {
			if n != 0 {
				out = append(out, Point{timeOf(hour), labels[i], n})
			}
		}
		slices.SortFunc(out[first:], func(a, b Point) int { return strings.Compare(a.Name, b.Name) })
		clear(sums)
	}
	err := s.doings(ctx, f, func(n *names, d *doing) {
		if d.at != hour {
			end()
			hour = d.at
		}
		k := action{d.place, d.operation}
		i, ok := called[k]
		if !ok {
			i = ours
			if o := n.operations[d.operation]; o.class != report {
				what := name(n.places[d.place], o)
				if i = slices.Index(labels, what); i < 0 {
					i = len(labels)
					labels, sums = append(labels, what), append(sums, 0)
				}
			}
			called[k] = i
		}
		if i != ours {
			sums[i] += d.acts
		}
	})
	end()
	return out, err
}

type instant struct {
	at   int64
	name string
}

type points map[instant]int64

func (p points) sorted() []Point {
	out := make([]Point, 0, len(p))
	for i, n := range p {
		out = append(out, Point{timeOf(i.at), i.name, n})
	}
	slices.SortFunc(out, func(a, b Point) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Name, b.Name)) })
	return out
}
