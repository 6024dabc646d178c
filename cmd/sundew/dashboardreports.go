package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/report/document"
	"github.com/sundew-ics/sundew/internal/web"
)

// bookcase makes reports from the dashboard and keeps them below DIR/reports,
// one at a time.
type bookcase struct {
	*jobs
	ctx  context.Context // ends a report that is being made
	work *sync.WaitGroup // of which its making is

	mu     sync.Mutex
	making *web.Report // or the last, if that failed
}

// maxReports bounds how many are kept; the oldest make room.
const maxReports = 20

// Files of a report, and the note beside them.
const (
	reportPage = "report.html"
	reportAll  = "report.zip"
	reportNote = "report.json"
)

func (b *bookcase) path(name ...string) string {
	return b.dir.path(append([]string{"reports"}, name...)...)
}

// make begins a report and returns at once.
func (b *bookcase) make(_ context.Context, o web.Order) (web.Report, error) {
	if o.Anonymise {
		return web.Report{}, errors.New("a report names addresses; for one to be given away use `sundew export --share`")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.making != nil && b.making.State == "making" {
		return web.Report{}, errors.New("another report is being made")
	}
	now := time.Now().UTC().Truncate(time.Second)
	sum := sha256.Sum256([]byte(now.String() + o.Query))
	r := web.Report{ID: now.Format("20060102T150405") + "-" + hex.EncodeToString(sum[:3]), Made: now, From: o.Filter.From, To: o.Filter.To, State: "making", Files: []web.ReportFile{}}
	if err := os.MkdirAll(b.path(), 0o700); err != nil {
		return r, err
	}
	left, _ := filepath.Glob(b.path("*.new")) // of a process that ended meanwhile
	for _, dir := range left {
		os.RemoveAll(dir)
	}
	b.making = &r
	b.work.Go(func() { b.write(r, o) })
	return r, nil
}

// reportTime bounds the making of one report.
const reportTime = 5 * time.Minute

func (b *bookcase) write(r web.Report, o web.Order) {
	ctx, stop := context.WithTimeout(b.ctx, reportTime)
	defer stop()
	err := b.fill(ctx, &r, o)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		r.State, r.Error = "failed", err.Error()
		os.RemoveAll(b.path(r.ID))
		os.RemoveAll(b.path(r.ID + ".new"))
		b.making = &r
		return
	}
	b.making = nil
	b.tidy()
}

// fill writes the files, and moves them to their place when all are there.
func (b *bookcase) fill(ctx context.Context, r *web.Report, o web.Order) error {
	temp := b.path(r.ID + ".new")
	cfg := documentConfig(b.by, o.Filter, r.Made)
	if o.Query != "" {
		cfg.Query["q"] = o.Query
	}
	d, err := document.Make(ctx, b.store.get(), cfg)
	if err != nil {
		return err
	}
	all := filepath.Join(temp, "all")
	if _, err := d.Write(ctx, all); err != nil {
		return err
	}
	if err := zipFolder(filepath.Join(temp, reportAll), all); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(all, reportPage), filepath.Join(temp, reportPage)); err != nil {
		return err
	}
	if err := os.RemoveAll(all); err != nil {
		return err
	}
	r.State = "ready"
	for _, name := range []string{reportPage, reportAll} {
		info, err := os.Stat(filepath.Join(temp, name))
		if err != nil {
			return err
		}
		r.Files = append(r.Files, web.ReportFile{Name: name, Octets: info.Size()})
		r.Octets += info.Size()
	}
	note, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(filepath.Join(temp, reportNote), note, 0o600)
	}
	if err != nil {
		return err
	}
	return os.Rename(temp, b.path(r.ID))
}

// zipFolder packs what is in a folder.
func zipFolder(out, folder string) error {
	return writeFile(out, func(w io.Writer) error {
		z := zip.NewWriter(w)
		if err := z.AddFS(os.DirFS(folder)); err != nil {
			return err
		}
		return z.Close()
	})
}

// tidy deletes the oldest beyond maxReports.
func (b *bookcase) tidy() {
	list, err := b.kept()
	if err != nil {
		return
	}
	for _, r := range list[min(maxReports, len(list)):] {
		os.RemoveAll(b.path(r.ID))
	}
}

// kept are the finished reports, the latest first.
func (b *bookcase) kept() ([]web.Report, error) {
	all, err := os.ReadDir(b.path())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	out := []web.Report{}
	for _, e := range all {
		var r web.Report
		if note, err := os.ReadFile(b.path(e.Name(), reportNote)); err == nil && json.Unmarshal(note, &r) == nil && r.ID == e.Name() {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(x, y web.Report) int { return strings.Compare(y.ID, x.ID) })
	return out, nil
}

// list is all reports, with the one that is being made.
func (b *bookcase) list() ([]web.Report, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out, err := b.kept()
	if b.making != nil {
		out = slices.Insert(out, 0, *b.making)
	}
	return out, err
}

// open opens a file of a report.
func (b *bookcase) open(id, name string) (io.ReadCloser, int64, error) {
	if name != reportPage && name != reportAll {
		return nil, 0, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	root, err := os.OpenRoot(b.path())
	if err != nil {
		return nil, 0, err
	}
	defer root.Close()
	f, err := root.Open(filepath.Join(id, name))
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}
