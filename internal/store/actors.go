package store

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// An Actor is what a source has done, over all its sessions.
type Actor struct {
	Src       netip.Addr `json:"src"`
	Sessions  int64      `json:"sessions"`
	Acts      int64      `json:"acts"`
	First     time.Time  `json:"first"`
	Last      time.Time  `json:"last"`
	Days      int64      `json:"days"` // on which he came
	Protocols []string   `json:"protocols"`
	Personas  []string   `json:"personas"`
	Sensors   []string   `json:"sensors"`
	Label     string     `json:"label"` // the gravest of his sessions
	Labels    []string   `json:"labels"`
	Score     float64    `json:"score"`
	Severity  int        `json:"severity"`
	Tools     []string   `json:"tools,omitempty"`

	analysis.Source
}

// Actors lists sources, those that did the gravest first.
func (s *Store) Actors(ctx context.Context, f Filter, limit int) ([]Actor, error) {
	return s.actors(ctx, f, "MAX(severity) DESC, MAX(score) DESC, 2 DESC, 1", limit)
}

func (s *Store) actors(ctx context.Context, f Filter, order string, limit int) ([]Actor, error) {
	w := f.sessions()
	day := fmt.Sprint(int64(24 * time.Hour))
	rows, err := s.db.QueryContext(ctx, `SELECT src, COUNT(*), SUM(acts), MIN(opened), MAX(opened), COUNT(DISTINCT opened / `+day+`),
		GROUP_CONCAT(DISTINCT protocol), GROUP_CONCAT(DISTINCT persona), GROUP_CONCAT(DISTINCT sensor), GROUP_CONCAT(DISTINCT label), GROUP_CONCAT(DISTINCT tool),
		MAX(score), MAX(severity), MAX(country), MAX(asn), MAX(as_org), MAX(net_type), MAX(scanner), MAX(scanner_proof)
		FROM sessions`+w.String()+` GROUP BY src ORDER BY `+order+` LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Actor{}
	for rows.Next() {
		var a Actor
		var src []byte
		var first, last, score int64
		var protocols, personas, sensors, labels, tools string
		if err := rows.Scan(&src, &a.Sessions, &a.Acts, &first, &last, &a.Days, &protocols, &personas, &sensors, &labels, &tools,
			&score, &a.Severity, &a.Country, &a.ASN, &a.ASOrg, &a.NetType, &a.Scanner, &a.ScannerProof); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		a.Src, a.First, a.Last, a.Score = addressOf(src), timeOf(first), timeOf(last), float64(score)/1000
		a.Protocols, a.Personas, a.Sensors, a.Labels, a.Tools = split(protocols), split(personas), split(sensors), split(labels), split(tools)
		a.Label = gravest(a.Labels)
		out = append(out, a)
	}
	return out, rows.Err()
}

// split takes apart what GROUP_CONCAT joined; names have no commas.
func split(s string) []string {
	out := []string{}
	for v := range strings.SplitSeq(s, ",") {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// gravest is the label that says most of an actor.
func gravest(labels []string) string {
	best := ""
	for _, l := range analysis.Labels() {
		for _, have := range labels {
			if have == l {
				best = l
			}
		}
	}
	return best
}

// Clusters joins sources by what they share.
func (s *Store) Clusters(ctx context.Context, f Filter) ([]analysis.Cluster, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT key, id, src, opened, payload, op_sequence, credentials, user_agent, fingerprint, tool FROM sessions`+w.String(), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	files, err := s.filesOf(ctx)
	if err != nil {
		return nil, err
	}
	var traces []analysis.Trace
	for rows.Next() {
		var t analysis.Trace
		var key int64
		var src []byte
		var tool string
		if err := rows.Scan(&key, &t.Session, &src, &t.At, &t.Payload, &t.OpSeqHash, &t.CredList, &t.UA, &t.Fingerprint, &tool); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if t.Src = addressOf(src); tool != "" {
			t.Fingerprint, t.OpSeqHash = "", "" // everybody's
		}
		t.Artifacts = files[key]
		traces = append(traces, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return analysis.Clusters(traces), nil
}

// filesOf are the files that visitors brought, by session.
func (s *Store) filesOf(ctx context.Context) (map[int64][]string, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT session, sha256 FROM artifacts ORDER BY session, sha256`)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := map[int64][]string{}
	for rows.Next() {
		var key int64
		var sum string
		if err := rows.Scan(&key, &sum); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out[key] = append(out[key], sum)
	}
	return out, rows.Err()
}

// Sources is the set of addresses that came.
func (s *Store) Sources(ctx context.Context, f Filter) (map[netip.Addr]bool, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT DISTINCT src FROM sessions`+w.String(), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := map[netip.Addr]bool{}
	for rows.Next() {
		var src []byte
		if err := rows.Scan(&src); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		out[addressOf(src)] = true
	}
	return out, rows.Err()
}
