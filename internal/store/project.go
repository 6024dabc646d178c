package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// projections are the tables by what they mean: without the keys that depend on
// the order in which lines came, in an order of their own.
func projections() map[string]string {
	const session = ` JOIN sessions ON sessions.key = session`
	return map[string]string{
		"origins": `SELECT name, kind, note, first, last, lines FROM origins ORDER BY name`,
		"sessions": `SELECT sessions.id, boots.id, origin, sensor, persona, device, service, protocol, transport, addr, src_port, dst_port, parent, octets, opened, closed, reason, acts,
			octets_in, octets_out, country, asn, as_org, net_type, scanner, scanner_proof, label, score, automation, severity, tool, techniques, fingerprint, proven,
			segment, position, end_segment, end_position
			FROM sessions JOIN boots ON boots.key = boot JOIN places ON places.key = place JOIN sources ON sources.key = source
			JOIN networks ON networks.key = network JOIN verdicts ON verdicts.key = verdict ORDER BY sessions.id`,
		"findings": `SELECT id, finding FROM findings` + session + ` ORDER BY id`,
		"acts": `SELECT id, seq, at, op, class, outcome, target_kind, target, value, severity, count FROM acts` + session + `
			JOIN operations ON operations.key = operation ORDER BY id, seq`,
		"credentials": `SELECT id, seq, at, username, secret, method, accepted FROM credentials` + session + ` ORDER BY id, seq`,
		"artifacts":   `SELECT id, seq, at, sha256, size, name, kind FROM artifacts` + session + ` ORDER BY id, seq`,
		"listening":   `SELECT boot, origin, sensor, site, persona, device, service, protocol, addr, since, until FROM listening ORDER BY boot, persona, device, service, addr, since`,
		"notes":       `SELECT boot, seq, at, origin, sensor, what, detail FROM notes ORDER BY boot, seq`,
	}
}

// Projection is what a table holds, as one hash and the number of its rows: two
// stores of the same journals and versions have equal ones.
type Projection struct {
	Rows int    `json:"rows"`
	Hash string `json:"hash"`
}

// Project reads all of the store; w gets each row as a line if it is not nil.
func (s *Store) Project(ctx context.Context, w io.Writer) (map[string]Projection, error) {
	out := map[string]Projection{}
	for name, q := range projections() {
		p, err := s.project(ctx, name, q, w)
		if err != nil {
			return nil, fmt.Errorf("store: %s: %w", name, err)
		}
		out[name] = p
	}
	p, err := s.projectHours(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("store: hours: %w", err)
	}
	out["hours"] = p
	if out["traces"], err = s.projectTraces(ctx, w); err != nil {
		return nil, fmt.Errorf("store: traces: %w", err)
	}
	return out, nil
}

// projectTraces is who left what in which session.
func (s *Store) projectTraces(ctx context.Context, w io.Writer) (Projection, error) {
	var lines []string
	err := each(ctx, s.db, `SELECT kind, value, sources, COALESCE(members, '') FROM traces LEFT JOIN traced ON traced.trace = traces.key`, nil, func(rows *sql.Rows) error {
		var kind, value string
		var sources int64
		var members []byte
		if err := rows.Scan(&kind, &value, &sources, &members); err != nil {
			return err
		}
		if len(members) == 0 {
			lines = append(lines, fmt.Sprintf("%s\x1f%s\x1f%d", kind, value, sources))
		}
		return unpackMembers(members, func(m member) {
			lines = append(lines, fmt.Sprintf("%s\x1f%s\x1f%d\x1f%d", kind, value, sources, m.opened))
		})
	})
	slices.Sort(lines)
	p := projecting{name: "traces", w: w}
	for _, l := range lines {
		p.row(l)
	}
	return p.done(), err
}

func (s *Store) project(ctx context.Context, name, q string, w io.Writer) (Projection, error) {
	var into, values []any
	p := projecting{name: name, w: w}
	err := each(ctx, s.db, q, nil, func(rows *sql.Rows) error {
		if into == nil {
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			values, into = make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if b, ok := values[len(values)-1].([]byte); ok && name == "findings" {
			text, err := findingText(b)
			if err != nil {
				return err
			}
			values[len(values)-1] = string(text)
		}
		p.row(values...)
		return nil
	})
	return p.done(), err
}

// projectHours is the roll-up by names, its parts added up.
func (s *Store) projectHours(ctx context.Context, w io.Writer) (Projection, error) {
	lines := map[string][]int64{}
	add := func(key string, ns ...int64) {
		have := lines[key]
		for len(have) < len(ns) {
			have = append(have, 0)
		}
		for i, n := range ns {
			have[i] += n
		}
		lines[key] = have
	}
	keys := map[uint32]bool{}
	type seen struct {
		at     int64
		v      visit
		proven []int64
	}
	var all []seen
	n, err := s.groups(ctx, Filter{}, func(_ *names, at int64, v *visit, proven []int32) {
		keys[v.source] = true
		x := seen{at, *v, nil}
		for _, p := range proven {
			x.proven = append(x.proven, int64(p))
		}
		all = append(all, x)
	})
	if err != nil {
		return Projection{}, err
	}
	addrs, err := s.addrs(ctx, slices.Collect(maps.Keys(keys)))
	if err != nil {
		return Projection{}, err
	}
	for _, x := range all {
		v := &x.v
		add(fmt.Sprintf("visits\x1f%d\x1f%v\x1f%v\x1f%v\x1f%v", x.at, addrs[v.source], n.places[v.place], n.networks[v.network], n.verdicts[v.verdict]),
			append([]int64{int64(v.sessions), int64(v.acts)}, x.proven...)...)
	}
	err = each(ctx, s.db, `SELECT hour, acts FROM hours`, nil, func(rows *sql.Rows) error {
		var at int64
		var acts sql.RawBytes
		if err := rows.Scan(&at, &acts); err != nil {
			return err
		}
		return unpackActs(acts, func(a action, v volume) {
			add(fmt.Sprintf("acts\x1f%d\x1f%v\x1f%v", at, n.places[a.place], n.operations[a.operation]), v.acts, v.in, v.out)
		})
	})
	p := projecting{name: "hours", w: w}
	for _, key := range slices.Sorted(maps.Keys(lines)) {
		p.row(key, lines[key])
	}
	return p.done(), err
}

// projecting is a projection that is being made.
type projecting struct {
	name string
	w    io.Writer
	sum  []byte
	n    int
}

func (p *projecting) row(values ...any) {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%v\x1f", v)
	}
	sum := sha256.Sum256(append(p.sum, b.String()...))
	p.sum = sum[:]
	if p.n++; p.w != nil {
		fmt.Fprintf(p.w, "%s\t%s\n", p.name, b.String())
	}
}

func (p *projecting) done() Projection { return Projection{p.n, hex.EncodeToString(p.sum)} }
