package store

import (
	"context"
	"database/sql"
	"time"
)

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
