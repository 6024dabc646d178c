package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Target is something that visitors aimed at.
type Target struct {
	Kind    string `json:"kind"`
	Ref     string `json:"ref"`
	Class   string `json:"class"`
	Acts    int64  `json:"acts"`
	Sources int64  `json:"sources"`
	Refused int64  `json:"refused"`
}

// Targets counts what the filter's sessions aimed at, the most first.
func (s *Store) Targets(ctx context.Context, f Filter, limit int) ([]Target, error) {
	a, err := s.accounts(ctx, f, digestAims)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if a != nil {
		return a.targets(limit)
	}
	w := f.sessions()
	out := []Target{}
	err = each(ctx, s.db, `SELECT target_kind, target, class, SUM(n), COUNT(DISTINCT source), SUM(CASE WHEN outcome = 'answered' THEN 0 ELSE n END) FROM
		(SELECT target_kind, target, operation, source, SUM(count) AS n FROM sessions JOIN acts ON acts.session = sessions.key`+orTrue(w)+` AND target_kind <> ''
		GROUP BY 1, 2, 3, 4) AS aims JOIN operations ON operations.key = operation GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT `+w.arg(limit), w.args, func(rows *sql.Rows) error {
		var t Target
		err := rows.Scan(&t.Kind, &t.Ref, &t.Class, &t.Acts, &t.Sources, &t.Refused)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

func (a *accounts) targets(limit int) ([]Target, error) {
	best := ranking[Target]{limit: limit, before: func(a, b *Target) int {
		return cmp.Or(cmp.Compare(b.Acts, a.Acts), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Ref, b.Ref), strings.Compare(a.Class, b.Class))
	}}
	err := a.each(func(key []byte, groups []packedGroup) error {
		texts := textsOf(key)
		if texts[0] == "" {
			return nil
		}
		class := func(g *packedGroup) string { return a.names.operations[g.operation].class }
		slices.SortStableFunc(groups, func(x, y packedGroup) int { return strings.Compare(class(&x), class(&y)) })
		for len(groups) > 0 {
			t := Target{Kind: texts[0], Ref: texts[1], Class: class(&groups[0])}
			a.anew()
			for len(groups) > 0 && class(&groups[0]) == t.Class {
				n, _, sources, err := a.sum(&groups[0])
				if err != nil {
					return err
				}
				t.Acts, t.Sources = t.Acts+n, t.Sources+sources
				if a.names.operations[groups[0].operation].outcome != "answered" {
					t.Refused += n
				}
				groups = groups[1:]
			}
			if t.Acts > 0 {
				best.add(t)
			}
		}
		return nil
	})
	return best.done(), err
}

// A Written is a value that visitors wrote to one target.
type Written struct {
	Op      string    `json:"op"`
	Kind    string    `json:"kind"`
	Ref     string    `json:"ref"`
	Value   string    `json:"value"`
	Times   int64     `json:"times"`
	Sources int64     `json:"sources"`
	Last    time.Time `json:"last"`
	Session string    `json:"session"` // one in which it was written

	session int64
}

// writing are the classes of acts that write values.
func writing() []string { return []string{"write", "control", "mode", "config", "restart"} }

// Written lists the values that visitors wrote, the latest first.
func (s *Store) Written(ctx context.Context, f Filter, limit int) ([]Written, error) {
	list, err := s.written(ctx, f, limit)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	keys := make([]int64, len(list))
	for i, v := range list {
		keys[i] = v.session
	}
	ids, err := s.sessionIDs(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for i := range list {
		list[i].Session = ids[list[i].session]
	}
	return list, nil
}

func (s *Store) written(ctx context.Context, f Filter, limit int) ([]Written, error) {
	if f.Coarse() { // else the ledgers do not know when last
		a, err := s.accounts(ctx, f, digestValues)
		if err != nil {
			return nil, err
		}
		if a != nil {
			return a.written(limit)
		}
	}
	f.Terms = append(f.Terms[:len(f.Terms):len(f.Terms)], Term{Key: KeySeverity, Op: ">=", Int: []int64{writes}})
	w := f.sessions()
	in(w, "class", writing())
	out := []Written{}
	err := each(ctx, s.db, `SELECT op, target_kind, target, value, SUM(count), COUNT(DISTINCT source), MAX(at), MAX(sessions.key)
		FROM sessions JOIN acts ON acts.session = sessions.key JOIN operations ON operations.key = operation`+w.String()+`
		AND value <> '' GROUP BY 1, 2, 3, 4 ORDER BY 7 DESC, 1, 2, 3, 4 LIMIT `+w.arg(limit), w.args, func(rows *sql.Rows) error {
		var v Written
		var last int64
		err := rows.Scan(&v.Op, &v.Kind, &v.Ref, &v.Value, &v.Times, &v.Sources, &last, &v.session)
		v.Last = timeOf(last)
		out = append(out, v)
		return err
	})
	return out, err
}

func (a *accounts) written(limit int) ([]Written, error) {
	best := ranking[Written]{limit: limit, before: func(a, b *Written) int {
		return cmp.Or(b.Last.Compare(a.Last), strings.Compare(a.Op, b.Op), strings.Compare(a.Kind, b.Kind), strings.Compare(a.Ref, b.Ref), strings.Compare(a.Value, b.Value))
	}}
	err := a.each(func(key []byte, groups []packedGroup) error {
		texts := textsOf(key)
		op := func(g *packedGroup) string { return a.names.operations[g.operation].op }
		slices.SortStableFunc(groups, func(x, y packedGroup) int { return strings.Compare(op(&x), op(&y)) })
		for len(groups) > 0 {
			v := Written{Op: op(&groups[0]), Kind: texts[0], Ref: texts[1], Value: texts[2]}
			last := int64(math.MinInt64)
			a.anew()
			for len(groups) > 0 && op(&groups[0]) == v.Op {
				g := &groups[0]
				n, _, sources, err := a.sum(g)
				if err != nil {
					return err
				}
				v.Times, v.Sources = v.Times+n, v.Sources+sources
				last, v.session = max(last, g.last), max(v.session, g.session)
				groups = groups[1:]
			}
			v.Last = timeOf(last)
			best.add(v)
		}
		return nil
	})
	return best.done(), err
}

// writes is the severity that a session with a write has at least: the others need
// not be read.
const writes = 7
