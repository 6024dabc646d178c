package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Week draws a value for each hour of each day of the week, Monday first, darker
// where it is greater.
func Week(h Head, unit string, values [7][24]float64) SVG {
	const left, top, row = 46.0, 10.0, 26.0
	w := (Width - left - 8) / 24
	var all []float64
	for _, d := range values {
		all = append(all, d[:]...)
	}
	slices.Sort(all)
	least, most, above := all[0], all[len(all)-1], ""
	if p := all[len(all)*24/25]; p > least && most > 1.5*p { // a burst does not fade what else there is
		most, above = p, "and more"
	}
	floor := top + 7*row
	c := begin(h, floor+74)
	for d, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		y := top + row*float64(d)
		c.text(left-8, y+row/2+4, end, small, ink, name)
		for hour, v := range values[d] {
			c.told(left+w*float64(hour), y, w-1, row-1, shade(part(v, least, most)), fmt.Sprintf("%s %02d:00 to %02d:00 UTC: %s %s", name, hour, hour+1, Short(v), unit))
		}
	}
	for hour := 0; hour <= 24; hour += 3 {
		x := left + w*float64(hour)
		c.line(x-0.5, floor, x-0.5, floor+5, faint, 1)
		c.text(x-0.5, floor+17, ends(hour, 24), small, faint, fmt.Sprintf("%02d:00", hour))
	}
	c.text(left, floor+36, start, small, faint, "hour of the day, UTC")
	c.key(Width-8-260, floor+40, least, most, unit, above)
	return c.end()
}

func ends(i, last int) string {
	switch i {
	case 0:
		return start
	case last:
		return end
	}
	return middle
}

func part(v, least, most float64) float64 {
	if most <= least {
		return 0
	}
	return (v - least) / (most - least)
}

// key explains shades from the least to the most.
func (c *canvas) key(x, y, least, most float64, unit, above string) {
	const steps, width = 20, 260.0
	for i := range steps {
		c.rect(x+width/steps*float64(i), y-14, width/steps, 10, shade((float64(i)+0.5)/steps))
	}
	c.text(x, y+9, start, small, faint, Short(least))
	c.text(x+width, y+9, end, small, faint, strings.TrimSpace(Short(most)+" "+above))
	c.text(x+width/2, y+9, middle, small, faint, unit)
}

// Matrix draws counts at the crossings of rows and columns, darker where there
// are more by the logarithm; a crossing without any stays empty.
func Matrix(h Head, unit string, rows, columns []string, values [][]float64) SVG {
	const top, row = 92.0, 24.0
	left := 60.0
	for _, r := range rows {
		left = math.Max(left, math.Min(170, wide(r, plain)+14))
	}
	w := math.Min(64, (Width-left-40)/math.Max(1, float64(len(columns))))
	most := 1.0
	for _, r := range values {
		for _, v := range r {
			most = math.Max(most, v)
		}
	}
	floor := top + row*float64(len(rows))
	c := begin(h, floor+36)
	for k, name := range columns {
		x, y := left+w*(float64(k)+0.5), top-8.0
		c.styled(x-3, y, start, small, ink, fmt.Sprintf(` transform="rotate(-40 %s %s)"`, number(x-3), number(y)), name)
	}
	for i, name := range rows {
		y := top + row*float64(i)
		c.text(left-8, y+row/2+4, end, plain, ink, fit(name, plain, left-12))
		for k := range columns {
			v := values[i][k]
			x := left + w*float64(k)
			if v == 0 {
				c.rect(x, y, w-1, row-1, "#f6f7f9")
				continue
			}
			s := 0.12 + 0.88*math.Log(v)/math.Log(math.Max(most, 2))
			c.told(x, y, w-1, row-1, shade(s), fmt.Sprintf("%s, %s: %s %s", name, columns[k], Count(int64(v)), unit))
			c.text(x+w/2-0.5, y+row/2+4, middle, 10, on(s), brief(v))
		}
	}
	c.text(left, floor+20, start, small, faint, unit+"; darker is more, by the logarithm")
	return c.end()
}

// brief writes a count that fits into a cell.
func brief(v float64) string {
	switch {
	case v >= 999_500:
		return fmt.Sprintf("%.1fM", v/1e6)
	case v >= 9_950:
		return fmt.Sprintf("%.0fk", v/1000)
	}
	return Count(int64(v))
}

// A Span is a time within which something was so.
type Span struct {
	From, To time.Time
	Note     string
}

// A Lane is a name with its spans.
type Lane struct {
	Name  string
	Spans []Span
	Marks []Span // points in time: From
}

// Lanes draws spans of time beside each other, with marks on them.
func Lanes(h Head, from, to time.Time, lanes []Lane) SVG {
	const row, top = 26.0, 8.0
	left := 60.0
	for _, l := range lanes {
		left = math.Max(left, math.Min(230, wide(l.Name, plain)+14))
	}
	floor := top + row*float64(len(lanes)) + 2
	c := begin(h, floor+26)
	x := scale{low: float64(from.Unix()), high: float64(to.Unix()), from: left, to: Width - 10}
	for i, l := range lanes {
		y := top + row*float64(i)
		c.text(left-8, y+row/2+4, end, plain, ink, fit(l.Name, plain, left-12))
		c.rect(left, y+row/2-0.5, x.to-left, 1, rule)
		for _, s := range l.Spans {
			a, b := math.Max(x.at(float64(s.From.Unix())), x.from), math.Min(x.at(float64(s.To.Unix())), x.to)
			c.told(a, y+6, math.Max(b-a, 1.5), row-12, bar, s.Note)
		}
		for _, m := range l.Marks {
			c.mark(3, x.at(float64(m.From.Unix())), y+row/2, "#8a3310", m.Note)
		}
	}
	c.calendar(x, floor, from, to, int((x.to-x.from)/78))
	c.line(left, floor, x.to, floor, ink, 1)
	return c.end()
}
