package store

import (
	"context"
	"fmt"
	"time"
)

// A Reach is how a known research scanner has found us.
type Reach struct {
	Name      string
	Proof     string
	First     time.Time
	Last      time.Time
	Sessions  int64
	Sources   int64
	Protocols []string
	Sensors   []string
}

// Scanners tells of each known research scanner when and where it came, the
// latest first.
func (s *Store) Scanners(ctx context.Context, f Filter) ([]Reach, error) {
	w := f.sessions()
	w.and("scanner <> ''")
	rows, err := s.db.QueryContext(ctx, `SELECT scanner, protocol, sensor, MAX(scanner_proof), MIN(opened), MAX(opened), COUNT(*) FROM sessions`+w.String()+` GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	var out []Reach
	for rows.Next() {
		var r Reach
		var protocol, sensor string
		var first, last int64
		if err := rows.Scan(&r.Name, &protocol, &sensor, &r.Proof, &first, &last, &r.Sessions); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		r.First, r.Last = timeOf(first), timeOf(last)
		if n := len(out); n == 0 || out[n-1].Name != r.Name {
			out = append(out, r)
		} else {
			out[n-1].join(&r)
		}
		at := &out[len(out)-1]
		at.Protocols, at.Sensors = with(at.Protocols, protocol), with(at.Sensors, sensor)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, s.countSources(ctx, f, out)
}

func (r *Reach) join(o *Reach) {
	r.Sessions += o.Sessions
	if o.First.Before(r.First) {
		r.First = o.First
	}
	if o.Last.After(r.Last) {
		r.Last = o.Last
	}
	r.Proof = max(r.Proof, o.Proof)
}

func (s *Store) countSources(ctx context.Context, f Filter, list []Reach) error {
	if len(list) == 0 {
		return nil
	}
	counts, err := s.Count(ctx, f, ByScanner, 1000)
	if err != nil {
		return err
	}
	for _, c := range counts {
		for i := range list {
			if list[i].Name == c.Name {
				list[i].Sources = c.Sources
			}
		}
	}
	return nil
}

// with is a list that holds v once.
func with(list []string, v string) []string {
	for _, x := range list {
		if x == v {
			return list
		}
	}
	return append(list, v)
}

// A Day is one on which the filter's visitors came.
type Day struct {
	Day      string `json:"day"` // UTC, 2026-11-29
	Sessions int64  `json:"sessions"`
	Severity int    `json:"severity"` // the greatest
}

// Days counts sessions by the day.
func (s *Store) Days(ctx context.Context, f Filter) ([]Day, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf("SELECT opened / %d, COUNT(*), MAX(severity) FROM sessions%s GROUP BY 1 ORDER BY 1", int64(24*time.Hour), w), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Day{}
	for rows.Next() {
		var d Day
		var n int64
		if err := rows.Scan(&n, &d.Sessions, &d.Severity); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		d.Day = timeOf(n * int64(24*time.Hour)).Format(time.DateOnly)
		out = append(out, d)
	}
	return out, rows.Err()
}

// A Stop is a service on a visitor's way.
type Stop struct {
	Sensor   string    `json:"sensor"`
	Persona  string    `json:"persona"`
	Protocol string    `json:"protocol"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Sessions int64     `json:"sessions"`
}

// Route lists services in the order in which the filter's visitors first came to them.
func (s *Store) Route(ctx context.Context, f Filter, limit int) ([]Stop, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT sensor, persona, protocol, MIN(opened), MAX(opened), COUNT(*) FROM sessions`+w.String()+` GROUP BY 1, 2, 3 ORDER BY 4 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Stop{}
	for rows.Next() {
		var v Stop
		var first, last int64
		if err := rows.Scan(&v.Sensor, &v.Persona, &v.Protocol, &first, &last, &v.Sessions); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		v.First, v.Last = timeOf(first), timeOf(last)
		out = append(out, v)
	}
	return out, rows.Err()
}

// Sites are the names of sites that sensors gave themselves, with each's sensors.
func (s *Store) Sites(ctx context.Context) (map[string][]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT DISTINCT site, sensor FROM listening WHERE site <> '' ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := map[string][]string{}
	for rows.Next() {
		var site, sensor string
		if err := rows.Scan(&site, &sensor); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out[site] = append(out[site], sensor)
	}
	return out, rows.Err()
}
