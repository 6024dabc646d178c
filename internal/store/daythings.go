package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"time"
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
// the ledgers, or of all.
func (s *Store) digestThings(ctx context.Context, from, to int64, which ...int) (map[int][]byte, error) {
	if which == nil {
		which = []int{digestPairs, digestAims, digestValues, digestFiles}
	}
	of, low, high, err := s.owners(ctx, from, to)
	if err != nil {
		return nil, err
	}
	ledgers := map[int]*ledger{}
	for _, what := range which {
		ledgers[what] = newLedger()
	}
	if l := ledgers[digestPairs]; l != nil {
		err = s.enter(ctx, from, to, "credentials", "username, secret, method", "accepted", of, low, high, l)
	}
	if l := ledgers[digestFiles]; l != nil && err == nil {
		err = s.enter(ctx, from, to, "artifacts", "sha256, name, kind", "size", of, low, high, l)
	}
	if err == nil && (ledgers[digestAims] != nil || ledgers[digestValues] != nil) {
		err = s.enterActs(ctx, from, to, of, low, high, ledgers)
	}
	out := map[int][]byte{}
	for what, l := range ledgers {
		out[what] = l.pack(from)
	}
	return out, err
}

// enter enters rows of a table with a key of three texts into a ledger, and a number of
// each: of pairs how many were accepted, of files their size.
func (s *Store) enter(ctx context.Context, from, to int64, table, key, number string, of map[int64]owner, low, high int64, l *ledger) error {
	var b []byte
	return s.ofSessions(ctx, from, to, table, "at, "+key+", "+number, of, low, high, func(rows *sql.Rows) error {
		var session, at, n int64
		var x, y, z sql.RawBytes
		if err := rows.Scan(&session, &at, &x, &y, &z, &n); err != nil {
			return err
		}
		if o, ok := of[session]; ok {
			b = keyOf(b[:0], x, y, z)
			l.add(b, deal{place: o.place, source: o.source, n: 1, hits: n, first: at, last: at})
		}
		return nil
	})
}

// enterActs enters acts into the ledgers of aims and of values.
func (s *Store) enterActs(ctx context.Context, from, to int64, of map[int64]owner, low, high int64, ledgers map[int]*ledger) error {
	s.rollup.mu.Lock()
	n, err := s.learn(ctx)
	s.rollup.mu.Unlock()
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
			aims.add(key, d)
		}
		if values != nil && len(value) > 0 && int(operation) < len(changes) && changes[operation] {
			key = keyOf(key[:0], kind, target, value)
			d.first, d.last, d.session = at, at, session
			values.add(key, d)
		}
		return nil
	})
}

// accounts are the ledgers by which a filter's question is answered.
type accounts struct {
	sheets []*sheet
	names  *names
	places []bool            // that count; nil: all
	has    func(uint32) bool // sources that count; nil: all

	seen  []uint32 // by source: the count in which it was seen last
	count uint32
}

// bySource says whether the filter restricts nothing but time, places and sources.
func (f *Filter) bySource() bool {
	return len(f.Label)+len(f.Automation) == 0 && f.Tool == "" && f.Print == "" && f.Session == "" && f.Severity <= 0 &&
		!slices.ContainsFunc(f.Terms, func(t Term) bool { return !slices.Contains([]string{"places", "networks", "sources"}, t.Key.home()) })
}

// accounts opens the ledgers of a filter; nil: they do not know what it asks.
func (s *Store) accounts(ctx context.Context, f Filter, what int) (*accounts, error) {
	if !f.bySource() {
		return nil, nil
	}
	a := &accounts{}
	if !f.Coarse() {
		m, err := s.sums(ctx, f)
		if err != nil {
			return nil, err
		}
		everybody, err := s.sums(ctx, Filter{From: f.From, To: f.To})
		if err != nil {
			return nil, err
		}
		for k := range everybody.sources.others { // a source of two networks may count in part
			if m.sources.has(k[0]) {
				return nil, nil
			}
		}
		a.has = m.sources.has
	}
	var err error
	if a.sheets, err = s.sheets(ctx, f, what); err != nil {
		return nil, err
	}
	s.rollup.mu.Lock()
	a.names, err = s.learn(ctx)
	s.rollup.mu.Unlock()
	if err != nil {
		return nil, err
	}
	g := f
	g.Terms = slices.DeleteFunc(slices.Clone(f.Terms), func(t Term) bool { return t.Key.home() != "places" })
	g.Country, g.ASN, g.Research, g.Src, g.Sources = nil, 0, "", netip.Prefix{}, nil
	v, err := s.sieve(ctx, g, a.names)
	if err != nil {
		return nil, err
	}
	a.places = v.places
	return a, nil
}

