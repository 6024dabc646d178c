package export

import (
	"context"
	"net/netip"
	"slices"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/store"
)

// source is all that STIX and MISP say of one.
type source struct {
	store.Actor
	traffic    []store.Traffic
	techniques []string
	indicator  bool // see Indicators
}

// intel gathers the sources that did the gravest, at most limit of them, and
// says whether there are more.
func (j *Job) intel(ctx context.Context, limit int) (list []*source, more bool, err error) {
	actors, err := j.Store.Actors(ctx, j.Filter, limit+1)
	if err != nil {
		return nil, false, err
	}
	if more = len(actors) > limit; more {
		actors = actors[:limit]
	}
	if len(actors) == 0 {
		return nil, false, ErrNone
	}
	known := make(map[netip.Addr]*source, len(actors))
	for _, a := range actors {
		s := &source{Actor: a}
		known[a.Src] = s
		list = append(list, s)
	}
	err = j.Store.EachTraffic(ctx, j.Filter, func(t *store.Traffic) error {
		if s := known[t.Src]; s != nil {
			s.traffic = append(s.traffic, *t)
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	err = j.Store.EachProof(ctx, j.Filter, func(a netip.Addr, techniques []string) error {
		if s := known[a]; s != nil {
			s.techniques = append(s.techniques, techniques...)
			slices.Sort(s.techniques)
			s.techniques = slices.Compact(s.techniques)
		}
		return nil
	})
	if err != nil || j.Anon != nil {
		return list, more, err
	}
	return list, more, j.mark(ctx, known)
}

// mark says of which sources indicators are made.
func (j *Job) mark(ctx context.Context, known map[netip.Addr]*source) error {
	list, err := j.sources(ctx)
	for _, a := range list {
		if s := known[a]; s != nil {
			s.indicator = true
		}
	}
	return err
}

// shown is a source's address, or the network that stands for it.
func (j *Job) shown(a netip.Addr) netip.Prefix {
	if j.Anon != nil {
		return prefix(a)
	}
	return netip.PrefixFrom(a, a.BitLen())
}

// confidence that a source means harm, 0 to 100, by the gravest of its sessions.
func confidence(label string) int {
	switch label {
	case analysis.TargetedICS:
		return 85
	case analysis.ICSWrite:
		return 75
	case analysis.OpportunisticExploit, analysis.BruteForce:
		return 70
	}
	return 50
}
