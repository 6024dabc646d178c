package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sundew-ics/sundew/internal/event"
)

// Redacted says what was erased of one file, or of several.
type Redacted struct {
	Segments int `json:"segments"` // files rewritten, kept ones included
	Lines    int `json:"lines"`
}

// A Change is what a file of lines was and is, by the SHA-256 of its uncompressed
// octets, and how many lines of it were erased.
type Change struct {
	File  string `json:"file"`
	Was   string `json:"was"`
	Now   string `json:"now"`
	Lines int    `json:"lines"`

	hash Hash
}

// Hash is the changed segment's line of the hash list.
func (c *Change) Hash() Hash { return c.hash }

// Redact erases the lines that match picks, from every segment and from what is
// kept of deleted ones. Each becomes a tombstone as long as it was, so cursors
// stay valid and no seq is missing; the hash list says what hash became what.
// The active segment is closed first. Torn tails and file-system blocks that the
// old files leave behind are not touched.
func (j *Journal) Redact(ctx context.Context, match func(line []byte) bool) (Redacted, error) {
	if err := j.Rotate(); err != nil {
		return Redacted{}, err
	}
	j.keepMu.Lock()
	defer j.keepMu.Unlock()
	if err := j.packAll(ctx); err != nil {
		return Redacted{}, explain(j.cfg.Dir, err)
	}
	done, err := redactDir(ctx, j.cfg.Dir, j.hashes, match, func(Change) error { return nil })
	if err != nil {
		return done, err
	}
	if done.Lines > 0 {
		j.notice(event.Status{What: "redact", Detail: done})
	}
	return done, nil
}

// RedactDir is Redact for a journal that nobody writes, the caller holding its
// Lock: segments that are not packed are rewritten as they are, without an
// unfinished last line, and torn tails are deleted where match picks one of their
// lines or pieces. tell learns of each change right before it is made; its error
// prevents it.
func RedactDir(ctx context.Context, dir string, match func(line []byte) bool, tell func(Change) error) (Redacted, error) {
	hashes, err := readHashes(dir)
	if err != nil {
		return Redacted{}, explain(dir, err)
	}
	return redactDir(ctx, dir, hashes, match, tell)
}

func redactDir(ctx context.Context, dir string, hashes *hashList, match func([]byte) bool, tell func(Change) error) (Redacted, error) {
	var done Redacted
	list, err := pieces(dir)
	if err != nil {
		return done, explain(dir, err)
	}
	for _, p := range list {
		_, kind := KindOf(numbered(p.n, p.suffix))
		var c Change
		switch kind {
		case Packed, Kept, Plain:
			c, err = redactPiece(ctx, dir, p, kind, hashes, match, tell)
		case Torn:
			c, err = redactTorn(dir, p, match, tell)
		}
		if err != nil {
			return done, fmt.Errorf("journal: redact %s: %w", numbered(p.n, p.suffix), err)
		}
		if c.Lines > 0 {
			done.Segments++
			done.Lines += c.Lines
		}
	}
	return done, nil
}

var errNoMatch = errors.New("nothing to redact")

// redactPiece rewrites one file beside the old one and puts it in its place.
func redactPiece(ctx context.Context, dir string, p piece, kind Kind, hashes *hashList, match func([]byte) bool, tell func(Change) error) (c Change, err error) {
	path := filepath.Join(dir, numbered(p.n, p.suffix))
	f, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer f.Close()
	tmp, err := os.OpenFile(path+tempSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return c, err
	}
	c, err = RedactFile(ctx, filepath.Base(path), f, tmp, match)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil && c.Lines == 0 {
		err = errNoMatch
	}
	if err == nil {
		err = os.Chtimes(tmp.Name(), p.info.ModTime(), p.info.ModTime())
	}
	if err == nil {
		err = tell(c)
	}
	if err == nil && kind != Kept {
		err = hashes.add(c.hash)
	}
	if err != nil {
		os.Remove(tmp.Name())
		if errors.Is(err, errNoMatch) {
			return Change{}, nil
		}
		return c, err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return c, err
	}
	return c, syncDir(dir)
}

// redactTorn deletes a torn tail that holds what match picks.
func redactTorn(dir string, p piece, match func([]byte) bool, tell func(Change) error) (Change, error) {
	name := numbered(p.n, p.suffix)
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return Change{}, err
	}
	found := false
	for l := range bytes.Lines(b) {
		found = found || match(l)
	}
	if !found {
		return Change{}, nil
	}
	s := newSum()
	s.Write(b)
	c := Change{File: name, Was: s.entry(p.n).SHA256, Lines: 1}
	if err := tell(c); err != nil {
		return c, err
	}
	return c, errors.Join(os.Remove(filepath.Join(dir, name)), syncDir(dir))
}

// RedactFile copies a journal's file called name from r to w, packed or not as it
// was, with a tombstone for each line that match picks. An unfinished last line
// is left out.
func RedactFile(ctx context.Context, name string, r io.Reader, w io.Writer, match func(line []byte) bool) (Change, error) {
	n, kind := KindOf(name)
	if kind == NoFile || kind == Torn {
		return Change{}, fmt.Errorf("%s is no segment", name)
	}
	in, out := io.NopCloser(r), io.Writer(w)
	end := func() error { return nil }
	if kind != Plain {
		var err error
		if in, err = Unpack(r); err != nil {
			return Change{}, err
		}
		enc, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return Change{}, err
		}
		out, end = enc, enc.Close
	}
	defer in.Close()
	c := Change{File: name}
	old, changed := newSum(), newSum()
	seg := &segment{r: in, at: Cursor{Segment: n}, buf: make([]byte, lineBuffer)}
	for {
		lines, err := seg.next(math.MaxInt64, nil)
		if errors.Is(err, io.EOF) {
			break
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return c, err
		}
		for _, l := range lines {
			old.Write(l)
			if match(l) {
				l = tombstone(l)
				c.Lines++
			}
			changed.Write(l)
			if _, err := out.Write(l); err != nil {
				return c, err
			}
		}
	}
	c.Was = old.entry(n).SHA256
	c.hash = changed.entry(n)
	c.Now, c.hash.Was, c.hash.Why = c.hash.SHA256, c.Was, "redacted"
	return c, end()
}

// tombstone takes an erased line's place: it has the line's id, time and length
// and nothing of the visitor.
func tombstone(line []byte) []byte {
	var e struct {
		TS      time.Time `json:"ts"`
		Seq     int       `json:"seq"`
		Session string    `json:"session"`
		Boot    string    `json:"boot"`
		Sensor  string    `json:"sensor"`
	}
	b := []byte(`{}`)
	if json.Unmarshal(line, &e) == nil {
		b = event.AppendStatus(nil, e.TS, e.Seq, e.Sensor, e.Boot, event.Status{What: "redact"})
		b = bytes.TrimSuffix(b, []byte("}\n"))
		if e.Session != "" {
			b = append(b, `,"session":`...)
			b = event.AppendText(b, e.Session)
		}
		b = append(b, '}')
	}
	if len(b) >= len(line) {
		b = []byte(`{}`)
	}
	return append(append(b, bytes.Repeat([]byte{' '}, len(line)-1-len(b))...), '\n')
}
