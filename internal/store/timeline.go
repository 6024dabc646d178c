package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
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
	q, err := s.sift(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var mu sync.Mutex
	out := []Point{}
	c := naming.classes(q.names)
	err = s.inStretches(ctx, q, func() func(stretch) error {
		return func(v stretch) error {
			l := &liner{names: c.names, sums: make([]int64, len(c.names))}
			err := s.groupsOf(ctx, q, v, func(at int64, v *visit, _ []int32) { l.add(at, c.of(v), int64(v.sessions)) })
			mu.Lock()
			defer mu.Unlock()
			out = append(out, l.done()...)
			return err
		}
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	slices.SortFunc(out, func(a, b Point) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Name, b.Name)) })
	return together(out), nil
}

// together adds points up that are at the same time and of the same name, side by side:
// those of two parts of an hour.
func together(list []Point) []Point {
	out := list[:0]
	for _, p := range list {
		if n := len(out); n > 0 && out[n-1].At.Equal(p.At) && out[n-1].Name == p.Name {
			out[n-1].N += p.N
			continue
		}
		out = append(out, p)
	}
	return out
}

// liner makes points of numbers that come hour by hour, by class.
type liner struct {
	names []string
	sums  []int64 // of the hour
	hour  int64
	out   []Point
}

func (l *liner) add(at int64, class int, n int64) {
	if at != l.hour {
		l.end()
		l.hour = at
	}
	l.sums[class] += n
}

func (l *liner) end() {
	first := len(l.out)
	for i, n := range l.sums {
		if n != 0 {
			l.out = append(l.out, Point{timeOf(l.hour), l.names[i], n})
		}
	}
	slices.SortFunc(l.out[first:], func(a, b Point) int { return strings.Compare(a.Name, b.Name) })
	clear(l.sums)
}

func (l *liner) done() []Point {
	l.end()
	return l.out
}

func (s *Store) actsBy(ctx context.Context, f Filter, name func(place, operation) string) ([]Point, error) {
	const ours = -1
	called := map[action]int{} // which of the names, or ours
	l := &liner{out: []Point{}}
	err := s.doings(ctx, f, func(n *names, d *doing) {
		k := action{d.place, d.operation}
		i, ok := called[k]
		if !ok {
			i = ours
			if o := n.operations[d.operation]; o.class != report {
				what := name(n.places[d.place], o)
				if i = slices.Index(l.names, what); i < 0 {
					i = len(l.names)
					l.names, l.sums = append(l.names, what), append(l.sums, 0)
				}
			}
			called[k] = i
		}
		if i != ours {
			l.add(d.at, i, d.acts)
		}
	})
	return l.done(), err
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
