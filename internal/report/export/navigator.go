package export

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/analysis/attack"
	"github.com/sundew-ics/sundew/internal/store"
)

// LayerOptions say which matrix a layer is of.
type LayerOptions struct {
	Domain string // "ics" or "enterprise"
	V18    bool   // ids of release 18
}

// layer is version 4.5 of the Navigator's format, as far as we use it.
type layer struct {
	Name        string           `json:"name"`
	Versions    layerVersions    `json:"versions"`
	Domain      string           `json:"domain"`
	Description string           `json:"description"`
	Techniques  []layerTechnique `json:"techniques"`
	Gradient    layerGradient    `json:"gradient"`
	Legend      []layerLegend    `json:"legendItems"`
	Metadata    []layerData      `json:"metadata"`
}

type layerVersions struct {
	Attack    string `json:"attack"`
	Navigator string `json:"navigator"`
	Layer     string `json:"layer"`
}

type layerTechnique struct {
	ID       string      `json:"techniqueID"`
	Score    int64       `json:"score"`
	Comment  string      `json:"comment"`
	Enabled  bool        `json:"enabled"`
	ShowSubs bool        `json:"showSubtechniques"`
	Metadata []layerData `json:"metadata"`
}

type layerGradient struct {
	Colors []string `json:"colors"`
	Min    int64    `json:"minValue"`
	Max    int64    `json:"maxValue"`
}

type layerLegend struct {
	Label string `json:"label"`
	Color string `json:"color"`
}

type layerData struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Layer writes an ATT&CK Navigator layer: each technique's score is the number
// of sessions that prove it.
func (j *Job) Layer(ctx context.Context, w io.Writer, o LayerOptions) error {
	list, err := j.Store.Techniques(ctx, j.Filter)
	if err != nil {
		return err
	}
	l := layer{
		Name:     "Sundew: techniques by sessions",
		Versions: layerVersions{attack.Version, "5.1.0", "4.5"},
		Domain:   o.Domain + "-attack",
		Legend:   []layerLegend{}, Techniques: []layerTechnique{},
		Gradient: layerGradient{Colors: []string{"#ffffff", "#f2b134", "#b3261e"}, Max: 1},
	}
	if o.V18 {
		l.Versions.Attack = "18"
	}
	left := 0
	for _, t := range list {
		e, ok := j.Rules.Attack().Entry(t.ID)
		if !ok {
			continue
		}
		if e.Domain != o.Domain {
			left++
			continue
		}
		l.add(t, e, o.V18)
	}
	l.Description = fmt.Sprintf("What octets of visitors' sessions prove; attempts, whatever became of them. Score: sessions. %d techniques of the other matrix are left out.", left)
	slices.SortFunc(l.Techniques, func(a, b layerTechnique) int { return strings.Compare(a.ID, b.ID) })
	versions, err := j.Store.Versions(ctx)
	if err != nil {
		return err
	}
	l.Metadata = []layerData{{"made by", "sundew"}, {"versions", versions}}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(l)
}

// add takes a technique in. Two that were one in release 18 get the greater score.
func (l *layer) add(t store.Technique, e attack.Entry, v18 bool) {
	id := t.ID
	if v18 && e.V18 != "" {
		id = e.V18
	}
	l.Gradient.Max = max(l.Gradient.Max, t.Sessions)
	for i := range l.Techniques {
		if l.Techniques[i].ID == id {
			l.Techniques[i].Score = max(l.Techniques[i].Score, t.Sessions)
			return
		}
	}
	l.Techniques = append(l.Techniques, layerTechnique{
		ID: id, Score: t.Sessions, Enabled: true, ShowSubs: strings.Contains(id, "."),
		Comment:  fmt.Sprintf("%d sessions of %d sources, %d acts, over %s", t.Sessions, t.Sources, t.Acts, strings.Join(t.Protocols, ", ")),
		Metadata: []layerData{{"sources", fmt.Sprint(t.Sources)}, {"acts", fmt.Sprint(t.Acts)}},
	})
}
