package store

import (
	"context"
	"database/sql"
	"time"
)

// maxSheetOctets bounds what one question reads of digests.
const maxSheetOctets = 64 << 20

// sheets are the digests of days in a filter's period, and of what is between them.
// errLarge: they are too much.
func (s *Store) sheets(ctx context.Context, f Filter, what int) ([]*sheet, error) {
	from, to := f.period()
	var first, last int64 // in one question, all rows would be read
	err := s.db.QueryRowContext(ctx, `SELECT COALESCE((SELECT MIN(opened) FROM sessions), 0), COALESCE((SELECT MAX(opened) FROM sessions), -1)`).Scan(&first, &last)
	if err != nil {
		return nil, err
	}
	from, to = max(from, floor(first, unitDay)), min(to, ceil(last+1, unitDay))
	var days []*sheet
	const digests = ` FROM days WHERE what = $1 AND day >= $2 AND day <= $3`
	args := []any{what, from, to - int64(unitDay)}
	var octets int64
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(SUM(LENGTH(digest)), 0)`+digests, args...).Scan(&octets); err != nil {
		return nil, err
	}
	if octets > maxSheetOctets {
		return nil, errLarge
	}
	err = each(ctx, s.db, `SELECT day, digest`+digests+` ORDER BY day`, args, func(rows *sql.Rows) error {
		p := &sheet{}
		err := rows.Scan(&p.begin, &p.b)
		days = append(days, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := days
	for _, p := range days {
		gap, err := s.gap(ctx, from, p.begin, what)
		if err != nil {
			return nil, err
		}
		out, from = append(out, gap...), p.begin+int64(unitDay)
	}
	gap, err := s.gap(ctx, from, to, what)
	return append(out, gap...), err
}

// shortGap is how long a time without digests may be whose hours are digested one by
// one, and remembered: today, and days before it on which somebody came who is still
// there. A longer one is by days.
const shortGap = 80 * time.Hour

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

// How many are remembered, and of how many octets.
const (
	maxHourly       = 96
	maxHourlyOctets = 8 << 20
)

func (h *hourly) octets() (n int) {
	for _, b := range h.digests {
		n += len(b)
	}
	return n
}

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
	h = hourly{stamp, digests}
	u.mu.Lock()
	defer u.mu.Unlock()
	octets := h.octets()
	for _, o := range u.things {
		octets += o.octets()
	}
	if u.things == nil || len(u.things) >= maxHourly || octets > maxHourlyOctets {
		u.things = map[int64]hourly{}
	}
	u.things[at] = h
	return digests, nil
}
