package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// accounts are the ledgers by which a filter's question is answered.
type accounts struct {
	sheets []*sheet
	names  *names
	places []bool            // that count; nil: all
	has    func(uint32) bool // sources that count; nil: all

	seen  []uint32 // by source: the count in which it was seen last
	count uint32
}

// bySource says whether the filter restricts nothing but time, places and sources.
func (f *Filter) bySource() bool {
	return len(f.Label)+len(f.Automation) == 0 && f.Tool == "" && f.Print == "" && f.Session == "" && f.Severity <= 0 &&
		!slices.ContainsFunc(f.Terms, func(t Term) bool { return !slices.Contains([]string{"places", "networks", "sources"}, t.Key.home()) })
}

// accounts opens the ledgers of a filter; nil: they do not know what it asks.
func (s *Store) accounts(ctx context.Context, f Filter, what int) (*accounts, error) {
	if !f.bySource() {
		return nil, nil
	}
	a := &accounts{}
	if !f.Coarse() {
		m, err := s.sums(ctx, f)
		if err != nil {
			return nil, err
		}
		everybody, err := s.sums(ctx, Filter{From: f.From, To: f.To})
		if err != nil {
			return nil, err
		}
		for k := range everybody.sources.others { // a source of two networks may count in part
			if m.sources.has(k[0]) {
				return nil, nil
			}
		}
		a.has = m.sources.has
	}
	var err error
	if a.sheets, err = s.sheets(ctx, f, what); errors.Is(err, errLarge) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if a.names, err = s.known(ctx); err != nil {
		return nil, err
	}
	g := f
	g.Terms = slices.DeleteFunc(slices.Clone(f.Terms), func(t Term) bool { return t.Key.home() != "places" })
	g.Country, g.ASN, g.Research, g.Src, g.Sources = nil, 0, "", netip.Prefix{}, nil
	v, err := s.sieve(ctx, g, a.names)
	if err != nil {
		return nil, err
	}
	a.places = v.places
	return a, nil
}

// each calls do for each key with those of its groups that count.
func (a *accounts) each(do func(key []byte, groups []packedGroup) error) error {
	err := readTogether(a.sheets, func(key []byte, groups []packedGroup) error {
		groups = slices.DeleteFunc(groups, func(g packedGroup) bool {
			return int(g.place) >= len(a.names.places) || int(g.operation) >= len(a.names.operations) || a.places != nil && !a.places[g.place]
		})
		if len(groups) == 0 {
			return nil
		}
		return do(key, groups)
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// anew begins to count sources.
func (a *accounts) anew() { a.count++ }

// sum adds up a group: times, hits, and sources that were not seen since anew.
func (a *accounts) sum(g *packedGroup) (n, hits, sources int64, err error) {
	err = g.each(func(source uint32, times, of int64) {
		if a.has != nil && !a.has(source) {
			return
		}
		n, hits = n+times, hits+of
		for int(source) >= len(a.seen) {
			a.seen = append(a.seen, make([]uint32, max(1024, len(a.seen)))...)
		}
		if a.seen[source] != a.count {
			a.seen[source] = a.count
			sources++
		}
	})
	return n, hits, sources, err
}
