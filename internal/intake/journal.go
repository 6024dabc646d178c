package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// source gives the files of a journal, one after the other, as often as asked.
type source func(ctx context.Context, f func(name string, r io.Reader) error) error

// ImportJournal takes in another sensor's journal: segments as they are.
func ImportJournal(ctx context.Context, c Config, now time.Time) (Result, error) {
	src, size, err := c.source(ctx)
	if err != nil {
		return Result{}, err
	}
	t := &taker{cfg: &c, hashes: map[uint64]journal.Hash{}, plans: map[string]*plan{}, firsts: map[uint64]string{}, bar: &meter{tell: c.Progress, total: 2 * size}}
	if err := src(ctx, t.look); err != nil {
		return Result{}, err
	}
	if len(t.plans) == 0 {
		return Result{}, fmt.Errorf("%s: %w", c.Path, ErrKind)
	}
	if c.Name == "" && len(t.sensors) > 0 {
		c.Name = nameOf(t.sensors[0])
	}
	if err := c.check(); err != nil {
		return Result{}, err
	}
	held, err := journal.Lock(c.dir())
	if err != nil {
		return Result{}, err
	}
	defer held.Close()
	defer c.tidy()
	o, err := c.readOrigin(Sundew)
	if err != nil {
		return Result{}, err
	}
	if err := t.judge(ctx, src, o); err != nil {
		return Result{}, err
	}
	if err := src(ctx, t.copy); err != nil {
		return Result{}, err
	}
	o.Sensors = t.sensors
	t.result.Name, t.result.Kind = c.Name, Sundew
	return t.result, c.writeOrigin(o, now)
}

// source opens what Path is.
func (c *Config) source(ctx context.Context) (source, int64, error) {
	info, err := os.Stat(c.Path)
	if err != nil {
		return nil, 0, err
	}
	if !info.IsDir() {
		if _, err := backup.Verify(ctx, c.Path); err != nil {
			return nil, 0, err
		}
		return func(ctx context.Context, f func(string, io.Reader) error) error {
			return backup.Each(ctx, c.Path, func(name string, r io.Reader) error {
				if rest, ok := strings.CutPrefix(name, "journal/"); ok {
					return f(rest, r)
				}
				return nil
			})
		}, info.Size(), nil
	}
	dir, ok := journalIn(c.Path)
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", c.Path, ErrKind)
	}
	if own, err := filepath.EvalSymlinks(filepath.Join(c.Data, "journal")); err == nil {
		if same, err := filepath.EvalSymlinks(dir); err == nil && same == own {
			return nil, 0, fmt.Errorf("%s is this sensor's own journal: there is nothing to import", dir)
		}
	}
	var size int64
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	return func(ctx context.Context, f func(string, io.Reader) error) error { return eachFile(ctx, dir, f) }, size, err
}

func eachFile(ctx context.Context, dir string, f func(string, io.Reader) error) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.Type().IsRegular() {
			continue
		}
		in, err := os.Open(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // packed or deleted since
		}
		if err != nil {
			return err
		}
		err = f(e.Name(), in)
		in.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// A plan is what a file of the source is, and what is to become of it.
type plan struct {
	n       uint64
	kind    journal.Kind
	hash    journal.Hash // of the whole lines
	written time.Time    // of its last line
	take    bool
	replace string // a file of ours that it takes the place of
}

// taker takes a journal's files over.
type taker struct {
	cfg     *Config
	hashes  map[uint64]journal.Hash // what the source's hash list says
	plans   map[string]*plan
	sensors []string
	firsts  map[uint64]string // first lines, to tell journals apart
	result  Result
	bar     *meter
}

// look measures a file and checks it against the source's hash list.
func (t *taker) look(name string, r io.Reader) error {
	if name == journal.HashesName {
		var err error
		t.hashes, err = journal.ReadHashes(r)
		return err
	}
	n, kind := journal.KindOf(name)
	if kind == journal.NoFile || kind == journal.Torn {
		return nil
	}
	p := &plan{n: n, kind: kind, written: time.Unix(0, 0)}
	lines, end, err := wholeLines(kind, t.bar.reader(r))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer end()
	var first, last []byte
	lines.see = func(l []byte) {
		if first == nil {
			first = bytes.Clone(l)
		}
		last = append(last[:0], l...)
	}
	if p.hash, err = journal.Measure(n, lines); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if p.hash.Lines == 0 {
		return nil
	}
	t.plans[name] = p
	for _, l := range [][]byte{first, last} {
		e, err := event.Parse(l)
		if err != nil {
			continue // of a later version, or padding
		}
		p.written = e.Time
		if e.Sensor != "" && !slices.Contains(t.sensors, e.Sensor) && len(t.sensors) < 64 {
			t.sensors = append(t.sensors, e.Sensor)
		}
	}
	if kind != journal.Kept {
		t.firsts[n] = string(first)
	}
	return nil
}

