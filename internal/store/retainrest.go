package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// traces takes deleted sessions out of what sessions left. A trace that nobody is
// known to have left any more goes; one that many left stays nobody's own.
func (p *pruning) traces(ctx context.Context) error {
	for after, more := int64(0), true; more; {
		err := p.transaction(ctx, func(ctx context.Context) error {
			clear(p.w.traces)
			keys := map[int64]int{} // and how many sources left each
			err := p.w.sql.each(ctx, `SELECT key, sources FROM traces WHERE key > $1 AND +sources < $2 ORDER BY key LIMIT $3`, func(rows *sql.Rows) error {
				var sources int
				err := rows.Scan(&after, &sources)
				keys[after] = sources
				return err
			}, after, analysis.Rare, retainTraces)
			more = len(keys) == retainTraces
			for key, sources := range keys {
				if err == nil {
					err = p.trace(ctx, key, sources)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pruning) trace(ctx context.Context, key int64, were int) error {
	q := p.w.sql
	since, err := p.w.store.numberOn(ctx, q, metaDetails)
	if err != nil {
		return err
	}
	var all []member
	err = q.each(ctx, tracedBy, func(rows *sql.Rows) error {
		var part int64
		var b []byte
		if err := rows.Scan(&part, &b); err != nil {
			return err
		}
		return unpackMembers(b, func(m member) { all = append(all, m) })
	}, shared(were), key)
	if err != nil {
		return err
	}
	var left []member
	var sources []uint32
	for _, m := range all {
		there := 1
		if m.opened < since {
			if err := q.row(ctx, `SELECT COUNT(*) FROM sessions WHERE key = $1`, m.session).Scan(&there); err != nil {
				return err
			}
		}
		if there == 0 {
			continue
		}
		if left = append(left, m); !slices.Contains(sources, m.source) {
			sources = append(sources, m.source)
		}
	}
	if len(left) == len(all) && len(all) > 0 {
		return nil
	}
	if err := q.exec(ctx, dropTraced, shared(were), key); err != nil {
		return err
	}
	if len(left) == 0 {
		return q.exec(ctx, `DELETE FROM traces WHERE key = $1`, key)
	}
	part := 0
	for some := range slices.Chunk(left, maxMembers) {
		if err := q.exec(ctx, putTraced, shared(len(sources)), key, part, packMembers(some)); err != nil {
			return err
		}
		part++
	}
	return q.exec(ctx, setTrace, len(sources), key)
}

// hours deletes the own journal's part of old counts, and what its sensor said of
// itself then.
func (p *pruning) hours(ctx context.Context) error {
	before := floor(p.bounds.Counts.UnixNano(), unitHour)
	for at, part, more := int64(-1), int64(0), true; more; {
		err := p.transaction(ctx, func(ctx context.Context) error {
			var list []*hour
			err := p.w.sql.each(ctx, `SELECT hour, part, visits, acts FROM hours WHERE hour < $1 AND (hour > $2 OR hour = $2 AND part > $3) ORDER BY hour, part LIMIT $4`, func(rows *sql.Rows) error {
				h := &hour{visits: map[group]*tally{}, acts: map[action]*volume{}}
				var visits, acts []byte
				if err := rows.Scan(&h.at, &h.part, &visits, &acts); err != nil {
					return err
				}
				at, part = h.at, h.part
				list = append(list, h)
				return p.others(h, visits, acts)
			}, before, at, part, retainHours)
			more = len(list) == retainHours
			for _, h := range list {
				if err == nil {
					err = p.keepOthers(ctx, h)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return p.transaction(ctx, func(ctx context.Context) error {
		p.w.calendar.forget(before)
		if err := p.w.sql.exec(ctx, `DELETE FROM notes WHERE origin = '' AND at < $1`, before); err != nil {
			return err
		}
		return p.w.sql.exec(ctx, `DELETE FROM listening WHERE origin = '' AND until > 0 AND until < $1`, before)
	})
}

// others unpacks what an hour has of imported journals; dirty says that it has
// more.
func (p *pruning) others(h *hour, visits, acts []byte) error {
	own := map[uint32]bool{}
	for pl, key := range p.w.books.places.keys {
		own[key] = pl.origin == ""
	}
	more := false
	err := unpackVisits(visits, func(g group, t *tally) {
		if more = more || own[g.place]; !own[g.place] {
			h.visit(g, t.sessions, t.acts, t.proven)
		}
	})
	if err == nil {
		err = unpackActs(acts, func(a action, v volume) {
			if more = more || own[a.place]; !own[a.place] {
				h.act(a, v.acts, v.in, v.out)
			}
		})
	}
	h.dirty = more
	return err
}

func (p *pruning) keepOthers(ctx context.Context, h *hour) error {
	if !h.dirty {
		return nil
	}
	w := p.w
	w.stamp++
	p.done.Hours++
	delete(w.hours, h.at)
	if err := w.changes(ctx, h.at); err != nil {
		return err
	}
	if len(h.visits) == 0 && len(h.acts) == 0 {
		return w.sql.exec(ctx, `DELETE FROM hours WHERE hour = $1 AND part = $2`, h.at, h.part)
	}
	return w.sql.exec(ctx, putHour, h.at, h.part, w.stamp, packVisits(h.visits), packActs(h.acts))
}

// vacuum gives free pages back to the disk where there are more than others: the
// usual ones are filled again.
func (p *pruning) vacuum(ctx context.Context) error {
	for before := int64(-1); ; {
		var pages, spare int64
		err := p.transaction(ctx, func(ctx context.Context) error {
			q := p.w.sql
			if err := q.row(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
				return err
			}
			if err := q.row(ctx, "PRAGMA freelist_count").Scan(&spare); err != nil || 2*spare <= pages {
				return err
			}
			return q.each(ctx, fmt.Sprintf("PRAGMA incremental_vacuum(%d)", retainPages), func(*sql.Rows) error { return nil })
		})
		if err != nil || 2*spare <= pages || spare == before { // a store of before pages could be given back
			return err
		}
		before = spare
	}
}
