package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
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
	for span := 96 * unitHour; to > from; span *= 4 {
		newest, err := s.newest(ctx, to)
		if err != nil || newest < from {
			return out, err
		}
		to = min(to, newest+1)
		low := max(from, ceil(to, unitHour)-int64(span))
		g := f.sifted()
		g.From, g.To = timeOf(floor(low, unitHour)), timeOf(ceil(to, unitHour))
		hours, _, sv, err := s.sifted(ctx, g)
		if err != nil {
			return nil, err
		}
		for _, h := range slices.Backward(hours) {
			more, err := s.findIn(ctx, f, h, sv, max(from, h.at), min(to, h.at+int64(unitHour)), top, limit-len(out))
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

// findIn finds sessions of an hour.
func (s *Store) findIn(ctx context.Context, f Filter, h *unpacked, sv *sieve, from, to int64, top mark, limit int) ([]mark, error) {
	whose := map[uint32]bool{}
	for i := range h.visits {
		if v := &h.visits[i]; sv.lets(v) {
			whose[v.source] = true
		}
	}
	if len(whose) == 0 {
		return nil, nil
	}
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
		if len(whose) > dense && len(out) >= limit {
			return errEnough
		}
		return nil
	}
	const columns = `SELECT opened, key, place, source, network, verdict FROM sessions`
	if len(whose) > dense {
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
	for source := range whose {
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
