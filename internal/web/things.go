package web

import (
	"io"

	"github.com/sundew-ics/sundew/internal/store"
)

// credential is a pair that visitors tried.
type credential struct {
	store.Credential
	Default bool `json:"default"`
}

func (a *ask) pairs(f store.Filter, limit int) ([]credential, error) {
	list, err := a.db.Credentials(a.ctx, f, limit)
	out := []credential{}
	for _, c := range list {
		out = append(out, credential{c, a.cfg.Rules.Shipped(c.Protocol, c.User, c.Secret)})
	}
	return out, err
}

func (a *ask) credentials() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	limit := a.limit(200)
	list, err := a.pairs(f, limit+1)
	out := struct {
		Credentials []credential `json:"credentials"`
		More        bool         `json:"more"`
	}{list[:min(limit, len(list))], len(list) > limit}
	return out, err
}

// artifactRow is a file that visitors brought.
type artifactRow struct {
	store.File
	Held bool `json:"held"`
}

func (a *ask) files(f store.Filter, limit int) ([]artifactRow, error) {
	list, err := a.db.Files(a.ctx, f, limit)
	out := []artifactRow{}
	for _, v := range list {
		out = append(out, artifactRow{v, a.cfg.Held != nil && a.cfg.Held(v.SHA256)})
	}
	return out, err
}

func (a *ask) artifacts() (any, error) {
	f, err := a.filter()
	if err != nil {
		return nil, err
	}
	limit := a.limit(200)
	list, err := a.files(f, limit+1)
	out := struct {
		Artifacts []artifactRow `json:"artifacts"`
		More      bool          `json:"more"`
	}{list[:min(limit, len(list))], len(list) > limit}
	return out, err
}

// isHash says whether s is a SHA-256 in hexadecimal, and so no path.
func isHash(s string) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 64
}

func (a *ask) archive() (any, error) {
	if a.cfg.Archive == nil {
		return nil, notWired("Files cannot be had", "this build does not pack them")
	}
	sum := a.r.PathValue("sha256")
	if !isHash(sum) || a.cfg.Held == nil || !a.cfg.Held(sum) {
		return nil, store.ErrNone
	}
	return a.file("application/zip", sum[:16]+".zip", func(w io.Writer) error { return a.cfg.Archive(a.ctx, w, sum) })
}
