package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// FilesIn counts the different files that the filter's visitors brought.
func (s *Store) FilesIn(ctx context.Context, f Filter) (n int64, err error) {
	a, err := s.accounts(ctx, f, digestFiles)
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	if a != nil {
		return a.files()
	}
	w := f.sessions()
	q := "SELECT COUNT(DISTINCT sha256) FROM artifacts" // few: each one's session is looked at
	if w.text.Len() > 0 {
		q += " CROSS JOIN sessions" + w.String() + " AND sessions.key = artifacts.session"
	}
	if err := s.db.QueryRowContext(ctx, q, w.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return n, nil
}

// files counts the hashes.
func (a *accounts) files() (n int64, err error) {
	last := ""
	err = a.each(func(key []byte, groups []packedGroup) error {
		sum := textsOf(key)[0]
		for i := range groups {
			times, _, _, err := a.sum(&groups[i])
			if err != nil {
				return err
			}
			if times > 0 && sum != last {
				n++
				last = sum
			}
		}
		return nil
	})
	return n, err
}

// A Service names one that listens.
type Service struct{ Origin, Sensor, Persona, Device, Service, Protocol string }

// Listened is how long each service listened within the filter's period. now ends
// what still listens.
func (s *Store) Listened(ctx context.Context, f Filter, now time.Time) (map[Service]time.Duration, error) {
	w := &where{}
	f.place(w)
	out := map[Service]time.Duration{}
	var last Service
	var end int64 // of what is counted already: a service may have several addresses
	err := each(ctx, s.db, `SELECT origin, sensor, persona, device, service, protocol, since, until FROM listening`+w.String()+
		` GROUP BY origin, sensor, persona, device, service, protocol, since, until ORDER BY origin, sensor, persona, device, service, protocol, since`, w.args, func(rows *sql.Rows) error {
		var v Service
		var since, until int64
		if err := rows.Scan(&v.Origin, &v.Sensor, &v.Persona, &v.Device, &v.Service, &v.Protocol, &since, &until); err != nil {
			return err
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
			out[v] += time.Duration(to - from)
			end = to
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

// Listening tells of all services that have listened which ones the journal leaves
// listening: their sensor runs, or has ended without a word.
func (s *Store) Listening(ctx context.Context) (map[Service]bool, error) {
	out := map[Service]bool{}
	err := each(ctx, s.db, `SELECT origin, sensor, persona, device, service, protocol, MAX(CASE WHEN until = 0 THEN 1 ELSE 0 END) FROM listening
		GROUP BY origin, sensor, persona, device, service, protocol`, nil, func(rows *sql.Rows) error {
		var v Service
		var open int
		err := rows.Scan(&v.Origin, &v.Sensor, &v.Persona, &v.Device, &v.Service, &v.Protocol, &open)
		out[v] = open == 1
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}
