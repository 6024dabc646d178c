package analysis

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

func TestClusters(t *testing.T) {
	a, b, c, d := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.4")
	traces := []Trace{
		{Session: "s4", Src: d, At: 4, Payload: "other", Tool: "curl", UA: "curl/8", OpSeqHash: "o"},
		{Session: "s5", Src: c, At: 5, Tool: "curl", UA: "curl/8", OpSeqHash: "o", Fingerprint: "f"},
		{Session: "s3", Src: c, At: 3, Artifacts: []string{"f1"}},
		{Session: "s1", Src: a, At: 1, Payload: "p"},
		{Session: "s2", Src: b, At: 2, Payload: "p", Artifacts: []string{"f1"}},
	}
	for i := range 30 { // what everybody has joins nobody
		traces = append(traces, Trace{Session: fmt.Sprint("x", i), Src: netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), At: 9, UA: "a browser"})
	}
	got := Clusters(traces)
	if len(got) != 1 || got[0].Name != "C-0001" || !slices.Equal(got[0].Sources, []netip.Addr{a, b, c}) ||
		!slices.Equal(got[0].Keys, []string{"the same file, SHA-256 f1", "the same octets to change something: p"}) ||
		got[0].First != 1 || got[0].Last != 3 || len(got[0].Sessions) != 3 {
		t.Errorf("%+v", got)
	}
	slices.Reverse(traces)
	if again := Clusters(traces); fmt.Sprint(again) != fmt.Sprint(got) {
		t.Errorf("in another order %+v", again)
	}
}

// crowd is n traces of a third as many sources: most share nothing, some a file
// with the next, which makes one long chain.
func crowd(n int) []Trace {
	out := make([]Trace, n)
	for i := range out {
		src := i / 3
		out[i] = Trace{Session: fmt.Sprint("s", i), At: int64(i), Src: netip.AddrFrom4([4]byte{10, byte(src >> 16), byte(src >> 8), byte(src)}),
			Payload: fmt.Sprint("p", i), UA: fmt.Sprint("agent ", i%50), Fingerprint: fmt.Sprint("f", i%5000), OpSeqHash: fmt.Sprint("o", i/6)}
		if src%2 == 0 {
			out[i].Artifacts = []string{fmt.Sprint("chain ", src/2), fmt.Sprint("chain ", src/2+1)}
		}
	}
	return out
}

func BenchmarkClusters(b *testing.B) {
	traces := crowd(50_000)
	for b.Loop() {
		Clusters(traces)
	}
}
