package store

import (
	"context"
	"fmt"
	"time"
)

// A Technique is how often an ATT&CK technique was proven.
type Technique struct {
	ID        string   `json:"id"`
	Sessions  int64    `json:"sessions"`
	Sources   int64    `json:"sources"`
	Acts      int64    `json:"acts"`
	Protocols []string `json:"protocols"`
}

// Techniques counts techniques, the most frequent first.
func (s *Store) Techniques(ctx context.Context, f Filter) ([]Technique, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT technique, COUNT(*), COUNT(DISTINCT src), SUM(techniques.acts), GROUP_CONCAT(DISTINCT protocol)
		FROM techniques JOIN sessions ON sessions.key = techniques.session`+w.String()+` GROUP BY technique ORDER BY 2 DESC, 1`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Technique{}
	for rows.Next() {
		var t Technique
		var protocols string
		if err := rows.Scan(&t.ID, &t.Sessions, &t.Sources, &t.Acts, &protocols); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		t.Protocols = split(protocols)
		out = append(out, t)
	}
	return out, rows.Err()
}

// A Credential is a pair that visitors tried.
type Credential struct {
	Protocol string    `json:"protocol"`
	User     string    `json:"user"`
	Secret   string    `json:"secret"`
	Method   string    `json:"method,omitempty"`
	Tries    int64     `json:"tries"`
	Sources  int64     `json:"sources"`
	Accepted int64     `json:"accepted"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// Credentials counts the pairs that were tried, the most frequent first.
func (s *Store) Credentials(ctx context.Context, f Filter, limit int) ([]Credential, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT protocol, username, secret, method, COUNT(*), COUNT(DISTINCT src), SUM(accepted), MIN(at), MAX(at)
		FROM credentials JOIN sessions ON sessions.key = credentials.session`+w.String()+
		` GROUP BY protocol, username, secret, method ORDER BY 5 DESC, 1, 2, 3 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []Credential{}
	for rows.Next() {
		var c Credential
		var first, last int64
		if err := rows.Scan(&c.Protocol, &c.User, &c.Secret, &c.Method, &c.Tries, &c.Sources, &c.Accepted, &first, &last); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		c.First, c.Last = timeOf(first), timeOf(last)
		out = append(out, c)
	}
	return out, rows.Err()
}

// A File is one that visitors brought: an upload, a program block.
type File struct {
	SHA256    string    `json:"sha256"`
	Size      int64     `json:"size"`
	Name      string    `json:"name"` // as the first visitor called it
	Kind      string    `json:"kind"`
	Protocols []string  `json:"protocols"`
	Times     int64     `json:"times"`
	Sources   int64     `json:"sources"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
}

// Files lists what visitors brought, the latest first.
func (s *Store) Files(ctx context.Context, f Filter, limit int) ([]File, error) {
	w := f.sessions()
	rows, err := s.db.QueryContext(ctx, `SELECT sha256, MAX(size), MIN(name), MIN(kind), GROUP_CONCAT(DISTINCT protocol), COUNT(*), COUNT(DISTINCT src), MIN(at), MAX(at)
		FROM artifacts JOIN sessions ON sessions.key = artifacts.session`+w.String()+` GROUP BY sha256 ORDER BY 9 DESC, 1 LIMIT `+w.arg(limit), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	defer rows.Close()
	out := []File{}
	for rows.Next() {
		var v File
		var protocols string
		var first, last int64
		if err := rows.Scan(&v.SHA256, &v.Size, &v.Name, &v.Kind, &protocols, &v.Times, &v.Sources, &first, &last); err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		v.Protocols, v.First, v.Last = split(protocols), timeOf(first), timeOf(last)
		out = append(out, v)
	}
	return out, rows.Err()
}
