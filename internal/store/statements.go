package store

import (
	"context"
	"database/sql"
	"fmt"
)

// What a writer says to the database.
const (
	putMeta = `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`

	putSession = `INSERT INTO sessions (id, boot, sensor, persona, device, service, protocol, transport, src, src_port, dst_port,
		parent, octets, opened, country, asn, as_org, net_type, scanner, scanner_proof, segment, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT (id) DO NOTHING`
	keyOf      = `SELECT key, closed FROM sessions WHERE id = $1`
	endSession = `UPDATE sessions SET closed = $1, reason = $2, acts = $3, octets_in = $4, octets_out = $5 WHERE key = $6 AND closed = 0`
	setFinding = `UPDATE sessions SET label = $1, score = $2, automation = $3, severity = $4, fingerprint = $5, tool = $6,
		op_sequence = $7, payload = $8, credentials = $9, user_agent = $10, finding = $11 WHERE key = $12`

	putAct = `INSERT INTO acts (session, seq, at, op, class, outcome, target_kind, target, value, severity, count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (session, seq) DO NOTHING`
	putCredential = `INSERT INTO credentials (session, seq, at, username, secret, method, accepted) VALUES ($1, $2, $3, $4, $5, $6, $7)`
	putArtifact   = `INSERT INTO artifacts (session, seq, at, sha256, size, name, kind) VALUES ($1, $2, $3, $4, $5, $6, $7)`

	setTechnique = `INSERT INTO techniques (session, technique, acts, first_seq) VALUES ($1, $2, $3, $4)
		ON CONFLICT (session, technique) DO UPDATE SET acts = excluded.acts`
	growHours = `INSERT INTO hours (hour, sensor, persona, protocol, op, class, outcome, acts, octets_in, octets_out)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (hour, sensor, persona, protocol, op, class, outcome) DO UPDATE SET
		acts = hours.acts + excluded.acts, octets_in = hours.octets_in + excluded.octets_in, octets_out = hours.octets_out + excluded.octets_out`
	growVisits = `INSERT INTO visits (day, sensor, persona, protocol, src, country, asn, as_org, net_type, scanner, sessions)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)
		ON CONFLICT (day, sensor, persona, protocol, src) DO UPDATE SET sessions = visits.sessions + 1`
	growFindings = `INSERT INTO findings (hour, sensor, persona, protocol, label, automation, tool, sessions)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
		ON CONFLICT (hour, sensor, persona, protocol, label, automation, tool) DO UPDATE SET sessions = findings.sessions + 1`

	putNote      = `INSERT INTO notes (boot, seq, at, sensor, what, detail) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (boot, seq) DO NOTHING`
	putListening = `INSERT INTO listening (boot, sensor, site, persona, device, service, protocol, addr, since, until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (boot, persona, device, service, addr, since) DO NOTHING`
	endListening = `UPDATE listening SET until = $1 WHERE boot = $2 AND device = $3 AND service = $4 AND addr = $5 AND until = 0`
	endBoot      = `UPDATE listening SET until = $1 WHERE boot = $2 AND until = 0`
	earlierBoots = `SELECT DISTINCT boot FROM listening WHERE sensor = $1 AND boot <> $2 AND until = 0`
	lastOfBoot   = `SELECT COALESCE(MAX(at), 0) FROM notes WHERE boot = $1`
	lastVisit    = `SELECT COALESCE(MAX(opened), 0) FROM sessions WHERE boot = $1`
)

// statements are a writer's, prepared once.
type statements struct {
	all map[string]*sql.Stmt
	tx  *sql.Tx
	own map[string]*sql.Stmt // of the transaction
}

func prepare(ctx context.Context, db *sql.DB) (*statements, error) {
	s := &statements{all: map[string]*sql.Stmt{}}
	for _, q := range []string{putMeta, putSession, keyOf, endSession, setFinding, putAct, putCredential, putArtifact, setTechnique, growHours,
		growVisits, growFindings, putNote, putListening, endListening, endBoot, earlierBoots, lastOfBoot, lastVisit} {
		st, err := db.PrepareContext(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("store: %w in %s", err, q)
		}
		s.all[q] = st
	}
	return s, nil
}

func (s *statements) close() {
	for _, st := range s.all {
		st.Close()
	}
}

// in begins a transaction.
func (s *statements) in(tx *sql.Tx) {
	s.tx, s.own = tx, map[string]*sql.Stmt{}
}

func (s *statements) stmt(ctx context.Context, q string) *sql.Stmt {
	st := s.own[q]
	if st == nil {
		st = s.tx.StmtContext(ctx, s.all[q])
		s.own[q] = st
	}
	return st
}

func (s *statements) exec(ctx context.Context, q string, args ...any) error {
	_, err := s.stmt(ctx, q).ExecContext(ctx, args...)
	return err
}

// insert says how many rows there are more, or other, than before.
func (s *statements) insert(ctx context.Context, q string, args ...any) (int64, error) {
	r, err := s.stmt(ctx, q).ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (s *statements) row(ctx context.Context, q string, args ...any) *sql.Row {
	return s.stmt(ctx, q).QueryRowContext(ctx, args...)
}
