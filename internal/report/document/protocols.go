package document

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/report/figure"
	"github.com/sundew-ics/sundew/internal/store"
)

func (d *Document) protocols(f *facts) Section {
	s := Section{ID: "protocols", Title: "Which protocols draw what", Lead: "How much each protocol draws, per hour of listening, how it changes from day to day, and how long visitors stay."}
	t := &Table{Name: "protocols", Caption: "Protocols", Note: "Rates are sessions per hour of a listening service, with the exact 95 % interval of a Poisson count.",
		Columns: []Column{{Name: "protocol"}, {Name: "sessions", Number: true}, {Name: "share", Number: true}, {Name: "sources", Number: true}, {Name: "acts", Number: true}, {Name: "changes", Number: true}, {Name: "logins", Number: true},
			{Name: "listened, h", Number: true}, {Name: "per hour", Number: true}, {Name: "95 % interval", Number: true}}}
	series, multiples := []figure.Series{}, []figure.Series{}
	for _, p := range f.stats.Protocols {
		t.Rows = append(t.Rows, []any{p.Name, p.Sessions, percent(p.Sessions, f.stats.Totals.Sessions), p.Sources, p.Acts, changes(p.Classes), p.Classes["auth"], p.Hours, p.Rate.Rate, interval(p.Rate.Low, p.Rate.High)})
		values := f.values(f.byProtocol, func(name string) bool { return name == p.Name })
		series = append(series, figure.Series{Name: p.Name, Values: values})
		multiples = append(multiples, figure.Series{Name: p.Name, Values: values})
	}
	s.table(d, t, "Nobody came in this period.")
	if len(series) == 0 {
		return s
	}
	data := f.seriesTable(series)
	s.figure(d, "sessions-by-day", "Sessions a day by protocol.", busiest(f.byProtocol), data,
		func(h figure.Head) figure.SVG { return figure.Stack(h, "sessions a day", f.start(), f.step(), series) })
	s.figure(d, "protocols-by-day", "Sessions a day of each protocol, each on a scale of its own.", fmt.Sprintf("%d small charts.", len(multiples)), copyOf(data),
		func(h figure.Head) figure.SVG { return figure.Multiples(h, "sessions", f.start(), f.step(), multiples) })
	lasted, acts := f.curves(f.spread, false), f.curves(f.spread, true)
	s.figure(d, "duration", "How long sessions lasted, by kind of visitor: the share that ended within a time.", quartiles(f.spread, false), curveTable(lasted, "seconds"),
		func(h figure.Head) figure.SVG { return figure.ECDF(h, "duration", true, lasted) })
	s.figure(d, "acts", "How many acts sessions had, by kind of visitor: the share with so many or fewer. None counts as one.", quartiles(f.spread, true), curveTable(acts, "acts"),
		func(h figure.Head) figure.SVG { return figure.ECDF(h, "acts in a session", false, acts) })
	return s
}

func changes(classes map[string]int64) (n int64) {
	for _, c := range []event.Class{event.Write, event.Control, event.Mode, event.ProgramDownload, event.Config, event.Firmware, event.Restart, event.FileWrite} {
		n += classes[string(c)]
	}
	return n
}

func interval(low, high float64) string {
	return figure.Short(low) + " to " + figure.Short(high)
}

// values are the counts of a day that have a name, one for each step.
func (f *facts) values(points []store.Point, has func(string) bool) []float64 {
	out := make([]float64, f.steps())
	for _, p := range points {
		if i := int(p.At.Sub(f.start()) / f.step()); i >= 0 && i < len(out) && has(p.Name) {
			out[i] += float64(p.N)
		}
	}
	return out
}

// seriesTable is series in long form: day, name, value.
func (f *facts) seriesTable(series []figure.Series) *Table {
	t := &Table{Columns: []Column{{Name: "day"}, {Name: "name"}, {Name: "n", Number: true}}}
	for i := range f.steps() {
		for _, s := range series {
			t.Rows = append(t.Rows, []any{f.start().Add(time.Duration(i) * f.step()).Format(time.DateOnly), s.Name, int64(s.Values[i])})
		}
	}
	return t
}

func busiest(points []store.Point) string {
	days := map[time.Time]int64{}
	var most time.Time
	for _, p := range points {
		days[p.At] += p.N
		if days[p.At] > days[most] || days[p.At] == days[most] && p.At.Before(most) {
			most = p.At
		}
	}
	if most.IsZero() {
		return "No sessions."
	}
	return fmt.Sprintf("The busiest day is %s with %s sessions.", date(most), figure.Count(days[most]))
}

// curves are the distributions by kind of visitor, the targeted with the interested.
func (f *facts) curves(spread []store.Spread, acts bool) []figure.Curve {
	var out []figure.Curve
	for _, kind := range kindNames()[:4] {
		bins := map[float64]int64{}
		for _, v := range spread {
			k := kindOf(v.Label)
			if k == "targeted" {
				k = kindNames()[3]
			}
			if k == kind {
				merge(bins, of(v, acts))
			}
		}
		if steps := cumulative(bins); len(steps) > 0 {
			out = append(out, figure.Curve{Name: kind, Steps: steps})
		}
	}
	return out
}

// of is one of the two distributions.
func of(v store.Spread, acts bool) []store.Bin {
	if acts {
		return v.Acts
	}
	return v.Lasted
}

func merge(into map[float64]int64, bins []store.Bin) {
	for _, b := range bins {
		into[b.Value] += b.N
	}
}

func cumulative(bins map[float64]int64) []figure.Step {
	var total, sum int64
	for _, n := range bins {
		total += n
	}
	var out []figure.Step
	for _, v := range slices.Sorted(maps.Keys(bins)) {
		sum += bins[v]
		out = append(out, figure.Step{Value: v, Share: float64(sum) / float64(total)})
	}
	return out
}

func curveTable(curves []figure.Curve, unit string) *Table {
	t := &Table{Columns: []Column{{Name: "kind"}, {Name: "up to, " + unit, Number: true}, {Name: "share", Number: true}}}
	for _, c := range curves {
		for _, s := range c.Steps {
			t.Rows = append(t.Rows, []any{c.Name, s.Value, s.Share})
		}
	}
	return t
}

// quartiles says where the half and the nine tenths of all sessions are.
func quartiles(spread []store.Spread, acts bool) string {
	bins := map[float64]int64{}
	for _, v := range spread {
		merge(bins, of(v, acts))
	}
	write := func(share float64) string {
		for _, s := range cumulative(bins) {
			if s.Share >= share {
				if acts {
					return many(int64(math.Round(s.Value)), "act", "acts")
				}
				return figure.Seconds(s.Value)
			}
		}
		return "nothing"
	}
	return fmt.Sprintf("Half of the sessions have %s or less, nine tenths %s or less.", write(0.5), write(0.9))
}