// sheets are the digests of days in a filter's period, and of what is between them.
func (s *Store) sheets(ctx context.Context, f Filter, what int) ([]*sheet, error) {
	from, to := f.period()
	var first, last int64 // in one question, all rows would be read
	err := s.db.QueryRowContext(ctx, `SELECT COALESCE((SELECT MIN(opened) FROM sessions), 0), COALESCE((SELECT MAX(opened) FROM sessions), -1)`).Scan(&first, &last)
	if err != nil {
		return nil, err
	}
	from, to = max(from, floor(first, unitDay)), min(to, ceil(last+1, unitDay))
	var out []*sheet
	at := from
	gap := func(end int64) error {
		list, err := s.gap(ctx, at, end, what)
		out = append(out, list...)
		return err
	}
	err = each(ctx, s.db, `SELECT day, digest FROM days WHERE what = $1 AND day >= $2 AND day <= $3 ORDER BY day`, []any{what, from, to - int64(unitDay)}, func(rows *sql.Rows) error {
		p := &sheet{}
		if err := rows.Scan(&p.begin, &p.b); err != nil {
			return err
		}
		if err := gap(p.begin); err != nil {
			return err
		}
		out, at = append(out, p), p.begin+int64(unitDay)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, gap(to)
}

// shortGap is how long a time without digests may be whose hours are digested one by
// one, and remembered: today, mostly. A longer one is by days.
const shortGap = 30 * time.Hour

// gap digests a time that has no digests.
func (s *Store) gap(ctx context.Context, from, to int64, what int) ([]*sheet, error) {
	unit := unitDay
	if to-from <= int64(shortGap) {
		unit = unitHour
	}
	var out []*sheet
	for from < to {
		end := min(floor(from, unit)+int64(unit), to)
		var b map[int][]byte
		var err error
		if end-from == int64(unitHour) {
			b, err = s.hourThings(ctx, from)
		} else {
			b, err = s.digestThings(ctx, from, end, what)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, &sheet{digestReader: digestReader{b: b[what]}, begin: from})
		from = end
	}
	return out, nil
}

// hourly is what is remembered of an hour's things, while the hour does not change.
type hourly struct {
	stamp   int64
	digests map[int][]byte
}

// maxHourly bounds how many are remembered.
const maxHourly = 48

// hourThings are all ledgers of an hour.
func (s *Store) hourThings(ctx context.Context, at int64) (map[int][]byte, error) {
	var stamp int64
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(stamp), 0) FROM hours WHERE hour = $1`, at).Scan(&stamp); err != nil {
		return nil, err
	}
	u := &s.rollup
	u.mu.Lock()
	h, ok := u.things[at]
	u.mu.Unlock()
	if ok && h.stamp == stamp {
		return h.digests, nil
	}
	digests, err := s.digestThings(ctx, at, at+int64(unitHour))
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.things == nil || len(u.things) >= maxHourly {
		u.things = map[int64]hourly{}
	}
	u.things[at] = hourly{stamp, digests}
	return digests, nil
}

// each calls do for each key with those of its groups that count.
func (a *accounts) each(do func(key []byte, groups []packedGroup) error) error {
	err := readTogether(a.sheets, func(key []byte, groups []packedGroup) error {
		groups = slices.DeleteFunc(groups, func(g packedGroup) bool {
			return int(g.place) >= len(a.names.places) || int(g.operation) >= len(a.names.operations) || a.places != nil && !a.places[g.place]
		})
		if len(groups) == 0 {
			return nil
		}
		return do(key, groups)
	})
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// anew begins to count sources.
func (a *accounts) anew() { a.count++ }

// sum adds up a group: times, hits, and sources that were not seen since anew.
func (a *accounts) sum(g *packedGroup) (n, hits, sources int64, err error) {
	err = g.each(func(source uint32, times, of int64) {
		if a.has != nil && !a.has(source) {
			return
		}
		n, hits = n+times, hits+of
		for int(source) >= len(a.seen) {
			a.seen = append(a.seen, make([]uint32, max(1024, len(a.seen)))...)
		}
		if a.seen[source] != a.count {
			a.seen[source] = a.count
			sources++
		}
	})
	return n, hits, sources, err
}
