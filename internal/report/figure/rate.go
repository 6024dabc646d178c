package figure

import (
	"fmt"
	"math"
)

// An Interval is a value with the bounds within which it is believed to be.
type Interval struct{ Value, Low, High float64 }

// A Group is intervals of one thing, one for each series; nil where there is none.
type Group struct {
	Name   string
	Values []*Interval
}

// present is how many of its series a group has.
func (g Group) present() (n int) {
	for _, v := range g.Values {
		if v != nil {
			n++
		}
	}
	return max(n, 1)
}

// Intervals draws values as marks on the lines of their intervals, groups below
// each other, series within each; the axis is logarithmic where the values are
// more than a hundredfold apart.
func Intervals(h Head, unit string, series []string, groups []Group) SVG {
	least, most, left := math.Inf(1), 0.0, 60.0
	for _, g := range groups {
		left = math.Max(left, math.Min(200, wide(g.Name, plain)+14))
		for _, v := range g.Values {
			if v == nil {
				continue
			}
			most = math.Max(most, v.High)
			if v.Low > 0 {
				least = math.Min(least, v.Low)
			}
		}
	}
	if most == 0 {
		return Empty(h)
	}
	const top, lane = 10.0, 13.0
	floor := top
	for _, g := range groups {
		floor += lane*float64(g.present()) + 9
	}
	lines := legendLines(series, Width-left)
	c := begin(h, floor+46+18*float64(lines))
	s, ticks := linear(most, left, Width-70, 6)
	if most/least > 100 {
		s, ticks = decades(least, most, left, Width-70)
	}
	for _, t := range ticks {
		c.line(s.at(t), top, s.at(t), floor, rule, 1)
		c.text(s.at(t), floor+16, middle, small, faint, tick(t))
	}
	y := top
	for i, g := range groups {
		row := lane*float64(g.present()) + 9
		if i%2 == 1 {
			c.rect(0, y-2, Width, row, "#f6f8fa")
			for _, t := range ticks {
				c.line(s.at(t), y-2, s.at(t), y+row-2, rule, 1)
			}
		}
		c.text(left-10, y+row/2+2, end, plain, ink, fit(g.Name, plain, left-14))
		at := y + 2 - lane/2
		for k, v := range g.Values {
			if v == nil {
				continue
			}
			at += lane
			note := fmt.Sprintf("%s, %s: %s (%s to %s) %s", g.Name, series[k], Short(v.Value), Short(v.Low), Short(v.High), unit)
			c.line(s.at(math.Max(v.Low, s.low)), at, s.at(v.High), at, mark(k), 2)
			if v.Value > 0 {
				c.mark(k, s.at(v.Value), at, mark(k), note)
			}
			c.text(s.at(v.High)+8, at+3.5, start, 10, faint, Short(v.Value))
		}
		y += row
	}
	c.text((s.from+s.to)/2, floor+33, middle, small, faint, unit)
	x := left
	for k, n := range series {
		c.mark(k, x+5, floor+51, mark(k), n)
		c.text(x+16, floor+55, start, small, ink, n)
		x += wide(n, small) + 34
	}
	return c.end()
}

// mark is the colour of a series of marks: dark enough for a thin line.
func mark(i int) string { return []string{"#17324d", "#b5480f", "#2f7d9c", "#8d6a1f"}[i%4] }

// A Step is a point of a distribution: Share of all is at most Value.
type Step struct{ Value, Share float64 }

// A Curve is a named distribution.
type Curve struct {
	Name  string
	Steps []Step
}

// ECDF draws distributions, each as the share of all that is at most a value,
// over a logarithmic axis. inSeconds writes the values as times.
func ECDF(h Head, unit string, inSeconds bool, curves []Curve) SVG {
	least, most := math.Inf(1), 0.0
	for _, k := range curves {
		for _, s := range k.Steps {
			if s.Value > 0 {
				least, most = math.Min(least, s.Value), math.Max(most, s.Value)
			}
		}
	}
	if most == 0 {
		return Empty(h)
	}
	var names []string
	for _, k := range curves {
		names = append(names, k.Name)
	}
	const left, top, floor = 58.0, 10.0, 240.0
	lines := 0
	if len(curves) > 1 {
		lines = legendLines(names, Width-left)
	}
	c := begin(h, floor+44+18*float64(lines))
	x, ticks := decades(least, most, left, Width-24)
	if inSeconds {
		x, ticks = durations(least, most, left, Width-24)
	}
	y := scale{high: 100, from: floor, to: top}
	for v := 0.0; v <= 100; v += 25 {
		c.line(left, y.at(v), x.to, y.at(v), rule, 1)
		c.text(left-7, y.at(v)+4, end, small, faint, tick(v)+" %")
	}
	for _, t := range ticks {
		c.line(x.at(t), top, x.at(t), floor+5, rule, 1)
		name := tick(t)
		if inSeconds {
			name = Seconds(t)
		}
		c.text(x.at(t), floor+18, middle, small, faint, name)
	}
	for k, curve := range curves {
		last := 0.0
		points := []point{{x.from, y.at(0)}}
		for _, s := range curve.Steps {
			at := x.at(math.Max(s.Value, x.low))
			points = append(points, point{at, y.at(last * 100)}, point{at, y.at(s.Share * 100)})
			last = s.Share
		}
		points = append(points, point{x.to, y.at(last * 100)})
		c.path(points, mark(k), 2, dash(k))
	}
	c.line(left, floor, x.to, floor, ink, 1)
	c.text((x.from+x.to)/2, floor+35, middle, small, faint, unit)
	at := left
	for k, n := range names {
		if len(names) == 1 {
			break
		}
		c.path([]point{{at, floor + 52}, {at + 24, floor + 52}}, mark(k), 2, dash(k))
		c.text(at+30, floor+56, start, small, ink, n)
		at += wide(n, small) + 50
	}
	return c.end()
}
