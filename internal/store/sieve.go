package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// A sieve lets through the groups that a filter asks for; nil members all.
type sieve struct {
	places, networks, verdicts []bool
	sources                    map[uint32]bool
	but                        []map[uint32]bool // sources that are not let through
}

// all says whether it lets everything through.
func (v *sieve) all() bool {
	return v.places == nil && v.networks == nil && v.verdicts == nil && v.sources == nil && len(v.but) == 0
}

func (v *sieve) lets(g *visit) bool {
	return (v.places == nil || v.places[g.place]) && (v.verdicts == nil || v.verdicts[g.verdict]) &&
		(v.networks == nil || v.networks[g.network]) && (v.sources == nil || v.sources[g.source]) && !v.bars(g.source)
}

func (v *sieve) bars(source uint32) bool {
	for _, list := range v.but {
		if list[source] {
			return true
		}
	}
	return false
}

// sieve makes the filter's, but for time.
func (s *Store) sieve(ctx context.Context, f Filter, n *names) (*sieve, error) {
	v := &sieve{places: f.placesOf(n)}
	if len(f.Country) > 0 || f.ASN != 0 || f.Research != "" {
		v.networks = mask(n.networks, func(x analysis.Source) bool {
			return (len(f.Country) == 0 || slices.Contains(f.Country, x.Country)) && (f.ASN == 0 || x.ASN == f.ASN) &&
				(f.Research == "" || (f.Research == "only") == (x.Scanner != ""))
		})
	}
	if len(f.Label) > 0 || f.Tool != "" || f.Severity > 0 || len(f.Automation) > 0 {
		v.verdicts = mask(n.verdicts, func(x verdict) bool {
			return (len(f.Label) == 0 || slices.Contains(f.Label, x.label)) && (f.Tool == "" || x.tool == f.Tool) &&
				x.severity >= int64(f.Severity) && (len(f.Automation) == 0 || slices.Contains(f.Automation, x.automation))
		})
	}
	for i := range f.Terms {
		if err := f.Terms[i].sift(ctx, s.db, n, v); err != nil {
			return nil, err
		}
	}
	for i := range f.acts {
		if err := s.siftActs(ctx, f, &f.acts[i], n, v); err != nil {
			return nil, err
		}
	}
	if !f.Src.IsValid() && len(f.Sources) == 0 {
		return v, nil
	}
	restricted := v.sources
	v.sources = map[uint32]bool{}
	w := &where{}
	f.addresses(w)
	return v, each(ctx, s.db, "SELECT key FROM sources"+w.String(), w.args, func(rows *sql.Rows) error {
		var key uint32
		err := rows.Scan(&key)
		v.sources[key] = restricted == nil || restricted[key]
		return err
	})
}

// placesOf are those that the filter lets through; nil: all.
func (f *Filter) placesOf(n *names) []bool {
	if len(f.Origin) == 0 && len(f.Sensor) == 0 && len(f.Persona) == 0 && len(f.Protocol) == 0 {
		return nil
	}
	has := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return mask(n.places, func(p place) bool {
		return has(f.Origin, p.origin) && has(f.Sensor, p.sensor) && has(f.Persona, p.persona) && has(f.Protocol, p.protocol)
	})
}

func mask[T any](list []T, lets func(T) bool) []bool {
	out := make([]bool, len(list))
	for i, v := range list {
		out[i] = lets(v)
	}
	return out
}
