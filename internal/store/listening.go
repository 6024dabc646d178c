package store

import (
	"context"
	"fmt"
	"time"
)

// A Contact is how a service was found: how long it has listened, and when
// strangers first came.
type Contact struct {
	Sensor   string        `json:"sensor"`
	Site     string        `json:"site,omitempty"`
	Persona  string        `json:"persona"`
	Device   string        `json:"device"`
	Service  string        `json:"service"`
	Protocol string        `json:"protocol"`
	Since    time.Time     `json:"since"`
	Listened time.Duration `json:"listened_ns"`
	First    time.Time     `json:"first_visit,omitzero"`
	Scanner  time.Time     `json:"first_scanner,omitzero"` // known research scanner
	Who      string        `json:"scanner,omitempty"`
	Sessions int64         `json:"sessions"`
	Sources  int64         `json:"sources"`
}

// Contacts tells for each service how long it listened within the filter's
// period, and who came first. now ends what still listens.
func (s *Store) Contacts(ctx context.Context, f Filter, now time.Time) ([]Contact, error) {
	w := &where{}
	in(w, "sensor", f.Sensor)
	in(w, "persona", f.Persona)
	in(w, "protocol", f.Protocol)
	rows, err := s.db.QueryContext(ctx, `SELECT sensor, MAX(site), persona, device, service, protocol, boot, since, until FROM listening`+w.String()+
		` GROUP BY sensor, persona, device, service, protocol, boot, since, until ORDER BY sensor, persona, device, service, since`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Contact{}
	var end int64 // of what is counted already: a service may have several addresses
	for rows.Next() {
		var c Contact
		var boot string
		var since, until int64
		if err := rows.Scan(&c.Sensor, &c.Site, &c.Persona, &c.Device, &c.Service, &c.Protocol, &boot, &since, &until); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if until == 0 {
			until = now.UnixNano()
		}
		if n := len(out); n == 0 || !out[n-1].same(&c) {
			c.Since = timeOf(since)
			out = append(out, c)
			end = 0
		}
		from, to := max(since, end), until
		if !f.From.IsZero() {
			from = max(from, f.From.UnixNano())
		}
		if !f.To.IsZero() {
			to = min(to, f.To.UnixNano())
		}
		if to > from {
			out[len(out)-1].Listened += time.Duration(to - from)
			end = to
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, s.firsts(ctx, f, out)
}

func (c *Contact) same(o *Contact) bool {
	return c.Sensor == o.Sensor && c.Persona == o.Persona && c.Device == o.Device && c.Service == o.Service && c.Protocol == o.Protocol
}

// firsts fills in who came.
func (s *Store) firsts(ctx context.Context, f Filter, list []Contact) error {
	for i := range list {
		c := &list[i]
		w := f.sessions()
		w.and("sensor = ? AND persona = ? AND device = ? AND service = ? AND protocol = ?", c.Sensor, c.Persona, c.Device, c.Service, c.Protocol)
		var first int64
		if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MIN(opened), 0), COUNT(*), COUNT(DISTINCT src) FROM sessions`+w.String(), w.args...).Scan(&first, &c.Sessions, &c.Sources); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		if first == 0 {
			continue
		}
		c.First = timeOf(first)
		w.and("scanner <> ''")
		rows, err := s.db.QueryContext(ctx, `SELECT opened, scanner FROM sessions`+w.String()+` ORDER BY opened LIMIT 1`, w.args...)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		for rows.Next() {
			var at int64
			if err := rows.Scan(&at, &c.Who); err != nil {
				rows.Close()
				return fmt.Errorf("store: %w", err)
			}
			c.Scanner = timeOf(at)
		}
		if err := rows.Close(); err != nil {
			return fmt.Errorf("store: %w", err)
		}
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
