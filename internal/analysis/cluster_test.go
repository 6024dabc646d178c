package analysis

import (
	"fmt"
	"slices"
	"testing"
)

func TestJoin(t *testing.T) {
	traces := []Trace{
		{Kind: TraceFile, Value: "f1", Left: []Left{{3, 3, 3}, {2, 2, 2}}},
		{Kind: TracePayload, Value: "other", Left: []Left{{4, 4, 4}}},
		{Kind: TracePayload, Value: "p", Left: []Left{{2, 2, 2}, {1, 1, 7}}},
		{Kind: TraceAgent, Value: "later", Left: []Left{{9, 5, 6}, {8, 4, 4}}},
		{Kind: TraceAgent, Value: "a browser"},
	}
	for i := range uint32(Rare) { // what everybody has joins nobody
		traces[4].Left = append(traces[4].Left, Left{i, 0, 9})
	}
	want := "[{Sources:[1 2 3] Traces:[0 2] First:1 Last:7} {Sources:[8 9] Traces:[3] First:4 Last:6}]"
	if got := fmt.Sprintf("%+v", Join(traces)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	traces[4].Left = traces[4].Left[1:]
	if got := Join(traces); len(got) != 1 || len(got[0].Sources) != Rare-1 || !slices.Equal(got[0].Traces, []int{0, 2, 3, 4}) {
		t.Errorf("fewer than %d: %+v", Rare, got)
	}
}

// crowd is what n sources left: most share nothing, half of them a file with the
// next, which makes one long chain.
func crowd(n uint32) []Trace {
	var out []Trace
	for i := range n {
		out = append(out, Trace{Kind: TracePayload, Value: fmt.Sprint(i), Left: []Left{{i, 1, 1}}})
		if i%2 == 0 {
			out = append(out, Trace{Kind: TraceFile, Value: fmt.Sprint(i), Left: []Left{{i, 1, 1}, {i + 2, 2, 2}}})
		}
	}
	return out
}

func BenchmarkJoin(b *testing.B) {
	traces := crowd(20_000)
	for b.Loop() {
		Join(traces)
	}
}
