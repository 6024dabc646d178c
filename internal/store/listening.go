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

// firsts fills in who came.
func (s *Store) firsts(ctx context.Context, f Filter, list []Contact) error {
	m, err := s.sums(ctx, f)
	if err != nil {
		return err
	}
	sources, firsts, known := make([]set, len(list)), make([]int64, len(list)), make([]int64, len(list))
	of := make([]int, len(m.places)) // by place: which of the list
	for i := range m.places {
		p, x := m.names.places[i], &m.places[i]
		of[i] = -1
		if x.sessions == 0 {
			continue
		}
		k := slices.IndexFunc(list, func(c Contact) bool {
			return c.same(&Contact{Origin: p.origin, Sensor: p.sensor, Persona: p.persona, Device: p.device, Service: p.service, Protocol: p.protocol})
		})
		if of[i] = k; k < 0 {
			continue
		}
		list[k].Sessions += x.sessions
		sources[k].unite(&x.sources)
		firsts[k], known[k] = earlier(firsts[k], x.first), earlier(known[k], x.known)
	}
	for i := range list {
		list[i].Sources = sources[i].len()
	}
	for _, at := range hoursOf(firsts) {
		if err := s.firstsIn(ctx, f, at, list, firsts, of); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	for _, at := range hoursOf(known) {
		if err := s.scannersIn(ctx, f, at, m.names, list, known, of); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return nil
}

// hoursOf are the hours that there are in a list; 0 is none.
func hoursOf(list []int64) []int64 {
	hours := slices.Sorted(slices.Values(list))
	return slices.DeleteFunc(slices.Compact(hours), func(at int64) bool { return at == 0 })
}

// firstsIn says when those services were first visited that firsts has in an hour.
func (s *Store) firstsIn(ctx context.Context, f Filter, at int64, list []Contact, firsts []int64, of []int) error {
	for i := range list {
		if firsts[i] == at {
			list[i].First = timeOf(at) // of an hour whose sessions may have gone
		}
	}
	details, err := s.number(ctx, metaDetails)
	if err != nil || at < details {
		return err
	}
	w := f.within(at)
	return each(ctx, s.db, `SELECT place, MIN(opened) FROM sessions`+w.String()+` GROUP BY place ORDER BY 2 DESC`, w.args, func(rows *sql.Rows) error {
		var place uint32
		var opened int64
		if err := rows.Scan(&place, &opened); err != nil {
			return err
		}
		if int(place) < len(of) && of[place] >= 0 && firsts[of[place]] == at {
			list[of[place]].First = timeOf(opened)
		}
		return nil
	})
}

// scannersIn says who of the known scanners came first to those services that known
// has in an hour.
func (s *Store) scannersIn(ctx context.Context, f Filter, at int64, n *names, list []Contact, known []int64, of []int) error {
	w := f.within(at)
	w.sub("network", "networks", func(w *where) { w.and("scanner <> ''") })
	return each(ctx, s.db, `SELECT place, opened, network FROM sessions`+w.String()+` ORDER BY opened, key`, w.args, func(rows *sql.Rows) error {
		var place, network uint32
		var opened int64
		if err := rows.Scan(&place, &opened, &network); err != nil {
			return err
		}
		if int(place) >= len(of) || of[place] < 0 || int(network) >= len(n.networks) {
			return nil
		}
		if c := &list[of[place]]; known[of[place]] == at && c.Who == "" {
			c.Scanner, c.Who = timeOf(opened), n.networks[network].Scanner
		}
		return nil
	})
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
