package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// comparison sets sides beside each other.
type comparison struct {
	By        string          `json:"by"`
	Choices   []string        `json:"choices"`
	Sides     []side          `json:"sides"`
	Pairs     []report.Pair   `json:"pairs"`
	Timelines []namedTimeline `json:"timelines,omitempty"`
}

// side is one of them.
type side struct {
	Name      string                 `json:"name"`
	Totals    store.Totals           `json:"totals"`
	Hours     float64                `json:"listened_hours"`
	Sessions  report.Rate            `json:"sessions_per_hour"`
	Changes   report.Rate            `json:"changes_per_hour"`
	Protocols map[string]report.Rate `json:"protocols"`
	Labels    map[string]int64       `json:"labels"`
	Exclusive int64                  `json:"exclusive_sources"`
	ToFirst   time.Duration          `json:"to_first_ns,omitzero"`
}

type namedTimeline struct {
	Name     string    `json:"name"`
	Timeline *timeline `json:"timeline"`
}

// maxSides is how many sides a comparison has.
const maxSides = 6

func (a *ask) compare() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	c := &comparison{By: cmp.Or(a.query.Get("by"), "persona"), Choices: []string{}, Sides: []side{}, Pairs: []report.Pair{}}
	names := a.query["side"]
	if c.By != "period" {
		if c.Choices, err = a.choices(a.ctx, c.By, f); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			names = c.Choices[:min(maxSides, len(c.Choices))]
		}
	} else if b, ok := before(f, a.now); ok && len(names) == 0 {
		to := f.To
		if to.IsZero() {
			to = a.now.Truncate(time.Minute)
		}
		names = []string{spell(b.From, b.To), spell(f.From, to)}
	}
	if len(names) < 2 {
		return c, nil // the choices say what there could be
	}
	filters, err := a.sides(c.By, names, f)
	if err != nil {
		return nil, err
	}
	r, err := report.Compare(a.ctx, a.db, c.By, names, filters, a.now)
	if err != nil {
		return nil, err
	}
	c.Pairs = append(c.Pairs, r.Pairs...)
	for i, v := range r.Sides {
		c.Sides = append(c.Sides, side{v.Name, v.Totals, v.Hours, v.Sessions, v.Changes, v.Protocols, v.Labels, v.Exclusive, v.ToFirst})
		if a.query.Get("timelines") != "true" {
			continue
		}
		t, err := a.line(filters[i], "class")
		if err != nil {
			return nil, err
		}
		c.Timelines = append(c.Timelines, namedTimeline{v.Name, t})
	}
	return c, nil
}

func spell(from, to time.Time) string {
	return from.Format(time.RFC3339) + ".." + to.Format(time.RFC3339)
}

// choices are what sides there could be, the busiest first, and behind them those
// that listened without a visit.
func (a *ask) choices(ctx context.Context, by string, f store.Filter) ([]string, error) {
	if by == "site" {
		sites, err := a.db.Sites(ctx)
		return slices.Sorted(maps.Keys(sites)), err
	}
	counts, err := a.db.Count(ctx, store.Filter{From: f.From, To: f.To}, by, 100)
	if err != nil {
		return nil, err
	}
	out := []string{}
	for _, c := range counts {
		out = append(out, c.Name)
	}
	services, err := a.db.Contacts(ctx, store.Filter{From: f.From, To: f.To}, a.now)
	for _, s := range services {
		name := s.Persona
		if by == "sensor" {
			name = s.Sensor
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, err
}

// sides are the filters that make the sides.
func (a *ask) sides(by string, names []string, f store.Filter) ([]store.Filter, error) {
	sites, err := a.db.Sites(a.ctx)
	if err != nil {
		return nil, err
	}
	var out []store.Filter
	for _, n := range names {
		v := f
		switch by {
		case "sensor":
			v.Sensor = []string{n}
		case "site":
			if v.Sensor = sites[n]; v.Sensor == nil {
				return nil, sideError(fmt.Sprintf("no sensor says that its site is %q", n))
			}
		case "persona":
			v.Persona = []string{n}
		case "period":
			from, to, ok := strings.Cut(n, "..")
			if !ok {
				return nil, sideError("a period is FROM..TO: 2026-11-01..2026-11-15")
			}
			var err1, err2 error
			v.From, err1 = moment(from, a.now)
			v.To, err2 = moment(to, a.now)
			if err := cmp.Or(err1, err2); err != nil {
				return nil, sideError(err.Error())
			}
			if v.To.IsZero() {
				v.To = a.now
			}
			if v.From.IsZero() || !v.From.Before(v.To) {
				return nil, sideError("a period begins before it ends")
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func sideError(why string) *problem {
	return &problem{Type: "query", Status: 400, Title: "The side cannot be used", Detail: why, Parameter: "side"}
}
