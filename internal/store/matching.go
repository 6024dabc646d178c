package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Generation changes whenever what the store counts does.
func (s *Store) Generation(ctx context.Context) (string, error) { return s.meta(ctx, metaStamp) }

// Counted says whether the roll-up knows how many sessions the filter lets through.
func (f *Filter) Counted() bool { return !f.ofRows() && f.Print == "" && f.Session == "" }

// Matching counts the filter's sessions, which must be Counted.
func (s *Store) Matching(ctx context.Context, f Filter) (n int, err error) {
	_, err = s.groups(ctx, f, func(_ *names, _ int64, v *visit, _ []int32) { n += int(v.sessions) })
	return n, err
}

// A SourceSet is who came, by the store's own numbers.
type SourceSet struct{ set set }

// SourceSet is the set of those that the filter lets through.
func (s *Store) SourceSet(ctx context.Context, f Filter) (*SourceSet, error) {
	m, err := s.sums(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &SourceSet{}
	for source := range m.sources.all() {
		out.set.add(source)
	}
	return out, nil
}

// Len is how many there are.
func (s *SourceSet) Len() int64 { return s.set.len() }

// Common is how many both have.
func (s *SourceSet) Common(o *SourceSet) int64 { return s.set.common(&o.set) }

// Alone is how many no other has.
func (s *SourceSet) Alone(others ...*SourceSet) int64 {
	var all set
	for _, o := range others {
		all.unite(&o.set)
	}
	return s.set.len() - s.set.common(&all)
}

// Neighbours are the sessions that began right before and right after one; "" is none.
func (s *Store) Neighbours(ctx context.Context, v *Session) (earlier, later string, err error) {
	at := v.Opened.UnixNano()
	for _, q := range []struct {
		text string
		id   *string
	}{
		{"SELECT id FROM sessions WHERE opened <= $1 AND (opened < $2 OR key < $3) ORDER BY opened DESC, key DESC LIMIT 1", &earlier},
		{"SELECT id FROM sessions WHERE opened >= $1 AND (opened > $2 OR key > $3) ORDER BY opened, key LIMIT 1", &later},
	} {
		err := s.db.QueryRowContext(ctx, q.text, at, at, v.key).Scan(q.id)
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
	out := []Session{}
	err := each(ctx, s.db, sessionQuery+" WHERE sessions.source = (SELECT key FROM sources WHERE addr = $1) AND opened >= $2 AND parent = $3 ORDER BY opened, sessions.key LIMIT $4",
		[]any{address(v.Src), v.Opened.UnixNano(), v.ID, limit}, func(rows *sql.Rows) error {
			x, err := scanSession(rows)
			out = append(out, x)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}
