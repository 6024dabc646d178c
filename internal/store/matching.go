package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Matching counts the filter's sessions, up to most.
func (s *Store) Matching(ctx context.Context, f Filter, most int) (n int, err error) {
	w := f.sessions()
	err = s.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sessions"+w.String()+" LIMIT "+w.arg(most)+") AS some", w.args...).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("store: %w", err)
	}
	return n, nil
}

// Held is what the store holds, whatever the question.
type Held struct {
	Sessions    int64
	First, Last time.Time // of the sessions' beginnings; zero: none
}

// Held tells what the store holds.
func (s *Store) Held(ctx context.Context) (Held, error) {
	var h Held
	var first, last int64
	if err := s.db.QueryRowContext(ctx, `SELECT (SELECT COALESCE(SUM(sessions), 0) FROM visits), (SELECT COALESCE(MIN(opened), 0) FROM sessions), (SELECT COALESCE(MAX(opened), 0) FROM sessions)`).Scan(&h.Sessions, &first, &last); err != nil {
		return h, fmt.Errorf("store: %w", err)
	}
	if first != 0 {
		h.First, h.Last = timeOf(first), timeOf(last)
	}
	return h, nil
}

// Neighbours are the sessions that began right before and right after one; "" is none.
func (s *Store) Neighbours(ctx context.Context, v *Session) (earlier, later string, err error) {
	at := v.Opened.UnixNano()
	for _, q := range []struct {
		text string
		id   *string
	}{
		{"SELECT id FROM sessions WHERE opened <= $1 AND (opened < $1 OR key < $2) ORDER BY opened DESC, key DESC LIMIT 1", &earlier},
		{"SELECT id FROM sessions WHERE opened >= $1 AND (opened > $1 OR key > $2) ORDER BY opened, key LIMIT 1", &later},
	} {
		err := s.db.QueryRowContext(ctx, q.text, at, v.key).Scan(q.id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return "", "", fmt.Errorf("store: %w", err)
		}
	}
	return earlier, later, nil
}

// RecordedAs says how a session's octets were recorded: "wire", "tls" or "sealed".
func (s *Store) RecordedAs(ctx context.Context, v *Session) (octets string, err error) {
	if err := s.db.QueryRowContext(ctx, "SELECT octets FROM sessions WHERE key = $1", v.key).Scan(&octets); err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return octets, nil
}

// SidesOf are the side sessions of one, in the order in which they began.
func (s *Store) SidesOf(ctx context.Context, v *Session, limit int) ([]Session, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sessions WHERE src = $1 AND opened >= $2 AND parent = $3 ORDER BY opened, key LIMIT $4", address(v.Src), v.Opened.UnixNano(), v.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Session{}
	for rows.Next() {
		x, err := scanSession(rows)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out = append(out, x)
	}
	return out, rows.Err()
}
