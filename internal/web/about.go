package web

import (
	"encoding/json"

	"github.com/sundew-ics/sundew/internal/store"
)

// licence is what a part of the pages is under.
type licence struct {
	Name    string `json:"name"`
	Licence string `json:"licence"`
}

func (a *ask) origins() (any, error) {
	out := struct {
		Versions string    `json:"versions"`
		Notices  []Notice  `json:"notices"`
		Licences []licence `json:"licences"`
		Caption  string    `json:"caption"`
	}{Notices: []Notice{}, Licences: a.pages.licences(), Caption: "Country of the address's registration, not of the actor."}
	var err error
	if out.Versions, err = a.db.Versions(a.ctx); err != nil {
		return nil, err
	}
	if a.cfg.Notices != nil {
		for _, n := range a.cfg.Notices() {
			if !n.Built.IsZero() {
				days := int(a.now.Sub(n.Built) / day)
				n.Age = &days
			}
			out.Notices = append(out.Notices, n)
		}
	}
	return out, nil
}

func (a *ask) document() (any, error) {
	return &answer{etag: `"` + a.cfg.Build + `"`, plain: document}, nil
}

// queryRead is a query as it was understood.
type queryRead struct {
	Q     string     `json:"q"`
	Terms []termRead `json:"terms"`
	Keys  []keyRead  `json:"keys"`
}

type termRead struct {
	Key      string `json:"key"`
	Op       string `json:"op"`
	Value    string `json:"value"`
	Not      bool   `json:"not"`
	Position int    `json:"position"`
}

type keyRead struct {
	Key     string   `json:"key"`
	Aliases []string `json:"aliases,omitempty"`
	Text    string   `json:"text"`
	Ops     []string `json:"ops"`
	Values  []string `json:"values,omitempty"`
}

func (a *ask) readQuery() (any, error) {
	terms, err := parseQuery(a.query.Get("q"))
	if err != nil {
		return nil, err
	}
	out := queryRead{Q: write(terms), Terms: []termRead{}, Keys: []keyRead{}}
	for _, t := range terms {
		for _, v := range t.values {
			out.Terms = append(out.Terms, termRead{t.key.name, t.op, v, t.not, t.position})
		}
	}
	for _, k := range keys() {
		r := keyRead{Key: k.name, Aliases: k.aliases, Text: k.text, Ops: []string{":"}, Values: k.known}
		if k.kind == isNumber || k.kind == isSpan {
			r.Ops = []string{":", ">=", "<=", ">", "<"}
		}
		if k.closed != nil {
			r.Values = k.closed()
		}
		out.Keys = append(out.Keys, r)
	}
	return out, nil
}

// facet is a key and what its values would leave of the list.
type facet struct {
	Key    string        `json:"key"`
	Values []store.Count `json:"values"`
}

// topFacet is how many values of a facet are listed.
const topFacet = 30

func (a *ask) facets() (any, error) {
	out := struct {
		Facets []facet `json:"facets"`
	}{}
	for _, v := range []struct {
		key string
		by  string
		is  store.Key
	}{
		{"label", store.ByLabel, store.KeyLabel}, {"protocol", store.ByProtocol, store.KeyProtocol}, {"country", store.ByCountry, store.KeyCountry},
		{"tool", store.ByTool, store.KeyTool}, {"automation", store.ByAutomation, store.KeyAutomation}, {"persona", store.ByPersona, store.KeyPersona},
		{"sensor", store.BySensor, store.KeySensor}, {"net", store.ByNetwork, store.KeyNetwork}, {"scanner", store.ByScanner, store.KeyScanner},
	} {
		f, err := a.filter()
		if err != nil {
			return nil, err
		}
		f = without(f, v.is)
		list, err := a.db.Count(a.ctx, f, v.by, topFacet)
		if err != nil {
			return nil, err
		}
		out.Facets = append(out.Facets, facet{v.key, list})
	}
	return out, nil
}

// without is a filter but for the choice of one key.
func without(f store.Filter, k store.Key) store.Filter {
	switch k {
	case store.KeySensor:
		f.Sensor = nil
	case store.KeyPersona:
		f.Persona = nil
	case store.KeyProtocol:
		f.Protocol = nil
	}
	var terms []store.Term
	for _, t := range f.Terms {
		if t.Key != k || t.Not {
			terms = append(terms, t)
		}
	}
	f.Terms = terms
	return f
}

// licences are of what the pages are made of, as their build wrote them.
func (p *pages) licences() []licence {
	out := []licence{}
	b, err := p.read("licences.json")
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return []licence{}
	}
	return out
}
