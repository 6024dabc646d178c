// Package report puts the store's answers together for people: the five questions
// of a period, comparisons with their confidence, exports in others' formats.
package report

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/store"
)

// Stats answers, for a period, the five questions: what is done, with which
// protocols, from where, when and by what pace, by whom.
type Stats struct {
	From     time.Time    `json:"from,omitzero"`
	To       time.Time    `json:"to,omitzero"`
	Made     time.Time    `json:"made"`
	Versions string       `json:"versions"` // of rules and data
	Totals   store.Totals `json:"totals"`
	Listened float64      `json:"listened_hours"` // of all services together

	// Patterns.
	Labels     []store.Count     `json:"labels"`
	Techniques []Technique       `json:"techniques"`
	Operations []store.Operation `json:"operations"`

	// Protocols.
	Protocols []Protocol `json:"protocols"`

	// Geography and networks.
	Countries    []store.Count   `json:"countries"`
	Networks     []store.Network `json:"networks"`
	NetworkTypes []store.Count   `json:"network_types"`

	// Times.
	Hours       [24]int64       `json:"hours"` // acts by hour of the day, UTC
	Weekdays    [7]int64        `json:"weekdays"`
	Automations []store.Count   `json:"automations"`
	Contacts    []store.Contact `json:"contacts"`

	// Who.
	Who      []store.Count      `json:"who"` // research, opportunistic, targeted, probing
	Actors   []store.Actor      `json:"actors"`
	Tools    []store.Count      `json:"tools"`
	Scanners []store.Count      `json:"scanners"`
	Clusters []analysis.Cluster `json:"clusters"`

	Limits []store.Note `json:"limits"` // what was lost, refused or taken away
}

// A Technique is one of ATT&CK with its name.
type Technique struct {
	Name    string   `json:"name"`
	V18     string   `json:"v18,omitempty"`
	Tactics []string `json:"tactics"`
	store.Technique
}

// A Protocol is one's share.
type Protocol struct {
	store.Count
	Classes map[string]int64 `json:"classes"`
	Hours   float64          `json:"listened_hours"` // of all its services
	Rate    Rate             `json:"sessions_per_hour"`
}

// top bounds the lists of one screen.
const top = 10

// Gather asks the store. now ends what still goes on.
func Gather(ctx context.Context, s *store.Store, rules *analysis.Rules, f store.Filter, now time.Time) (*Stats, error) {
	st := &Stats{From: f.From, To: f.To, Made: now.UTC()}
	var beside sync.WaitGroup // what reads other tables than the rest
	var clusters []analysis.Cluster
	var clustersErr error
	beside.Go(func() {
		defer func() {
			if r := recover(); r != nil { // in the asker's goroutine it would not end the sensor
				clustersErr = fmt.Errorf("report: clusters: %v", r)
			}
		}()
		clusters, clustersErr = s.Clusters(ctx, f)
	})
	err := st.gather(ctx, s, rules, f, now)
	beside.Wait()
	st.Clusters = clusters
	return st, cmp.Or(err, clustersErr)
}

func (st *Stats) gather(ctx context.Context, s *store.Store, rules *analysis.Rules, f store.Filter, now time.Time) (err error) {
	if st.Versions, err = s.Versions(ctx); err != nil {
		return err
	}
	if st.Totals, err = s.Totals(ctx, f); err != nil {
		return err
	}
	for by, into := range map[string]*[]store.Count{
		store.ByLabel: &st.Labels, store.ByCountry: &st.Countries, store.ByNetwork: &st.NetworkTypes,
		store.ByAutomation: &st.Automations, store.ByTool: &st.Tools, store.ByScanner: &st.Scanners,
	} {
		if *into, err = s.Count(ctx, f, by, 20); err != nil {
			return err
		}
	}
	if st.Techniques, err = Techniques(ctx, s, rules, f); err != nil {
		return err
	}
	if st.Operations, err = s.Operations(ctx, f, top); err != nil {
		return err
	}
	if st.Networks, err = s.Networks(ctx, f, top); err != nil {
		return err
	}
	if st.Contacts, err = s.Contacts(ctx, f, now); err != nil {
		return err
	}
	if err = st.protocols(ctx, s, f); err != nil {
		return err
	}
	line, err := s.Timeline(ctx, f)
	if err != nil {
		return err
	}
	for _, p := range line {
		st.Hours[p.At.Hour()] += p.N
		st.Weekdays[(int(p.At.Weekday())+6)%7] += p.N // Monday first
	}
	if st.Actors, err = s.Actors(ctx, f, top); err != nil {
		return err
	}
	st.Who = Who(st.Labels)
	st.Limits, err = s.Limits(ctx, f, 100)
	return err
}

// Techniques counts techniques, with their names.
func Techniques(ctx context.Context, s *store.Store, rules *analysis.Rules, f store.Filter) ([]Technique, error) {
	list, err := s.Techniques(ctx, f)
	if err != nil {
		return nil, err
	}
	out := []Technique{}
	for _, t := range list {
		e, ok := rules.Attack().Entry(t.ID)
		if !ok {
			return nil, fmt.Errorf("report: the store knows technique %s, and the rules do not: run `sundew reindex`", t.ID)
		}
		out = append(out, Technique{e.Name, e.V18, e.Tactics, t})
	}
	return out, nil
}

func (st *Stats) protocols(ctx context.Context, s *store.Store, f store.Filter) error {
	hours := map[string]float64{}
	for _, c := range st.Contacts {
		hours[c.Protocol] += c.Listened.Hours()
		st.Listened += c.Listened.Hours()
	}
	counts, err := s.Count(ctx, f, store.ByProtocol, 100)
	if err != nil {
		return err
	}
	cells, err := s.Classes(ctx, f)
	if err != nil {
		return err
	}
	for _, c := range counts {
		p := Protocol{Count: c, Classes: map[string]int64{}, Hours: hours[c.Name], Rate: RateOf(c.Sessions, hours[c.Name])}
		p.Acts = 0 // by class: what we sent unasked is none of theirs
		for _, x := range cells {
			if x.Protocol == c.Name {
				p.Classes[x.Class] += x.Acts
				p.Acts += x.Acts
			}
		}
		st.Protocols = append(st.Protocols, p)
	}
	return nil
}

// Who sums labels up to the three kinds of visitor that researchers ask for,
// and those of whom nothing can be said.
func Who(labels []store.Count) []store.Count {
	kinds := map[string]string{
		analysis.ResearchConfirmed: "research", analysis.ResearchClaimed: "research", analysis.ResearchOpaque: "research",
		analysis.TargetedICS: "targeted", analysis.ICSWrite: "interested in plants", analysis.ICSInteractive: "interested in plants",
		analysis.BruteForce: "opportunistic", analysis.OpportunisticExploit: "opportunistic", analysis.BulkScanner: "opportunistic",
		analysis.BannerGrab: "opportunistic", analysis.Misdirected: "opportunistic",
	}
	var out []store.Count
	for _, name := range []string{"research", "opportunistic", "interested in plants", "targeted", "nothing to say"} {
		c := store.Count{Name: name}
		for _, l := range labels {
			kind := kinds[l.Name]
			if kind == "" {
				kind = "nothing to say"
			}
			if kind == name {
				c.Sessions += l.Sessions
				c.Sources += l.Sources
			}
		}
		out = append(out, c)
	}
	return out
}
