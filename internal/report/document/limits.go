package document

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/report/figure"
	"github.com/sundew-ics/sundew/internal/store"
)

// limits says what limits the results, from the data.
func limits(f *facts, cfg Config) []string {
	var out []string
	if len(f.synthetic) > 0 {
		out = append(out, fmt.Sprintf("The data of %s are synthetic: made by the command sundew demo, not recorded. Nothing in this report happened.", listing(f.synthetic)))
	}
	listened, all := f.uptime()
	if all > 0 && listened < 0.9995*all {
		out = append(out, fmt.Sprintf("The sensors listened for %s of %s hours; what came in the other %s is not here.", figure.Count(int64(listened)), figure.Count(int64(all)), many(int64(math.Round(all-listened)), "hour", "hours")))
	}
	for i := 1; i < len(f.uptimes); i++ {
		a, b := f.uptimes[i-1], f.uptimes[i]
		if gap := b.Since.Sub(a.Until); a.Sensor == b.Sensor && gap > 10*time.Minute {
			why := ""
			if a.Down == "crash" {
				why = ", and did not end in order: what it heard last may be lost"
			}
			out = append(out, fmt.Sprintf("%s did not listen from %s to %s UTC (%s)%s.", a.Sensor, instant(a.Until), instant(b.Since), lasting(gap), why))
		}
	}
	out = append(out, noteLimits(f.stats.Limits)...)
	for _, flag := range []string{"--label", "--country", "--src", "--tool", "--asn", "--severity", "--research"} {
		if cfg.Query[flag] != "" {
			out = append(out, "Acts by class, protocol and operation are counted by time, sensor, persona and protocol alone: "+flag+" does not restrict them.")
			break
		}
	}
	for _, n := range cfg.Notices {
		if !n.Built.IsZero() {
			out = append(out, fmt.Sprintf("The %s data are of %s, %s before the end of the period.", n.Data, date(n.Built), many(int64(max(0, f.to.Sub(n.Built).Hours()/24)), "day", "days")))
		}
	}
	if cfg.Versions["country"] == "" {
		out = append(out, "This build has no data of countries and autonomous systems: both are unknown unless a file of the directory's own names them.")
	}
	out = append(out,
		"Country and network say where an address is registered, not where a person sits; the data have errors.",
		"Labels, score and pace are rules with thresholds; they describe what was done and can be wrong about why.",
		"A session is one connection or flow. A scanner that connects anew for each question makes many: compare sources as well as sessions.",
		"Visitors behind one address are one source here; one visitor with many addresses is many, unless a cluster joins them.")
	return out
}

// noteLimits sums up what the sensors say of themselves.
func noteLimits(notes []store.Note) []string {
	by := map[string][]store.Note{}
	var order []string
	for _, n := range notes {
		key := n.What + " " + n.Sensor
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], n)
	}
	words := map[string]string{"drop": "lost lines of its journal", "limit": "met a limit", "lost": "had a follower lose its place", "retention": "deleted old segments",
		"redact": "had lines erased", "clock": "had its clock stepped", "refused": "refused visitors"}
	var out []string
	for _, k := range order {
		list := by[k]
		times := "once, at " + instant(list[0].At) + " UTC"
		if len(list) > 1 {
			times = fmt.Sprintf("%d times, first at %s UTC", len(list), instant(list[0].At))
		}
		out = append(out, fmt.Sprintf("%s %s %s%s.", list[0].Sensor, words[list[0].What], times, noteDetail(list)))
	}
	return out
}

// noteDetail says by how much: what was lost, how far the clock went.
func noteDetail(notes []store.Note) string {
	lost, steps := map[string]int64{}, []string{}
	for _, n := range notes {
		var d struct {
			Dropped map[string]int64
			Step    int64 `json:"step_ms"`
		}
		if json.Unmarshal([]byte(n.Detail), &d) != nil {
			continue // of a later build
		}
		for class, k := range d.Dropped {
			lost[named(class, "other")] += k
		}
		if d.Step != 0 {
			steps = append(steps, fmt.Sprintf("%+.2f s", float64(d.Step)/1000))
		}
	}
	var parts []string
	for _, class := range slices.Sorted(maps.Keys(lost)) {
		parts = append(parts, figure.Count(lost[class])+" of class "+visible(class))
	}
	parts = append(parts, steps[:min(3, len(steps))]...)
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
