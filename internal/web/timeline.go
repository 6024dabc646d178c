package web

import (
	"cmp"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// Bounds of a timeline.
const (
	maxSteps  = 240
	maxSeries = 8 // besides what is summed up as other
	day       = 24 * time.Hour
)

// timeline is what happened over time, by something.
type timeline struct {
	By     string   `json:"by"`
	Of     string   `json:"of"`
	Step   int64    `json:"step_s"`
	Times  []int64  `json:"times"`
	Series []series `json:"series"`
}

type series struct {
	Name   string  `json:"name"`
	Values []int64 `json:"values"`
	sum    int64
}

func (a *ask) timeline() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	return a.line(f, a.query.Get("by"))
}

// line asks for a timeline.
func (a *ask) line(f store.Filter, by string) (*timeline, error) {
	from, to := f.From, f.To
	if from.IsZero() {
		h, err := a.db.Totals(a.ctx, store.Filter{})
		if err != nil {
			return nil, err
		}
		from = h.First
	}
	if to.IsZero() {
		to = a.now
	}
	t := &timeline{By: cmp.Or(by, "protocol"), Of: "acts", Times: []int64{}, Series: []series{}}
	step := stepOf(to.Sub(from), t.By != "class" && (t.By == "label" || !f.Coarse()))
	t.Step = int64(step.Seconds())
	if from.IsZero() || !from.Before(to) {
		return t, nil
	}
	var points []store.Point
	var err error
	switch {
	case t.By == "class" && f.Coarse():
		points, err = a.db.Series(a.ctx, f, store.ByClass)
	case t.By == "class":
		points, err = a.db.ActSteps(a.ctx, f, step)
	case t.By == "protocol" && f.Coarse():
		points, err = a.db.Timeline(a.ctx, f)
	case step < time.Hour:
		t.Of = "sessions"
		points, err = a.db.Steps(a.ctx, f, t.By, step)
	default:
		t.Of = "sessions"
		points, err = a.db.Series(a.ctx, f, t.By)
	}
	if err != nil {
		return nil, err
	}
	t.fill(points, from, to, step)
	return t, nil
}

// stepOf is the length of a step: an hour at least, where roll-ups are asked.
func stepOf(period time.Duration, fine bool) time.Duration {
	steps := []time.Duration{time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 7 * day, 28 * day}
	if fine {
		steps = append([]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}, steps...)
	}
	for _, s := range steps {
		if period/s <= maxSteps {
			return s
		}
	}
	return 91 * day
}

// fill puts points into series of one value for each step.
func (t *timeline) fill(points []store.Point, from, to time.Time, step time.Duration) {
	first := from.UnixNano() - from.UnixNano()%int64(step)
	n := int((to.UnixNano()-first-1)/int64(step)) + 1
	for i := range n {
		t.Times = append(t.Times, (first+int64(i)*int64(step))/int64(time.Second))
	}
	byName := map[string]*series{}
	var names []string
	for _, p := range points {
		s := byName[p.Name]
		if s == nil {
			s = &series{Name: p.Name, Values: make([]int64, n)}
			byName[p.Name] = s
			names = append(names, p.Name)
		}
		if i := int((p.At.UnixNano() - first) / int64(step)); i >= 0 && i < n {
			s.Values[i] += p.N
			s.sum += p.N
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(byName[b].sum, byName[a].sum), cmp.Compare(a, b))
	})
	for i, name := range names {
		s := byName[name]
		if i < maxSeries {
			t.Series = append(t.Series, *s)
			continue
		}
		if i == maxSeries {
			t.Series = append(t.Series, series{Name: "other", Values: make([]int64, n)})
		}
		other := &t.Series[maxSeries]
		for j, v := range s.Values {
			other.Values[j] += v
		}
	}
}
