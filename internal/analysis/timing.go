package analysis

import (
	"math"
	"slices"
)

// Thresholds of the rules on timing, in microseconds. docs/analysis.md has them.
const (
	burstGap  = 150_000
	pauseLow  = 2_000_000
	pauseHigh = 120_000_000
	steadyCV  = 0.15
	humanCV   = 0.6
)

// timing gathers the gaps between acts; beyond MaxGaps the median is that of the
// first.
type timing struct {
	acts   int
	last   int64
	gaps   []int64
	min    int64
	mean   float64 // of all gaps, and
	square float64 // the sum of squared distances from it (Welford)
	long   int
	bursts int
}

func (t *timing) add(at int64) {
	if t.acts++; t.acts == 1 {
		t.last = at
		return
	}
	gap := max(0, at-t.last)
	t.last = at
	if len(t.gaps) < MaxGaps {
		t.gaps = append(t.gaps, gap)
	}
	if t.acts == 2 || gap < t.min {
		t.min = gap
	}
	n := float64(t.acts - 1)
	d := float64(gap) - t.mean
	t.mean += d / n
	t.square += d * (float64(gap) - t.mean)
	if gap >= pauseLow && gap <= pauseHigh {
		t.long++
	}
	if gap < burstGap {
		t.bursts++
	}
}

func (t *timing) result() Timing {
	out := Timing{Acts: t.acts, LongGaps: t.long, Bursts: t.bursts}
	if len(t.gaps) == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(t.gaps))
	out.MinGapUS, out.MedianGapUS = t.min, sorted[len(sorted)/2]
	if t.mean > 0 {
		out.CV = math.Round(1000*math.Sqrt(t.square/float64(t.acts-1))/t.mean) / 1000
	}
	return out
}

// automation says who made the pace. Fewer than three acts tell nothing.
func (t *timing) automation() string {
	r := t.result()
	switch {
	case t.acts < 3, t.mean == 0: // or imported from a log that has no times within a session
		return Indeterminate
	case r.LongGaps >= 2 && r.CV > humanCV && r.Bursts > t.acts/2:
		return Mixed // a program that a person starts again and again
	case r.MedianGapUS < burstGap || r.CV < steadyCV:
		return Automated
	case r.LongGaps >= 2 && r.CV > humanCV:
		return Human
	case r.LongGaps >= 3 && r.Bursts == 0:
		return Human // slow and uneven, if not very
	}
	return Indeterminate
}
