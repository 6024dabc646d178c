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
	if err != nil || len(m.list) == 0 {
		return t, err
	}
	first, last := m.list[0].first, int64(0)
	for i := range m.list {
		g := &m.list[i]
		t.Sessions += g.sessions
		t.Acts += g.acts
		first, last = min(first, g.first), max(last, g.last)
	}
	t.Sources = int64(len(m.sources))
	if t.First, _, err = s.ends(ctx, f, first, nil); err != nil {
		return t, err
	}
	_, t.Last, err = s.ends(ctx, f, last, nil)
	return t, err
}

// ends is when the first and the last session of an hour began that the filter
// lets through, and what more is asked.
func (s *Store) ends(ctx context.Context, f Filter, at int64, more func(*where)) (first, last time.Time, err error) {
	if h := timeOf(at); f.From.Before(h) {
		f.From = h
	}
	if h := timeOf(at).Add(unitHour); f.To.IsZero() || h.Before(f.To) {
		f.To = h
	}
	w := f.sessions()
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
