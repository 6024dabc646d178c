package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
)

// What a writer says to the database.
const (
	putMeta   = `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
	keepMeta  = `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	putOrigin = `INSERT INTO origins (name, kind, note, first, last, lines, next, resume, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, note = excluded.note, first = excluded.first, last = excluded.last,
		lines = excluded.lines, next = excluded.next, resume = excluded.resume, state = excluded.state`

	sourceKey = `SELECT key FROM sources WHERE addr = $1`
	putSource = `INSERT INTO sources (key, addr) VALUES ($1, $2)`
	putBlock  = `INSERT INTO addresses (block, addrs) VALUES ($1, $2) ON CONFLICT (block) DO UPDATE SET addrs = excluded.addrs`

	sessionOf  = `SELECT key, closed, place, source, network, verdict, opened, acts, proven FROM sessions WHERE id = $1`
	putSession = `INSERT INTO sessions (key, id, boot, place, source, network, verdict, src_port, dst_port, parent, octets, opened,
		closed, reason, acts, octets_in, octets_out, fingerprint, proven, segment, position, end_segment, end_position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`
	setSession = `UPDATE sessions SET verdict = $1, closed = $2, reason = $3, acts = $4, octets_in = $5, octets_out = $6, fingerprint = $7,
		proven = $8, end_segment = $9, end_position = $10 WHERE key = $11`
	putFinding = `INSERT INTO findings (session, finding) VALUES ($1, $2) ON CONFLICT (session) DO UPDATE SET finding = excluded.finding`

	putAct = `INSERT INTO acts (session, seq, at, operation, target_kind, target, value, severity, count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (session, seq) DO NOTHING`
	actColumns     = 9
	sessionColumns = 23
	putCredential  = `INSERT INTO credentials (session, seq, at, username, secret, method, accepted) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (session, seq) DO NOTHING`
	putArtifact = `INSERT INTO artifacts (session, seq, at, sha256, size, name, kind) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (session, seq) DO NOTHING`

	traceOf     = `SELECT key, sources FROM traces WHERE kind = $1 AND value = $2`
	putTrace    = `INSERT INTO traces (key, kind, value, sources) VALUES ($1, $2, $3, $4)`
	setTrace    = `UPDATE traces SET sources = $1 WHERE key = $2`
	tracedBy    = `SELECT part, members FROM traced WHERE shared = $1 AND trace = $2 ORDER BY part`
	putTraced   = `INSERT INTO traced (shared, trace, part, members) VALUES ($1, $2, $3, $4) ON CONFLICT (shared, trace, part) DO UPDATE SET members = excluded.members`
	dropTraced  = `DELETE FROM traced WHERE shared = $1 AND trace = $2`
	shareTraced = `UPDATE traced SET shared = 1 WHERE shared = 0 AND trace = $1`

	hourOf  = `SELECT part, visits, acts FROM hours WHERE hour = $1 ORDER BY part DESC LIMIT 1`
	putHour = `INSERT INTO hours (hour, part, stamp, visits, acts) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (hour, part) DO UPDATE SET stamp = excluded.stamp, visits = excluded.visits, acts = excluded.acts`

	putDay  = `INSERT INTO days (day, what, digest) VALUES ($1, $2, $3) ON CONFLICT (day, what) DO UPDATE SET digest = excluded.digest`
	dropDay = `DELETE FROM days WHERE day = $1`

	putNote      = `INSERT INTO notes (boot, seq, at, origin, sensor, what, detail) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (boot, seq) DO NOTHING`
	putListening = `INSERT INTO listening (boot, origin, sensor, site, persona, device, service, protocol, addr, since, until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0) ON CONFLICT (boot, persona, device, service, addr, since) DO NOTHING`
	endListening = `UPDATE listening SET until = $1 WHERE boot = $2 AND device = $3 AND service = $4 AND addr = $5 AND until = 0`
	endBoot      = `UPDATE listening SET until = $1 WHERE boot = $2 AND until = 0`
	earlierBoots = `SELECT boot, COALESCE(MAX(last), 0) FROM listening LEFT JOIN boots ON boots.id = boot
		WHERE origin = $1 AND sensor = $2 AND boot <> $3 AND until = 0 GROUP BY boot`
	resumeListening = `INSERT INTO listening (boot, origin, sensor, site, persona, device, service, protocol, addr, since, until)
		SELECT boot, origin, sensor, site, persona, device, service, protocol, addr, CAST($1 AS BIGINT), 0 FROM listening AS before
		WHERE boot = $2 AND device = $3 AND service = $4 AND addr = $5 AND until > 0
		AND NOT EXISTS (SELECT 1 FROM listening AS other WHERE other.boot = before.boot AND other.persona = before.persona AND other.device = before.device
		AND other.service = before.service AND other.addr = before.addr AND (other.until = 0 OR other.since > before.since))
		ON CONFLICT (boot, persona, device, service, addr, since) DO NOTHING`
	setLast = `UPDATE boots SET last = $1 WHERE key = $2 AND last < $3`
)

