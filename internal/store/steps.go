package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Coarse says whether roll-ups of acts can answer: they know time in hours, and
// origin, sensor, persona and protocol.
func (f *Filter) Coarse() bool {
	return len(f.Label)+len(f.Automation)+len(f.Country)+len(f.Sources)+len(f.Terms) == 0 && f.Tool == "" && f.Print == "" && f.ASN == 0 &&
		!f.Src.IsValid() && f.Session == "" && f.Severity <= 0 && f.Research == ""
}

// Steps counts sessions by protocol or by label in steps shorter than an hour,
// reading the sessions themselves.
func (s *Store) Steps(ctx context.Context, f Filter, by string, step time.Duration) ([]Point, error) {
	table, ok := map[string]string{ByProtocol: "places", ByLabel: "verdicts", BySensor: "places"}[by]
	if !ok || step < time.Second {
		return nil, fmt.Errorf("store: no steps of %v by %q", step, by)
	}
	w := f.sessions()
	return s.points(ctx, fmt.Sprintf("SELECT at, %s, COUNT(*) FROM (SELECT opened - opened %% %d AS at, place, verdict FROM sessions%s) AS steps JOIN %s ON %s.key = %s GROUP BY 1, 2 ORDER BY 1, 2",
		by, int64(step), w, table, table, strings.TrimSuffix(table, "s")), w.args...)
}

// ActSteps counts acts by the class or, if byClass is false, by the protocol in
// hours, for filters that are not coarse: acts count to the beginning of their
// session. Our own reports are left out.
func (s *Store) ActSteps(ctx context.Context, f Filter, step time.Duration) ([]Point, error) {
	w := f.sessions()
	return s.points(ctx, fmt.Sprintf(`SELECT opened - opened %% %d, class, SUM(count) FROM sessions JOIN acts ON acts.session = sessions.key
		JOIN operations ON operations.key = acts.operation%s AND class <> 'report' GROUP BY 1, 2 ORDER BY 1, 2`, int64(step), orTrue(w)), w.args...)
}

// orTrue is a condition to which others can be added.
func orTrue(w *where) string {
	if w.text.Len() == 0 {
		return " WHERE 1 = 1"
	}
	return w.String()
}

// points reads rows of a time, a name and a number.
func (s *Store) points(ctx context.Context, q string, args ...any) ([]Point, error) {
	out := []Point{}
	err := each(ctx, s.db, q, args, func(rows *sql.Rows) error {
		var p Point
		var at int64
		err := rows.Scan(&at, &p.Name, &p.N)
		p.At = timeOf(at)
		out = append(out, p)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

// A Deed is what the filter's sessions did of one kind.
type Deed struct {
	Protocol, Op, Class, Outcome string
	Acts                         int64
}

// Deeds counts acts by what they were and what became of them. For a filter that
// is not coarse it reads the acts themselves.
func (s *Store) Deeds(ctx context.Context, f Filter) ([]Deed, error) {
	if f.Coarse() {
		return s.deedsByHours(ctx, f)
	}
	a, err := s.accounts(ctx, f, digestAims)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if a != nil {
		return a.deeds()
	}
	w := f.sessions()
	var out []Deed
	err = each(ctx, s.db, `SELECT protocol, op, class, outcome, SUM(n) FROM (SELECT place, operation, SUM(count) AS n FROM sessions
		JOIN acts ON acts.session = sessions.key`+w.String()+` GROUP BY 1, 2) AS sums JOIN places ON places.key = place JOIN operations ON operations.key = operation GROUP BY 1, 2, 3, 4`, w.args, func(rows *sql.Rows) error {
		var d Deed
		err := rows.Scan(&d.Protocol, &d.Op, &d.Class, &d.Outcome, &d.Acts)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

func (s *Store) deedsByHours(ctx context.Context, f Filter) ([]Deed, error) {
	by := map[action]int64{}
	var all *names
	err := s.doings(ctx, f, func(n *names, d *doing) {
		all = n
		by[action{d.place, d.operation}] += d.acts
	})
	if err != nil {
		return nil, err
	}
	return deedsOf(all, by), nil
}

// deeds adds up the sessions that count.
func (a *accounts) deeds() ([]Deed, error) {
	by := map[action]int64{}
	err := a.each(func(_ []byte, groups []packedGroup) error {
		for i := range groups {
			n, _, _, err := a.sum(&groups[i])
			if err != nil {
				return err
			}
			if n > 0 {
				by[action{groups[i].place, groups[i].operation}] += n
			}
		}
		return nil
	})
	return deedsOf(a.names, by), err
}

func deedsOf(n *names, by map[action]int64) []Deed {
	sum := map[Deed]int64{}
	for a, acts := range by {
		o := n.operations[a.operation]
		sum[Deed{Protocol: n.places[a.place].protocol, Op: o.op, Class: o.class, Outcome: o.outcome}] += acts
	}
	var out []Deed
	for d, acts := range sum {
		d.Acts = acts
		out = append(out, d)
	}
	return out
}
