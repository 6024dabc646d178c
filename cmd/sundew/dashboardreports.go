package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/report/document"
	"github.com/sundew-ics/sundew/internal/store"
	"github.com/sundew-ics/sundew/internal/web"
)

// Bounds of reports that are made from the dashboard.
const (
	maxReports = 20
	reportTime = 10 * time.Minute
)

// reports makes reports into a directory below the sensor's, one at a time.
type reports struct {
	ctx context.Context // of the dashboard
	dir string
	db  func() *store.Store
	by  *interpreter
	log *slog.Logger

	mu     sync.Mutex
	making *web.Report // nil: none
	failed []web.Report
	done   sync.WaitGroup
}

func newReports(ctx context.Context, dir directory, db func() *store.Store, by *interpreter, log *slog.Logger) *reports {
	return &reports{ctx: ctx, dir: dir.path("reports"), db: db, by: by, log: log}
}

// order begins a report.
func (r *reports) order(_ context.Context, o web.Order) (web.Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.making != nil {
		return web.Report{}, errors.New("another report is being made: wait until it is done")
	}
	have, err := r.ready()
	if err != nil {
		return web.Report{}, err
	}
	if len(have) >= maxReports {
		return web.Report{}, fmt.Errorf("there are %d reports already: remove some from %s", len(have), r.dir)
	}
	now := time.Now().UTC().Truncate(time.Second)
	v := web.Report{ID: now.Format("2006-01-02T150405Z"), Made: now, From: o.Filter.From, To: o.Filter.To, Files: []web.ReportFile{}, State: "making"}
	if _, err := os.Stat(filepath.Join(r.dir, v.ID)); err == nil {
		return web.Report{}, errors.New("one was made this very second: try again")
	}
	r.making = &v
	r.done.Go(func() {
		err := r.make(v, o)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.making = nil
		if err != nil {
			r.log.Error("a report could not be made", "err", err)
			v.State, v.Error = "failed", err.Error()
			r.failed = append(r.failed[max(0, len(r.failed)-4):], v)
		}
	})
	return v, nil
}

// make makes a report beside its place, and puts it there when it is whole.
func (r *reports) make(v web.Report, o web.Order) (err error) {
	defer func() {
		if p := recover(); p != nil { // nobody else would: it would end the sensor
			err = fmt.Errorf("a fault of the program: %v", p)
			r.log.Error("a report panicked", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(r.ctx, reportTime)
	defer cancel()
	cfg := document.Config{Filter: o.Filter, Query: map[string]string{}, Now: v.Made, Build: version(), Rules: r.by.rules, Versions: allVersions(r.by)}
	for name, text := range map[string]string{"from": stamped(v.From), "to": stamped(v.To), "q": o.Query} {
		if text != "" {
			cfg.Query[name] = text
		}
	}
	for _, n := range r.by.known.Notices() {
		cfg.Notices = append(cfg.Notices, document.Notice{Data: n.Data, Text: n.Text, Link: n.Link, Licence: n.Licence, Built: n.Built})
	}
	d, err := document.Make(ctx, r.db(), cfg)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(r.dir, ".making-")
	if err != nil {
		return err
	}
	if _, err := d.Write(ctx, temp); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	return os.Rename(temp, filepath.Join(r.dir, v.ID))
}

func stamped(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// list is what there is, the latest first.
func (r *reports) list() ([]web.Report, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out, err := r.ready()
	if r.making != nil {
		out = append(out, *r.making)
	}
	out = append(out, r.failed...)
	slices.SortFunc(out, func(a, b web.Report) int { return strings.Compare(b.ID, a.ID) })
	return out, err
}

// ready are the reports that are whole.
func (r *reports) ready() ([]web.Report, error) {
	list, err := os.ReadDir(r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []web.Report
	for _, e := range list {
		made, bad := time.Parse("2006-01-02T150405Z", e.Name())
		if !e.IsDir() || bad != nil {
			continue
		}
		v := web.Report{ID: e.Name(), Made: made, State: "ready", Files: []web.ReportFile{}}
		files := os.DirFS(filepath.Join(r.dir, e.Name()))
		err = errors.Join(err, fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				v.Files = append(v.Files, web.ReportFile{Name: path, Octets: info.Size()})
				v.Octets += info.Size()
			}
			return err
		}))
		out = append(out, v)
	}
	return out, err
}

// open opens a file of a report; no name leads out of it.
func (r *reports) open(id, name string) (io.ReadCloser, int64, error) {
	if _, err := time.Parse("2006-01-02T150405Z", id); err != nil || !fs.ValidPath(name) {
		return nil, 0, fs.ErrNotExist
	}
	root, err := os.OpenRoot(filepath.Join(r.dir, id))
	if err != nil {
		return nil, 0, fs.ErrNotExist
	}
	defer root.Close()
	f, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, 0, fs.ErrNotExist
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
