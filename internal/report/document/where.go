package document

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/report/figure"
)

func (d *Document) where(f *facts) Section {
	s := Section{ID: "where", Title: "From where", Lead: "Where the sources' addresses are registered and who runs their networks. That is where a machine is on paper, not where a person sits."}
	total := f.stats.Totals.Sessions
	countries := &Table{Columns: []Column{{Name: "country"}, {Name: "sessions", Number: true}, {Name: "share", Number: true}, {Name: "sources", Number: true}}}
	var bars []figure.Bar
	for i, c := range f.countries {
		countries.Rows = append(countries.Rows, []any{named(c.Name, "unknown"), c.Sessions, percent(c.Sessions, total), c.Sources})
		if i < 15 {
			bars = append(bars, figure.Bar{Name: named(c.Name, "unknown"), Value: float64(c.Sessions), Note: fmt.Sprintf("%s, %s", percent(c.Sessions, total), many(c.Sources, "source", "sources"))})
		}
	}
	if len(bars) > 0 {
		caption := "Sessions by the country in which the source's address is registered."
		if n := len(f.countries); n > len(bars) {
			caption = fmt.Sprintf("Sessions by the country in which the source's address is registered: the first %d of %d.", len(bars), n)
		}
		s.figure(d, "countries", caption, first(bars), copyOf(countries), func(h figure.Head) figure.SVG { return figure.Bars(h, "sessions", bars) })
	}
	networks := &Table{Name: "networks", Caption: "Networks", Show: 15, Note: "The operator is the autonomous system's.",
		Columns: []Column{{Name: "system"}, {Name: "operator"}, {Name: "sessions", Number: true}, {Name: "share", Number: true}, {Name: "sources", Number: true}}}
	for _, n := range f.networks {
		system := "unknown"
		if n.ASN != 0 {
			system = fmt.Sprintf("AS%d", n.ASN)
		}
		networks.Rows = append(networks.Rows, []any{system, n.Name, n.Sessions, percent(n.Sessions, total), n.Sources})
	}
	s.table(d, networks, "No networks are known.")
	types := &Table{Name: "network-kinds", Caption: "Kinds of network", Note: "A guess from the operator's name.", Columns: []Column{{Name: "kind"}, {Name: "sessions", Number: true}, {Name: "share", Number: true}, {Name: "sources", Number: true}}}
	for _, n := range f.stats.NetworkTypes {
		types.Rows = append(types.Rows, []any{labelled(named(n.Name, "unknown")), n.Sessions, percent(n.Sessions, total), n.Sources})
	}
	s.table(d, types, "No kinds of network are known.")
	if total > 0 {
		d.freshSources(f, &s)
	}
	return s
}

// freshSources draws how the number of sources grows.
func (d *Document) freshSources(f *facts, s *Section) {
	var series []figure.Series
	for _, name := range []string{"others", "research"} {
		values := f.values(f.fresh, func(n string) bool { return n == name })
		for i := 1; i < len(values); i++ {
			values[i] += values[i-1]
		}
		series = append(series, figure.Series{Name: name, Values: values})
	}
	last := len(series[0].Values) - 1
	s.figure(d, "sources", "Sources seen so far: known research scanners, and all others.",
		fmt.Sprintf("In the end %s others and %s of research.", figure.Count(int64(series[0].Values[last])), figure.Count(int64(series[1].Values[last]))), f.seriesTable(series),
		func(h figure.Head) figure.SVG { return figure.Lines(h, "sources", f.start(), f.step(), series) })
}
