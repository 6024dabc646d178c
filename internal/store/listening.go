package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// A Contact is how a service was found: how long it has listened, and when
// strangers first came.
type Contact struct {
	Origin   string        `json:"origin,omitempty"`
	Sensor   string        `json:"sensor"`
	Site     string        `json:"site,omitempty"`
	Persona  string        `json:"persona"`
	Device   string        `json:"device"`
	Service  string        `json:"service"`
	Protocol string        `json:"protocol"`
	Since    time.Time     `json:"since"`
	Before   bool          `json:"listened_before,omitempty"` // the filter's period: what came first in it tells nothing of how long it took
	Listened time.Duration `json:"listened_ns"`
	First    time.Time     `json:"first_visit,omitzero"`
	Scanner  time.Time     `json:"first_scanner,omitzero"` // known research scanner
	Who      string        `json:"scanner,omitempty"`
	Sessions int64         `json:"sessions"`
	Sources  int64         `json:"sources"`
}

// Contacts tells for each service how long it listened within the filter's
// period, and who came first in it. now ends what still listens.
func (s *Store) Contacts(ctx context.Context, f Filter, now time.Time) ([]Contact, error) {
	w := &where{}
	f.place(w)
	spans, err := s.spans(ctx, w, now, `origin, sensor, persona, device, service, protocol, since`)
	if err != nil {
		return nil, err
	}
	out := []Contact{}
	var end int64 // of what is counted already: a service may have several addresses
	first, last := f.period()
	for i := range spans {
		v := &spans[i]
		c := Contact{Origin: v.origin, Sensor: v.sensor, Site: v.site, Persona: v.persona, Device: v.device, Service: v.service, Protocol: v.protocol, Since: timeOf(v.since)}
		if n := len(out); n == 0 || !out[n-1].same(&c) {
			c.Before = v.since < first
			out = append(out, c)
			end = 0
		}
		if from, to := max(v.since, end, first), min(v.until, last); to > from {
			out[len(out)-1].Listened += time.Duration(to - from)
			end = to
		}
	}
	return out, s.firsts(ctx, f, out)
}

// span is a time in which a service listened on one address.
type span struct {
	origin, sensor, site, persona, device, service, protocol string
	since, until                                             int64
	how                                                      string // it ended; "": it is not known to have
}

// silence is after how long a sensor that says nothing is not taken to listen any
// more: it has a heartbeat each hour.
const silence = 75 * time.Minute

