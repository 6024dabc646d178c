package figure

import (
	"fmt"
	"math"
	"time"
)

// A Series is a named row of values, one for each place of an axis.
type Series struct {
	Name   string
	Values []float64
}

// Most of what a stack shows by itself; the rest is joined.
const stackMost = 7

// join keeps the first series and makes one of the others.
func join(series []Series) []Series {
	if len(series) <= stackMost+1 {
		return series
	}
	out := append([]Series(nil), series[:stackMost]...)
	rest := Series{Name: "other", Values: make([]float64, len(series[0].Values))}
	for _, s := range series[stackMost:] {
		for i, v := range s.Values {
			rest.Values[i] += v
		}
	}
	return append(out, rest)
}

// frame is where a chart of time has its axes.
type frame struct{ left, right, top, floor float64 }

// axes draws a time axis below and a value axis at the left, and returns both scales.
func (c *canvas) axes(f frame, from, to time.Time, most float64, unit string) (x, y scale) {
	y, ticks := whole(most, f.floor, f.top, 5)
	for _, t := range ticks {
		c.line(f.left, y.at(t), f.right, y.at(t), rule, 1)
		c.text(f.left-7, y.at(t)+4, end, small, faint, tick(t))
	}
	x = scale{low: float64(from.Unix()), high: float64(to.Unix()), from: f.left, to: f.right}
	c.calendar(x, f.floor, from, to, int((f.right-f.left)/78))
	c.line(f.left, f.floor, f.right, f.floor, ink, 1)
	c.turned(13, (f.top+f.floor)/2, unit)
	return x, y
}

func (c *canvas) calendar(x scale, floor float64, from, to time.Time, count int) {
	for i, t := range days(from, to, max(1, count)) {
		at := x.at(float64(t.Unix()))
		c.line(at, floor, at, floor+5, ink, 1)
		anchor := middle
		if i == 0 && at-x.from < 24 {
			anchor = start
			at -= 4
		} else if x.to-at < 14 {
			anchor = end
		}
		c.text(at, floor+18, anchor, small, faint, day(t, i == 0))
	}
}

// Stack draws values over equal steps of time, one series on the other; the
// first, which should be the greatest, at the bottom.
func Stack(h Head, unit string, from time.Time, step time.Duration, series []Series) SVG {
	if len(series) == 0 || len(series[0].Values) == 0 {
		return Empty(h)
	}
	series = join(series)
	n := len(series[0].Values)
	most := 0.0
	for i := range n {
		sum := 0.0
		for _, s := range series {
			sum += s.Values[i]
		}
		most = math.Max(most, sum)
	}
	var names []string
	for _, s := range series {
		names = append(names, s.Name)
	}
	lines := 0
	if len(series) > 1 {
		lines = legendLines(names, Width-70)
	}
	f := frame{62, Width - 10, 10, 262}
	c := begin(h, f.floor+30+18*float64(lines))
	x, y := c.axes(f, from, from.Add(time.Duration(n)*step), most, unit)
	w := (f.right - f.left) / float64(n)
	for i := range n {
		at := from.Add(time.Duration(i) * step)
		sum := 0.0
		for k, s := range series {
			v := s.Values[i]
			fill := category(k, len(series))
			if len(series) == 1 {
				fill = bar
			}
			gap := math.Min(1.5, w*0.15)
			high := y.at(sum) - y.at(sum+v)
			c.told(x.at(float64(at.Unix()))+gap/2, y.at(sum+v), w-gap, math.Max(0, high-0.4), fill, fmt.Sprintf("%s, %s: %s", stamp(at, step), s.Name, Count(int64(v))))
			sum += v
		}
	}
	if lines > 0 {
		c.legend(f.left, f.floor+42, Width-70, names)
	}
	return c.end()
}

func stamp(t time.Time, step time.Duration) string {
	if step < 24*time.Hour {
		return t.UTC().Format("2006-01-02 15:04 UTC")
	}
	return t.UTC().Format("2006-01-02")
}

// Lines draws values over equal steps of time as lines; each has a name at its end.
func Lines(h Head, unit string, from time.Time, step time.Duration, series []Series) SVG {
	if len(series) == 0 || len(series[0].Values) == 0 {
		return Empty(h)
	}
	n, most, room := len(series[0].Values), 0.0, 0.0
	for _, s := range series {
		room = math.Max(room, wide(s.Name, small)+12)
		for _, v := range s.Values {
			most = math.Max(most, v)
		}
	}
	f := frame{62, Width - room - 4, 10, 240}
	c := begin(h, f.floor+28)
	x, y := c.axes(f, from, from.Add(time.Duration(n)*step), most, unit)
	var ends []float64
	for k, s := range series {
		var points []point
		for i, v := range s.Values {
			points = append(points, point{x.at(float64(from.Add(time.Duration(i+1) * step).Unix())), y.at(v)})
		}
		points = append([]point{{x.from, y.at(0)}}, points...)
		c.path(points, category(k, len(series)), 2, dash(k))
		ends = append(ends, points[len(points)-1].y)
	}
	for k, at := range apart(ends, 14) {
		c.text(f.right+6, at+4, start, small, category(min(k, 3), 8), series[k].Name)
	}
	return c.end()
}

// dash tells lines apart without colour.
func dash(i int) string { return []string{"", "6 3", "2 3", "8 3 2 3"}[i%4] }

// apart moves places that are closer than a distance away from each other, in
// the order that they have.
func apart(places []float64, distance float64) []float64 {
	out := append([]float64(nil), places...)
	for range 40 {
		moved := false
		for i := range out {
			for k := range out {
				if i == k || out[i] > out[k] || out[i] == out[k] && i > k {
					continue
				}
				if d := distance - (out[k] - out[i]); d > 0.01 {
					out[i] -= d / 2
					out[k] += d / 2
					moved = true
				}
			}
		}
		if !moved {
			break
		}
	}
	return out
}

// Empty draws that there is nothing to draw.
func Empty(h Head) SVG {
	c := begin(h, 60)
	c.text(Width/2, 34, middle, plain, faint, "nothing in this period")
	return c.end()
}
