package process

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	secondsADay  = 24 * 60 * 60
	secondsAWeek = 7 * secondsADay
)

// A week is a schedule laid out from Sunday 00:00, round and round.
type week struct {
	at     []float64 // seconds of the week, ascending
	values []Value
	hold   bool // each value holds until the next, rather than leading to it
}

func newWeek(points []Point, hold bool) (*week, error) {
	type row struct {
		at    float64
		value Value
	}
	var rows []row
	for i, p := range points {
		at, err := parseClock(p.At)
		if err != nil {
			return nil, fmt.Errorf("motion: schedule: row %d: %w", i+1, err)
		}
		days, err := parseDays(p.Days)
		if err != nil {
			return nil, fmt.Errorf("motion: schedule: row %d: %w", i+1, err)
		}
		v, err := ValueOf(p.Value)
		if err == nil && v.IsZero() {
			err = errors.New("no value")
		}
		if err != nil {
			return nil, fmt.Errorf("motion: schedule: row %d: value: %w", i+1, err)
		}
		for day, on := range days {
			if on {
				rows = append(rows, row{float64(day*secondsADay) + at, v})
			}
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("motion: schedule: has no rows; give at least one { at = \"06:00\", value = … }")
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(a.at - b.at) })
	w := &week{hold: hold}
	for i, r := range rows {
		if i > 0 && r.at == rows[i-1].at {
			return nil, fmt.Errorf("motion: schedule: two rows at %v on %v", time.Duration(int(r.at)%secondsADay)*time.Second, time.Weekday(int(r.at)/secondsADay))
		}
		w.at = append(w.at, r.at)
		w.values = append(w.values, r.value)
	}
	return w, nil
}

// held returns the value that the last row before second s of the week set.
func (w *week) held(s float64) Value {
	i, _ := slices.BinarySearch(w.at, s)
	if i < len(w.at) && w.at[i] == s {
		return w.values[i]
	}
	return w.values[(i+len(w.at)-1)%len(w.at)]
}

// number returns the number at second s of the week: on the line between the
// rows before and after it, unless the schedule holds.
func (w *week) number(s float64) float64 {
	if w.hold || len(w.at) == 1 {
		return w.held(s).Float()
	}
	after, _ := slices.BinarySearch(w.at, s)
	before := after - 1
	from, to := 0.0, 0.0
	if before < 0 {
		before, from = len(w.at)-1, -secondsAWeek
	}
	if after == len(w.at) {
		after, to = 0, secondsAWeek
	}
	from += w.at[before]
	to += w.at[after]
	a, b := w.values[before].Float(), w.values[after].Float()
	return a + (b-a)*(s-from)/(to-from)
}

// secondOfWeek returns how long before t the last Sunday began by the clock on the wall.
func secondOfWeek(t time.Time) float64 {
	h, m, s := t.Clock()
	return float64(int(t.Weekday())*secondsADay+h*3600+m*60+s) + float64(t.Nanosecond())/1e9
}

// parseClock returns the second of the day that "06:30" or "06:30:15" names.
func parseClock(s string) (float64, error) {
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			h, m, sec := t.Clock()
			return float64(h*3600 + m*60 + sec), nil
		}
	}
	return 0, fmt.Errorf("at = %q is not a time of day; write \"06:30\"", s)
}

// parseDays returns which weekdays, from Sunday, a list of days and spans names.
func parseDays(s string) (days [7]bool, err error) {
	if s == "" {
		return [7]bool{true, true, true, true, true, true, true}, nil
	}
	for span := range strings.SplitSeq(s, ",") {
		first, last, ok := strings.Cut(strings.TrimSpace(span), "-")
		if !ok {
			last = first
		}
		from, to := weekday(first), weekday(last)
		if from < 0 || to < 0 {
			return days, fmt.Errorf("days = %q; write sun mon tue wed thu fri sat, as in \"mon-fri\" or \"sat,sun\"", s)
		}
		for d := from; ; d = (d + 1) % 7 {
			days[d] = true
			if d == to {
				break
			}
		}
	}
	return days, nil
}

func weekday(s string) int {
	return slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, strings.ToLower(strings.TrimSpace(s)))
}
