package store

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// However many count, the sums are the same, and are those of one after another.
func TestSumsAtOnce(t *testing.T) {
	s, _ := filledLong(t)
	for name, f := range map[string]Filter{
		"all": {}, "a protocol": {Protocol: []string{"modbus"}}, "parts of hours": {From: made.Add(90 * time.Minute), To: made.Add(50 * time.Hour)},
	} {
		var alone map[uint32]cameBy
		for _, n := range []int{1, 3} {
			before := runtime.GOMAXPROCS(n)
			m, err := s.addUp(t.Context(), f)
			runtime.GOMAXPROCS(before)
			if err != nil || m.sessions == 0 {
				t.Fatal(name, err)
			}
			got := map[uint32]cameBy{}
			for source, c := range m.sources.all() {
				got[source] = *c
			}
			if alone == nil {
				alone = got
			}
			if !maps.Equal(got, alone) || int(m.sources.n) != len(got) {
				t.Errorf("%s: %d at once find other sources than one", name, n)
			}
			slow := newSums(m.names, m.scanner)
			if _, err := s.groups(t.Context(), f, func(_ *names, at int64, v *visit, proven []int32) { slow.add(at, v, proven) }); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(m.places, slow.places) || !reflect.DeepEqual(m.verdicts, slow.verdicts) || !reflect.DeepEqual(m.networks, slow.networks) ||
				m.sessions != slow.sessions || m.acts != slow.acts || m.first != slow.first || m.last != slow.last {
				t.Errorf("%s: %d at once add up to something else", name, n)
			}
		}
	}
}

// A source whose network changes counts once in each.
func TestSeveralNetworks(t *testing.T) {
	n := &names{places: make([]place, 2), verdicts: make([]verdict, 2)}
	n.networks = append(n.networks, analysis.Source{}, analysis.Source{Country: "NL"}, analysis.Source{Country: "NL", ASN: 7}, analysis.Source{Country: "DE"})
	parts := []*sums{newSums(n, make([]bool, 4)), newSums(n, make([]bool, 4))}
	for i, network := range []uint32{1, 2, 1, 3, 3, 1} {
		parts[i%2].add(int64(i)*24*int64(time.Hour), &visit{source: 7, network: network, place: 1, verdict: 1, sessions: 1}, nil)
	}
	parts[0].merge(parts[1])
	by, _ := namingOf(ByCountry)
	got := map[string]Count{}
	for _, c := range parts[0].count(by) {
		got[c.Name] = c
	}
	if got["NL"] != (Count{Name: "NL", Sessions: 4, Sources: 1}) || got["DE"] != (Count{Name: "DE", Sessions: 2, Sources: 1}) {
		t.Errorf("%+v", got)
	}
	if c := parts[0].sources.at(7); c.days != 6 || parts[0].sources.n != 1 || c.network != 1 {
		t.Errorf("%+v", *c)
	}
}

func TestSet(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	want, other := map[uint32]bool{}, map[uint32]bool{}
	var a, b set
	for range 3000 {
		n, m := r.Uint32N(100_000), r.Uint32N(50_000)
		want[n], other[m] = true, true
		a.add(n)
		b.add(m)
	}
	if got := slices.Collect(a.all); !slices.Equal(got, slices.Sorted(maps.Keys(want))) || int(a.len()) != len(want) {
		t.Errorf("%d numbers, want %d", len(got), len(want))
	}
	both := 0
	for n := range other {
		if want[n] {
			both++
		}
		if !b.has(n) || a.has(n) != want[n] {
			t.Fatal(n)
		}
	}
	if int(a.common(&b)) != both || b.has(1<<31) {
		t.Errorf("%d in common, want %d", a.common(&b), both)
	}
	b.unite(&a)
	if int(b.len()) != len(want)+len(other)-both {
		t.Errorf("%d united", b.len())
	}
}

// The two ways to read packed groups agree, and the quick one finds what is damaged.
func TestEachGroup(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	groups := map[group]*tally{}
	for range 500 {
		n := tally{sessions: int64(r.IntN(300) - 20), acts: r.Int64N(1 << 40), proven: make([]int64, r.IntN(4))}
		for i := range n.proven {
			n.proven[i] = r.Int64N(1000) - 3
		}
		groups[group{r.Uint32N(60_000), r.Uint32N(1 << 30), r.Uint32N(5000), r.Uint32N(300)}] = &n
	}
	b := packVisits(groups)
	n := 0
	err := eachGroup(b, func(v *visit, proven []int32) {
		n++
		w := groups[group{uint32(v.place), v.source, v.network, v.verdict}]
		if w == nil || v.sessions != narrow(w.sessions) || v.acts != narrow(w.acts) || int(v.proven) != len(w.proven) {
			t.Fatalf("%+v, want %+v", *v, w)
		}
		for i := range proven {
			if int64(proven[i]) != w.proven[i] {
				t.Fatal(proven, w.proven)
			}
		}
	})
	if err != nil || n != len(groups) {
		t.Fatal(n, len(groups), err)
	}
	ends := 0
	for i := range len(b) {
		if eachGroup(b[:i], func(*visit, []int32) {}) == nil {
			ends++
		}
	}
	if ends != len(groups) {
		t.Errorf("%d of %d beginnings are taken to be whole, want %d", ends, len(b), len(groups))
	}
	if eachGroup([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, func(*visit, []int32) {}) == nil {
		t.Error("a number too long is taken")
	}
}

// Numbers below zero, which an imported journal may have, leave a digest readable.
func TestImpossibleNumbersInADigest(t *testing.T) {
	n := &names{places: make([]place, 2), networks: make([]analysis.Source, 2), verdicts: make([]verdict, 2)}
	m := newSums(n, scannersOf(n))
	m.add(0, &visit{source: 7, network: 1, place: 1, verdict: 1, sessions: 1, acts: -5}, []int32{-3})
	got := newSums(n, scannersOf(n))
	if known, err := got.addDay(0, m.pack(0)); !known || err != nil || got.sessions != 1 || !got.sources.has(7) {
		t.Errorf("%v, %v, %d sessions", known, err, got.sessions)
	}
}
