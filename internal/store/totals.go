package store

import (
	"context"
	"fmt"
	"time"
)

// Totals are the size of what a question is about.
type Totals struct {
	Sessions int64     `json:"sessions"`
	Sources  int64     `json:"sources"`
	Acts     int64     `json:"acts"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
}

// Totals counts sessions and sources.
func (s *Store) Totals(ctx context.Context, f Filter) (Totals, error) {
	var t Totals
	m, err := s.sums(ctx, f)
	if err != nil || m.sources.n == 0 {
		return t, err
	}
	t.Sessions, t.Acts, t.Sources = m.sessions, m.acts, m.sources.n
	if t.First, _, err = s.ends(ctx, f, m.first, nil); err != nil {
		return t, err
	}
	_, t.Last, err = s.ends(ctx, f, m.last, nil)
	return t, err
}

// within is the filter's condition on sessions in an hour.
func (f Filter) within(at int64) *where {
	if h := timeOf(at); f.From.Before(h) {
		f.From = h
	}
	if h := timeOf(at).Add(unitHour); f.To.IsZero() || h.Before(f.To) {
		f.To = h
	}
	return f.sessions()
}

// ends is when the first and the last session of an hour began that the filter
// lets through, and what more is asked.
func (s *Store) ends(ctx context.Context, f Filter, at int64, more func(*where)) (first, last time.Time, err error) {
	w := f.within(at)
	if more != nil {
		more(w)
	}
	var a, b int64
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MIN(opened), 0), COALESCE(MAX(opened), 0) FROM sessions`+w.String(), w.args...).Scan(&a, &b); err != nil {
		return first, last, fmt.Errorf("store: %w", err)
	}
	details, err := s.number(ctx, metaDetails)
	switch {
	case err != nil:
		return first, last, fmt.Errorf("store: %w", err)
	case at < details: // of the hour's sessions some may have gone
		first, last = timeOf(at), timeOf(at)
		if a == 0 {
			break
		}
		last = timeOf(b)
	case a != 0:
		first, last = timeOf(a), timeOf(b)
	}
	return first, last, nil
}
