package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// A Day is one on which the filter's visitors came.
type Day struct {
	Day      string `json:"day"` // UTC, 2026-11-29
	Sessions int64  `json:"sessions"`
	Severity int    `json:"severity"` // the greatest
}

// Days counts sessions by the day.
func (s *Store) Days(ctx context.Context, f Filter) ([]Day, error) {
	out := []Day{}
	_, err := s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		day := timeOf(at).Format(time.DateOnly)
		if len(out) == 0 || out[len(out)-1].Day != day {
			out = append(out, Day{Day: day})
		}
		d := &out[len(out)-1]
		d.Sessions += int64(v.sessions)
		d.Severity = max(d.Severity, int(n.verdicts[v.verdict].severity))
	})
	return out, err
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
	var list []Stop
	var hours [][2]int64
	_, err := s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		p := &n.places[v.place]
		i := slices.IndexFunc(list, func(x Stop) bool { return x.Sensor == p.sensor && x.Persona == p.persona && x.Protocol == p.protocol })
		if i < 0 {
			i = len(list)
			list, hours = append(list, Stop{Sensor: p.sensor, Persona: p.persona, Protocol: p.protocol}), append(hours, [2]int64{at, at})
		}
		list[i].Sessions += int64(v.sessions)
		hours[i][1] = at
	})
	if err != nil {
		return nil, err
	}
	list = list[:min(limit, len(list))]
	for i := range list {
		v := &list[i]
		there := func(w *where) {
			w.sub("place", "places", func(w *where) {
				w.and("sensor = ? AND persona = ? AND protocol = ?", v.Sensor, v.Persona, v.Protocol)
			})
		}
		if v.First, _, err = s.ends(ctx, f, hours[i][0], there); err != nil {
			return nil, err
		}
		if _, v.Last, err = s.ends(ctx, f, hours[i][1], there); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(list, func(a, b Stop) int { return a.First.Compare(b.First) })
	if list == nil {
		list = []Stop{}
	}
	return list, nil
}

// Sites are the names of sites that sensors gave themselves, with each's sensors.
func (s *Store) Sites(ctx context.Context) (map[string][]string, error) {
	out := map[string][]string{}
	err := each(ctx, s.db, `SELECT DISTINCT site, sensor FROM listening WHERE site <> '' ORDER BY 1, 2`, nil, func(rows *sql.Rows) error {
		var site, sensor string
		err := rows.Scan(&site, &sensor)
		out[site] = append(out[site], sensor)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}
