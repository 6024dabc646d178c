package store

import (
	"context"
	"fmt"
	"time"
)

// LabelSessions counts the filter's sessions of one label.
func (s *Store) LabelSessions(ctx context.Context, f Filter, label string) (n int64, err error) {
	q, w := "SELECT COUNT(*) FROM sessions", (*where)(nil)
	if f.coarse() && f.wholeHours() {
		w = &where{}
		f.common(w, "hour", time.Hour)
		q = "SELECT COALESCE(SUM(sessions), 0) FROM findings"
	} else {
		w = f.sessions()
	}
	w.and("label = ?", label)
	if err := s.db.QueryRowContext(ctx, q+w.String(), w.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return n, nil
}

// FilesIn counts the different files that the filter's visitors brought.
func (s *Store) FilesIn(ctx context.Context, f Filter) (n int64, err error) {
	w := f.sessions()
	if err := s.db.QueryRowContext(ctx, "SELECT COUNT(DISTINCT sha256) FROM artifacts JOIN sessions ON sessions.key = artifacts.session"+w.String(), w.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return n, nil
}

// Listened is how long services listened within the filter's period, all
// together. now ends what still listens.
func (s *Store) Listened(ctx context.Context, f Filter, now time.Time) (time.Duration, error) {
	w := &where{}
	in(w, "sensor", f.Sensor)
	in(w, "persona", f.Persona)
	in(w, "protocol", f.Protocol)
	rows, err := s.db.QueryContext(ctx, `SELECT sensor, persona, device, service, protocol, since, until FROM listening`+w.String()+
		` GROUP BY sensor, persona, device, service, protocol, since, until ORDER BY sensor, persona, device, service, protocol, since`, w.args...)
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	type who struct{ sensor, persona, device, service, protocol string }
	var last who
	var sum time.Duration
	var end int64 // of what is counted already: a service may have several addresses
	for rows.Next() {
		var v who
		var since, until int64
		if err := rows.Scan(&v.sensor, &v.persona, &v.device, &v.service, &v.protocol, &since, &until); err != nil {
			return 0, fmt.Errorf("store: %w", err)
		}
		if v != last {
			last, end = v, 0
		}
		if until == 0 {
			until = now.UnixNano()
		}
		from, to := max(since, end), until
		if !f.From.IsZero() {
			from = max(from, f.From.UnixNano())
		}
		if !f.To.IsZero() {
			to = min(to, f.To.UnixNano())
		}
		if to > from {
			sum += time.Duration(to - from)
			end = to
		}
	}
	return sum, rows.Err()
}

// Services counts the services that have listened, and those that the journal
// leaves listening.
func (s *Store) Services(ctx context.Context) (all, open int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(open), 0) FROM (SELECT MAX(CASE WHEN until = 0 THEN 1 ELSE 0 END) AS open FROM listening GROUP BY sensor, persona, device, service, protocol) AS services`).Scan(&all, &open)
	if err != nil {
		return 0, 0, fmt.Errorf("store: %w", err)
	}
	return all, open, nil
}

// A Service names one that listens.
type Service struct{ Sensor, Persona, Device, Service, Protocol string }

// Listening are the services that the journal leaves listening: their sensor runs,
// or has ended without a word.
func (s *Store) Listening(ctx context.Context) (map[Service]time.Time, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT sensor, persona, device, service, protocol, MAX(since) FROM listening WHERE until = 0 GROUP BY sensor, persona, device, service, protocol`)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := map[Service]time.Time{}
	for rows.Next() {
		var v Service
		var since int64
		if err := rows.Scan(&v.Sensor, &v.Persona, &v.Device, &v.Service, &v.Protocol, &since); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out[v] = timeOf(since)
	}
	return out, rows.Err()
}
