package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// Redacted says what Redact did.
type Redacted struct {
	Segments int `json:"segments"` // files rewritten, kept ones included
	Lines    int `json:"lines"`
}

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
	var done Redacted
	if err := j.packAll(ctx); err != nil {
		return done, explain(j.cfg.Dir, err)
	}
	list, err := pieces(j.cfg.Dir)
	if err != nil {
		return done, explain(j.cfg.Dir, err)
	}
	for _, p := range list {
		if p.suffix != packedSuffix && p.suffix != keptSuffix {
			continue
		}
		n, err := j.redactPiece(ctx, p, match)
		if err != nil {
			return done, fmt.Errorf("journal: redact %s: %w", numbered(p.n, p.suffix), err)
		}
		if n > 0 {
			done.Segments++
			done.Lines += n
		}
	}
	if done.Lines > 0 {
		j.notice(event.Status{What: "redact", Detail: done})
	}
	return done, nil
}

var errNoMatch = errors.New("nothing to redact")

func (j *Journal) redactPiece(ctx context.Context, p piece, match func([]byte) bool) (int, error) {
	path := filepath.Join(j.cfg.Dir, numbered(p.n, p.suffix))
	r, err := openPacked(path)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	seg := &segment{r: r, at: Cursor{Segment: p.n}, buf: make([]byte, lineBuffer)}
	old, changed, n := newSum(), newSum(), 0
	fill := func(w io.Writer) error {
		for {
			lines, err := seg.next(math.MaxInt64, nil)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			for _, l := range lines {
				old.Write(l)
				if match(l) {
					l = tombstone(l)
					n++
				}
				changed.Write(l)
				if _, err := w.Write(l); err != nil {
					return err
				}
			}
		}
	}
	err = writePacked(path, p.info.ModTime(), fill, func() error {
		if n == 0 {
			return errNoMatch
		}
		if p.suffix == keptSuffix {
			return nil
		}
		e := changed.entry(p.n)
		e.Was, e.Why = old.entry(p.n).SHA256, "redacted"
		return j.hashes.add(e)
	})
	if errors.Is(err, errNoMatch) {
		return 0, nil
	}
	return n, err
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
