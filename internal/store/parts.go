package store

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
)

// part is the sessions of a part of an hour, or of an hour that a filter alone finds.
type part struct {
	at, end, stamp int64
	visits         []visit
	proven         []int32 // of all visits, one after another
}

// partOf reads the sessions of a part of an hour, or all that a filter alone finds.
func (s *Store) partOf(ctx context.Context, f Filter) ([]*part, *names, error) {
	w := f.sessions()
	var list []*part
	err := each(ctx, s.db, `SELECT opened, place, source, network, verdict, acts, proven FROM sessions`+w.String()+` ORDER BY opened`, w.args, func(rows *sql.Rows) error {
		var opened, acts int64
		var v visit
		var proven sql.RawBytes
		if err := rows.Scan(&opened, &v.place, &v.source, &v.network, &v.verdict, &acts, &proven); err != nil {
			return err
		}
		v.acts = narrow(acts)
		at := floor(opened, unitHour)
		if n := len(list); n == 0 || list[n-1].at != at {
			list = append(list, &part{at: at})
		}
		h := list[len(list)-1]
		u := unpacker{b: proven}
		for _, n := range u.numbers(nil) {
			h.proven = append(h.proven, narrow(n))
			v.proven++
		}
		v.sessions = 1
		h.visits = append(h.visits, v)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	u := &s.rollup
	u.mu.Lock()
	defer u.mu.Unlock()
	n, err := s.learn(ctx)
	return list, n, err
}

// edge is partOf for a part of an hour, remembered.
func (s *Store) edge(ctx context.Context, from, to int64) ([]*part, error) {
	if from >= to {
		return nil, nil
	}
	stamp, err := s.meta(ctx, metaStamp)
	if err != nil {
		return nil, err
	}
	n, _ := strconv.ParseInt(stamp, 10, 64)
	u := &s.rollup
	u.mu.Lock()
	i := slices.IndexFunc(u.parts, func(p *part) bool { return p.at == from && p.end == to && p.stamp == n })
	if i >= 0 {
		p := u.parts[i]
		u.mu.Unlock()
		return []*part{p}, nil
	}
	u.mu.Unlock()
	list, _, err := s.partOf(ctx, Filter{From: timeOf(from), To: timeOf(to)})
	if err != nil {
		return nil, err
	}
	p := &part{}
	if len(list) > 0 {
		p = list[0]
	}
	p.at, p.end, p.stamp = from, to, n
	u.mu.Lock()
	if u.parts = append(u.parts, p); len(u.parts) > 4 {
		u.parts = u.parts[1:]
	}
	u.mu.Unlock()
	return []*part{p}, nil
}
