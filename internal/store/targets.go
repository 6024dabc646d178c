package store

import (
	"context"
	"fmt"
	"time"
)

// A Target is something that visitors aimed at.
type Target struct {
	Kind    string `json:"kind"`
	Ref     string `json:"ref"`
	Class   string `json:"class"`
	Acts    int64  `json:"acts"`
	Sources int64  `json:"sources"`
	Refused int64  `json:"refused"`
}

// Targets counts what the filter's sessions aimed at, the most first.
func (s *Store) Targets(ctx context.Context, f Filter, limit int) ([]Target, error) {
	w := f.sessions()
	w.and("acts.target_kind <> ''")
	rows, err := s.db.QueryContext(ctx, `SELECT target_kind, target, class, SUM(count), COUNT(DISTINCT src), SUM(CASE WHEN outcome = 'answered' THEN 0 ELSE count END)
		FROM sessions JOIN acts ON acts.session = sessions.key`+w.String()+` GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Target{}
	for rows.Next() {
		var t Target
		if err := rows.Scan(&t.Kind, &t.Ref, &t.Class, &t.Acts, &t.Sources, &t.Refused); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// A Written is a value that visitors wrote to one target.
type Written struct {
	Op      string    `json:"op"`
	Kind    string    `json:"kind"`
	Ref     string    `json:"ref"`
	Value   string    `json:"value"`
	Times   int64     `json:"times"`
	Sources int64     `json:"sources"`
	Last    time.Time `json:"last"`
	Session string    `json:"session"` // one in which it was written
}

// Written lists the values that visitors wrote, the latest first.
func (s *Store) Written(ctx context.Context, f Filter, limit int) ([]Written, error) {
	w := f.sessions()
	w.and("sessions.severity >= 7") // of a session with such an act: it spares the others
	w.and("acts.value <> '' AND acts.class IN ('write', 'control', 'mode', 'config', 'restart')")
	rows, err := s.db.QueryContext(ctx, `SELECT op, target_kind, target, value, SUM(count), COUNT(DISTINCT src), MAX(at), MAX(id)
		FROM sessions JOIN acts ON acts.session = sessions.key`+w.String()+` GROUP BY 1, 2, 3, 4 ORDER BY 7 DESC, 1, 2, 3, 4 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Written{}
	for rows.Next() {
		var v Written
		var last int64
		if err := rows.Scan(&v.Op, &v.Kind, &v.Ref, &v.Value, &v.Times, &v.Sources, &last, &v.Session); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		v.Last = timeOf(last)
		out = append(out, v)
	}
	return out, rows.Err()
}
