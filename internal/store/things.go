package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

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
	out := []Credential{}
	err := each(ctx, s.db, `SELECT protocol, username, secret, method, COUNT(*), COUNT(DISTINCT source), SUM(accepted), MIN(at), MAX(at)
		FROM credentials JOIN sessions ON sessions.key = credentials.session JOIN places ON places.key = sessions.place`+w.String()+
		` GROUP BY protocol, username, secret, method ORDER BY 5 DESC, 1, 2, 3, 4 LIMIT `+w.arg(limit), w.args, func(rows *sql.Rows) error {
		var c Credential
		var first, last int64
		err := rows.Scan(&c.Protocol, &c.User, &c.Secret, &c.Method, &c.Tries, &c.Sources, &c.Accepted, &first, &last)
		c.First, c.Last = timeOf(first), timeOf(last)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
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
	out := []File{}
	err := each(ctx, s.db, `SELECT sha256, MAX(size), MIN(name), MIN(kind), COUNT(*), COUNT(DISTINCT source), MIN(at), MAX(at)
		FROM artifacts JOIN sessions ON sessions.key = artifacts.session`+w.String()+` GROUP BY sha256 ORDER BY 8 DESC, 1 LIMIT `+w.arg(limit), w.args, func(rows *sql.Rows) error {
		var v File
		var first, last int64
		err := rows.Scan(&v.SHA256, &v.Size, &v.Name, &v.Kind, &v.Times, &v.Sources, &first, &last)
		v.First, v.Last = timeOf(first), timeOf(last)
		out = append(out, v)
		return err
	})
	for i := range out {
		if err == nil {
			out[i].Protocols, err = s.protocolsOf(ctx, f, out[i].SHA256)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return out, nil
}

// protocolsOf are those by which a file came.
func (s *Store) protocolsOf(ctx context.Context, f Filter, sum string) ([]string, error) {
	w := f.sessions()
	w.and("sha256 = ?", sum)
	out := []string{}
	err := each(ctx, s.db, `SELECT DISTINCT protocol FROM artifacts JOIN sessions ON sessions.key = artifacts.session
		JOIN places ON places.key = sessions.place`+w.String()+` ORDER BY 1`, w.args, func(rows *sql.Rows) error {
		var p string
		err := rows.Scan(&p)
		out = append(out, p)
		return err
	})
	return out, err
}
