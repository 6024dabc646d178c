package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// projections are the tables by what they mean: without the keys that depend on
// the order in which lines came, in an order of their own.
func projections() map[string]string {
	return map[string]string{
		"sessions": `SELECT id, boot, sensor, persona, device, service, protocol, transport, hex(src), src_port, dst_port, parent, octets, opened, closed, reason, acts,
			octets_in, octets_out, country, asn, as_org, net_type, scanner, scanner_proof, label, score, automation, severity, fingerprint, tool, op_sequence,
			payload, credentials, user_agent, finding FROM sessions ORDER BY id`,
		"acts": `SELECT id, seq, at, op, class, outcome, target_kind, target, value, acts.severity, count FROM acts
			JOIN sessions ON sessions.key = acts.session ORDER BY id, seq`,
		"credentials": `SELECT id, seq, at, username, secret, method, accepted FROM credentials JOIN sessions ON sessions.key = session ORDER BY id, seq`,
		"artifacts":   `SELECT id, seq, at, sha256, size, name, kind FROM artifacts JOIN sessions ON sessions.key = session ORDER BY id, seq`,
		"techniques":  `SELECT id, technique, techniques.acts, first_seq FROM techniques JOIN sessions ON sessions.key = session ORDER BY id, technique`,
		"listening":   `SELECT * FROM listening ORDER BY boot, persona, device, service, addr, since`,
		"notes":       `SELECT * FROM notes ORDER BY boot, seq`,
		"hours":       `SELECT * FROM hours ORDER BY hour, sensor, persona, protocol, op, class, outcome`,
		"visits":      `SELECT day, sensor, persona, protocol, hex(src), country, asn, as_org, net_type, scanner, sessions FROM visits ORDER BY day, sensor, persona, protocol, src`,
		"findings":    `SELECT * FROM findings ORDER BY hour, sensor, persona, protocol, label, automation, tool`,
	}
}

// Projection is what a table holds, as one hash and the number of its rows: two
// stores of the same journal and versions have equal ones.
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
	return out, nil
}

func (s *Store) project(ctx context.Context, name, q string, w io.Writer) (Projection, error) {
	rows, err := s.db.QueryContext(ctx, q)
	if err != nil {
		return Projection{}, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return Projection{}, err
	}
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	sum, n := sha256.New(), 0
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return Projection{}, err
		}
		var b strings.Builder
		for _, v := range values {
			fmt.Fprintf(&b, "%v\x1f", v)
		}
		io.WriteString(sum, b.String()+"\n")
		if w != nil {
			fmt.Fprintf(w, "%s\t%s\n", name, b.String())
		}
		n++
	}
	return Projection{n, hex.EncodeToString(sum.Sum(nil))}, rows.Err()
}
