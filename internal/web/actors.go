package web

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/store"
)

func (a *ask) actors() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	limit := a.limit(100)
	list, err := a.db.ActorsBy(a.ctx, f, a.query.Get("sort"), limit+1)
	out := struct {
		Actors []store.Actor `json:"actors"`
		More   bool          `json:"more"`
	}{list[:min(limit, len(list))], len(list) > limit}
	return out, err
}

// profile is what is known of one actor.
type profile struct {
	Who         string            `json:"who"`
	Kind        string            `json:"kind"` // address, network, as or cluster
	Cluster     *cluster          `json:"cluster,omitempty"`
	Totals      store.Totals      `json:"totals"`
	Sources     []store.Actor     `json:"sources"`
	Labels      []store.Count     `json:"labels"`
	Protocols   []store.Count     `json:"protocols"`
	Operations  []store.Operation `json:"operations"`
	Classes     []store.Cell      `json:"classes"`
	Days        []store.Day       `json:"days"`
	Route       []store.Stop      `json:"route"`
	Techniques  []TechniqueRow    `json:"techniques"`
	Credentials []credential      `json:"credentials"`
	Artifacts   []artifactRow     `json:"artifacts"`
	Tools       []store.Count     `json:"tools"`
	Prints      []store.Count     `json:"fingerprints"`
	Sessions    []store.Session   `json:"sessions"`
	Clusters    []*cluster        `json:"clusters"`
}

func (a *ask) actor() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	p := &profile{Who: a.r.PathValue("who")}
	if err := a.whom(p, &f); err != nil {
		return nil, err
	}
	db := a.db
	if p.Totals, err = db.Totals(a.ctx, f); err != nil {
		return nil, err
	}
	if p.Totals.Sessions == 0 {
		return nil, &problem{Type: "none", Status: 404, Title: "Nobody of that name", Detail: "he has not been here in this period"}
	}
	if err := p.counts(a, f); err != nil {
		return nil, err
	}
	deeds, err := db.Deeds(a.ctx, f)
	if err != nil {
		return nil, err
	}
	p.Operations, p.Classes = operationsOf(deeds, 100), cellsOf(deeds)
	if p.Days, err = db.Days(a.ctx, f); err != nil {
		return nil, err
	}
	if p.Route, err = db.Route(a.ctx, f, maxListed); err != nil {
		return nil, err
	}
	if p.Techniques, err = a.seen(f); err != nil {
		return nil, err
	}
	if p.Credentials, err = a.pairs(f, 50); err != nil {
		return nil, err
	}
	if p.Artifacts, err = a.files(f, 50); err != nil {
		return nil, err
	}
	page, err := db.Sessions(a.ctx, f, 20, "")
	p.Sessions = page.Sessions
	return p, err
}

func (p *profile) counts(a *ask, f store.Filter) (err error) {
	for by, into := range map[string]*[]store.Count{store.ByLabel: &p.Labels, store.ByProtocol: &p.Protocols, store.ByTool: &p.Tools, store.ByPrint: &p.Prints} {
		if *into, err = a.db.Count(a.ctx, f, by, 50); err != nil {
			return err
		}
	}
	unnamed := func(c store.Count) bool { return c.Name == "" }
	p.Tools, p.Prints = slices.DeleteFunc(p.Tools, unnamed), slices.DeleteFunc(p.Prints, unnamed)
	p.Sources, err = a.db.Actors(a.ctx, f, 50)
	return err
}

// whom says of an address, a network, an autonomous system or a cluster which
// sessions are its own.
func (a *ask) whom(p *profile, f *store.Filter) error {
	p.Clusters = []*cluster{}
	if n, ok := strings.CutPrefix(strings.ToUpper(p.Who), "AS"); ok {
		v, err := strconv.ParseUint(n, 10, 32)
		if err == nil {
			p.Kind, f.ASN = "as", uint32(v)
			return nil
		}
	}
	list, err := a.db.Clusters(a.ctx, store.Filter{From: f.From, To: f.To})
	if err != nil {
		return err
	}
	if strings.HasPrefix(p.Who, "C-") {
		for _, c := range list {
			if c.Name == p.Who {
				p.Kind, p.Cluster, f.Sources = "cluster", clusterOf(&c), c.Sources
				return nil
			}
		}
		return &problem{Type: "none", Status: 404, Title: "There is no such cluster", Detail: "clusters are named by the order of their first visits in the period; another period names others"}
	}
	net, err := parsePrefix(p.Who)
	if err != nil {
		return &problem{Type: "query", Status: 400, Title: "Nobody can be called that", Detail: "write an address, a network, AS64500 or C-0001"}
	}
	p.Kind, f.Src = "network", net
	if net.IsSingleIP() {
		p.Kind = "address"
		for _, c := range list {
			if slices.ContainsFunc(c.Sources, func(s netip.Addr) bool { return net.Contains(s) }) {
				p.Clusters = append(p.Clusters, clusterOf(&c))
			}
		}
	}
	return nil
}
