package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
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

// done is what the filter's sessions did, for filters that are not coarse.
type done struct {
	protocol, op, class, outcome string
	acts                         int64
}

func (s *Store) done(ctx context.Context, f Filter) ([]done, error) {
	w := f.sessions()
	var out []done
	err := each(ctx, s.db, `SELECT protocol, op, class, outcome, SUM(n) FROM (SELECT place, operation, SUM(count) AS n FROM sessions
		JOIN acts ON acts.session = sessions.key`+w.String()+` GROUP BY 1, 2) AS sums JOIN places ON places.key = place JOIN operations ON operations.key = operation GROUP BY 1, 2, 3, 4`, w.args, func(rows *sql.Rows) error {
		var d done
		err := rows.Scan(&d.protocol, &d.op, &d.class, &d.outcome, &d.acts)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

// ActsBy counts the acts of the filter's sessions by protocol and class, our own
// reports left out; unlike Classes it heeds all of the filter.
func (s *Store) ActsBy(ctx context.Context, f Filter) ([]Cell, error) {
	if f.Coarse() {
		return s.Classes(ctx, f)
	}
	list, err := s.done(ctx, f)
	if err != nil {
		return nil, err
	}
	sum := map[Cell]int64{}
	for _, d := range list {
		if d.class != report {
			sum[Cell{Protocol: d.protocol, Class: d.class}] += d.acts
		}
	}
	out := []Cell{}
	for c, n := range sum {
		c.Acts = n
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Cell) int { return strings.Compare(a.Protocol+" "+a.Class, b.Protocol+" "+b.Class) })
	return out, nil
}

// OperationsOf counts acts by what they were, like Operations, and heeds all of
// the filter.
func (s *Store) OperationsOf(ctx context.Context, f Filter, limit int) ([]Operation, error) {
	if f.Coarse() {
		return s.Operations(ctx, f, limit)
	}
	list, err := s.done(ctx, f)
	if err != nil {
		return nil, err
	}
	sum := map[Operation]Operation{}
	for _, d := range list {
		k := Operation{Protocol: d.protocol, Op: d.op, Class: d.class}
		o := sum[k]
		o.Acts += d.acts
		if d.outcome != "answered" {
			o.Refused += d.acts
		}
		sum[k] = o
	}
	out := []Operation{}
	for k, o := range sum {
		out = append(out, Operation{k.Protocol, k.Op, k.Class, o.Acts, o.Refused})
	}
	slices.SortFunc(out, func(a, b Operation) int {
		if a.Acts != b.Acts {
			return int(min(1, max(-1, b.Acts-a.Acts)))
		}
		return strings.Compare(a.Protocol+" "+a.Op+" "+a.Class, b.Protocol+" "+b.Op+" "+b.Class)
	})
	return out[:min(limit, len(out))], nil
}

// Outcomes counts the acts of the filter's sessions by what became of them, our
// own reports left out.
func (s *Store) Outcomes(ctx context.Context, f Filter) (map[string]int64, error) {
	out := map[string]int64{}
	if f.Coarse() {
		return out, s.doings(ctx, f, func(n *names, _ int64, d *doing) {
			if o := n.operations[d.operation]; o.class != report {
				out[o.outcome] += d.acts
			}
		})
	}
	list, err := s.done(ctx, f)
	for _, d := range list {
		if d.class != report {
			out[d.outcome] += d.acts
		}
	}
	return out, err
}
