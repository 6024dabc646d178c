package document

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/report/figure"
)

// summary says the most of it in sentences, each computed.
func summary(f *facts) []string {
	listened, all := f.uptime()
	opening := fmt.Sprintf("From %s to %s (%.1f days), %s with %s listened for %s sensor-hours", date(f.from), date(f.to), f.days(),
		many(int64(len(f.sensors)), "sensor", "sensors"), many(int64(len(f.personas)), "persona", "personas"), figure.Count(int64(math.Round(listened))))
	if all > 0 {
		opening += fmt.Sprintf(", %.1f %% of the period", 100*min(1, listened/all))
	}
	t := f.stats.Totals
	if t.Sessions == 0 {
		return []string{opening + ". Nobody came."}
	}
	var acts int64
	for _, p := range f.stats.Protocols {
		acts += p.Acts
	}
	out := []string{fmt.Sprintf("%s. They recorded %s of %s, with %s.", opening, many(t.Sessions, "session", "sessions"), many(t.Sources, "source", "sources"), many(acts, "act", "acts"))}
	out = append(out, kindsSentence(f), protocolsSentence(f), changesSentence(f))
	for _, s := range []string{techniquesSentence(f), countriesSentence(f), paceWords(f), firstContact(f), burstSentence(f), clustersSentence(f), comparisonSentence(f.bySensor), comparisonSentence(f.byPersona)} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func kindsSentence(f *facts) string {
	var parts []string
	for _, w := range f.stats.Who {
		if w.Sessions > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", percent(w.Sessions, f.stats.Totals.Sessions), map[string]string{
				"research": "came from known research scanners", "opportunistic": "were opportunistic", "interested in plants": "took an interest in the plant",
				"targeted": "score as targeted", "nothing to say": "connected and did next to nothing"}[w.Name]))
		}
	}
	return "Of the sessions, " + listing(parts) + "."
}

func protocolsSentence(f *facts) string {
	byRate := slices.Clone(f.stats.Protocols)
	slices.SortStableFunc(byRate, func(a, b report.Protocol) int {
		switch {
		case a.Rate.Rate > b.Rate.Rate:
			return -1
		case a.Rate.Rate < b.Rate.Rate:
			return 1
		}
		return 0
	})
	most := f.stats.Protocols[0]
	text := fmt.Sprintf("Most sessions came over %s (%s)", most.Name, percent(most.Sessions, f.stats.Totals.Sessions))
	if r := byRate[0]; r.Rate.Rate > 0 {
		text += fmt.Sprintf("; per hour of listening %s drew most: %s sessions (95 %% interval %s)", r.Name, figure.Short(r.Rate.Rate), interval(r.Rate.Low, r.Rate.High))
	}
	return text + "."
}

func changesSentence(f *facts) string {
	var acts, obeyed int64
	ops := map[string]int64{}
	for _, a := range f.aims {
		acts, obeyed = acts+a.Acts, obeyed+a.Obeyed
		ops[a.Protocol+" "+strings.ReplaceAll(a.Op, "_", " ")] += a.Acts
	}
	if acts == 0 {
		return "No act tried to change anything."
	}
	names := make([]string, 0, len(ops))
	for n := range ops {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		if ops[a] != ops[b] {
			return int(ops[b] - ops[a])
		}
		return strings.Compare(a, b)
	})
	var labelled int64
	for _, l := range f.labels {
		if l.Name == "targeted_ics" {
			labelled = l.Sessions
		}
	}
	text := fmt.Sprintf("%s tried to change something, of which the devices obeyed %s; most often %s.", many(acts, "act", "acts"), figure.Count(obeyed), listing(names[:min(3, len(names))]))
	if labelled > 0 {
		text += fmt.Sprintf(" %s as targeted.", many(labelled, "session scores", "sessions score"))
	}
	return text
}

func techniquesSentence(f *facts) string {
	if len(f.stats.Techniques) == 0 {
		return ""
	}
	var parts []string
	for _, t := range f.stats.Techniques[:min(3, len(f.stats.Techniques))] {
		parts = append(parts, fmt.Sprintf("%s %s (%s)", t.ID, shortened(t.Name), percent(t.Sessions, f.stats.Totals.Sessions)))
	}
	return fmt.Sprintf("Octets prove %s of ATT&CK, most often %s.", many(int64(len(f.stats.Techniques)), "technique", "techniques"), listing(parts))
}

func countriesSentence(f *facts) string {
	var parts []string
	known := int64(0)
	for _, c := range f.countries {
		if c.Name == "" {
			continue
		}
		if known++; len(parts) < 3 {
			parts = append(parts, fmt.Sprintf("%s (%s)", c.Name, percent(c.Sessions, f.stats.Totals.Sessions)))
		}
	}
	if known == 0 {
		return "No source's country is known: the build has no country data, or the addresses are private."
	}
	return fmt.Sprintf("Sources are registered in %s, most sessions from %s.", many(known, "country", "countries"), listing(parts))
}

// burstSentence tells of a day that stands out: three times the median or more.
func burstSentence(f *facts) string {
	values := f.values(f.byProtocol, func(string) bool { return true })
	if len(values) < 7 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(values))
	mid, most := sorted[len(sorted)/2], slices.Max(values)
	if mid == 0 || most < 1.8*mid {
		return ""
	}
	day := f.start().Add(time.Duration(slices.Index(values, most)) * f.step())
	return fmt.Sprintf("%s stands out with %s sessions, %.1f times the median day's.", date(day), figure.Count(int64(most)), most/mid)
}

func clustersSentence(f *facts) string {
	if len(f.stats.Clusters) == 0 {
		return ""
	}
	n := 0
	for _, c := range f.stats.Clusters {
		n += len(c.Sources)
	}
	return fmt.Sprintf("%s together in %s by what they share.", many(int64(n), "source belongs", "sources belong"), many(int64(len(f.stats.Clusters)), "group", "groups"))
}

// comparisonSentence sets the side with the highest rate beside the lowest.
func comparisonSentence(c *report.Comparison) string {
	if c == nil {
		return ""
	}
	high, low := c.Sides[0], c.Sides[0]
	for _, s := range c.Sides[1:] {
		if s.Sessions.Rate > high.Sessions.Rate {
			high = s
		}
		if s.Sessions.Rate < low.Sessions.Rate {
			low = s
		}
	}
	if low.Sessions.Rate == 0 || high.Name == low.Name {
		return ""
	}
	apart := "their 95 % intervals do not overlap"
	if high.Sessions.Low <= low.Sessions.High {
		apart = "their 95 % intervals overlap"
	}
	return fmt.Sprintf("By %s, a service of %s drew %s sessions an hour (%s), one of %s %s (%s): %s.", c.By, high.Name, figure.Short(high.Sessions.Rate),
		interval(high.Sessions.Low, high.Sessions.High), low.Name, figure.Short(low.Sessions.Rate), interval(low.Sessions.Low, low.Sessions.High), apart)
}

// delays are the times to the first visit and the first known scanner, of all
// services that had one.
func delays(f *facts) (visits, scanners []time.Duration) {
	for _, c := range f.stats.Contacts {
		if took, ok := c.After(c.First); ok {
			visits = append(visits, took)
		}
		if took, ok := c.After(c.Scanner); ok {
			scanners = append(scanners, took)
		}
	}
	return visits, scanners
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return -1
	}
	sorted := slices.Sorted(slices.Values(list))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
