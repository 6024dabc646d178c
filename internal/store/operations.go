package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// An Operation is what visitors did with a protocol.
type Operation struct {
	Protocol string `json:"protocol"`
	Op       string `json:"op"`
	Class    string `json:"class"`
	Acts     int64  `json:"acts"`
	Refused  int64  `json:"refused"` // of these, not answered as asked
}

// Operations counts acts by what they were, the most first. Of the filter, only
// origin, sensor, persona, protocol and time count, and time in whole hours.
func (s *Store) Operations(ctx context.Context, f Filter, limit int) ([]Operation, error) {
	type kind struct{ protocol, op, class string }
	sum := map[kind]*Operation{}
	by := map[action]*Operation{}
	answered := map[uint32]bool{}
	err := s.doings(ctx, f, func(n *names, d *doing) {
		o := by[action{d.place, d.operation}]
		if o == nil {
			p, x := n.places[d.place], n.operations[d.operation]
			k := kind{p.protocol, x.op, x.class}
			if o = sum[k]; o == nil {
				o = &Operation{Protocol: k.protocol, Op: k.op, Class: k.class}
				sum[k] = o
			}
			by[action{d.place, d.operation}] = o
			answered[d.operation] = x.outcome == "answered"
		}
		o.Acts += d.acts
		if !answered[d.operation] {
			o.Refused += d.acts
		}
	})
	if err != nil {
		return nil, err
	}
	out := []Operation{}
	for _, o := range sum {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(b.Acts, a.Acts), strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Op, b.Op), strings.Compare(a.Class, b.Class))
	})
	return out[:min(limit, len(out))], nil
}

// A Cell is a protocol's acts of one class.
type Cell struct {
	Protocol string `json:"protocol"`
	Class    string `json:"class"`
	Acts     int64  `json:"acts"`
}

// report is the class of what we send unasked.
const report = "report"

// Classes counts acts by protocol and class, our own reports left out; of the
// filter counts what Operations says.
func (s *Store) Classes(ctx context.Context, f Filter) ([]Cell, error) {
	type cell struct{ protocol, class string }
	sum := map[cell]int64{}
	by := map[action]int64{}
	var all *names
	err := s.doings(ctx, f, func(n *names, d *doing) {
		all = n
		by[action{d.place, d.operation}] += d.acts
	})
	if err != nil {
		return nil, err
	}
	for a, acts := range by {
		if x := all.operations[a.operation]; x.class != report {
			sum[cell{all.places[a.place].protocol, x.class}] += acts
		}
	}
	out := []Cell{}
	for c, acts := range sum {
		out = append(out, Cell{c.protocol, c.class, acts})
	}
	slices.SortFunc(out, func(a, b Cell) int {
		return cmp.Or(strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.Class, b.Class))
	})
	return out, nil
}
