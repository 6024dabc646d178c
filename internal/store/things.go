package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
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
	if f.Coarse() { // else the ledgers do not know when first and last
		a, err := s.accounts(ctx, f, digestPairs)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if a != nil {
			return a.credentials(limit)
		}
	}
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

func (a *accounts) credentials(limit int) ([]Credential, error) {
	best := ranking[Credential]{limit: limit, before: func(a, b *Credential) int {
		return cmp.Or(cmp.Compare(b.Tries, a.Tries), strings.Compare(a.Protocol, b.Protocol), strings.Compare(a.User, b.User), strings.Compare(a.Secret, b.Secret), strings.Compare(a.Method, b.Method))
	}}
	err := a.each(func(key []byte, groups []packedGroup) error {
		protocol := func(g *packedGroup) string { return a.names.places[g.place].protocol }
		slices.SortStableFunc(groups, func(x, y packedGroup) int { return strings.Compare(protocol(&x), protocol(&y)) })
		var texts []string
		for len(groups) > 0 {
			c := Credential{Protocol: protocol(&groups[0])}
			first, last := groups[0].first, groups[0].last
			a.anew()
			for len(groups) > 0 && protocol(&groups[0]) == c.Protocol {
				g := &groups[0]
				n, hits, sources, err := a.sum(g)
				if err != nil {
					return err
				}
				c.Tries, c.Accepted, c.Sources = c.Tries+n, c.Accepted+hits, c.Sources+sources
				first, last = min(first, g.first), max(last, g.last)
				groups = groups[1:]
			}
			if best.hopeless(&c) {
				continue
			}
			if texts == nil {
				texts = textsOf(key)
			}
			c.User, c.Secret, c.Method, c.First, c.Last = texts[0], texts[1], texts[2], timeOf(first), timeOf(last)
			best.add(c)
		}
		return nil
	})
	return best.done(), err
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
	if f.Coarse() { // else the ledgers do not know when first and last
		a, err := s.accounts(ctx, f, digestFiles)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		if a != nil {
			return a.list(limit)
		}
	}
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

// list is the files, by their hashes.
func (a *accounts) list(limit int) ([]File, error) {
	best := ranking[File]{limit: limit, before: func(a, b *File) int { return cmp.Or(b.Last.Compare(a.Last), strings.Compare(a.SHA256, b.SHA256)) }}
	var v File // its names and kinds follow each other
	err := a.each(func(key []byte, groups []packedGroup) error {
		texts := textsOf(key)
		if v.SHA256 != texts[0] {
			if v.Times > 0 {
				best.add(v)
			}
			v = File{SHA256: texts[0], Name: texts[1], Kind: texts[2], Protocols: []string{}, First: timeOf(groups[0].first)}
			a.anew()
		}
		v.Name, v.Kind = min(v.Name, texts[1]), min(v.Kind, texts[2])
		for i := range groups {
			g := &groups[i]
			n, octets, sources, err := a.sum(g)
			if err != nil {
				return err
			}
			v.Times, v.Sources, v.Size = v.Times+n, v.Sources+sources, max(v.Size, octets/n)
			v.Protocols = with(v.Protocols, a.names.places[g.place].protocol)
			if at := timeOf(g.first); at.Before(v.First) {
				v.First = at
			}
			if at := timeOf(g.last); at.After(v.Last) {
				v.Last = at
			}
		}
		slices.Sort(v.Protocols)
		return nil
	})
	if v.Times > 0 {
		best.add(v)
	}
	return best.done(), err
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
