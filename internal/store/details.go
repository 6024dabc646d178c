package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// DetailsSince is when the first session began from which on the store has all
// of the sensor's own: before, counts by the hour alone are whole, and lists have
// what did more than look. Zero: nothing was deleted yet.
func (s *Store) DetailsSince(ctx context.Context) (time.Time, error) {
	ns, err := s.number(ctx, metaDetails)
	if err != nil || ns == 0 {
		return time.Time{}, err
	}
	return timeOf(ns), nil
}

// Lacks says whether lists by the filter lack sessions that retention deleted,
// which counts still have; since is when details begin.
func (s *Store) Lacks(ctx context.Context, f Filter) (since time.Time, lacks bool, err error) {
	if len(f.Origin) > 0 && !slices.Contains(f.Origin, "") {
		return since, false, nil
	}
	if since, err = s.DetailsSince(ctx); err != nil {
		return since, false, fmt.Errorf("store: %w", err)
	}
	return since, !since.IsZero() && f.From.Before(since), nil
}

// rounded widens a period to whole hours where it begins or ends in a time of
// which there are no details any more.
func (s *Store) rounded(ctx context.Context, f Filter, from, to int64) (int64, int64, error) {
	since, lacks, err := s.Lacks(ctx, f)
	if err != nil || !lacks {
		return from, to, err
	}
	from = floor(from, unitHour)
	if to < since.UnixNano() {
		to = ceil(to, unitHour)
	}
	return from, to, nil
}
