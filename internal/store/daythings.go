package store

import (
	"context"
	"database/sql"
	"math"
	"slices"
)

// owner is whose session it is, and where.
type owner struct{ place, source uint32 }

// owners are those of the sessions that began in a time, and the least and the greatest
// of their keys.
func (s *Store) owners(ctx context.Context, from, to int64) (of map[int64]owner, low, high int64, err error) {
	of, low = map[int64]owner{}, math.MaxInt64
	err = each(ctx, s.db, `SELECT key, place, source FROM sessions WHERE opened >= $1 AND opened < $2`, []any{from, to}, func(rows *sql.Rows) error {
		var key int64
		var o owner
		err := rows.Scan(&key, &o.place, &o.source)
		of[key] = o
		low, high = min(low, key), max(high, key)
		return err
	})
	return of, low, high, err
}

// scattered is how many keys there may be for each session, where what hangs on them is
// read in their order and not session by session.
const scattered = 4

// ofSessions asks for what hangs on the sessions of a time: columns of a table that has
// the session as its key.
func (s *Store) ofSessions(ctx context.Context, from, to int64, table, columns string, of map[int64]owner, low, high int64, do func(*sql.Rows) error) error {
	if len(of) == 0 {
		return nil
	}
	if high-low < scattered*int64(len(of)) {
		return each(ctx, s.db, "SELECT session, "+columns+" FROM "+table+" WHERE session >= $1 AND session <= $2", []any{low, high}, do)
	}
	return each(ctx, s.db, "SELECT session, "+columns+" FROM sessions JOIN "+table+" ON session = sessions.key WHERE opened >= $1 AND opened < $2", []any{from, to}, do)
}

// digestThings packs what the sessions had to do with that began in a time: of some of
// the ledgers, or of all. errLarge: it is too much.
func (s *Store) digestThings(ctx context.Context, from, to int64, which ...int) (map[int][]byte, error) {
	if which == nil {
		which = []int{digestPairs, digestAims, digestValues, digestFiles}
	}
	of, low, high, err := s.owners(ctx, from, to)
	if err != nil {
		return nil, err
	}
	out := map[int][]byte{}
	for what, table := range map[int]tableOf{digestPairs: {"credentials", "username, secret, method", "accepted"}, digestFiles: {"artifacts", "sha256, name, kind", "size"}} {
		if !slices.Contains(which, what) {
			continue
		}
		l := newLedger(from)
		if err := s.enter(ctx, from, to, table, of, low, high, l); err != nil {
			return nil, err
		}
		if out[what], err = l.pack(); err != nil {
			return nil, err
		}
	}
	ledgers := map[int]*ledger{}
	for _, what := range []int{digestAims, digestValues} {
		if slices.Contains(which, what) {
			ledgers[what] = newLedger(from)
		}
	}
	if len(ledgers) > 0 {
		err = s.enterActs(ctx, from, to, of, low, high, ledgers)
	}
	for what, l := range ledgers {
		if err == nil {
			out[what], err = l.pack()
		}
	}
	return out, err
}

// tableOf is a table whose rows have a key of three texts, and a number: of pairs whether
// it was accepted, of files their size.
type tableOf struct{ table, key, number string }

// enter enters such rows into a ledger.
func (s *Store) enter(ctx context.Context, from, to int64, rows tableOf, of map[int64]owner, low, high int64, l *ledger) error {
	var b []byte
	return s.ofSessions(ctx, from, to, rows.table, "at, "+rows.key+", "+rows.number, of, low, high, func(rows *sql.Rows) error {
		var session, at, n int64
		var x, y, z sql.RawBytes
		if err := rows.Scan(&session, &at, &x, &y, &z, &n); err != nil {
			return err
		}
		o, ok := of[session]
		if !ok {
			return nil
		}
		b = keyOf(b[:0], x, y, z)
		return l.add(b, deal{place: o.place, source: o.source, n: 1, hits: n, first: at, last: at})
	})
}

// enterActs enters acts into the ledgers of aims and of values.
func (s *Store) enterActs(ctx context.Context, from, to int64, of map[int64]owner, low, high int64, ledgers map[int]*ledger) error {
	n, err := s.known(ctx)
	if err != nil {
		return err
	}
	changes := mask(n.operations, func(o operation) bool { return slices.Contains(writing(), o.class) })
	aims, values := ledgers[digestAims], ledgers[digestValues]
	var key []byte
	return s.ofSessions(ctx, from, to, "acts", "operation, target_kind, target, value, count, at", of, low, high, func(rows *sql.Rows) error {
		var session, count, at int64
		var operation uint32
		var kind, target, value sql.RawBytes
		if err := rows.Scan(&session, &operation, &kind, &target, &value, &count, &at); err != nil {
			return err
		}
		o, ok := of[session]
		if !ok {
			return nil
		}
		d := deal{place: o.place, operation: operation, source: o.source, n: count, first: from, last: from}
		if aims != nil {
			key = keyOf(key[:0], kind, target)
			if err := aims.add(key, d); err != nil {
				return err
			}
		}
		if values != nil && len(value) > 0 && int(operation) < len(changes) && changes[operation] {
			key = keyOf(key[:0], kind, target, value)
			d.first, d.last, d.session = at, at, session
			return values.add(key, d)
		}
		return nil
	})
}
