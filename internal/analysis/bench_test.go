package analysis

import "testing"

// What the rules cost a store that follows the journal: all recorded acts of the
// tuning set, each session judged at its end.
func BenchmarkSessions(b *testing.B) {
	r := rules(b)
	all := fixtures(b, "tuning")
	acts := 0
	for b.Loop() {
		for _, x := range all {
			x.finding(r)
			acts += len(x.events)
		}
	}
	b.ReportMetric(float64(acts)/b.Elapsed().Seconds(), "acts/s")
}
