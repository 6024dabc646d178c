package web

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// protocolCount is a protocol's share.
type protocolCount struct {
	store.Count
	Title    string           `json:"title"`
	Classes  map[string]int64 `json:"classes"`
	Listened float64          `json:"listened_hours"`
	Rate     report.Rate      `json:"sessions_per_hour"`
}

// title is a protocol for people, with its ports.
func (s *Server) title(name string) (string, []uint16) {
	if s.cfg.Describe != nil {
		if title, ports := s.cfg.Describe(name); title != "" {
			return title, ports
		}
	}
	return name, []uint16{}
}

func (a *ask) protocols() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	counts, err := a.db.Count(a.ctx, f, store.ByProtocol, 100)
	if err != nil {
		return nil, err
	}
	deeds, err := a.db.Deeds(a.ctx, f)
	if err != nil {
		return nil, err
	}
	cells := cellsOf(deeds)
	listened, err := a.db.Listened(a.ctx, f, a.now)
	if err != nil {
		return nil, err
	}
	hours := map[string]float64{}
	for s, d := range listened {
		hours[s.Protocol] += d.Hours()
	}
	out := []protocolCount{}
	for _, c := range counts {
		c.Acts = 0 // those of classes, our own reports left out
		p := protocolCount{Count: c, Classes: map[string]int64{}, Listened: hours[c.Name], Rate: report.RateOf(c.Sessions, hours[c.Name])}
		p.Title, _ = a.title(c.Name)
		for _, x := range cells {
			if x.Protocol == c.Name {
				p.Classes[x.Class] += x.Acts
				p.Acts += x.Acts
			}
		}
		out = append(out, p)
	}
	return map[string]any{"protocols": out}, nil
}

// protocolPage is one protocol.
type protocolPage struct {
	Name       string            `json:"name"`
	Title      string            `json:"title"`
	Ports      []uint16          `json:"ports"`
	Sessions   int64             `json:"sessions"`
	Sources    int64             `json:"sources"`
	Acts       int64             `json:"acts"`
	Malformed  int64             `json:"malformed"`
	Foreign    int64             `json:"foreign"`
	Operations []store.Operation `json:"operations"`
	Targets    []store.Target    `json:"targets"`
	Values     []store.Written   `json:"values"`
	Units      []unit            `json:"units"`
	Tools      []store.Count     `json:"tools"`
	Labels     []store.Count     `json:"labels"`
	Outcomes   map[string]int64  `json:"outcomes"`
	Timeline   *timeline         `json:"timeline"`
}

// unit is a unit, TSAP or common address that visitors tried.
type unit struct {
	Ref     string `json:"ref"`
	Acts    int64  `json:"acts"`
	Sources int64  `json:"sources"`
}

func (a *ask) protocol() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	p := &protocolPage{Name: a.r.PathValue("name"), Units: []unit{}}
	p.Title, p.Ports = a.title(p.Name)
	f.Protocol = []string{p.Name}
	db := a.db
	total, err := db.Totals(a.ctx, f)
	if err != nil {
		return nil, err
	}
	if total.Sessions == 0 && len(p.Ports) == 0 {
		return nil, &problem{Type: "none", Status: 404, Title: "There is no such protocol"}
	}
	p.Sessions, p.Sources = total.Sessions, total.Sources
	deeds, err := db.Deeds(a.ctx, f)
	if err != nil {
		return nil, err
	}
	p.Operations, p.Outcomes = operationsOf(deeds, maxListed), outcomesOf(deeds)
	for _, o := range p.Operations {
		p.Acts += o.Acts
		switch o.Class {
		case "malformed":
			p.Malformed += o.Acts
		case "foreign":
			p.Foreign += o.Acts
		}
	}
	if p.Targets, err = db.Targets(a.ctx, f, maxListed); err != nil {
		return nil, err
	}
	for _, t := range p.Targets {
		if t.Kind == "unit" {
			p.Units = append(p.Units, unit{t.Ref, t.Acts, t.Sources})
		}
	}
	if p.Values, err = db.Written(a.ctx, f, maxListed); err != nil {
		return nil, err
	}
	if p.Tools, err = db.Count(a.ctx, f, store.ByTool, 50); err != nil {
		return nil, err
	}
	p.Tools = slices.DeleteFunc(p.Tools, func(c store.Count) bool { return c.Name == "" })
	if p.Labels, err = db.Count(a.ctx, f, store.ByLabel, 50); err != nil {
		return nil, err
	}
	p.Timeline, err = a.line(f, "class")
	return p, err
}
