package journal

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// retain deletes closed segments that are too old, or the oldest while all
// files together are too large; no follower is waited for. What is kept of them
// has its own age, and a quarter of the octets.
func (j *Journal) retain(ctx context.Context) error {
	list, err := pieces(j.cfg.Dir)
	if err != nil {
		return err
	}
	active := j.active()
	var total, kept int64
	for _, p := range list {
		total += p.size
		if p.suffix == keptSuffix {
			kept += p.size
		}
	}
	for _, p := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		age := time.Since(p.info.ModTime())
		switch {
		case p.suffix == keptSuffix && (age > j.cfg.KeptAge || kept > j.cfg.MaxBytes/4):
			err = j.remove(p)
			kept -= p.size
		case p.suffix == tornSuffix && age > j.cfg.MaxAge:
			err = j.remove(p)
		case (p.suffix == plainSuffix || p.suffix == packedSuffix) && p.n < active && (age > j.cfg.MaxAge || total > j.cfg.MaxBytes):
			var size int64
			size, err = j.retire(ctx, p, age > j.cfg.MaxAge)
			total, kept = total+size, kept+size
		default:
			continue
		}
		if err != nil {
			return err
		}
		total -= p.size
	}
	return nil
}

func (j *Journal) remove(p piece) error {
	return os.Remove(filepath.Join(j.cfg.Dir, numbered(p.n, p.suffix)))
}

type retentionDetail struct {
	Segment uint64 `json:"segment"`
	SHA256  string `json:"sha256"`
	Octets  int64  `json:"octets"`
	Lines   int    `json:"lines"`
	Kept    int    `json:"kept"` // lines; 0 also in the kept file's own first line
	Reason  string `json:"reason"`
}

// retire keeps of a segment what is worth more room, deletes it and returns the
// size of what is kept.
func (j *Journal) retire(ctx context.Context, p piece, old bool) (int64, error) {
	entry, listed := j.hashes.get(p.n)
	if !listed {
		var err error
		if entry, err = j.measure(ctx, p.n); err != nil {
			return 0, err
		}
	}
	d := retentionDetail{Segment: p.n, SHA256: entry.SHA256, Octets: entry.Octets, Lines: entry.Lines, Reason: "octets"}
	if old {
		d.Reason = "age"
	}
	path := filepath.Join(j.cfg.Dir, numbered(p.n, keptSuffix))
	err := writePacked(path, p.info.ModTime(), func(w io.Writer) (err error) {
		d.Kept, err = j.copyKept(ctx, w, d)
		return err
	}, func() error {
		if d.Kept == 0 {
			return errNothingKept
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothingKept) {
		return 0, err
	}
	var size int64
	if info, err := os.Stat(path); err == nil {
		size = info.Size()
	}
	if err := j.remove(p); err != nil {
		return size, err
	}
	j.cfg.Log.Info("journal segment deleted", "segment", p.n, "reason", d.Reason, "kept_lines", d.Kept)
	j.notice(event.Status{What: "retention", Detail: d})
	return size, nil
}

var errNothingKept = errors.New("nothing kept")

// copyKept writes a status line that names segment d, then its status lines
// and its acts that do more than look.
func (j *Journal) copyKept(ctx context.Context, w io.Writer, d retentionDetail) (int, error) {
	seg, err := openSegment(j.cfg.Dir, Cursor{Segment: d.Segment}, make([]byte, lineBuffer))
	if err != nil {
		return 0, err
	}
	defer seg.r.Close()
	kept := 0
	var lines [][]byte
	for first := true; ; {
		lines, err = seg.next(math.MaxInt64, lines[:0])
		if errors.Is(err, io.EOF) {
			return kept, nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return kept, err
		}
		if first {
			first = false
			if _, err := w.Write(keptHeader(lines[0], d)); err != nil {
				return kept, err
			}
		}
		for _, l := range lines {
			if !worthKeeping(l) {
				continue
			}
			kept++
			if _, err := w.Write(l); err != nil {
				return kept, err
			}
		}
	}
}

// keptHeader is the first line of a kept file. Its boot is the segment's first,
// its seq minus the segment's number, which no other status line has.
func keptHeader(first []byte, d retentionDetail) []byte {
	var of struct{ Boot, Sensor string }
	_ = json.Unmarshal(first, &of) // a line that does not parse leaves both empty
	return event.AppendStatus(nil, time.Now(), -int(d.Segment), of.Sensor, of.Boot, event.Status{What: "retention", Detail: d})
}

// worthKeeping says whether retention keeps a line: acts that are not reads, and
// status lines, without which nobody knows when the sensor listened. A line that
// does not parse is kept.
func worthKeeping(line []byte) bool {
	var l struct {
		Kind  event.Kind
		Class event.Class
	}
	if json.Unmarshal(line, &l) != nil {
		return true
	}
	return l.Kind == event.KindStatus || l.Kind == event.KindAct && !l.Class.Passive()
}

// measure hashes a segment that is not in the hash list.
func (j *Journal) measure(ctx context.Context, n uint64) (Hash, error) {
	r, err := openOctets(j.cfg.Dir, n)
	if err != nil {
		return Hash{}, err
	}
	defer r.Close()
	s := newSum()
	if _, err := io.Copy(s, &contextReader{ctx, r}); err != nil {
		return Hash{}, err
	}
	return s.entry(n), nil
}
