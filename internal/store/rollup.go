package store

import (
	"context"
	"database/sql"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// rollup is what readers remember of the table hours, unpacked, with the tables
// that its numbers stand for. It is kept as long as the database has not changed.
type rollup struct {
	mu     sync.Mutex
	hours  map[int64]*unpacked
	groups int // in all of them
	listed struct {
		from, to int64
		stamp    string
		hours    []*unpacked
	}
	parts []*unpacked // the latest parts of hours
	sums  []*sums     // of the latest filters
	pairs struct {    // who left which traces
		stamp string
		list  []pair
	}
	names names
}

// maxGroups bounds what is remembered: 24 octets each.
const maxGroups = 1_500_000

// names are what numbers stand for, by number.
type names struct {
	stamp      string // of the roll-up when they were read
	places     []place
	networks   []analysis.Source
	verdicts   []verdict
	operations []operation
}

// unpacked is an hour's roll-up, or what falls into a part of the hour.
type unpacked struct {
	at, stamp int64
	end       int64 // of a part of an hour
	visits    []visit
	proven    []int32 // of all visits, one after another
	acts      []doing
}

// visit is a group of sessions: techniques of its verdict are as many as proven.
type visit struct {
	source, network, verdict uint32
	place, proven            uint16
	sessions, acts           int32
}

// narrow is a number as it is remembered: an imported journal may say of a session
// that it had more acts than any has.
func narrow(n int64) int32 { return int32(max(math.MinInt32, min(n, math.MaxInt32))) }

type doing struct {
	action
	volume
}

// window is the hours, or parts of hours, of a period, in order.
func (s *Store) window(ctx context.Context, from, to int64) ([]*unpacked, *names, error) {
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, nil, err
	}
	if u.listed.hours == nil || u.listed.stamp != stamp || u.listed.from != from || u.listed.to != to {
		hours, err := s.unpack(ctx, from, to)
		if err != nil {
			return nil, nil, err
		}
		u.listed.from, u.listed.to, u.listed.stamp, u.listed.hours = from, to, stamp, hours
	}
	n, err := s.learn(ctx)
	return u.listed.hours, n, err
}

// unpack reads the whole hours of a period.
func (s *Store) unpack(ctx context.Context, from, to int64) ([]*unpacked, error) {
	u := &s.rollup
	var list []*unpacked
	missing, first, last := 0, int64(math.MaxInt64), int64(0)
	err := each(ctx, s.db, `SELECT hour, MAX(stamp) FROM hours WHERE hour >= $1 AND hour < $2 GROUP BY hour ORDER BY hour`, []any{from, to}, func(rows *sql.Rows) error {
		h := &unpacked{}
		if err := rows.Scan(&h.at, &h.stamp); err != nil {
			return err
		}
		if have := u.hours[h.at]; have != nil && have.stamp == h.stamp {
			h = have
		} else {
			missing++
			first, last = min(first, h.at), max(last, h.at)
			h.stamp = 0
		}
		list = append(list, h)
		return nil
	})
	if err != nil || missing == 0 {
		return list, err
	}
	by := make(map[int64]*unpacked, len(list))
	for _, h := range list {
		if h.stamp == 0 {
			by[h.at] = h
		}
	}
	var parts []*hour
	err = each(ctx, s.db, `SELECT hour, stamp, visits, acts FROM hours WHERE hour >= $1 AND hour <= $2 ORDER BY hour, part`, []any{first, last}, func(rows *sql.Rows) error {
		var at, stamp int64
		var visits, acts sql.RawBytes
		if err := rows.Scan(&at, &stamp, &visits, &acts); err != nil {
			return err
		}
		h := by[at]
		if h == nil {
			return nil
		}
		if h.stamp != 0 { // a further part: parts are added up
			parts = append(parts, &hour{at: at})
		}
		h.stamp = max(h.stamp, stamp)
		return h.add(visits, acts)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		by[p.at].merge()
	}
	u.remember(by)
	return list, nil
}

// remember keeps unpacked hours, as many of the newest as there is room for.
func (u *rollup) remember(by map[int64]*unpacked) {
	if u.hours == nil {
		u.hours = map[int64]*unpacked{}
	}
	for at := range by {
		if old := u.hours[at]; old != nil {
			u.groups -= len(old.visits)
			delete(u.hours, at)
		}
	}
	oldest := slices.Sorted(maps.Keys(u.hours))
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(by))) {
		h := by[at]
		for u.groups+len(h.visits) > maxGroups && len(oldest) > 0 && oldest[0] < at {
			u.groups -= len(u.hours[oldest[0]].visits)
			delete(u.hours, oldest[0])
			oldest = oldest[1:]
		}
		if u.groups+len(h.visits) > maxGroups {
			return
		}
		u.hours[at] = h
		u.groups += len(h.visits)
	}
}

// add unpacks a part of the hour.
func (h *unpacked) add(visits, acts []byte) error {
	h.visits = slices.Grow(h.visits, len(visits)/7)
	h.proven = slices.Grow(h.proven, len(visits)/32)
	u := unpacker{b: visits}
	source := uint32(0)
	for len(u.b) > 0 { // as unpackVisits, which takes half as long again
		source += u.uint()
		v := visit{source: source, place: uint16(u.uint()), network: u.uint(), verdict: u.uint(), sessions: narrow(u.int()), acts: narrow(u.int())}
		for n := u.uint(); n > 0 && !u.bad; n-- {
			h.proven = append(h.proven, narrow(u.int()))
			v.proven++
		}
		if u.bad {
			return errPacked
		}
		h.visits = append(h.visits, v)
	}
	return unpackActs(acts, func(a action, v volume) { h.acts = append(h.acts, doing{a, v}) })
}

// merge adds up groups of several parts.
func (h *unpacked) merge() {
	sum := &hour{visits: map[group]*tally{}}
	at := 0
	for _, v := range h.visits {
		proven := make([]int64, v.proven)
		for i := range proven {
			proven[i] = int64(h.proven[at+i])
		}
		at += int(v.proven)
		sum.visit(group{uint32(v.place), v.source, v.network, v.verdict}, int64(v.sessions), int64(v.acts), proven)
	}
	h.visits, h.proven = h.visits[:0], h.proven[:0]
	_ = h.add(packVisits(sum.visits), nil) // we packed it ourselves
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
