package document

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/report/figure"
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
