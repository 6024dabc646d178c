package store

import (
	"context"
	"fmt"
	"time"
)

// Steps counts sessions over time by a column, in steps of a whole number of
// seconds since 1970.
func (s *Store) Steps(ctx context.Context, f Filter, by string, step time.Duration) ([]Point, error) {
	if !countable(by) || step < time.Second {
		return nil, fmt.Errorf("store: no steps of %v by %q", step, by)
	}
	n := int64(step)
	if f.coarse() && f.wholeHours() && step%time.Hour == 0 && (by == ByLabel || by == ByProtocol || by == ByAutomation || by == ByTool) {
		w := &where{}
		f.common(w, "hour", time.Hour)
		return s.points(ctx, fmt.Sprintf("SELECT hour - hour %% %d, %s, SUM(sessions) FROM findings%s GROUP BY 1, 2 ORDER BY 1, 2", n, by, w), w.args...)
	}
	w := f.sessions()
	return s.points(ctx, fmt.Sprintf("SELECT opened - opened %% %d, %s, COUNT(*) FROM sessions%s GROUP BY 1, 2 ORDER BY 1, 2", n, by, w), w.args...)
}

// ActSteps counts acts over time by protocol or by class, our own reports left
// out. Where the filter asks more than roll-ups know, acts count to the
// beginning of their session.
func (s *Store) ActSteps(ctx context.Context, f Filter, byClass bool, step time.Duration) ([]Point, error) {
	by := "protocol"
	if byClass {
		by = "class"
	}
	n := int64(step)
	if f.coarse() && step%time.Hour == 0 {
		w := &where{}
		f.common(w, "hour", time.Hour)
		w.and("class <> 'report'")
		return s.points(ctx, fmt.Sprintf("SELECT hour - hour %% %d, %s, SUM(acts) FROM hours%s GROUP BY 1, 2 ORDER BY 1, 2", n, by, w), w.args...)
	}
	w := f.sessions()
	w.and("acts.class <> 'report'")
	return s.points(ctx, fmt.Sprintf("SELECT opened - opened %% %d, %s, SUM(acts.count) FROM sessions JOIN acts ON acts.session = sessions.key%s GROUP BY 1, 2 ORDER BY 1, 2", n, by, w), w.args...)
}

// points reads rows of a time, a name and a number.
func (s *Store) points(ctx context.Context, q string, args ...any) ([]Point, error) {
	rows, err := s.db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Point{}
	for rows.Next() {
		var p Point
		var at int64
		if err := rows.Scan(&at, &p.Name, &p.N); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		p.At = timeOf(at)
		out = append(out, p)
	}
	return out, rows.Err()
}

// wholeHours says whether the period is one of whole hours, or has no bounds.
func (f *Filter) wholeHours() bool {
	hour := int64(time.Hour)
	return (f.From.IsZero() || f.From.UnixNano()%hour == 0) && (f.To.IsZero() || f.To.UnixNano()%hour == 0)
}

// Coarse says whether roll-ups by the hour can answer the filter.
func (f *Filter) Coarse() bool { return f.coarse() }

// ActsBy counts the acts of the filter's sessions by protocol and class, our own
// reports left out; unlike Classes it heeds all of the filter.
func (s *Store) ActsBy(ctx context.Context, f Filter) ([]Cell, error) {
	if f.coarse() {
		return s.Classes(ctx, f)
	}
	w := f.sessions()
	w.and("acts.class <> 'report'")
	rows, err := s.db.QueryContext(ctx, "SELECT protocol, acts.class, SUM(acts.count) FROM sessions JOIN acts ON acts.session = sessions.key"+w.String()+" GROUP BY 1, 2 ORDER BY 1, 2", w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Cell{}
	for rows.Next() {
		var c Cell
		if err := rows.Scan(&c.Protocol, &c.Class, &c.Acts); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// OperationsOf counts acts by what they were, like Operations, and heeds all of
// the filter.
func (s *Store) OperationsOf(ctx context.Context, f Filter, limit int) ([]Operation, error) {
	if f.coarse() {
		return s.Operations(ctx, f, limit)
	}
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT protocol, acts.op, acts.class, SUM(acts.count), SUM(CASE WHEN acts.outcome = 'answered' THEN 0 ELSE acts.count END)
		FROM sessions JOIN acts ON acts.session = sessions.key`+w.String()+" GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT "+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Operation{}
	for rows.Next() {
		var o Operation
		if err := rows.Scan(&o.Protocol, &o.Op, &o.Class, &o.Acts, &o.Refused); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// Outcomes counts the acts of the filter's sessions by what became of them, our
// own reports left out.
func (s *Store) Outcomes(ctx context.Context, f Filter) (map[string]int64, error) {
	q, w := "SELECT acts.outcome, SUM(acts.count) FROM sessions JOIN acts ON acts.session = sessions.key", f.sessions()
	if f.coarse() {
		q, w = "SELECT outcome, SUM(acts) FROM hours", &where{}
		f.common(w, "hour", time.Hour)
		w.and("class <> 'report'")
	} else {
		w.and("acts.class <> 'report'")
	}
	rows, err := s.db.QueryContext(ctx, q+w.String()+" GROUP BY 1", w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out[name] = n
	}
	return out, rows.Err()
}
