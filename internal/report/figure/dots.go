package figure

import (
	"fmt"
	"math"
)

// A Dots is a name with a value for each series; 0 where there is none.
type Dots struct {
	Name   string
	Values []float64 // seconds
}

// Times draws durations as marks on a logarithmic axis, names below each other.
func Times(h Head, unit string, series []string, rows []Dots) SVG {
	least, most, left := math.Inf(1), 0.0, 60.0
	for _, r := range rows {
		left = math.Max(left, math.Min(270, wide(r.Name, plain)+16))
		for _, v := range r.Values {
			if v > 0 {
				least, most = math.Min(least, v), math.Max(most, v)
			}
		}
	}
	if most == 0 {
		return Empty(h)
	}
	const row, top = 19.0, 8.0
	floor := top + row*float64(len(rows))
	c := begin(h, floor+66)
	x, ticks := durations(least, most, left, Width-24)
	for _, t := range ticks {
		c.line(x.at(t), top, x.at(t), floor+4, rule, 1)
		c.text(x.at(t), floor+17, middle, small, faint, Seconds(t))
	}
	for i, r := range rows {
		y := top + row*(float64(i)+0.5)
		c.text(left-10, y+4, end, plain, ink, fit(r.Name, plain, left-14))
		c.line(left, y, x.to, y, "#eef1f4", 1)
		for k, v := range r.Values {
			if v > 0 {
				c.mark(k, x.at(v), y, mark(k), fmt.Sprintf("%s, %s: %s", r.Name, series[k], Seconds(v)))
			}
		}
	}
	c.line(left, top, left, floor, ink, 1)
	c.text((left+x.to)/2, floor+35, middle, small, faint, unit)
	at := left
	for k, n := range series {
		c.mark(k, at+5, floor+52, mark(k), n)
		c.text(at+16, floor+56, start, small, ink, n)
		at += wide(n, small) + 36
	}
	return c.end()
}

// durations is a logarithmic scale of times with ticks where people have words.
func durations(least, most, from, to float64) (scale, []float64) {
	steps := []float64{1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400, 3650 * 86400}
	low, high := 0, len(steps)-1
	for i, v := range steps {
		if v <= least {
			low = i
		}
		if v >= most && i < high {
			high = i
		}
	}
	if high <= low {
		high = min(low+1, len(steps)-1)
	}
	return scale{low: steps[low], high: steps[high], from: from, to: to, log: true}, steps[low : high+1]
}
