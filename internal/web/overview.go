package web

import (
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// overview is what happened in a period, on one page.
type overview struct {
	From        time.Time         `json:"from,omitzero"`
	To          time.Time         `json:"to,omitzero"`
	Previous    *period           `json:"previous,omitempty"`
	KPIs        map[string]figure `json:"kpis"`
	Timeline    *timeline         `json:"timeline"`
	Heatmap     heatmap           `json:"heatmap"`
	Operations  []store.Operation `json:"operations"`
	Countries   []store.Count     `json:"countries"`
	Networks    []store.Network   `json:"networks"`
	Labels      []store.Count     `json:"labels"`
	Protocols   []store.Count     `json:"protocols"`
	Who         []store.Count     `json:"who"`
	Automations []store.Count     `json:"automations"`
	Actors      []store.Actor     `json:"actors"`
	Notable     []store.Session   `json:"notable"`
	Notes       []note            `json:"notes"`
	State       state             `json:"state"`
}

type period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// figure is a number, and what it was in the period before.
type figure struct {
	Now    float64  `json:"now"`
	Before *float64 `json:"before,omitempty"`
}

// heatmap is what happened by weekday, Monday first, and hour, UTC.
type heatmap struct {
	Of   string       `json:"of"`
	Rows [7][24]int64 `json:"rows"`
}

// How long the lists of the page are.
const (
	topOperations = 50
	topCountries  = 300
	topActors     = 10
	topNotable    = 12
	grave         = 7 // severity from which on a session is notable
)

func (a *ask) overview() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	o := &overview{From: f.From, To: f.To}
	deeds, err := a.db.Deeds(a.ctx, f)
	if err != nil {
		return nil, err
	}
	o.Operations = operationsOf(deeds, topOperations)
	now, err := a.figures(f, deeds)
	if err != nil {
		return nil, err
	}
	o.KPIs = map[string]figure{}
	for name, v := range now {
		o.KPIs[name] = figure{Now: v}
	}
	if b, ok := before(f, a.now); ok {
		o.Previous = &period{b.From, b.To}
		deeds, err := a.db.Deeds(a.ctx, b)
		if err != nil {
			return nil, err
		}
		was, err := a.figures(b, deeds)
		if err != nil {
			return nil, err
		}
		for name, v := range was {
			o.KPIs[name] = figure{now[name], &v}
		}
	}
	if o.Timeline, err = a.line(f, a.query.Get("by")); err != nil {
		return nil, err
	}
	if o.Heatmap, err = a.heat(f); err != nil {
		return nil, err
	}
	if err := o.lists(a, f); err != nil {
		return nil, err
	}
	if o.State, err = a.state(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *overview) lists(a *ask, f store.Filter) (err error) {
	db := a.db
	for by, into := range map[string]*[]store.Count{store.ByCountry: &o.Countries, store.ByLabel: &o.Labels, store.ByProtocol: &o.Protocols, store.ByAutomation: &o.Automations} {
		if *into, err = db.Count(a.ctx, f, by, topCountries); err != nil {
			return err
		}
	}
	o.Who = report.Who(o.Labels)
	if o.Networks, err = db.Networks(a.ctx, f, 20); err != nil {
		return err
	}
	if o.Actors, err = db.Actors(a.ctx, f, topActors); err != nil {
		return err
	}
	g := f
	g.Terms = append(g.Terms[:len(g.Terms):len(g.Terms)], store.Term{Key: store.KeySeverity, Op: ">=", Int: []int64{grave}})
	page, err := db.Sessions(a.ctx, g, topNotable, "")
	if err != nil {
		return err
	}
	o.Notable = page.Sessions
	o.Notes, err = a.notes(f, 50)
	return err
}

// changing are classes of acts that would change a plant.
func changing(class string) bool {
	switch class {
	case "write", "control", "mode", "program_download", "config", "firmware", "restart", "file_write":
		return true
	}
	return false
}

// figures are the sums of a period.
func (a *ask) figures(f store.Filter, deeds []store.Deed) (map[string]float64, error) {
	db := a.db
	out := map[string]float64{"sessions": 0, "sources": 0, "acts": 0, "research": 0, "changes": 0, "logins": 0, "files": 0, "targeted": 0, "listened_hours": 0}
	total, err := db.Totals(a.ctx, f)
	if err != nil {
		return nil, err
	}
	out["sessions"], out["sources"] = float64(total.Sessions), float64(total.Sources)
	for _, c := range cellsOf(deeds) {
		out["acts"] += float64(c.Acts)
		if changing(c.Class) {
			out["changes"] += float64(c.Acts)
		}
		if c.Class == "auth" {
			out["logins"] += float64(c.Acts)
		}
	}
	scanners, err := db.Count(a.ctx, f, store.ByScanner, 1000)
	if err != nil {
		return nil, err
	}
	for _, c := range scanners {
		if c.Name != "" {
			out["research"] += float64(c.Sessions)
		}
	}
	labels, err := db.Count(a.ctx, f, store.ByLabel, 100)
	if err != nil {
		return nil, err
	}
	for _, c := range labels {
		if c.Name == analysis.TargetedICS {
			out["targeted"] = float64(c.Sessions)
		}
	}
	files, err := db.FilesIn(a.ctx, f)
	if err != nil {
		return nil, err
	}
	out["files"] = float64(files)
	hours, err := db.Listened(a.ctx, f, a.now)
	for _, d := range hours {
		out["listened_hours"] += d.Hours()
	}
	return out, err
}

// heat counts by weekday and hour.
func (a *ask) heat(f store.Filter) (heatmap, error) {
	h := heatmap{Of: "acts"}
	var points []store.Point
	var err error
	if f.Coarse() {
		points, err = a.db.Timeline(a.ctx, f)
	} else {
		h.Of = "sessions"
		points, err = a.db.Series(a.ctx, f, store.BySensor)
	}
	for _, p := range points {
		h.Rows[(int(p.At.Weekday())+6)%7][p.At.Hour()] += p.N
	}
	return h, err
}
