package document

import (
	"context"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// facts is all that a report asks of the store.
type facts struct {
	stats     *report.Stats
	from, to  time.Time // the period, its ends found where they were not given
	sensors   []string
	personas  []string
	synthetic []string
	uptimes   []store.Uptime

	byProtocol, byLabel []store.Point // sessions a day
	week                []store.Point
	fresh               []store.Point
	paces, kinds        []store.Pair // label and pace; protocol and label
	spread              []store.Spread
	countries           []store.Count
	networks            []store.Network
	labels              []store.Count
	arrivals            []store.Arrival
	aims                []store.Aim
	prints              []store.Print
	notable             []store.Session
	actors              []store.Actor
	credentials         []store.Credential
	files               []store.File
	operations          []store.Operation
	bySensor, byPersona *report.Comparison
}

// Lengths of lists in files; the page shows fewer.
const long = 1000

func gather(ctx context.Context, s *store.Store, cfg Config) (*facts, error) {
	f, q := &facts{}, cfg.Filter
	var err error
	if f.stats, err = report.Gather(ctx, s, cfg.Rules, q, cfg.Now); err != nil {
		return nil, err
	}
	for _, ask := range []func() error{
		func() error { f.uptimes, err = s.Uptimes(ctx, q, cfg.Now); return err },
		func() error { f.synthetic, err = s.Synthetic(ctx, q); return err },
		func() error { f.byProtocol, err = s.Daily(ctx, q, store.ByProtocol); return err },
		func() error { f.byLabel, err = s.Daily(ctx, q, store.ByLabel); return err },
		func() error { f.week, err = s.Week(ctx, q); return err },
		func() error { f.fresh, err = s.NewSources(ctx, q); return err },
		func() error { f.paces, err = s.Pairs(ctx, q, store.ByLabel, store.ByAutomation); return err },
		func() error { f.kinds, err = s.Pairs(ctx, q, store.ByProtocol, store.ByLabel); return err },
		func() error { f.spread, err = s.Distributions(ctx, q); return err },
		func() error { f.countries, err = s.Count(ctx, q, store.ByCountry, long); return err },
		func() error { f.networks, err = s.Networks(ctx, q, long); return err },
		func() error { f.labels, err = s.Count(ctx, q, store.ByLabel, long); return err },
		func() error { f.arrivals, err = s.Arrivals(ctx, q); return err },
		func() error { f.aims, err = s.Aims(ctx, q, long); return err },
		func() error { f.prints, err = s.Prints(ctx, q, long); return err },
		func() error { f.notable, err = s.Notable(ctx, q, 50); return err },
		func() error { f.actors, err = s.Actors(ctx, q, long); return err },
		func() error { f.credentials, err = s.Credentials(ctx, q, long); return err },
		func() error { f.files, err = s.Files(ctx, q, long); return err },
		func() error { f.operations, err = s.Operations(ctx, q, long); return err },
	} {
		if err := ask(); err != nil {
			return nil, err
		}
	}
	for _, c := range f.stats.Contacts {
		if c.Listened == 0 && c.Sessions == 0 {
			continue
		}
		if !slices.Contains(f.sensors, c.Sensor) {
			f.sensors = append(f.sensors, c.Sensor)
		}
		if !slices.Contains(f.personas, c.Persona) {
			f.personas = append(f.personas, c.Persona)
		}
	}
	slices.Sort(f.personas)
	f.period(q, cfg.Now)
	if f.bySensor, err = compare(ctx, s, q, "sensor", f.sensors, cfg.Now); err != nil {
		return nil, err
	}
	f.byPersona, err = compare(ctx, s, q, "persona", f.personas, cfg.Now)
	return f, err
}

// compare sets sides beside each other, if there are two or more.
func compare(ctx context.Context, s *store.Store, q store.Filter, by string, names []string, now time.Time) (*report.Comparison, error) {
	if len(names) < 2 {
		return nil, nil
	}
	var filters []store.Filter
	for _, n := range names {
		side := q
		if by == "sensor" {
			side.Sensor = []string{n}
		} else {
			side.Persona = []string{n}
		}
		filters = append(filters, side)
	}
	return report.Compare(ctx, s, by, names, filters, now)
}

// period finds its ends: as asked, else from the first listening to the last.
func (f *facts) period(q store.Filter, now time.Time) {
	f.from, f.to = q.From, q.To
	for _, u := range f.uptimes {
		if q.From.IsZero() && (f.from.IsZero() || u.Since.Before(f.from)) {
			f.from = u.Since
		}
		if q.To.IsZero() && u.Until.After(f.to) {
			f.to = u.Until
		}
	}
	if t := f.stats.Totals; t.Sessions > 0 {
		if q.From.IsZero() && t.First.Before(f.from) || f.from.IsZero() {
			f.from = t.First
		}
		if q.To.IsZero() && t.Last.After(f.to) {
			f.to = t.Last
		}
	}
	if f.to.IsZero() || f.to.After(now) {
		f.to = now
	}
	if f.from.IsZero() || !f.from.Before(f.to) {
		f.from = f.to.Add(-24 * time.Hour)
	}
	f.from, f.to = f.from.UTC(), f.to.UTC()
}

// step is the unit of timelines: an hour for three days or less, else a day.
func (f *facts) step() time.Duration { return 24 * time.Hour }

// start is the beginning of the first step.
func (f *facts) start() time.Time { return f.from.Truncate(f.step()) }

// steps is how many there are.
func (f *facts) steps() int {
	n := int(f.to.Sub(f.start()) / f.step())
	if f.start().Add(time.Duration(n) * f.step()).Before(f.to) {
		n++
	}
	return max(1, n)
}

// days is the period's length.
func (f *facts) days() float64 { return f.to.Sub(f.from).Hours() / 24 }

// uptime is how long sensors listened, in hours, and how long they might have.
func (f *facts) uptime() (listened, all float64) {
	for _, u := range f.uptimes {
		listened += u.Until.Sub(u.Since).Hours()
	}
	return listened, float64(len(f.sensors)) * f.to.Sub(f.from).Hours()
}