// several is an insertion of one row, for so many rows of so many columns.
func several(one string, rows, columns int) string {
	head, rest, _ := strings.Cut(one, "VALUES (")
	_, tail, _ := strings.Cut(rest, ")")
	var b strings.Builder
	b.WriteString(head + "VALUES ")
	for i := range rows {
		for k := range columns {
			fmt.Fprintf(&b, "%s$%d", []string{"(", ", "}[min(k, 1)], i*columns+k+1)
		}
		b.WriteString([]string{"), ", ")"}[(i+1)/rows])
	}
	return b.String() + tail
}

// unnamed is a statement whose arguments stand in order with marks that have no names:
// SQLite's driver looks each name up, which for the 144 of some rows took longer than
// to write them.
func unnamed(q string) string {
	var b strings.Builder
	rest := q
	for n := 1; ; n++ {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		mark := strconv.Itoa(n)
		if !strings.HasPrefix(after, mark) || len(after) > len(mark) && after[len(mark)] >= '0' && after[len(mark)] <= '9' {
			return q // one stands twice, or before another
		}
		b.WriteString("?")
		rest = after[len(mark):]
	}
}

// statements are a writer's, each prepared when it is first asked, on its one
// connection.
type statements struct {
	conn *sql.Conn
	all  map[string]*sql.Stmt
}

func statementsOn(conn *sql.Conn) *statements { return &statements{conn, map[string]*sql.Stmt{}} }

func (s *statements) close() {
	for _, st := range s.all {
		st.Close()
	}
}

func (s *statements) stmt(ctx context.Context, q string) (*sql.Stmt, error) {
	if st := s.all[q]; st != nil {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, unnamed(q))
	if err != nil {
		return nil, fmt.Errorf("%w in %s", err, q)
	}
	s.all[q] = st
	return st, nil
}

func (s *statements) exec(ctx context.Context, q string, args ...any) error {
	st, err := s.stmt(ctx, q)
	if err == nil {
		_, err = st.ExecContext(ctx, args...)
	}
	return err
}

// insert says how many rows there are more than before.
func (s *statements) insert(ctx context.Context, q string, args ...any) (int64, error) {
	st, err := s.stmt(ctx, q)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// scanner is a row, or why there is none.
type scanner interface{ Scan(into ...any) error }

type noRow struct{ err error }

func (n noRow) Scan(...any) error { return n.err }

func (s *statements) row(ctx context.Context, q string, args ...any) scanner {
	st, err := s.stmt(ctx, q)
	if err != nil {
		return noRow{err}
	}
	return st.QueryRowContext(ctx, args...)
}

// each calls do for each row.
func (s *statements) each(ctx context.Context, q string, do func(*sql.Rows) error, args ...any) error {
	st, err := s.stmt(ctx, q)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
