package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sundew-ics/sundew/internal/event"
)

// The keeper's rhythm.
const (
	reportEvery = 10 * time.Second
	tendEvery   = time.Hour
)

// keepLoop packs closed segments, applies retention and hands the owner what
// the record ought to say.
func (j *Journal) keepLoop(ctx context.Context) {
	report, tend := time.NewTicker(reportEvery), time.NewTicker(tendEvery)
	defer report.Stop()
	defer tend.Stop()
	said := map[event.Class]uint64{}
	j.tend(ctx)
	for {
		said = j.report(said)
		select {
		case <-ctx.Done():
			return
		case <-j.tidy:
			j.tend(ctx)
		case <-tend.C:
			j.tend(ctx)
		case <-report.C:
		}
	}
}

// report hands over the notices, and the drops by class when there are more
// than said.
func (j *Journal) report(said map[event.Class]uint64) map[event.Class]uint64 {
	j.mu.Lock()
	list, drops := j.notices, maps.Clone(j.drops)
	j.notices = nil
	failing := ""
	if j.failing != nil {
		failing = j.failing.Error()
	}
	j.mu.Unlock()
	if !maps.Equal(drops, said) {
		list = append(list, event.Status{What: "drop", Detail: dropDetail{increase(drops, said), drops, failing}})
	}
	for _, s := range list {
		if j.cfg.Status != nil {
			j.cfg.Status(s)
		} else {
			j.cfg.Log.Warn("journal status", "what", s.What, "detail", s.Detail)
		}
	}
	return drops
}

func increase(now, before map[event.Class]uint64) map[event.Class]uint64 {
	more := map[event.Class]uint64{}
	for class, n := range now {
		if n > before[class] {
			more[class] = n - before[class]
		}
	}
	return more
}

// The details of status lines.
type (
	dropDetail struct {
		Dropped map[event.Class]uint64 `json:"dropped"` // since the last such line; "" are closes and status lines
		Total   map[event.Class]uint64 `json:"total"`   // since start
		Error   string                 `json:"error,omitempty"`
	}
	tornDetail struct {
		Torn   string `json:"torn"` // the file
		Octets int64  `json:"octets"`
	}
	lostDetail struct {
		Follower string `json:"follower"`
		From     string `json:"from"`
		To       string `json:"to"`
		Error    string `json:"error,omitempty"`
	}
)

func lostStatus(name string, l *Lost) event.Status {
	d := lostDetail{Follower: name, From: l.From.String(), To: l.To.String()}
	if l.Err != nil {
		d.Error = l.Err.Error()
	}
	return event.Status{What: "lost", Detail: d}
}

// tend packs what is closed, then deletes what is too old or too much.
func (j *Journal) tend(ctx context.Context) {
	j.keepMu.Lock()
	defer j.keepMu.Unlock()
	if err := j.packAll(ctx); err != nil && ctx.Err() == nil {
		j.cfg.Log.Error("cannot compress a journal segment; it stays as it is", "err", err)
	}
	if err := j.retain(ctx); err != nil && ctx.Err() == nil {
		j.cfg.Log.Error("journal retention", "err", err)
	}
}

func (j *Journal) active() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.end.Segment
}

func (j *Journal) packAll(ctx context.Context) error {
	active := j.active()
	list, err := pieces(j.cfg.Dir)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.suffix == plainSuffix && p.n < active {
			if err := j.pack(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// pack turns a closed segment into its compressed form: written beside, fsynced,
// renamed, then the plain one deleted. At every moment one whole copy exists.
func (j *Journal) pack(ctx context.Context, p piece) error {
	plain := filepath.Join(j.cfg.Dir, segmentName(p.n))
	from, err := os.Open(plain)
	if err != nil {
		return err
	}
	defer from.Close()
	sum := newSum()
	entry := func() error {
		e := sum.entry(p.n)
		if old, listed := j.hashes.get(p.n); listed && old.SHA256 == e.SHA256 {
			return nil // a crash came between listing and renaming
		}
		return j.hashes.add(e)
	}
	err = writePacked(filepath.Join(j.cfg.Dir, numbered(p.n, packedSuffix)), p.info.ModTime(), func(w io.Writer) error {
		_, err := io.Copy(io.MultiWriter(w, sum), &contextReader{ctx, from})
		return err
	}, entry)
	if err != nil {
		return err
	}
	return os.Remove(plain)
}

// writePacked makes a compressed file of what fill writes: whole, fsynced and
// with the time given, or not at all. last is called before the name appears.
func writePacked(path string, mtime time.Time, fill func(io.Writer) error, last func() error) error {
	tmp := path + tempSuffix
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	// One goroutine and a small window: the sensor's visitors come first.
	enc, err := zstd.NewWriter(f, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
	if err == nil {
		err = errors.Join(fill(enc), enc.Close())
	}
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Chtimes(tmp, mtime, mtime)
	}
	if err == nil {
		err = last()
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// A contextReader stops between two reads when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// A sum measures the octets written to it.
type sum struct {
	hash   hash.Hash
	octets int64
	lines  int
}

func newSum() *sum { return &sum{hash: sha256.New()} }

func (s *sum) Write(p []byte) (int, error) {
	s.octets += int64(len(p))
	s.lines += bytes.Count(p, []byte{'\n'})
	return s.hash.Write(p)
}

func (s *sum) entry(n uint64) Hash {
	return Hash{Segment: n, Octets: s.octets, Lines: s.lines, SHA256: hex.EncodeToString(s.hash.Sum(nil)), Time: time.Now().UTC()}
}
