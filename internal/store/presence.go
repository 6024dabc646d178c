package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
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
	var list []Reach
	var hours [][2]int64 // first and last
	of := map[string]int{}
	var d distinct
	n, err := s.groups(ctx, f, func(n *names, at int64, v *visit, _ []int32) {
		x := &n.networks[v.network]
		if x.Scanner == "" {
			return
		}
		i, ok := of[x.Scanner]
		if !ok {
			i = len(list)
			of[x.Scanner] = i
			list, hours = append(list, Reach{Name: x.Scanner}), append(hours, [2]int64{at, at})
		}
		r, p := &list[i], &n.places[v.place]
		r.Sessions += int64(v.sessions)
		r.Proof = max(r.Proof, x.ScannerProof)
		r.Protocols, r.Sensors = with(r.Protocols, p.protocol), with(r.Sensors, p.sensor)
		hours[i][1] = at
		d.add(i, v.source)
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		r := &list[i]
		r.Sources = d.of(i)
		var networks []int
		for key, x := range n.networks {
			if x.Scanner == r.Name {
				networks = append(networks, key)
			}
		}
		its := func(w *where) { in(w, "network", networks) }
		if r.First, _, err = s.ends(ctx, f, hours[i][0], its); err != nil {
			return nil, err
		}
		if _, r.Last, err = s.ends(ctx, f, hours[i][1], its); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b Reach) int {
		if c := b.Last.Compare(a.Last); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

// with is a list that holds v once.
func with(list []string, v string) []string {
	if slices.Contains(list, v) {
		return list
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
