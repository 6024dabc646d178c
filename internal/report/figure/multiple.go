package figure

import (
	"fmt"
	"math"
	"time"
)

// Multiples draws each series by itself in a small chart: a common axis of time,
// each its own of values, so that shapes compare and sizes are written.
func Multiples(h Head, unit string, from time.Time, step time.Duration, series []Series) SVG {
	if len(series) == 0 || len(series[0].Values) == 0 {
		return Empty(h)
	}
	const columns, high, gap = 3, 104.0, 14.0
	w := (Width - gap*(columns-1)) / columns
	rows := (len(series) + columns - 1) / columns
	c := begin(h, float64(rows)*high+8)
	for i, s := range series {
		c.small(float64(i%columns)*(w+gap), float64(i/columns)*high, w, unit, from, step, s)
	}
	return c.end()
}

func (c *canvas) small(left, top, w float64, unit string, from time.Time, step time.Duration, s Series) {
	most, sum := 0.0, 0.0
	for _, v := range s.Values {
		most, sum = math.Max(most, v), sum+v
	}
	floor := top + 80
	y := scale{high: math.Max(most, 1), from: floor, to: top + 24}
	c.styled(left, top+14, start, plain, ink, ` font-weight="600"`, s.Name)
	c.text(left+w, top+14, end, small, faint, fmt.Sprintf("%s %s, most %s", Count(int64(sum)), unit, Count(int64(most))))
	n := float64(len(s.Values))
	for i, v := range s.Values {
		x := left + w/n*float64(i)
		c.told(x, y.at(v), math.Max(w/n-0.8, 0.5), floor-y.at(v), bar, fmt.Sprintf("%s: %s", stamp(from.Add(time.Duration(i)*step), step), Count(int64(v))))
	}
	c.line(left, floor, left+w, floor, ink, 1)
	last := from.Add(time.Duration(len(s.Values)-1) * step)
	c.text(left, floor+13, start, 10, faint, from.UTC().Format("2 Jan"))
	c.text(left+w, floor+13, end, 10, faint, last.UTC().Format("2 Jan"))
}
