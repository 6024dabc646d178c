package document

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/report/figure"
	"github.com/sundew-ics/sundew/internal/store"
)

func (d *Document) sensors(f *facts) Section {
	s := Section{ID: "sensors", Title: "Sensors and listening time", Lead: "Who listened, where and for how long: what every rate in this report is divided by."}
	t := &Table{Name: "sensors", Caption: "Sensors", Columns: []Column{{Name: "sensor", Keep: true}, {Name: "place"}, {Name: "personas"}, {Name: "services", Number: true}, {Name: "listened, h", Number: true},
		{Name: "interruptions", Number: true}, {Name: "sessions", Number: true}}}
	lanes := &Table{Columns: []Column{{Name: "sensor"}, {Name: "from"}, {Name: "to"}, {Name: "ended by"}}}
	var drawn []figure.Lane
	for _, name := range f.sensors {
		site, personas, services, sessions := "", []string{}, map[string]bool{}, int64(0)
		for _, c := range f.stats.Contacts {
			if c.Sensor != name {
				continue
			}
			site = max(site, c.Site)
			if !slices.Contains(personas, c.Persona) {
				personas = append(personas, c.Persona)
			}
			services[c.Persona+" "+c.Device+" "+c.Service] = true
			sessions += c.Sessions
		}
		lane, hours, parts := figure.Lane{Name: name}, 0.0, 0
		for _, u := range f.uptimes {
			if u.Sensor != name {
				continue
			}
			hours += u.Until.Sub(u.Since).Hours()
			parts++
			lane.Spans = append(lane.Spans, figure.Span{From: u.Since, To: u.Until, Note: fmt.Sprintf("%s listened from %s to %s UTC", name, instant(u.Since), instant(u.Until))})
			lanes.Rows = append(lanes.Rows, []any{name, u.Since, u.Until, named(u.Down, "still listening")})
		}
		for _, n := range f.stats.Limits {
			if n.Sensor == name {
				lane.Marks = append(lane.Marks, figure.Span{From: n.At, Note: n.What + " at " + instant(n.At) + " UTC"})
			}
		}
		drawn = append(drawn, lane)
		t.Rows = append(t.Rows, []any{name, named(site, "–"), strings.Join(personas, ", "), len(services), hours, max(0, parts-1), sessions})
	}
	s.table(d, t, "No sensor listened in this period.")
	if len(drawn) > 0 {
		s.figure(d, "listening", "When the sensors listened; diamonds mark lines lost, visitors refused and steps of the clock.",
			fmt.Sprintf("%d sensors, %d times of listening.", len(drawn), len(lanes.Rows)), lanes,
			func(h figure.Head) figure.SVG { return figure.Lanes(h, f.from, f.to, drawn) })
	}
	return s
}

func (d *Document) what(f *facts) Section {
	s := Section{ID: "what", Title: "What is done", Lead: "Which patterns the sessions follow, what they did in words common to all protocols, and which techniques of MITRE ATT&CK their octets prove."}
	labels := &Table{Name: "labels", Caption: "Sessions by label", Columns: []Column{{Name: "label"}, {Name: "sessions", Number: true}, {Name: "share", Number: true}, {Name: "sources", Number: true}}}
	var bars []figure.Bar
	total := f.stats.Totals.Sessions
	for _, l := range f.labels {
		labels.Rows = append(labels.Rows, []any{labelled(l.Name), l.Sessions, percent(l.Sessions, total), l.Sources})
		bars = append(bars, figure.Bar{Name: labelled(l.Name), Value: float64(l.Sessions), Note: percent(l.Sessions, total) + ", " + many(l.Sources, "source", "sources")})
	}
	if len(bars) > 0 {
		s.figure(d, "labels", "Sessions by label.", first(bars), copyOf(labels), func(h figure.Head) figure.SVG { return figure.Bars(h, "sessions", bars) })
	}
	s.text("A label says what a session did, not who did it: the first of a fixed list of rules that applies (docs/analysis.md).")
	d.classes(f, &s)
	d.techniques(f, &s)
	ops := &Table{Name: "operations", Caption: "The most frequent operations", Show: 15, Columns: []Column{{Name: "protocol"}, {Name: "operation", Code: true, Keep: true}, {Name: "class"}, {Name: "acts", Number: true}, {Name: "refused or ignored", Number: true}}}
	for _, o := range f.operations {
		if o.Class == string(event.Report) {
			continue // what we send unasked
		}
		ops.Rows = append(ops.Rows, []any{o.Protocol, o.Op, labelled(o.Class), o.Acts, o.Refused})
	}
	s.table(d, ops, "There were no acts.")
	return s
}

