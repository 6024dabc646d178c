package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// compareCmd sets sides beside each other.
type compareCmd struct {
	question
	By    string   `enum:"sensor,persona,site,period" default:"persona" help:"What the sides are: ${enum} (${default})."`
	Sides []string `arg:"" optional:"" help:"Names of sensors, personas or sites, or periods FROM..TO; default: all that there are."`
}

// Run implements kong's command.
func (c *compareCmd) Run(ctx context.Context, t *terminal) error {
	a, f, err := c.open(ctx, t)
	if err != nil {
		return err
	}
	defer a.close()
	names, filters, err := c.sides(ctx, a, f)
	if err != nil {
		return err
	}
	cmp, err := report.Compare(ctx, a.Store, c.By, names, filters, a.now)
	if err != nil {
		return fmt.Errorf("%w; name two or more", err)
	}
	if c.JSON || c.CSV {
		return c.show(t, cmp, sideRows(cmp))
	}
	return printComparison(t, cmp)
}

func (c *compareCmd) sides(ctx context.Context, a *answers, f store.Filter) (names []string, filters []store.Filter, err error) {
	names = c.Sides
	sites := map[string][]string{}
	if c.By == "site" {
		if sites, err = a.Sites(ctx); err != nil {
			return nil, nil, err
		}
		if len(names) == 0 {
			names = slices.Sorted(maps.Keys(sites))
		}
	}
	if len(names) == 0 {
		if c.By == "period" {
			return nil, nil, usageError{fmt.Errorf("name the periods: `sundew compare --by period 2026-11-01..2026-11-15 2026-11-15..2026-11-30`")}
		}
		contacts, err := a.Contacts(ctx, f, a.now)
		if err != nil {
			return nil, nil, err
		}
		for _, x := range contacts {
			name := x.Persona
			if c.By == "sensor" {
				name = x.Sensor
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, n := range names {
		side := f
		switch c.By {
		case "sensor":
			side.Sensor = []string{n}
		case "persona":
			side.Persona = []string{n}
		case "site":
			if side.Sensor = sites[n]; side.Sensor == nil {
				return nil, nil, usageError{fmt.Errorf("no sensor says that it stands at %q ([site] name in its configuration); there are %q", n, slices.Sorted(maps.Keys(sites)))}
			}
		case "period":
			from, to, ok := strings.Cut(n, "..")
			if !ok {
				return nil, nil, usageError{fmt.Errorf("%q is no period; write FROM..TO: 2026-11-01..2026-11-15", n)}
			}
			if side.From, err = parseTime(from, a.now); err != nil {
				return nil, nil, usageError{err}
			}
			if side.To, err = parseTime(to, a.now); err != nil {
				return nil, nil, usageError{err}
			}
		}
		filters = append(filters, side)
	}
	return names, filters, nil
}

func sideRows(c *report.Comparison) *rows {
	r := &rows{head: []string{c.By, "listened hours", "sessions", "per hour", "95 % interval", "changes per hour", "95 % interval", "sources", "only here", "first visit after"}}
	for _, s := range c.Sides {
		first := "-"
		if s.ToFirst > 0 {
			first = s.ToFirst.Round(time.Second).String()
		}
		r.add(s.Name, fmt.Sprintf("%.1f", s.Hours), s.Totals.Sessions, fmt.Sprintf("%.3g", s.Sessions.Rate), fmt.Sprintf("%.3g to %.3g", s.Sessions.Low, s.Sessions.High),
			fmt.Sprintf("%.3g", s.Changes.Rate), fmt.Sprintf("%.3g to %.3g", s.Changes.Low, s.Changes.High), s.Totals.Sources, s.Exclusive, first)
	}
	return r
}

func printComparison(t *terminal, c *report.Comparison) error {
	if err := sideRows(c).print(t); err != nil {
		return err
	}
	var protocols []string
	for _, s := range c.Sides {
		for p := range s.Protocols {
			if !slices.Contains(protocols, p) {
				protocols = append(protocols, p)
			}
		}
	}
	slices.Sort(protocols)
	fmt.Fprintln(t.out, "\nSessions an hour by protocol, with 95 % interval")
	r := &rows{head: []string{"protocol"}}
	for _, s := range c.Sides {
		r.head = append(r.head, s.Name)
	}
	for _, p := range protocols {
		line := []any{p}
		for _, s := range c.Sides {
			v := s.Protocols[p]
			if v.Hours == 0 {
				line = append(line, "-")
				continue
			}
			line = append(line, fmt.Sprintf("%.3g (%.3g to %.3g)", v.Rate, v.Low, v.High))
		}
		r.add(line...)
	}
	if err := r.print(t); err != nil {
		return err
	}
	fmt.Fprintln(t.out, "\nSources in common")
	r = &rows{head: []string{"a", "b", "shared", "Jaccard"}}
	for _, p := range c.Pairs {
		r.add(p.A, p.B, p.Shared, fmt.Sprintf("%.3f", p.Jaccard))
	}
	return r.print(t)
}
