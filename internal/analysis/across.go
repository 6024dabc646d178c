package analysis

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A Visit is one session as its actor's others are compared with it.
type Visit struct {
	Session  string
	Src      netip.Addr
	Sensor   string
	Persona  string
	Device   string
	Protocol string
	At       time.Time
	Label    string
	Score    float64
}

// Across is what only several sessions of an actor show.
type Across struct {
	Score      float64          `json:"score"` // the greatest of a session, and what follows from all of them
	Label      string           `json:"label"` // the gravest, or targeted_ics by the score
	Evidence   []AcrossEvidence `json:"evidence,omitempty"`
	Techniques []Technique      `json:"techniques,omitempty"`
}

// AcrossEvidence is one rule that applied, with the sessions behind it.
type AcrossEvidence struct {
	Rule     string   `json:"rule"`
	Text     string   `json:"text"`
	Delta    float64  `json:"delta,omitempty"`
	Sessions []string `json:"sessions"` // up to MaxSeqs
}

// Thresholds of what several sessions show.
const (
	sweepPorts = 3
	sweepTime  = time.Hour
	siteTime   = 24 * time.Hour // from one device of a site to another
)

// Across compares the sessions of one actor.
func (r *Rules) Across(visits []Visit) Across {
	visits = slices.Clone(visits)
	slices.SortFunc(visits, func(a, b Visit) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Session, b.Session)) })
	out := Across{Label: Unknown}
	order := Labels()
	var keen []Visit // those that were after the plant
	for _, v := range visits {
		out.Score = max(out.Score, v.Score)
		if slices.Index(order, v.Label) > slices.Index(order, out.Label) {
			out.Label = v.Label
		}
		if v.Label == ICSInteractive || v.Label == ICSWrite || v.Label == TargetedICS {
			keen = append(keen, v)
		}
	}
	add := func(rule string, delta float64, by []string, format string, args ...any) {
		out.Score = min(1, out.Score+delta)
		out.Evidence = append(out.Evidence, AcrossEvidence{rule, fmt.Sprintf(format, args...), delta, by[:min(len(by), MaxSeqs)]})
	}
	if days := returns(keen); len(days) >= 2 {
		add("A-RETURN", 0.10, days, "comes back to the plant on %d days", len(days))
	}
	if by := alongSite(keen); by != nil {
		add("A-SITE", 0.10, by, "goes from one device of the site to another within a day")
	}
	if by := portSweep(visits); by != nil {
		add("A-SWEEP", 0, by, "asks at %d services that plants alone have, within the hour", len(by))
		out.Techniques = []Technique{r.attack.Proven("T0846.001", "H"), r.attack.Proven("T1595.001", "H")}
	}
	if len(keen) > 0 && out.Score >= targeted {
		out.Label = TargetedICS
	}
	return out
}

// returns are the first sessions of each day (UTC).
func returns(visits []Visit) []string {
	var out []string
	day := ""
	for _, v := range visits {
		if d := v.At.UTC().Format(time.DateOnly); d != day {
			day = d
			out = append(out, v.Session)
		}
	}
	return out
}

// alongSite are two sessions at different devices of one site, the panel and its
// controller say, that lie less than a day apart.
func alongSite(visits []Visit) []string {
	for i, a := range visits {
		for _, b := range visits[i+1:] {
			if b.At.Sub(a.At) > siteTime {
				break
			}
			if a.Sensor == b.Sensor && a.Persona == b.Persona && a.Device != b.Device {
				return []string{a.Session, b.Session}
			}
		}
	}
	return nil
}

// portSweep are sessions of one source at different plant protocols within the hour.
func portSweep(visits []Visit) []string {
	for i, a := range visits {
		seen, by := map[string]bool{}, []string(nil)
		for _, b := range visits[i:] {
			if b.At.Sub(a.At) > sweepTime {
				break
			}
			if b.Src == a.Src && plant(b.Protocol) && !seen[b.Protocol] {
				seen[b.Protocol] = true
				by = append(by, b.Session)
			}
		}
		if len(by) >= sweepPorts {
			return by
		}
	}
	return nil
}
