package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
)

// candidate is a session that may go.
type candidate struct {
	key, opened int64
	all         bool // whatever it did
}

// some sweeps those behind a key; more says that others may follow.
func (p *pruning) some(ctx context.Context, s sweep, after int64) (last int64, more bool, err error) {
	list, last, more, err := p.candidates(ctx, s, after)
	if err != nil || len(list) == 0 {
		return last, more, err
	}
	doers, err := p.doers(ctx, list)
	if err != nil {
		return last, false, err
	}
	var gone, stay []int64
	latest := int64(0)
	var days []int64 // that change
	for _, c := range list {
		if day := floor(c.opened, unitDay); !slices.Contains(days, day) {
			days = append(days, day)
		}
		if doers[c.key] && !c.all {
			stay = append(stay, c.key)
			continue
		}
		gone = append(gone, c.key)
		latest = max(latest, c.opened)
	}
	if err := p.forget(ctx, gone, stay); err != nil {
		return last, more, err
	}
	for _, day := range days {
		if err := p.w.changes(ctx, day); err != nil {
			return last, more, err
		}
	}
	if len(gone) == 0 {
		return last, more, nil
	}
	p.w.stamp++
	since, err := p.w.store.numberOn(ctx, p.w.sql, metaDetails)
	if from := floor(latest, unitHour) + int64(unitHour); err == nil && from > since {
		err = p.w.sql.exec(ctx, putMeta, metaDetails, fmt.Sprint(from))
	}
	return last, more, err
}

// numberOn is number within a writer's transaction.
func (s *Store) numberOn(ctx context.Context, q *statements, name string) (n int64, err error) {
	err = q.row(ctx, `SELECT CAST(value AS INTEGER) FROM meta WHERE name = $1`, name).Scan(&n)
	if err == sql.ErrNoRows {
		return 0, nil
	}
	return n, err
}

// candidates are the sessions of the next few that are not under way, and that
// the sweep is about. Keys rise with the journal.
func (p *pruning) candidates(ctx context.Context, s sweep, after int64) (list []candidate, last int64, more bool, err error) {
	w, b := p.w, &p.bounds
	open := map[int64]bool{}
	for _, r := range w.readings {
		for _, v := range r.open {
			open[v.key] = true
		}
	}
	own := map[uint32]bool{}
	for pl, key := range w.books.places.keys {
		own[key] = pl.origin == ""
	}
	n := 0
	err = w.sql.each(ctx, `SELECT key, place, opened, segment, end_segment FROM sessions WHERE key > $1 ORDER BY key LIMIT $2`, func(rows *sql.Rows) error {
		var c candidate
		var place uint32
		var first, end uint64
		if err := rows.Scan(&c.key, &place, &c.opened, &first, &end); err != nil {
			return err
		}
		n++
		last = c.key
		old := !b.Before.IsZero() && c.opened < b.Before.UnixNano()
		switch {
		case !own[place] || open[c.key]:
		case s == forceAll:
			c.all = true
			list = append(list, c)
		case s == forceIdle:
			list = append(list, c)
		case end < b.First || old:
			c.all = end < b.Kept
			list = append(list, c)
		case first >= b.First:
			n = -retainSessions // nothing behind it can go
		}
		return nil
	}, after, retainSessions)
	return list, last, n == retainSessions, err
}

// doers are the sessions that did more than look, which is what the journal's
// retention keeps of them.
func (p *pruning) doers(ctx context.Context, list []candidate) (map[int64]bool, error) {
	keys := make([]int64, len(list))
	for i, c := range list {
		keys[i] = c.key
	}
	w := &where{}
	in(w, "session", keys)
	if looks := p.looks(); len(looks) > 0 {
		w.and("NOT " + choice(w, "operation", looks))
	}
	out := map[int64]bool{}
	err := each(ctx, p.w.sql.conn, "SELECT DISTINCT session FROM acts"+w.String(), w.args, func(rows *sql.Rows) error {
		var key int64
		err := rows.Scan(&key)
		out[key] = true
		return err
	})
	return out, err
}

// looks are the operations that only look.
func (p *pruning) looks() []uint32 {
	var out []uint32
	for o, key := range p.w.books.operations.keys {
		if event.Class(o.class).Passive() {
			out = append(out, key)
		}
	}
	return out
}

// forget deletes sessions with all that is known of them, and of others the acts
// that only looked.
func (p *pruning) forget(ctx context.Context, gone, stay []int64) error {
	if len(gone) > 0 {
		for _, t := range []struct{ table, column string }{{"acts", "session"}, {"findings", "session"}, {"credentials", "session"}, {"artifacts", "session"}, {"sessions", "key"}} {
			w := &where{}
			in(w, t.column, gone)
			n, err := p.delete(ctx, t.table, w)
			if err != nil {
				return err
			}
			if t.table == "acts" {
				p.done.Acts += n
			}
		}
		p.done.Sessions += int64(len(gone))
		p.w.gone += int64(len(gone))
	}
	looks := p.looks()
	if len(stay) == 0 || len(looks) == 0 {
		return nil
	}
	w := &where{}
	in(w, "session", stay)
	in(w, "operation", looks)
	n, err := p.delete(ctx, "acts", w)
	p.done.Acts += n
	return err
}

func (p *pruning) delete(ctx context.Context, table string, w *where) (int64, error) {
	r, err := p.w.sql.conn.ExecContext(ctx, "DELETE FROM "+table+w.String(), w.args...)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	if table == "acts" {
		p.w.acts -= n
	}
	return n, err
}
