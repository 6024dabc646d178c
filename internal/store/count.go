package store

import (
	"context"
	"fmt"
	"time"
)

// A Count is how often something was, and from how many sources.
type Count struct {
	Name     string `json:"name"`
	Sessions int64  `json:"sessions"`
	Sources  int64  `json:"sources,omitempty"`
	Acts     int64  `json:"acts,omitempty"`
}

// Columns of sessions that can be counted by.
const (
	BySensor     = "sensor"
	ByPersona    = "persona"
	ByProtocol   = "protocol"
	ByCountry    = "country"
	ByNetwork    = "net_type"
	ByLabel      = "label"
	ByAutomation = "automation"
	ByTool       = "tool"
	ByScanner    = "scanner"
	ByPrint      = "fingerprint"
	BySite       = "site"
)

// countable are columns that a caller may name.
func countable(column string) bool {
	switch column {
	case BySensor, ByPersona, ByProtocol, ByCountry, ByNetwork, ByLabel, ByAutomation, ByTool, ByScanner, ByPrint:
		return true
	}
	return false
}

// Count counts sessions and their sources by a column, the most first; rows
// without a value have an empty name.
func (s *Store) Count(ctx context.Context, f Filter, by string, limit int) ([]Count, error) {
	if !countable(by) {
		return nil, fmt.Errorf("store: nothing is counted by %q", by)
	}
	q, w := "", &where{}
	switch {
	case f.coarse() && f.wholeDays() && (by == BySensor || by == ByPersona || by == ByProtocol || by == ByCountry || by == ByNetwork || by == ByScanner):
		f.common(w, "day", 24*time.Hour)
		q = "SELECT " + by + ", SUM(sessions), COUNT(DISTINCT src) FROM visits"
	default:
		w = f.sessions()
		q = "SELECT " + by + ", COUNT(*), COUNT(DISTINCT src) FROM sessions"
	}
	return s.counts(ctx, q+w.String()+" GROUP BY "+by+" ORDER BY 2 DESC, 1 LIMIT "+w.arg(limit), w.args...)
}

func (s *Store) counts(ctx context.Context, q string, args ...any) ([]Count, error) {
	rows, err := s.db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Count{}
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Name, &c.Sessions, &c.Sources); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// A Network is an autonomous system that visitors came from.
type Network struct {
	ASN uint32 `json:"asn"`
	Count
}

// Networks counts by autonomous system.
func (s *Store) Networks(ctx context.Context, f Filter, limit int) ([]Network, error) {
	q, w := "SELECT asn, MAX(as_org), COUNT(*), COUNT(DISTINCT src) FROM sessions", f.sessions()
	if f.coarse() && f.wholeDays() {
		w = &where{}
		f.common(w, "day", 24*time.Hour)
		q = "SELECT asn, MAX(as_org), SUM(sessions), COUNT(DISTINCT src) FROM visits"
	}
	rows, err := s.db.QueryContext(ctx, q+w.String()+" GROUP BY asn ORDER BY 3 DESC, 1 LIMIT "+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Network{}
	for rows.Next() {
		var n Network
		if err := rows.Scan(&n.ASN, &n.Name, &n.Sessions, &n.Sources); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, n)
	}
	return out, rows.Err()
}

// An Operation is what visitors did with a protocol.
type Operation struct {
	Protocol string `json:"protocol"`
	Op       string `json:"op"`
	Class    string `json:"class"`
	Acts     int64  `json:"acts"`
	Refused  int64  `json:"refused"` // of these, not answered as asked
}

// Operations counts acts by what they were, the most first; only time, sensor,
// persona and protocol of the filter count.
func (s *Store) Operations(ctx context.Context, f Filter, limit int) ([]Operation, error) {
	w := &where{}
	f.common(w, "hour", time.Hour)
	rows, err := s.db.QueryContext(ctx, `SELECT protocol, op, class, SUM(acts), SUM(CASE WHEN outcome = 'answered' THEN 0 ELSE acts END) FROM hours`+w.String()+
		" GROUP BY protocol, op, class ORDER BY 4 DESC, 1, 2, 3 LIMIT "+w.arg(limit), w.args...)
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

// A Cell is a protocol's acts of one class.
type Cell struct {
	Protocol string `json:"protocol"`
	Class    string `json:"class"`
	Acts     int64  `json:"acts"`
}

// Classes counts acts by protocol and class, our own reports left out.
func (s *Store) Classes(ctx context.Context, f Filter) ([]Cell, error) {
	w := &where{}
	f.common(w, "hour", time.Hour)
	w.and("class <> 'report'")
	rows, err := s.db.QueryContext(ctx, `SELECT protocol, class, SUM(acts) FROM hours`+w.String()+" GROUP BY protocol, class ORDER BY 1, 2", w.args...)
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

// A Point is a value at a time.
type Point struct {
	At   time.Time `json:"at"`
	Name string    `json:"name"`
	N    int64     `json:"n"`
}

// Timeline counts acts an hour by protocol, our own reports left out.
func (s *Store) Timeline(ctx context.Context, f Filter) ([]Point, error) {
	w := &where{}
	f.common(w, "hour", time.Hour)
	w.and("class <> 'report'")
	rows, err := s.db.QueryContext(ctx, `SELECT hour, protocol, SUM(acts) FROM hours`+w.String()+" GROUP BY hour, protocol ORDER BY 1, 2", w.args...)
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

// Totals are the size of what a question is about.
type Totals struct {
	Sessions int64     `json:"sessions"`
	Sources  int64     `json:"sources"`
	First    time.Time `json:"first,omitzero"`
	Last     time.Time `json:"last,omitzero"`
}

// Totals counts sessions and sources.
func (s *Store) Totals(ctx context.Context, f Filter) (Totals, error) {
	var t Totals
	var first, last int64
	w := f.sessions()
	if err := s.db.QueryRowContext(ctx, "SELECT COALESCE(MIN(opened), 0), COALESCE(MAX(opened), 0) FROM sessions"+w.String(), w.args...).Scan(&first, &last); err != nil {
		return t, fmt.Errorf("store: %w", err)
	}
	if first != 0 {
		t.First, t.Last = timeOf(first), timeOf(last)
	}
	q := "SELECT COUNT(*), COUNT(DISTINCT src) FROM sessions"
	if f.coarse() && f.wholeDays() {
		w = &where{}
		f.common(w, "day", 24*time.Hour)
		q = "SELECT COALESCE(SUM(sessions), 0), COUNT(DISTINCT src) FROM visits"
	}
	if err := s.db.QueryRowContext(ctx, q+w.String(), w.args...).Scan(&t.Sessions, &t.Sources); err != nil {
		return t, fmt.Errorf("store: %w", err)
	}
	return t, nil
}

// wholeDays says whether the period is one of whole days, or has no bounds.
func (f *Filter) wholeDays() bool {
	day := int64(24 * time.Hour)
	return (f.From.IsZero() || f.From.UnixNano()%day == 0) && (f.To.IsZero() || f.To.UnixNano()%day == 0)
}
