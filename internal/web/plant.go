package web

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// plantPage is the simulated plant as it is now.
type plantPage struct {
	Why   string      `json:"why,omitempty"`
	Now   time.Time   `json:"now"`
	Step  int         `json:"trend_step_s"`
	Sites []sitePlant `json:"sites"`
}

type sitePlant struct {
	Persona string   `json:"persona"`
	Title   string   `json:"title"`
	Tags    []tagNow `json:"tags"`
	Changes []change `json:"changes"`
}

// tagNow is a tag and its value.
type tagNow struct {
	Name     string     `json:"name"`
	Title    string     `json:"title,omitempty"`
	Type     string     `json:"type"`
	Unit     string     `json:"unit,omitempty"`
	Writable bool       `json:"writable"`
	Min      *float64   `json:"min,omitempty"`
	Max      *float64   `json:"max,omitempty"`
	Value    string     `json:"value"`
	Number   *float64   `json:"number,omitempty"`
	Since    time.Time  `json:"since"`
	By       string     `json:"by,omitempty"`
	Alarm    bool       `json:"alarm"`
	Trend    []*float64 `json:"trend,omitempty"`
}

// change is a visitor's write that changed a tag.
type change struct {
	At       time.Time `json:"at"`
	Tag      string    `json:"tag"`
	Value    string    `json:"value"`
	Previous string    `json:"previous"`
	By       string    `json:"by"`
}

func (a *ask) plant() (any, error) {
	p := &plantPage{Now: a.now, Step: int(trendStep.Seconds()), Sites: []sitePlant{}}
	if a.trends == nil {
		p.Why = "the plant moves within a running sensor, and this is served from a sensor's directory: start it with `sundew run --dashboard`"
		return p, nil
	}
	for _, t := range a.trends.sites {
		p.Sites = append(p.Sites, t.page(a.query.Get("trends") != "false"))
	}
	return p, nil
}

// page is a site's plant at one moment.
func (t *siteTrends) page(trends bool) sitePlant {
	s := sitePlant{Persona: t.site.Persona, Title: t.site.Title, Tags: []tagNow{}, Changes: []change{}}
	view := t.site.Process.View()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, tag := range t.site.Process.Tags() {
		r := process.Ref(i)
		v := tagNow{
			Name: tag.Name, Title: tag.Title, Type: tag.Type.String(), Unit: tag.Unit, Writable: tag.Writable,
			Value: view.Text(r), Since: view.Since(r), By: t.by[r],
		}
		if tag.Type != process.Text {
			v.Number = finite(view.Float(r))
			v.Alarm = tag.Type == process.Bool && view.Bool(r) && alarming(tag.Name)
			if trends {
				v.Trend = t.values(r)
			}
			if tag.Min != 0 || tag.Max != 0 {
				v.Min, v.Max = &tag.Min, &tag.Max
			}
		}
		s.Tags = append(s.Tags, v)
	}
	for _, c := range slices.Backward(t.changes) {
		s.Changes = append(s.Changes, c)
	}
	slices.SortStableFunc(s.Changes, func(a, b change) int { return cmp.Compare(b.At.UnixNano(), a.At.UnixNano()) })
	return s
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// alarming says whether a tag's name says that true is bad.
func alarming(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"alarm", "fault", "trip"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}
