package store

import (
	"context"
	"fmt"
	"math"
	"slices"
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

// groups calls do for each group of sessions that the filter lets through, in the
// order of hours. proven is valid until the next.
func (s *Store) groups(ctx context.Context, f Filter, do func(n *names, at int64, v *visit, proven []int32)) (*names, error) {
	hours, n, sv, err := s.sifted(ctx, f)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for _, h := range hours {
		at := 0
		hour := floor(h.at, unitHour)
		for i := range h.visits {
			v := &h.visits[i]
			proven := h.proven[at : at+int(v.proven)]
			at += int(v.proven)
			if sv.lets(v) {
				do(n, hour, v, proven)
			}
		}
	}
	return n, nil
}

// sifted is the groups of a filter's period, and a sieve for the rest of it.
func (s *Store) sifted(ctx context.Context, f Filter) ([]*unpacked, *names, *sieve, error) {
	if f.Print != "" || f.Session != "" || f.ofRows() {
		list, n, err := s.partOf(ctx, f)
		return list, n, &sieve{}, err
	}
	from, to := f.period()
	from, to, err := s.rounded(ctx, f, from, to)
	if err != nil {
		return nil, nil, nil, err
	}
	first, last := ceil(from, unitHour), floor(to, unitHour)
	var hours []*unpacked
	if from != 0 {
		part, err := s.edge(ctx, from, min(first, to))
		if err != nil {
			return nil, nil, nil, err
		}
		hours = append(hours, part...)
	}
	whole, _, err := s.window(ctx, first, max(first, last))
	if err != nil {
		return nil, nil, nil, err
	}
	hours = append(slices.Clip(hours), whole...)
	if to != math.MaxInt64 && last >= first {
		part, err := s.edge(ctx, last, to)
		if err != nil {
			return nil, nil, nil, err
		}
		hours = append(hours, part...)
	}
	s.rollup.mu.Lock()
	n, err := s.learn(ctx)
	s.rollup.mu.Unlock()
	if err != nil {
		return nil, nil, nil, err
	}
	sv, err := s.sieve(ctx, f, n)
	return hours, n, sv, err
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
func (s *Store) doings(ctx context.Context, f Filter, do func(n *names, at int64, d *doing)) error {
	from, to := f.period()
	hours, n, err := s.window(ctx, floor(from, unitHour), ceil(to, unitHour))
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	places := f.placesOf(n)
	for _, h := range hours {
		for i := range h.acts {
			if d := &h.acts[i]; places == nil || places[d.place] {
				do(n, h.at, d)
			}
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
