package web

import (
	"encoding/json"
	"time"

	"github.com/sundew-ics/sundew/internal/store"
)

// state says why there may be nothing to see.
type state struct {
	Mode      string    `json:"mode"`
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
	Sessions  int64     `json:"sessions"`
	Listeners int       `json:"listeners"`
	Listening int       `json:"listening"`
	Behind    *int64    `json:"behind,omitempty"`
	Versions  string    `json:"versions"`
	Stale     string    `json:"stale,omitempty"`
}

func (a *ask) state() (state, error) {
	v := state{Mode: a.mode()}
	h, err := a.db.Totals(a.ctx, store.Filter{})
	if err != nil {
		return v, err
	}
	v.First, v.Last, v.Sessions = h.First, h.Last, h.Sessions
	if v.Versions, err = a.db.Versions(a.ctx); err != nil {
		return v, err
	}
	if a.cfg.Versions != nil && v.Versions != "" && v.Versions != a.cfg.Versions() {
		v.Stale = "the store was made by other rules or data than this build's: `sundew reindex` makes it anew"
	}
	if a.cfg.Behind != nil {
		n := a.cfg.Behind()
		v.Behind = &n
	}
	if a.cfg.Running != nil {
		for _, l := range a.cfg.Running.Health().Listeners {
			v.Listeners++
			if l.Up {
				v.Listening++
			}
		}
		return v, nil
	}
	services, err := a.db.Listening(a.ctx)
	v.Listeners = len(services)
	for _, open := range services {
		if open {
			v.Listening++
		}
	}
	return v, err
}

// synthetic are the sensors whose data are made up.
func (a *ask) synthetic() ([]string, error) { return a.db.Synthetic(a.ctx, store.Filter{}) }

// note is a line about the sensor itself that limits what can be concluded.
type note struct {
	At     time.Time       `json:"at"`
	Sensor string          `json:"sensor"`
	What   string          `json:"what"`
	Detail json.RawMessage `json:"detail"`
}

func (a *ask) notes(f store.Filter, limit int) ([]note, error) {
	list, err := a.db.Limits(a.ctx, f, limit)
	out := []note{}
	for _, n := range list {
		d := json.RawMessage(n.Detail)
		if !json.Valid(d) || len(d) == 0 || d[0] != '{' {
			d = json.RawMessage("{}")
		}
		out = append(out, note{n.At, n.Sensor, n.What, d})
	}
	return out, err
}