// spans lists when services listened. What was not ended goes on until now, or, if
// its boot has been silent for long or is of an imported journal, to its last line.
func (s *Store) spans(ctx context.Context, w *where, now time.Time, order string) ([]span, error) {
	var out []span
	err := each(ctx, s.db, `SELECT origin, sensor, site, persona, device, service, protocol, since, until, COALESCE(last, 0),
		(SELECT COUNT(*) FROM notes WHERE notes.boot = listening.boot AND what = 'stop') FROM listening LEFT JOIN boots ON boots.id = listening.boot`+w.String()+
		" ORDER BY "+order, w.args, func(rows *sql.Rows) error {
		var v span
		var last, stops int64
		if err := rows.Scan(&v.origin, &v.sensor, &v.site, &v.persona, &v.device, &v.service, &v.protocol, &v.since, &v.until, &last, &stops); err != nil {
			return err
		}
		switch {
		case v.until != 0 && stops > 0:
			v.how = "stop"
		case v.until != 0:
			v.how = "crash"
		case last > 0 && (v.origin != "" || now.Sub(timeOf(last)) > silence):
			v.until, v.how = max(last, v.since), "silence"
		default:
			v.until = now.UnixNano()
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

// After is how long after it began to listen a service was visited, at First or by
// a Scanner; ok is false where it was not, or listened before the period.
func (c *Contact) After(visit time.Time) (took time.Duration, ok bool) {
	if visit.IsZero() || c.Before {
		return 0, false
	}
	return max(0, visit.Sub(c.Since)), true
}

func (c *Contact) same(o *Contact) bool {
	return c.Origin == o.Origin && c.Sensor == o.Sensor && c.Persona == o.Persona && c.Device == o.Device && c.Service == o.Service && c.Protocol == o.Protocol
}

// found is when a service was first visited: the hour, and the hour by a scanner.
type found struct {
	places []uint32
	first  int64
	known  int64
}

// firsts fills in who came.
func (s *Store) firsts(ctx context.Context, f Filter, list []Contact) error {
	all := make([]found, len(list))
	var of []int // by place: which of the list, plus one
	var d distinct
	m, err := s.sums(ctx, f)
	if err != nil {
		return err
	}
	for i, p := range m.names.places {
		of = append(of, 1+slices.IndexFunc(list, func(c Contact) bool {
			return c.same(&Contact{Origin: p.origin, Sensor: p.sensor, Persona: p.persona, Device: p.device, Service: p.service, Protocol: p.protocol})
		}))
		if k := of[i]; k > 0 {
			all[k-1].places = append(all[k-1].places, uint32(i))
		}
	}
	for k := range m.list {
		g := &m.list[k]
		i := of[g.visit.place] - 1
		if i < 0 {
			continue
		}
		list[i].Sessions += g.sessions
		d.add(i, g.visit.source)
		x := &all[i]
		if x.first == 0 || g.first < x.first {
			x.first = g.first
		}
		if (x.known == 0 || g.first < x.known) && m.names.networks[g.visit.network].Scanner != "" {
			x.known = g.first
		}
	}
	for i := range list {
		c, x := &list[i], &all[i]
		c.Sources = d.of(i)
		if x.first == 0 {
			continue
		}
		if c.First, _, err = s.ends(ctx, f, x.first, func(w *where) { in(w, "place", x.places) }); err != nil {
			return err
		}
		if x.known == 0 {
			continue
		}
		if err := s.firstScanner(ctx, f, c, x); err != nil {
			return err
		}
	}
	return nil
}

// firstScanner finds the first visit of a known scanner within its hour.
func (s *Store) firstScanner(ctx context.Context, f Filter, c *Contact, x *found) error {
	if h := timeOf(x.known); f.From.Before(h) {
		f.From = h
	}
	if h := timeOf(x.known).Add(unitHour); f.To.IsZero() || h.Before(f.To) {
		f.To = h
	}
	w := f.sessions()
	in(w, "place", x.places)
	err := each(ctx, s.db, `SELECT opened, scanner FROM (SELECT opened, key AS session, network AS of FROM sessions`+w.String()+`) AS visits
		JOIN networks ON networks.key = of WHERE scanner <> '' ORDER BY opened, session LIMIT 1`, w.args, func(rows *sql.Rows) error {
		var at int64
		err := rows.Scan(&at, &c.Who)
		c.Scanner = timeOf(at)
		return err
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// A Note is a line about the sensor itself that limits what can be concluded.
type Note struct {
	At     time.Time `json:"at"`
	Sensor string    `json:"sensor"`
	What   string    `json:"what"`
	Detail string    `json:"detail"`
}

// Limits lists what was lost, refused or taken away in the period: lines of drop,
// limit, lost, retention and redact, and steps of the clock.
func (s *Store) Limits(ctx context.Context, f Filter, limit int) ([]Note, error) {
	w := &where{}
	if !f.From.IsZero() {
		w.and("at >= ?", f.From.UnixNano())
	}
	if !f.To.IsZero() {
		w.and("at < ?", f.To.UnixNano())
	}
	in(w, "origin", f.Origin)
	in(w, "sensor", f.Sensor)
	in(w, "what", []string{"drop", "limit", "lost", "retention", "redact", "clock", "refused"})
	rows, err := s.db.QueryContext(ctx, `SELECT at, sensor, what, detail FROM notes`+w.String()+` ORDER BY at LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Note{}
	for rows.Next() {
		var n Note
		var at int64
		if err := rows.Scan(&at, &n.Sensor, &n.What, &n.Detail); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		n.At = timeOf(at)
		out = append(out, n)
	}
	return out, rows.Err()
}