// judge compares the source with what is here, before anything is changed.
func (t *taker) judge(ctx context.Context, src source, o *Origin) error {
	for name, p := range t.plans {
		listed, ok := t.hashes[p.n]
		if p.kind == journal.Packed && ok && listed.SHA256 != p.hash.SHA256 {
			return fmt.Errorf("%s is not what its hash list says: it was changed or damaged; nothing was imported", name)
		}
		if ok && listed.SHA256 == p.hash.SHA256 {
			p.hash.Was, p.hash.Why = listed.Was, listed.Why
		}
	}
	if err := t.notOurs(); err != nil {
		return err
	}
	proven := false
	err := src(ctx, func(name string, r io.Reader) error {
		p := t.plans[name]
		if p == nil {
			return nil
		}
		same, err := t.compare(p, r)
		proven = proven || same
		return err
	})
	if err != nil {
		return err
	}
	known := slices.ContainsFunc(t.sensors, func(s string) bool { return slices.Contains(o.Sensors, s) })
	if len(o.Sensors) > 0 && !proven && !known {
		return fmt.Errorf("imported/%s has lines of %q, and this journal is of %q: import it under another --name", t.cfg.Name, o.Sensors, t.sensors)
	}
	return nil
}

// have finds the file of ours that has segment n.
func (t *taker) have(n uint64) (string, journal.Kind) {
	for _, k := range []journal.Kind{journal.Packed, journal.Plain, journal.Kept} {
		if _, err := os.Stat(filepath.Join(t.cfg.dir(), journal.Name(n, k))); err == nil {
			return journal.Name(n, k), k
		}
	}
	return "", journal.NoFile
}

// notOurs refuses the sensor's own journal, and one that is here under another name.
func (t *taker) notOurs() error {
	dirs, err := filepath.Glob(filepath.Join(t.cfg.Data, "imported", "*"))
	if err != nil {
		return err
	}
	for _, dir := range append(dirs, filepath.Join(t.cfg.Data, "journal")) {
		if dir == t.cfg.dir() {
			continue
		}
		for n, first := range t.firsts {
			if first == "" || firstLine(dir, n) != first {
				continue
			}
			if filepath.Base(filepath.Dir(dir)) == "imported" {
				return fmt.Errorf("this journal is here already, as %s", filepath.Base(dir))
			}
			return errors.New("this is this sensor's own journal: there is nothing to import")
		}
	}
	return nil
}

// copy writes a file that is to be taken, and checks what came.
func (t *taker) copy(name string, r io.Reader) error {
	p := t.plans[name]
	if p == nil || !p.take {
		return nil
	}
	dir := t.cfg.dir()
	path := filepath.Join(dir, journal.Name(p.n, p.kind))
	in := t.bar.reader(r)
	if p.kind == journal.Plain {
		in = io.LimitReader(in, p.hash.Octets)
	}
	fresh := path + ".new"
	if err := journal.PutFile(fresh, p.written, in); err != nil {
		return err
	}
	got, err := measureFile(fresh, p.n, p.kind)
	if err == nil && got.SHA256 != p.hash.SHA256 {
		err = fmt.Errorf("%s was changed while it was read: import again", name)
	}
	if err == nil && p.kind == journal.Packed {
		err = journal.AddHash(dir, p.hash)
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		os.Remove(fresh)
		return err
	}
	if p.replace != "" && p.replace != filepath.Base(path) {
		if err := os.Remove(filepath.Join(dir, p.replace)); err != nil {
			return err
		}
	}
	t.result.Segments++
	t.result.Lines += int64(p.hash.Lines)
	return nil
}

// meter tells how far reading has come.
type meter struct {
	tell        func(done, total int64)
	done, total int64
}

func (m *meter) reader(r io.Reader) io.Reader { return &metered{m, r} }

type metered struct {
	m *meter
	r io.Reader
}

// Read implements io.Reader.
func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.m.done += int64(n)
	if m.m.tell != nil {
		m.m.tell(min(m.m.done, m.m.total), m.m.total)
	}
	return n, err
}
