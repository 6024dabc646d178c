package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
)

// dense is the number of sources from which on an hour is read whole.
const dense = 48

// find finds sessions before a place in the list, for a filter that no index
// answers: the roll-up says in which hours there are some, and whose.
func (s *Store) find(ctx context.Context, f Filter, top mark, limit int) ([]mark, error) {
	from, to := f.period()
	if top.opened < to-1 {
		to = top.opened + 1
	}
	var out []mark
	for span := 24 * unitHour; to > from; span *= 4 {
		newest, err := s.newest(ctx, to)
		if err != nil || newest < from {
			return out, err
		}
		to = min(to, newest+1)
		low := max(from, ceil(to, unitHour)-int64(span))
		g := f.sifted()
		g.From, g.To = timeOf(floor(low, unitHour)), timeOf(ceil(to, unitHour))
		q, err := s.sift(ctx, g)
		if err != nil {
			return nil, err
		}
		spots, err := s.spots(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, h := range slices.Backward(spots) {
			more, err := s.findIn(ctx, f, h, q.sieve, max(from, h.at), min(to, h.at+int64(unitHour)), top, limit-len(out))
			if err != nil {
				return nil, err
			}
			if out = append(out, more...); len(out) >= limit {
				return out, nil
			}
		}
		to = floor(low, unitHour)
	}
	return out, nil
}

// newest is when the last session before a time began; 0: there is none.
func (s *Store) newest(ctx context.Context, before int64) (int64, error) {
	var at int64
	err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(opened), 0) FROM sessions WHERE opened < $1`, before).Scan(&at)
	return at, err
}

// spot is an hour in which there are some, and of whom: if of many, of the first.
type spot struct {
	at    int64
	whose []uint32
}

// spots are those of the whole hours of a sifting, in order.
func (s *Store) spots(ctx context.Context, q *sifting) ([]spot, error) {
	list, err := s.stretches(ctx, q.from, q.to)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var out []spot
	err = atOnce(list, func() func(stretch) error {
		return func(v stretch) error {
			if without, err := s.without(ctx, q, v); without || err != nil {
				return err
			}
			return s.eachHour(ctx, v.from, v.to, func(at int64, visits []byte) error {
				h := spot{at: at}
				err := q.hour(at, visits, func(_ int64, v *visit, _ []int32) { // by source
					if n := len(h.whose); n == 0 || n <= dense && h.whose[n-1] != v.source {
						h.whose = append(h.whose, v.source)
					}
				})
				if len(h.whose) > 0 {
					mu.Lock()
					out = append(out, h)
					mu.Unlock()
				}
				return err
			})
		}
	})
	slices.SortFunc(out, func(a, b spot) int { return cmp.Compare(a.at, b.at) })
	return out, err
}

// without says whether the digest of a day shows that there are none.
func (s *Store) without(ctx context.Context, q *sifting, v stretch) (bool, error) {
	if v.from%int64(unitDay) != 0 || v.to-v.from != int64(unitDay) {
		return false, nil
	}
	b, err := s.digestOf(ctx, v.from, digestSums)
	if err != nil || b == nil {
		return false, err
	}
	meets, err := q.sieve.meets(b, q.names)
	return !meets, err
}

// findIn finds sessions of an hour.
func (s *Store) findIn(ctx context.Context, f Filter, h spot, sv *sieve, from, to int64, top mark, limit int) ([]mark, error) {
	var out []mark
	take := func(rows *sql.Rows) error {
		var m mark
		var v visit
		if err := rows.Scan(&m.opened, &m.key, &v.place, &v.source, &v.network, &v.verdict); err != nil {
			return err
		}
		if sv.lets(&v) && m.before(top) {
			out = append(out, m)
		}
		if len(h.whose) > dense && len(out) >= limit {
			return errEnough
		}
		return nil
	}
	const columns = `SELECT opened, key, place, source, network, verdict FROM sessions`
	if len(h.whose) > dense {
		w := &where{}
		w.and("opened >= ? AND opened < ?", from, to)
		f.rows(w)
		err := each(ctx, s.db, columns+w.String()+` ORDER BY opened DESC, key DESC`, w.args, take)
		if err == errEnough {
			err = nil
		}
		return out, err
	}
	w := &where{}
	w.and("source = ? AND opened >= ? AND opened < ?", 0, from, to)
	f.rows(w)
	st, err := s.db.PrepareContext(ctx, columns+w.String())
	if err != nil {
		return nil, err
	}
	defer st.Close()
	for _, source := range h.whose {
		w.args[0] = source
		rows, err := st.QueryContext(ctx, w.args...)
		if err != nil {
			return nil, err
		}
		for err == nil && rows.Next() {
			err = take(rows)
		}
		if err := cmp.Or(err, rows.Err()); err != nil {
			rows.Close()
			return nil, err
		}
		rows.Close()
	}
	slices.SortFunc(out, func(a, b mark) int { return cmp.Or(cmp.Compare(b.opened, a.opened), cmp.Compare(b.key, a.key)) })
	return out[:min(limit, len(out))], nil
}

// errEnough ends a reading of rows.
var errEnough = errors.New("enough")
