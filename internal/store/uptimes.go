package store

import (
	"context"
	"fmt"
	"time"
)

// An Uptime is a time in which a sensor listened.
type Uptime struct {
	Sensor string    `json:"sensor"`
	Site   string    `json:"site,omitempty"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Down   string    `json:"ended,omitempty"` // "stop", "crash", "silence" where that is all that is known, or "": it still listens
}

// Uptimes lists when sensors listened with any service, within the filter's
// period. now ends what still goes on.
func (s *Store) Uptimes(ctx context.Context, f Filter, now time.Time) ([]Uptime, error) {
	w := &where{}
	in(w, "origin", f.Origin)
	in(w, "sensor", f.Sensor)
	in(w, "persona", f.Persona)
	spans, err := s.spans(ctx, w, now, `origin, sensor, since`)
	if err != nil {
		return nil, err
	}
	var all []span // of any service
	for _, v := range spans {
		n := len(all)
		if n == 0 || all[n-1].origin != v.origin || all[n-1].sensor != v.sensor || all[n-1].until < v.since {
			all = append(all, v)
			continue
		}
		if u := &all[n-1]; v.until > u.until {
			u.until, u.how = v.until, v.how
		}
	}
	out := []Uptime{}
	first, last := f.period()
	for _, v := range all {
		u := Uptime{Sensor: v.sensor, Site: v.site, Since: timeOf(max(v.since, first)), Until: timeOf(min(v.until, last)), Down: v.how}
		if v.until > last {
			u.Down = ""
		}
		if u.Until.After(u.Since) {
			out = append(out, u)
		}
	}
	return out, nil
}

// Synthetic says which sensors say of themselves that their data are made up.
func (s *Store) Synthetic(ctx context.Context, f Filter) ([]string, error) {
	w := &where{}
	in(w, "sensor", f.Sensor)
	w.and("what = 'start' AND detail LIKE '%\"synthetic\":true%'")
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT sensor FROM notes"+w.String()+" ORDER BY sensor", w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, name)
	}
	return out, rows.Err()
}
