package web

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis/attack"
	"github.com/sundew-ics/sundew/internal/store"
)

// A TechniqueRow is one of ATT&CK's techniques that operations are mapped to, and
// how often it was seen.
type TechniqueRow struct {
	ID        string   `json:"id"`
	V18       string   `json:"v18,omitempty"`
	Name      string   `json:"name"`
	Domain    string   `json:"domain"`
	Tactics   []string `json:"tactics"`
	Sessions  int64    `json:"sessions"`
	Sources   int64    `json:"sources"`
	Acts      int64    `json:"acts"`
	Protocols []string `json:"protocols"`
}

// matrix is techniques by tactic.
type matrix struct {
	Attack     string         `json:"attack"`
	Tactics    []tactic       `json:"tactics"`
	Techniques []TechniqueRow `json:"techniques"`
}

type tactic struct {
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Techniques []string `json:"techniques"`
}

func (a *ask) techniques() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	m := matrix{Attack: attack.Version}
	if m.Techniques, err = a.mapped(f); err != nil {
		return nil, err
	}
	for _, id := range attack.Tactics() {
		t := tactic{ID: id, Name: titled(id), Techniques: []string{}}
		for _, x := range m.Techniques {
			if slices.Contains(x.Tactics, id) {
				t.Techniques = append(t.Techniques, x.ID)
			}
		}
		m.Tactics = append(m.Tactics, t)
	}
	return m, nil
}

// titled is a tactic's name of its id.
func titled(id string) string {
	words := strings.Split(id, "-")
	for i, w := range words {
		if w != "and" && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// mapped are all techniques that operations are mapped to, those that were seen
// first.
func (a *ask) mapped(f store.Filter) ([]TechniqueRow, error) {
	out, err := a.seen(f)
	if err != nil {
		return nil, err
	}
	for _, e := range a.cfg.Rules.Attack().Entries() {
		if !slices.ContainsFunc(out, func(t TechniqueRow) bool { return t.ID == e.ID }) {
			out = append(out, TechniqueRow{ID: e.ID, V18: e.V18, Name: e.Name, Domain: e.Domain, Tactics: e.Tactics, Protocols: []string{}})
		}
	}
	return out, nil
}

// seen are the techniques that the filter's sessions show, the most frequent first.
func (a *ask) seen(f store.Filter) ([]TechniqueRow, error) {
	list, err := a.db.Techniques(a.ctx, f)
	out := []TechniqueRow{}
	for _, t := range list {
		e, ok := a.cfg.Rules.Attack().Entry(t.ID)
		if !ok { // the store was made by other rules, which overview's state says
			e = attack.Entry{ID: t.ID, Name: t.ID, Domain: "ics", Tactics: []string{}}
		}
		out = append(out, TechniqueRow{t.ID, e.V18, e.Name, e.Domain, e.Tactics, t.Sessions, t.Sources, t.Acts, t.Protocols})
	}
	return out, err
}

func (a *ask) layer() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	if a.cfg.Layer == nil {
		return nil, notWired("Layers cannot be had", "this build does not make them")
	}
	domain, v18 := cmp.Or(a.query.Get("domain"), "ics"), a.query.Get("version") == "18"
	return a.file("application/json", "sundew-"+domain+"-layer.json", func(w io.Writer) error { return a.cfg.Layer(a.ctx, w, f, v18, domain) })
}
