package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// Ledgers that are read together give what their rows add up to, in order.
func TestLedgers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	type line struct {
		key               string
		place, op, source uint32
	}
	want := map[line][2]int64{}
	first, last := map[string]int64{}, map[string]int64{}
	var sheets []*sheet
	for day := range int64(5) {
		l := newLedger(day * 1000)
		for i := range 400 {
			d := deal{place: r.Uint32N(3), operation: r.Uint32N(2), source: r.Uint32N(100_000), n: r.Int64N(3) + 1, hits: r.Int64N(2), first: day*1000 + r.Int64N(900), session: day}
			d.last = d.first + r.Int64N(100)
			texts := []string{fmt.Sprint(r.IntN(40)), strings.Repeat("x", r.IntN(200)), "\x00"}
			key := keyOf(nil, []byte(texts[0]), []byte(texts[1]), []byte(texts[2]))
			if got := textsOf(key); !slices.Equal(got, texts) {
				t.Fatalf("%q, want %q", got, texts)
			}
			x := line{string(key), d.place, d.operation, d.source}
			want[x] = [2]int64{want[x][0] + d.n, want[x][1] + d.hits}
			if at, ok := first[x.key]; !ok || d.first < at {
				first[x.key] = d.first
			}
			last[x.key] = max(last[x.key], d.last)
			if err := l.add(key, d); err != nil {
				t.Fatal(err)
			}
			if day == 3 && i%100 == 0 {
				l.run()
			}
		}
		if day%2 == 0 {
			l.compact()
		}
		b, err := l.pack()
		if err != nil {
			t.Fatal(err)
		}
		sheets = append(sheets, &sheet{digestReader: digestReader{b: b}, begin: day * 1000})
	}
	before := ""
	err := readTogether(sheets, func(key []byte, groups []packedGroup) error {
		if string(key) <= before {
			t.Errorf("%q after %q", key, before)
		}
		before = string(key)
		begun, ended := groups[0].first, groups[0].last
		for _, g := range groups {
			begun, ended = min(begun, g.first), max(ended, g.last)
			if err := g.each(func(source uint32, n, hits int64) {
				x := line{before, g.place, g.operation, source}
				if want[x] = [2]int64{want[x][0] - n, want[x][1] - hits}; want[x] == [2]int64{} {
					delete(want, x)
				}
			}); err != nil {
				return err
			}
		}
		if begun != first[before] || ended != last[before] {
			t.Errorf("from %d to %d, want %d to %d", begun, ended, first[before], last[before])
		}
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%d are missing or too much: %v", len(want), err)
	}
}

// A ledger ends before it takes too much memory, but not at what adds up.
func TestLargeLedger(t *testing.T) {
	l := newLedger(0)
	for i := range 2*maxDeals + 1 {
		if err := l.add([]byte("one"), deal{source: uint32(i % 50), n: 1}); err != nil {
			t.Fatal(i, err)
		}
	}
	l = newLedger(0)
	var err error
	for i := 0; err == nil && i < 100*maxDeals; i++ {
		err = l.add(fmt.Appendf(nil, "%0200d", i), deal{n: 1})
	}
	if !errors.Is(err, errLarge) {
		t.Errorf("%v, %d rows", err, len(l.rows))
	}
}

// What is damaged is found, and nothing else happens.
func FuzzSheets(f *testing.F) {
	l := newLedger(0)
	for i := range 9 {
		l.add(keyOf(nil, fmt.Appendf(nil, "%d", i%4)), deal{place: 1, source: uint32(i), n: int64(i), hits: 1})
	}
	b, err := l.pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		p := &sheet{digestReader: digestReader{b: b}}
		readTogether([]*sheet{p}, func(_ []byte, groups []packedGroup) error {
			for i := range groups {
				groups[i].each(func(uint32, int64, int64) {})
			}
			return nil
		})
		n := &names{places: make([]place, 3), networks: make([]analysis.Source, 3), verdicts: make([]verdict, 3)}
		newSums(n, make([]bool, 3)).addDay(0, b)
	})
}
