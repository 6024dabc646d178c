package report

import (
	"context"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// A Side is one of what is compared: a sensor, a persona or a period.
type Side struct {
	Name      string           `json:"name"`
	Totals    store.Totals     `json:"totals"`
	Hours     float64          `json:"listened_hours"` // of all services together
	Sessions  Rate             `json:"sessions_per_hour"`
	Changes   Rate             `json:"changes_per_hour"` // acts that write, control or load
	Protocols map[string]Rate  `json:"protocols"`
	Labels    map[string]int64 `json:"labels"`
	Exclusive int64            `json:"exclusive_sources"`    // seen on no other side
	ToFirst   time.Duration    `json:"to_first_ns,omitzero"` // from the first listening to the first visit

	sources *store.SourceSet
}

// A Pair is how much two sides have in common.
type Pair struct {
	A       string  `json:"a"`
	B       string  `json:"b"`
	Shared  int64   `json:"shared_sources"`
	Jaccard float64 `json:"jaccard"` // shared over all sources of both
}

// A Comparison sets sides beside each other.
type Comparison struct {
	By    string `json:"by"`
	Sides []Side `json:"sides"`
	Pairs []Pair `json:"pairs"`
}

// Compare sets sides beside each other; each has a name and the filter that makes
// it one. now ends what still goes on.
func Compare(ctx context.Context, s *store.Store, by string, names []string, filters []store.Filter, now time.Time) (*Comparison, error) {
	if len(names) < 2 {
		return nil, fmt.Errorf("report: a comparison needs two sides; there is %d", len(names))
	}
	c := &Comparison{By: by}
	for i, name := range names {
		side, err := sideOf(ctx, s, name, filters[i], now)
		if err != nil {
			return nil, err
		}
		c.Sides = append(c.Sides, *side)
	}
	for i := range c.Sides {
		var others []*store.SourceSet
		for j := range c.Sides {
			if i != j {
				others = append(others, c.Sides[j].sources)
			}
		}
		c.Sides[i].Exclusive = c.Sides[i].sources.Alone(others...)
		for j := i + 1; j < len(c.Sides); j++ {
			c.Pairs = append(c.Pairs, pairOf(&c.Sides[i], &c.Sides[j]))
		}
	}
	return c, nil
}

func pairOf(a, b *Side) Pair {
	p := Pair{A: a.Name, B: b.Name, Shared: a.sources.Common(b.sources)}
	if all := a.sources.Len() + b.sources.Len() - p.Shared; all > 0 {
		p.Jaccard = float64(p.Shared) / float64(all)
	}
	return p
}

func sideOf(ctx context.Context, s *store.Store, name string, f store.Filter, now time.Time) (*Side, error) {
	side := &Side{Name: name, Protocols: map[string]Rate{}, Labels: map[string]int64{}}
	var err error
	if side.Totals, err = s.Totals(ctx, f); err != nil {
		return nil, err
	}
	contacts, err := s.Contacts(ctx, f, now)
	if err != nil {
		return nil, err
	}
	hours := map[string]float64{}
	var since, first time.Time
	for _, c := range contacts {
		hours[c.Protocol] += c.Listened.Hours()
		side.Hours += c.Listened.Hours()
		if since.IsZero() || c.Since.Before(since) {
			since = c.Since
		}
		if !c.First.IsZero() && (first.IsZero() || c.First.Before(first)) {
			first = c.First
		}
	}
	if !first.IsZero() && !f.From.After(since) { // else it is the first of the period alone
		side.ToFirst = max(0, first.Sub(since))
	}
	side.Sessions = RateOf(side.Totals.Sessions, side.Hours)
	protocols, err := s.Count(ctx, f, store.ByProtocol, 100)
	if err != nil {
		return nil, err
	}
	for _, p := range protocols {
		side.Protocols[p.Name] = RateOf(p.Sessions, hours[p.Name])
	}
	labels, err := s.Count(ctx, f, store.ByLabel, 100)
	if err != nil {
		return nil, err
	}
	for _, l := range labels {
		side.Labels[l.Name] = l.Sessions
	}
	cells, err := s.Classes(ctx, f)
	if err != nil {
		return nil, err
	}
	var changes int64
	for _, c := range cells {
		switch c.Class {
		case "write", "control", "mode", "program_download", "config", "firmware", "restart", "file_write":
			changes += c.Acts
		}
	}
	side.Changes = RateOf(changes, side.Hours)
	side.sources, err = s.SourceSet(ctx, f)
	return side, err
}
