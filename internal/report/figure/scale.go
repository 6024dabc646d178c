package figure

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A scale maps values to places on an axis.
type scale struct {
	low, high float64 // values
	from, to  float64 // places
	log       bool
}

func (s scale) at(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log10(math.Max(v, s.low)), math.Log10(low), math.Log10(high)
	}
	if high == low {
		return s.from
	}
	return s.from + (v-low)/(high-low)*(s.to-s.from)
}

// linear is a scale from zero to a round number at or above most, with its ticks:
// steps of 1, 2 or 5 times a power of ten.
func linear(most float64, from, to float64, count int) (scale, []float64) {
	if most <= 0 {
		most = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(most/float64(count))))
	for _, m := range []float64{1, 2, 5, 10} {
		if most/(step*m) <= float64(count) {
			step *= m
			break
		}
	}
	var ticks []float64
	n := int(math.Ceil(most/step - 1e-9))
	for i := range n + 1 {
		ticks = append(ticks, float64(i)*step)
	}
	return scale{high: float64(n) * step, from: from, to: to}, ticks
}

// whole is linear for counts: no ticks between whole numbers.
func whole(most float64, from, to float64, count int) (scale, []float64) {
	if most < float64(count) {
		count = max(1, int(math.Ceil(most)))
	}
	return linear(math.Max(most, 1), from, to, count)
}

// decades is a logarithmic scale over whole powers of ten, with ticks at each.
func decades(least, most float64, from, to float64) (scale, []float64) {
	low := math.Pow(10, math.Floor(math.Log10(least)+1e-9))
	high := math.Pow(10, math.Ceil(math.Log10(most)-1e-9))
	if high <= low {
		high = low * 10
	}
	var ticks []float64
	few := high/low < 1.1e3
	for v := low; v <= high*1.0001; v *= 10 {
		ticks = append(ticks, v)
		if few && v < high*0.9 {
			ticks = append(ticks, 2*v, 5*v)
		}
	}
	return scale{low: low, high: high, from: from, to: to, log: true}, ticks
}

// Count writes a number with commas between thousands.
func Count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// Short writes a value in three digits: 0.0123, 4.56, 78.9, 1,230.
func Short(v float64) string {
	switch a := math.Abs(v); {
	case a == 0:
		return "0"
	case a >= 100:
		return Count(int64(math.Round(v)))
	case a >= 0.001:
		s := strconv.FormatFloat(v, 'g', 3, 64)
		return s
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// tick writes a value of an axis.
func tick(v float64) string {
	if v >= 1000 || v == math.Trunc(v) {
		return Count(int64(math.Round(v)))
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', 4, 64), "0"), ".")
}

// Seconds writes a duration, in seconds, in the unit that fits it.
func Seconds(v float64) string {
	switch {
	case v < 0.9995e-3:
		return tick(math.Round(v*1e6)) + " µs"
	case v < 0.9995:
		return tick(math.Round(v*1e3)) + " ms"
	case v < 60:
		return tick(v) + " s"
	}
	d := time.Duration(v * float64(time.Second))
	switch {
	case d < time.Hour:
		return tick(math.Round(d.Minutes()*10)/10) + " min"
	case d < 48*time.Hour:
		return tick(math.Round(d.Hours()*10)/10) + " h"
	}
	return tick(math.Round(d.Hours()/24)) + " d"
}

// days are ticks of a time axis: at most so many, at midnight by UTC, a whole
// number of days, weeks or months apart.
func days(from, to time.Time, count int) []time.Time {
	from = from.UTC()
	length := to.Sub(from).Hours() / 24
	step := 1
	for _, step = range []int{1, 2, 5, 7, 14, 28, 91, 182, 365, 3650} {
		if length/float64(step) <= float64(count) {
			break
		}
	}
	t := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	if t.Before(from) {
		t = t.AddDate(0, 0, 1)
	}
	var out []time.Time
	for ; !t.After(to); t = t.AddDate(0, 0, step) {
		out = append(out, t)
	}
	return out
}

// day writes a day of a time axis; with the year where it is new.
func day(t time.Time, first bool) string {
	if first || t.YearDay() < 8 && t.Month() == time.January {
		return t.Format("2 Jan 2006")
	}
	return t.Format("2 Jan")
}
