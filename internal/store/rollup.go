package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// rollup is what readers remember of the table hours, and of the tables that its
// numbers stand for.
type rollup struct {
	mu    sync.Mutex
	parts []*part // the latest parts of hours
	sums  []*sums // of the latest filters
	acts  struct {
		from, to int64
		stamp    string
		list     []doing
	}
	traces struct {
		stamp string
		list  []traceLeft
	}
	things   map[int64]hourly // by hour
	clusters struct {
		stamp string
		of    map[string][]analysis.Cluster // by what was asked
	}
	names  names
	adding map[string]chan struct{} // what is being added up, by what was asked; closed when it ends
}

// names are what numbers stand for, by number.
type names struct {
	stamp      string // of the roll-up when they were read
	places     []place
	networks   []analysis.Source
	verdicts   []verdict
	operations []operation
}

// know says whether a group is not newer than the names.
func (n *names) know(v *visit) bool {
	return int(v.place) < len(n.places) && int(v.network) < len(n.networks) && int(v.verdict) < len(n.verdicts)
}

// doing is what was done of one kind in an hour.
type doing struct {
	at               int64
	place, operation uint32
	acts             int64
}

// maxDoings bounds how many are remembered: 24 octets each.
const maxDoings = 200_000

// window is what was done in the hours of a period, in order.
func (s *Store) window(ctx context.Context, from, to int64) ([]doing, *names, error) {
	u := &s.rollup
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, nil, err
	}
	u.mu.Lock()
	known := u.acts
	u.mu.Unlock()
	list := known.list
	if known.stamp == "" || known.stamp != stamp || known.from != from || known.to != to {
		list = make([]doing, 0, len(known.list))
		err := each(ctx, s.db, `SELECT hour, acts FROM hours WHERE hour >= $1 AND hour < $2 ORDER BY hour, part`, []any{from, to}, func(rows *sql.Rows) error {
			var at int64
			var acts sql.RawBytes
			if err := rows.Scan(&at, &acts); err != nil {
				return err
			}
			return unpackActs(acts, func(a action, v volume) { list = append(list, doing{at, a.place, a.operation, v.acts}) })
		})
		if err != nil {
			return nil, nil, err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(list) <= maxDoings {
		u.acts.from, u.acts.to, u.acts.stamp, u.acts.list = from, to, stamp, list
	}
	n, err := s.learn(ctx)
	return list, n, err
}

// known is all names there are.
func (s *Store) known(ctx context.Context) (*names, error) {
	s.rollup.mu.Lock()
	defer s.rollup.mu.Unlock()
	return s.learn(ctx)
}

// learn is all names there are: it reads what has become known since it read
// last. With a new one the roll-up changes. The caller holds the lock.
func (s *Store) learn(ctx context.Context) (*names, error) {
	n := s.rollup.names
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, err
	}
	if n.stamp != stamp || n.places == nil {
		if err := s.learnAll(ctx, &n); err != nil {
			return nil, err
		}
		n.stamp = stamp
		s.rollup.names = n
	}
	return &n, nil
}

func (s *Store) learnAll(ctx context.Context, n *names) (err error) {
	if n.places, err = learnMore(ctx, s.db, n.places, "places", placeColumns, scanPlace); err != nil {
		return err
	}
	if n.networks, err = learnMore(ctx, s.db, n.networks, "networks", networkFields, scanNetwork); err != nil {
		return err
	}
	if n.verdicts, err = learnMore(ctx, s.db, n.verdicts, "verdicts", verdictColumns, scanVerdict); err != nil {
		return err
	}
	n.operations, err = learnMore(ctx, s.db, n.operations, "operations", operationColumns, scanOperation)
	return err
}

func learnMore[T any](ctx context.Context, db querier, have []T, table, columns string, scan func(*T) []any) ([]T, error) {
	if len(have) == 0 {
		have = make([]T, 1) // numbers begin with 1
	}
	have = slices.Clip(have) // others may be reading it
	err := each(ctx, db, "SELECT key, "+columns+" FROM "+table+" WHERE key >= $1 ORDER BY key", []any{len(have)}, func(rows *sql.Rows) error {
		var key int
		var v T
		if err := rows.Scan(append([]any{&key}, scan(&v)...)...); err != nil {
			return err
		}
		for len(have) < key {
			have = append(have, *new(T))
		}
		have = append(have, v)
		return nil
	})
	return have, err
}
