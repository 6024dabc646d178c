package analysis

import (
	"math"
	"slices"
)

// Thresholds of the rules on timing. docs/analysis.md has them.
const (
	burstGap  = 150_000     // microseconds: a shorter gap is a machine's
	pauseLow  = 2_000_000   // a person's pause is between these
	pauseHigh = 120_000_000 //
	steadyCV  = 0.15        // below it gaps are a clock's
	humanCV   = 0.3         // from it on pauses are uneven as a person's
	programs  = 3.0         // acts a move from which on a program makes them
)

// timing gathers the gaps between acts; beyond MaxGaps the median is that of the
// first. A move is what is done without a pause: acts with less than burstGap
// between them.
type timing struct {
	acts   int
	asked  int // of these, not of class connect: a library's own do not lengthen a move
	last   int64
	gaps   []int64
	min    int64
	all    spread
	pauses spread // between moves
	long   int
	bursts int
}

// spread is mean and sum of squared distances from it (Welford).
type spread struct {
	n            int
	mean, square float64
}

func (s *spread) add(x float64) {
	s.n++
	d := x - s.mean
	s.mean += d / float64(s.n)
	s.square += d * (x - s.mean)
}

// cv is standard deviation over mean, to three digits.
func (s *spread) cv() float64 {
	if s.mean <= 0 {
		return 0
	}
	return math.Round(1000*math.Sqrt(s.square/float64(s.n))/s.mean) / 1000
}

func (t *timing) add(at int64, asks bool) {
	if asks {
		t.asked++
	}
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
	t.all.add(float64(gap))
	if gap >= pauseLow && gap <= pauseHigh {
		t.long++
	}
	if gap < burstGap {
		t.bursts++
	} else {
		t.pauses.add(float64(gap))
	}
}

func (t *timing) result() Timing {
	out := Timing{Acts: t.acts, LongGaps: t.long, Bursts: t.bursts}
	if len(t.gaps) == 0 {
		return out
	}
	sorted := slices.Sorted(slices.Values(t.gaps))
	out.MinGapUS, out.MedianGapUS, out.CV = t.min, sorted[len(sorted)/2], t.all.cv()
	out.Moves, out.PauseCV = t.pauses.n+1, t.pauses.cv()
	return out
}

// automation says who made the pace. Fewer than three acts tell nothing.
func (t *timing) automation() string {
	r := t.result()
	switch {
	case t.acts < 3, t.all.mean == 0: // or imported from a log that has no times within a session
		return Indeterminate
	case r.CV < steadyCV, t.pauses.n >= 3 && r.PauseCV < steadyCV:
		return Automated // a clock's
	case r.LongGaps >= 2 && r.PauseCV >= humanCV && float64(t.asked) >= programs*float64(r.Moves):
		return Mixed // a program that a person starts again and again
	case r.LongGaps >= 2 && r.PauseCV >= humanCV:
		return Human
	case r.MedianGapUS < burstGap:
		return Automated
	}
	return Indeterminate
}
