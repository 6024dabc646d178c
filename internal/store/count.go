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
	list  []int // by the number of what is classed
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
		c.list = numbered(all.places, n.place, number)
		c.of = func(v *visit) int { return c.list[v.place] }
	case n.network != nil:
		c.list = numbered(all.networks, n.network, number)
		c.of = func(v *visit) int { return c.list[v.network] }
	default:
		c.list = numbered(all.verdicts, n.verdict, number)
		c.of = func(v *visit) int { return c.list[v.verdict] }
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
	return most(m.count(naming), limit), nil
}

// count adds up the classes of a naming.
func (m *sums) count(by naming) []Count {
	c := by.classes(m.names)
	list, sources := make([]Count, len(c.names)), make([]set, len(c.names))
	for i, name := range c.names {
		list[i].Name = name
	}
	add := func(class int, v size) {
		list[class].Sessions += v.sessions
		list[class].Acts += v.acts
	}
	shares := m.verdicts
	switch {
	case by.network != nil:
		for i := 1; i < len(m.networks); i++ {
			add(c.list[i], m.networks[i])
		}
		m.origins(c, list)
		shares = nil
	case by.place != nil:
		shares = m.places
	}
	for i := range shares {
		if x := &shares[i]; x.sessions != 0 {
			add(c.list[i], x.size)
			sources[c.list[i]].unite(&x.sources)
		}
	}
	for i := range list {
		list[i].Sources += sources[i].len()
	}
	return list
}

// origins counts sources by the class of their network; some were in several.
func (m *sums) origins(c *classes, list []Count) {
	several := map[uint32]bool{}
	seen := map[[2]uint32]bool{} // source and class
	for k := range m.sources.others {
		several[k[0]] = true
		seen[[2]uint32{k[0], uint32(c.list[k[1]])}] = true
	}
	for k := range seen {
		list[k[1]].Sources++
	}
	for source, v := range m.sources.all() {
		if !several[source] {
			list[c.list[v.network]].Sources++
		}
	}
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
