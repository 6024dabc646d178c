package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// visit is a group of sessions: techniques of its verdict are as many as proven.
type visit struct {
	source, network, verdict uint32
	place, proven            uint16
	sessions, acts           int32
}

// narrow is a number as questions count it: an imported journal may say of a session
// that it had more acts than any has.
func narrow(n int64) int32 { return int32(max(math.MinInt32, min(n, math.MaxInt32))) }

// eachHour calls do for each hour of a period that has sessions, in order, with its
// groups as packVisits wrote them, valid until the next.
func (s *Store) eachHour(ctx context.Context, from, to int64, do func(at int64, visits []byte) error) error {
	var now []byte // the hour that at names
	var sum *hour  // its parts, if there are several: they are added up
	at := int64(-1)
	end := func() error {
		if sum != nil {
			now, sum = packVisits(sum.visits), nil
		}
		if at < 0 {
			return nil
		}
		return do(at, now)
	}
	err := each(ctx, s.db, `SELECT hour, visits FROM hours WHERE hour >= $1 AND hour < $2 ORDER BY hour, part`, []any{from, to}, func(rows *sql.Rows) error {
		var hourAt int64
		var visits sql.RawBytes
		if err := rows.Scan(&hourAt, &visits); err != nil {
			return err
		}
		if hourAt != at {
			err := end()
			at, now = hourAt, append(now[:0], visits...)
			return err
		}
		if sum == nil {
			sum = &hour{visits: map[group]*tally{}}
			if err := sum.unpack(now); err != nil {
				return err
			}
		}
		return sum.unpack(visits)
	})
	if err != nil {
		return err
	}
	return end()
}

func (h *hour) unpack(visits []byte) error {
	return unpackVisits(visits, func(g group, t *tally) { h.visit(g, t.sessions, t.acts, t.proven) })
}

// eachGroup calls do for each group that packVisits wrote, in a third of the time of
// unpackVisits. What it gives is valid until the next.
func eachGroup(b []byte, do func(v *visit, proven []int32)) error {
	var v visit
	proven := make([]int32, 0, 16)
	var n uint32
	for i := 0; i < len(b); {
		n, i = short(b, i)
		v.source += n
		n, i = short(b, i)
		v.place = uint16(n)
		v.network, i = short(b, i)
		v.verdict, i = short(b, i)
		v.sessions, i = shortInt(b, i)
		v.acts, i = shortInt(b, i)
		n, i = short(b, i)
		v.proven = uint16(n)
		proven = proven[:0]
		for ; n > 0 && i < len(b); n-- {
			var acts int32
			acts, i = shortInt(b, i)
			proven = append(proven, acts)
		}
		if n > 0 || i > len(b) {
			return errPacked
		}
		do(&v, proven)
	}
	return nil
}

// short reads a varint at i, of one octet as most are, and says what is behind it:
// more than len(b) if there is none.
func short(b []byte, i int) (uint32, int) {
	if i < len(b) && b[i] < 0x80 {
		return uint32(b[i]), i + 1
	}
	return long(b, i)
}

func long(b []byte, i int) (uint32, int) {
	if i > len(b) {
		return 0, i
	}
	v, n := binary.Uvarint(b[i:])
	if n <= 0 || v > math.MaxUint32 {
		return 0, len(b) + 1
	}
	return uint32(v), i + n
}

// shortInt is short for numbers that may be negative.
func shortInt(b []byte, i int) (int32, int) {
	if i < len(b) && b[i] < 0x80 {
		return int32(b[i]>>1) ^ -int32(b[i]&1), i + 1
	}
	return longInt(b, i)
}

func longInt(b []byte, i int) (int32, int) {
	if i > len(b) {
		return 0, i
	}
	v, n := binary.Varint(b[i:])
	if n <= 0 {
		return 0, len(b) + 1
	}
	return narrow(v), i + n
}

// stretch is a piece of a period, in whole hours, that is counted by itself; first and
// last say that it is that of the period.
type stretch struct {
	from, to    int64
	first, last bool
}

// How long a stretch is, and how many are counted at once at most: one connection is
// left for others.
const (
	stretchLong = 24 * time.Hour
	maxAtOnce   = 3
)

// stretches takes a period apart, at midnights.
func (s *Store) stretches(ctx context.Context, from, to int64) ([]stretch, error) {
	var first, last int64
	err := s.db.QueryRowContext(ctx, `SELECT COALESCE((SELECT MIN(hour) FROM hours WHERE hour >= $1), 0), COALESCE((SELECT MAX(hour) FROM hours WHERE hour < $2), -1)`, from, to).Scan(&first, &last)
	if err != nil {
		return nil, err
	}
	first, last = max(first, from), min(last+int64(unitHour), to)
	var out []stretch
	for at := first; at < last; {
		next := min(floor(at, stretchLong)+int64(stretchLong), last)
		out = append(out, stretch{from: at, to: next})
		at = next
	}
	if len(out) == 0 {
		out = []stretch{{}}
	}
	out[0].first, out[len(out)-1].last = true, true
	return out, nil
}

// inStretches has the stretches of a filter's period counted at once, as atOnce does.
func (s *Store) inStretches(ctx context.Context, q *sifting, begin func() func(stretch) error) error {
	list := []stretch{{first: true, last: true}}
	if q.from < q.to {
		var err error
		if list, err = s.stretches(ctx, q.from, q.to); err != nil {
			return err
		}
	}
	return atOnce(list, begin)
}

// groupsOf calls do for the groups of a stretch that a filter lets through, and for those
// of the parts of hours before and behind the period's.
func (s *Store) groupsOf(ctx context.Context, q *sifting, v stretch, do func(at int64, v *visit, proven []int32)) error {
	if v.first {
		for _, p := range q.before {
			q.part(p, do)
		}
	}
	if v.from < v.to {
		err := s.eachHour(ctx, v.from, v.to, func(at int64, visits []byte) error { return q.hour(at, visits, do) })
		if err != nil {
			return err
		}
	}
	if v.last {
		for _, p := range q.behind {
			q.part(p, do)
		}
	}
	return nil
}

// atOnce has stretches counted by as many as there are processors; each calls begin
// for itself once, and what that returned for some of the stretches, in order.
func atOnce(list []stretch, begin func() func(stretch) error) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	n := min(runtime.GOMAXPROCS(0), maxAtOnce, (len(list)+1)/2)
	errs := make([]error, n)
	work := func(i int) {
		defer func() {
			if r := recover(); r != nil { // in the asker's goroutine it would not end the sensor
				errs[i] = fmt.Errorf("counting sessions: %v", r)
			}
		}()
		do := begin()
		for errs[i] == nil {
			k := int(next.Add(1)) - 1
			if k >= len(list) {
				return
			}
			errs[i] = do(list[k])
		}
	}
	for i := 1; i < n; i++ {
		wait.Go(func() { work(i) })
	}
	work(0)
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