// copyOf is a table for a figure's file.
func copyOf(t *Table) *Table {
	return &Table{Columns: t.Columns, Rows: t.Rows}
}

func first(bars []figure.Bar) string {
	var out []string
	for _, b := range bars[:min(3, len(bars))] {
		out = append(out, fmt.Sprintf("%s %s", b.Name, figure.Short(b.Value)))
	}
	return "Most: " + strings.Join(out, ", ") + "."
}

// classes draws protocols against classes.
func (d *Document) classes(f *facts, s *Section) {
	var rows, columns []string
	for _, c := range event.Classes() {
		for _, p := range f.stats.Protocols {
			if p.Classes[string(c)] > 0 && c != event.Report {
				columns = append(columns, string(c))
				break
			}
		}
	}
	data := &Table{Columns: []Column{{Name: "protocol"}, {Name: "class"}, {Name: "acts", Number: true}}}
	var values [][]float64
	for _, p := range f.stats.Protocols {
		if p.Acts == 0 {
			continue
		}
		rows = append(rows, p.Name)
		var line []float64
		for _, c := range columns {
			n := p.Classes[c]
			line = append(line, float64(n))
			if n > 0 {
				data.Rows = append(data.Rows, []any{p.Name, labelled(c), n})
			}
		}
		values = append(values, line)
	}
	if len(rows) == 0 {
		return
	}
	var names []string
	for _, c := range columns {
		names = append(names, labelled(c))
	}
	s.figure(d, "protocol-class", "Acts by protocol and class: from looking (left) to changing (middle) to what is not of the protocol (right).",
		fmt.Sprintf("%d protocols and %d classes of act.", len(rows), len(columns)), data, func(h figure.Head) figure.SVG { return figure.Matrix(h, "acts", rows, names, values) })
}

func (d *Document) techniques(f *facts, s *Section) {
	t := &Table{Name: "techniques", Caption: "ATT&CK techniques that octets prove", Show: 20,
		Note: "Release 19, with the id of release 18 where it differs. Only what an act proves is counted, never an impact.",
		Columns: []Column{{Name: "id", Keep: true}, {Name: "release 18"}, {Name: "technique"}, {Name: "tactics"}, {Name: "sessions", Number: true}, {Name: "sources", Number: true},
			{Name: "acts", Number: true}, {Name: "protocols"}}}
	var bars []figure.Bar
	for i, x := range f.stats.Techniques {
		t.Rows = append(t.Rows, []any{x.ID, x.V18, x.Name, strings.ReplaceAll(strings.Join(x.Tactics, ", "), "-", " "), x.Sessions, x.Sources, x.Acts, strings.Join(x.Protocols, " ")})
		if i < 15 {
			bars = append(bars, figure.Bar{Name: x.ID + " " + shortened(x.Name), Value: float64(x.Sessions)})
		}
	}
	if len(bars) > 0 {
		caption := "Sessions in which a technique is proven."
		if n := len(f.stats.Techniques); n > len(bars) {
			caption = fmt.Sprintf("Sessions in which a technique is proven: the %d most frequent of %d.", len(bars), n)
		}
		s.figure(d, "techniques", caption, first(bars), copyOf(t), func(h figure.Head) figure.SVG { return figure.Bars(h, "sessions", bars) })
	}
	s.table(d, t, "No act proves a technique.")
}

// shortened leaves of a technique's name what tells it apart: its last part.
func shortened(name string) string {
	if _, sub, ok := strings.Cut(name, ": "); ok {
		return sub
	}
	return name
}

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
