package figure

import (
	"fmt"
	"math"
)

// A Bar is a named value.
type Bar struct {
	Name  string
	Value float64
	Note  string // behind the value: "12.3 %"; may be empty
}

// Bars draws values beside their names, in the order given, on a common axis
// from zero.
func Bars(h Head, unit string, bars []Bar) SVG {
	const row, top = 22.0, 8.0
	label, note := 60.0, 0.0
	most := 0.0
	for _, b := range bars {
		label = math.Max(label, wide(b.Name, plain)+14)
		note = math.Max(note, wide(valueNote(b), small)+10)
		most = math.Max(most, b.Value)
	}
	label = math.Min(label, 310)
	height := top + row*float64(len(bars)) + 40
	c := begin(h, height)
	s, ticks := whole(most, label, Width-note-8, 6)
	floor := top + row*float64(len(bars))
	for _, t := range ticks {
		c.line(s.at(t), top, s.at(t), floor, rule, 1)
		c.text(s.at(t), floor+16, middle, small, faint, tick(t))
	}
	for i, b := range bars {
		y := top + row*float64(i)
		c.text(label-8, y+row/2+4, end, plain, ink, fit(b.Name, plain, label-12))
		c.told(label, y+4, math.Max(s.at(b.Value)-label, 0.8), row-8, bar, fmt.Sprintf("%s: %s", b.Name, valueNote(b)))
		c.text(s.at(b.Value)+6, y+row/2+4, start, small, ink, valueNote(b))
	}
	c.line(label, top, label, floor, ink, 1)
	c.text((label+s.to)/2, floor+33, middle, small, faint, unit)
	return c.end()
}

func valueNote(b Bar) string {
	v := Short(b.Value)
	if b.Value == math.Trunc(b.Value) {
		v = Count(int64(b.Value))
	}
	if b.Note != "" {
		return v + " · " + b.Note
	}
	return v
}

// A Share is a whole that is divided.
type Share struct {
	Name  string
	Parts []float64 // as many as there are names of parts
}

// Shares draws wholes as bars of one length, divided by their parts.
func Shares(h Head, parts []string, shares []Share) SVG {
	const row, top = 22.0, 8.0
	label, tail := 60.0, 64.0
	for _, s := range shares {
		label = math.Max(label, math.Min(220, wide(s.Name, plain)+14))
	}
	floor := top + row*float64(len(shares))
	lines := legendLines(parts, Width-label)
	c := begin(h, floor+42+18*float64(lines))
	s := scale{high: 100, from: label, to: Width - tail}
	for t := 0.0; t <= 100; t += 20 {
		c.line(s.at(t), top, s.at(t), floor+4, rule, 1)
		c.text(s.at(t), floor+17, middle, small, faint, tick(t)+" %")
	}
	for i, v := range shares {
		y := top + row*float64(i)
		c.text(label-8, y+row/2+4, end, plain, ink, fit(v.Name, plain, label-12))
		total := 0.0
		for _, p := range v.Parts {
			total += p
		}
		x := 0.0
		for k, p := range v.Parts {
			if total == 0 || p == 0 {
				continue
			}
			w := 100 * p / total
			c.told(s.at(x), y+4, math.Max(s.at(x+w)-s.at(x)-0.6, 0.4), row-8, category(k, len(parts)), fmt.Sprintf("%s, %s: %s (%.1f %%)", v.Name, parts[k], Count(int64(p)), w))
			x += w
		}
		c.text(s.to+8, y+row/2+4, start, small, faint, Count(int64(total)))
	}
	c.legend(label, floor+38, Width-label, parts)
	return c.end()
}

// legend explains the colours of series, in lines of a width.
func (c *canvas) legend(x, y, width float64, names []string) {
	at := x
	for i, n := range names {
		w := wide(n, small) + 30
		if at > x && at+w > x+width {
			at, y = x, y+18
		}
		c.rect(at, y-9, 11, 11, category(i, len(names)))
		c.text(at+16, y, start, small, ink, n)
		at += w
	}
}

func legendLines(names []string, width float64) int {
	lines, at := 1, 0.0
	for _, n := range names {
		w := wide(n, small) + 30
		if at > 0 && at+w > width {
			at = 0
			lines++
		}
		at += w
	}
	return lines
}
