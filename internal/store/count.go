package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// A Count is how often something was, and from how many sources.
type Count struct {
	Name     string `json:"name"`
	Sessions int64  `json:"sessions"`
	Sources  int64  `json:"sources,omitempty"`
	Acts     int64  `json:"acts,omitempty"`
}

// What sessions can be counted by.
const (
	ByOrigin     = "origin"
	BySensor     = "sensor"
	ByPersona    = "persona"
	ByDevice     = "device"
	ByService    = "service"
	ByProtocol   = "protocol"
	ByCountry    = "country"
	ByNetwork    = "net_type"
	ByASN        = "asn"
	ByScanner    = "scanner"
	ByLabel      = "label"
	ByAutomation = "automation"
	BySeverity   = "severity"
	ByTool       = "tool"
	ByPrint      = "fingerprint"
)

// A naming says what a group of sessions counts as.
type naming struct {
	place   func(place) string
	network func(analysis.Source) string
	verdict func(verdict) string
}

func namingOf(by string) (naming, error) {
	switch by {
	case ByOrigin:
		return naming{place: func(p place) string { return p.origin }}, nil
	case BySensor:
		return naming{place: func(p place) string { return p.sensor }}, nil
	case ByPersona:
		return naming{place: func(p place) string { return p.persona }}, nil
	case ByDevice:
		return naming{place: func(p place) string { return p.device }}, nil
	case ByService:
		return naming{place: func(p place) string { return p.service }}, nil
	case ByProtocol:
		return naming{place: func(p place) string { return p.protocol }}, nil
	case ByCountry:
		return naming{network: func(s analysis.Source) string { return s.Country }}, nil
	case ByNetwork:
		return naming{network: func(s analysis.Source) string { return s.NetType }}, nil
	case ByASN:
		return naming{network: func(s analysis.Source) string { return strconv.Itoa(int(s.ASN)) }}, nil
	case ByScanner:
		return naming{network: func(s analysis.Source) string { return s.Scanner }}, nil
	case ByLabel:
		return naming{verdict: func(v verdict) string { return v.label }}, nil
	case ByAutomation:
		return naming{verdict: func(v verdict) string { return v.automation }}, nil
	case BySeverity:
		return naming{verdict: func(v verdict) string { return strconv.Itoa(int(v.severity)) }}, nil
	case ByTool:
		return naming{verdict: func(v verdict) string { return v.tool }}, nil
	}
	return naming{}, fmt.Errorf("store: nothing is counted by %q", by)
}

// classes gives every number the number of its name, in the order of appearance.
type classes struct {
	of    func(*visit) int
	names []string
}

func (n naming) classes(all *names) *classes {
	c := &classes{}
	index := map[string]int{}
	number := func(name string) int {
		i, ok := index[name]
		if !ok {
			i = len(c.names)
			index[name] = i
			c.names = append(c.names, name)
		}
		return i
	}
	switch {
	case n.place != nil:
		list := numbered(all.places, n.place, number)
		c.of = func(v *visit) int { return list[v.place] }
	case n.network != nil:
		list := numbered(all.networks, n.network, number)
		c.of = func(v *visit) int { return list[v.network] }
	default:
		list := numbered(all.verdicts, n.verdict, number)
		c.of = func(v *visit) int { return list[v.verdict] }
	}
	return c
}

func numbered[T any](list []T, name func(T) string, number func(string) int) []int {
	out := make([]int, len(list))
	for i, v := range list {
		if i > 0 {
			out[i] = number(name(v))
		}
	}
	return out
}

// distinct counts the sources of each of some classes.
type distinct struct {
	first []uint32        // by source: the first class in which it was seen, plus one
	more  map[uint64]bool // further pairs of class and source
	n     []int64         // by class
}

func (d *distinct) add(class int, source uint32) {
	for int(source) >= len(d.first) {
		d.first = append(d.first, make([]uint32, max(1024, len(d.first), int(source)+1-len(d.first)))...)
	}
	for class >= len(d.n) {
		d.n = append(d.n, 0)
	}
	switch f := d.first[source]; {
	case f == uint32(class)+1:
		return
	case f == 0:
		d.first[source] = uint32(class) + 1
	default:
		pair := uint64(class)<<32 | uint64(source)
		if d.more[pair] {
			return
		}
		if d.more == nil {
			d.more = map[uint64]bool{}
		}
		d.more[pair] = true
	}
	d.n[class]++
}

func (d *distinct) of(class int) int64 {
	if class < len(d.n) {
		return d.n[class]
	}
	return 0
}

// Count counts sessions and their sources by one of the names above, the most
// first; rows without a value have an empty name.
func (s *Store) Count(ctx context.Context, f Filter, by string, limit int) ([]Count, error) {
	if by == ByPrint {
		return s.countPrints(ctx, f, limit)
	}
	naming, err := namingOf(by)
	if err != nil {
		return nil, err
	}
	m, err := s.sums(ctx, f)
	if err != nil {
		return nil, err
	}
	c := naming.classes(m.names)
	list := make([]Count, len(c.names))
	var d distinct
	for i := range m.list {
		g := &m.list[i]
		k := c.of(&g.visit)
		list[k].Sessions += g.sessions
		list[k].Acts += g.acts
		d.add(k, g.visit.source)
	}
	for i := range list {
		list[i].Name, list[i].Sources = c.names[i], d.of(i)
	}
	return most(list, limit), nil
}

// most sorts counts, the most first, and keeps some.
func most(list []Count, limit int) []Count {
	out := []Count{}
	for _, c := range list {
		if c.Sessions != 0 {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), strings.Compare(a.Name, b.Name))
	})
	return out[:min(limit, len(out))]
}

// countPrints counts by fingerprint, of which there are as many as visitors like:
// it reads the sessions themselves.
func (s *Store) countPrints(ctx context.Context, f Filter, limit int) ([]Count, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT fingerprint, COUNT(*), COUNT(DISTINCT source), SUM(acts) FROM sessions`+w.String()+
		` GROUP BY fingerprint ORDER BY 2 DESC, 1 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Count{}
	for rows.Next() {
		var c Count
		if err := rows.Scan(&c.Name, &c.Sessions, &c.Sources, &c.Acts); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// A Network is an autonomous system that visitors came from.
type Network struct {
	ASN uint32 `json:"asn"`
	Count
}

// Networks counts by autonomous system.
func (s *Store) Networks(ctx context.Context, f Filter, limit int) ([]Network, error) {
	list, err := s.Count(ctx, f, ByASN, limit)
	if err != nil {
		return nil, err
	}
	s.rollup.mu.Lock()
	networks := s.rollup.names.networks
	s.rollup.mu.Unlock()
	out := []Network{}
	for _, c := range list {
		n, _ := strconv.ParseUint(c.Name, 10, 32) // we wrote it
		x := Network{ASN: uint32(n), Count: c}
		x.Name = ""
		for _, v := range networks {
			if v.ASN == x.ASN {
				x.Name = max(x.Name, v.ASOrg)
			}
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Network) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.ASN, b.ASN))
	})
	return out, nil
}
