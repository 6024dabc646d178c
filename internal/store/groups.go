package store

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"
)

// period is the bounds of a filter; without, of all time.
func (f *Filter) period() (from, to int64) {
	to = math.MaxInt64
	if !f.From.IsZero() {
		from = f.From.UnixNano()
	}
	if !f.To.IsZero() {
		to = f.To.UnixNano()
	}
	return from, to
}

// sifting is how a filter's sessions are counted: parts of hours one by one, the whole
// hours between, and a sieve for the rest of the filter.
type sifting struct {
	before, behind []*part
	from, to       int64
	sieve          *sieve
	names          *names
}

// groups calls do for each group of sessions that the filter lets through, in the
// order of hours. v and proven are valid until the next.
func (s *Store) groups(ctx context.Context, f Filter, do func(n *names, at int64, v *visit, proven []int32)) (*names, error) {
	q, err := s.sift(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	err = s.groupsOf(ctx, q, stretch{q.from, q.to, true, true}, func(at int64, v *visit, proven []int32) { do(q.names, at, v, proven) })
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return q.names, nil
}

// part calls do for what a part of an hour has of the filter's groups.
func (q *sifting) part(p *part, do func(at int64, v *visit, proven []int32)) {
	at, hour := 0, floor(p.at, unitHour)
	for i := range p.visits {
		v := &p.visits[i]
		proven := p.proven[at : at+int(v.proven)]
		at += int(v.proven)
		if q.names.know(v) && q.sieve.lets(v) {
			do(hour, v, proven)
		}
	}
}

// hour is part for a packed hour.
func (q *sifting) hour(at int64, visits []byte, do func(at int64, v *visit, proven []int32)) error {
	return eachGroup(visits, func(v *visit, proven []int32) {
		if q.names.know(v) && q.sieve.lets(v) {
			do(at, v, proven)
		}
	})
}

// sift says how a filter's sessions are counted.
func (s *Store) sift(ctx context.Context, f Filter) (*sifting, error) {
	if f.Print != "" || f.Session != "" || f.ofRows() {
		list, n, err := s.partOf(ctx, f)
		return &sifting{before: list, names: n, sieve: &sieve{}}, err
	}
	q := &sifting{}
	from, to := f.period()
	from, to, err := s.rounded(ctx, f, from, to)
	if err != nil {
		return nil, err
	}
	q.from, q.to = ceil(from, unitHour), floor(to, unitHour)
	if from != 0 {
		if q.before, err = s.edge(ctx, from, min(q.from, to)); err != nil {
			return nil, err
		}
	}
	if to != math.MaxInt64 && q.to >= q.from {
		if q.behind, err = s.edge(ctx, q.to, to); err != nil {
			return nil, err
		}
	}
	if q.names, err = s.known(ctx); err != nil {
		return nil, err
	}
	q.sieve, err = s.sieve(ctx, f, q.names)
	return q, err
}

func ceil(ns int64, unit time.Duration) int64 {
	if ns > math.MaxInt64-int64(unit) {
		return math.MaxInt64
	}
	if rest := ns % int64(unit); rest > 0 {
		return ns - rest + int64(unit)
	}
	return ns
}

// doings calls do for what was done in the whole hours of the filter's period;
// of the rest of the filter, origin, sensor, persona and protocol count.
func (s *Store) doings(ctx context.Context, f Filter, do func(n *names, d *doing)) error {
	from, to := f.period()
	list, n, err := s.window(ctx, floor(from, unitHour), ceil(to, unitHour))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	places := f.placesOf(n)
	for i := range list {
		if d := &list[i]; places == nil || places[d.place] {
			do(n, d)
		}
	}
	return nil
}

// techniquesOf takes apart what a verdict joined.
func techniquesOf(v verdict) []string {
	if v.techniques == "" {
		return nil
	}
	return strings.Split(v.techniques, " ")
}
