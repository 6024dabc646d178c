package document

import (
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/report/figure"
)

// drawn is how many sides a figure of a comparison shows at most.
const drawn = 4

func (d *Document) comparison(f *facts) Section {
	s := Section{ID: "comparison", Title: "Sensors and personas compared", Lead: "The same visitors' interest at different places and in different guises, per hour of listening."}
	for _, c := range []*report.Comparison{f.bySensor, f.byPersona} {
		if c != nil {
			d.sides(c, &s)
		}
	}
	if len(s.Items) > 0 {
		s.text("Intervals are exact ones of a Poisson count at 95 %%. They suppose that sessions are independent of each other, which those of one scanner are not: they are too narrow rather than too wide, and sources should be compared beside sessions.")
	}
	return s
}

func (d *Document) sides(c *report.Comparison, s *Section) {
	t := &Table{Name: "by-" + c.By, Caption: "Comparison by " + c.By, Note: "Hours are those of all services together; a rate is per hour of one service. Sources seen nowhere else are “only here”.",
		Columns: []Column{{Name: c.By, Keep: true}, {Name: "listened, h", Number: true}, {Name: "sessions", Number: true}, {Name: "per hour", Number: true}, {Name: "95 % interval", Number: true},
			{Name: "changes", Number: true}, {Name: "changes per 1,000 h", Number: true}, {Name: "95 % interval", Number: true}, {Name: "sources", Number: true}, {Name: "only here", Number: true}}}
	var names, protocols []string
	for i, v := range c.Sides {
		t.Rows = append(t.Rows, []any{v.Name, v.Hours, v.Totals.Sessions, v.Sessions.Rate, interval(v.Sessions.Low, v.Sessions.High), v.Changes.N, 1000 * v.Changes.Rate, interval(1000*v.Changes.Low, 1000*v.Changes.High), v.Totals.Sources, v.Exclusive})
		if i < drawn {
			names = append(names, v.Name)
		}
		for p := range v.Protocols {
			if !slices.Contains(protocols, p) {
				protocols = append(protocols, p)
			}
		}
	}
	slices.Sort(protocols)
	data := &Table{Columns: []Column{{Name: "protocol"}, {Name: c.By}, {Name: "sessions", Number: true}, {Name: "listened, h", Number: true}, {Name: "per hour", Number: true}, {Name: "low", Number: true}, {Name: "high", Number: true}}}
	var groups []figure.Group
	for _, p := range protocols {
		g := figure.Group{Name: p}
		for i, v := range c.Sides {
			r, ok := v.Protocols[p]
			if ok && r.Hours > 0 {
				data.Rows = append(data.Rows, []any{p, v.Name, r.N, r.Hours, r.Rate, r.Low, r.High})
			}
			switch {
			case i >= drawn:
			case ok && r.Hours > 0:
				g.Values = append(g.Values, &figure.Interval{Value: r.Rate, Low: r.Low, High: r.High})
			default:
				g.Values = append(g.Values, nil)
			}
		}
		groups = append(groups, g)
	}
	if len(groups) > 0 {
		caption := fmt.Sprintf("Sessions per hour of a listening service by protocol and %s, with 95 %% intervals.", c.By)
		if len(c.Sides) > drawn {
			caption += fmt.Sprintf(" The first %d of %d are drawn.", drawn, len(c.Sides))
		}
		s.figure(d, "rates-by-"+c.By, caption, fmt.Sprintf("%d protocols, %d sides.", len(groups), len(names)), data,
			func(h figure.Head) figure.SVG {
				return figure.Intervals(h, "sessions per hour of a listening service", names, groups)
			})
	}
	s.table(d, t, "")
	pairs := &Table{Name: "overlap-by-" + c.By, Caption: "Sources in common by " + c.By, Show: 15, Note: "Jaccard: shared over all sources of both.",
		Columns: []Column{{Name: "a"}, {Name: "b"}, {Name: "shared sources", Number: true}, {Name: "Jaccard", Number: true}}}
	for _, p := range c.Pairs {
		pairs.Rows = append(pairs.Rows, []any{p.A, p.B, p.Shared, p.Jaccard})
	}
	s.table(d, pairs, "")
}
