package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// pollEvery is how often a reader in another process looks for new lines.
const pollEvery = 250 * time.Millisecond

// A Reader reads a journal without its lock, while a sensor writes it or not.
// It sees lines when they are in the file, and ignores an unterminated tail.
type Reader struct{ dir string }

// OpenRead opens the journal in dir for reading.
func OpenRead(dir string) (*Reader, error) {
	list, err := segments(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: cannot read %s: %w; is this the journal directory below --data, and may this user read it?", dir, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("journal: %s holds no journal", dir)
	}
	return &Reader{dir}, nil
}

// Follow yields the lines from a cursor on, and new ones as they are written,
// until ctx ends.
func (r *Reader) Follow(ctx context.Context, from Cursor) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		r.tail(from, func() (Cursor, <-chan struct{}, bool, error) {
			end, err := r.End()
			changed := make(chan struct{})
			time.AfterFunc(pollEvery, func() { close(changed) })
			return end, changed, false, err
		}).run(ctx, yield)
	}
}

// Scan yields the lines from one cursor to another; a zero to means the end as
// it is now.
func (r *Reader) Scan(ctx context.Context, from, to Cursor) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		end, err := r.End()
		if to != (Cursor{}) && to.Before(end) {
			end = to
		}
		if err == nil && end.Before(from) {
			return
		}
		r.tail(from, func() (Cursor, <-chan struct{}, bool, error) { return end, nil, true, err }).run(ctx, yield)
	}
}

func (r *Reader) tail(from Cursor, horizon func() (Cursor, <-chan struct{}, bool, error)) *tail {
	return &tail{
		dir: r.dir, at: from, horizon: horizon,
		note: func(t *tail, at Cursor) { t.at = at },
		lost: func(*tail, *Lost) {},
	}
}

// End is the cursor behind the last octet written; the octets right before it
// may be a line still being written.
func (r *Reader) End() (Cursor, error) {
	for {
		list, err := segments(r.dir)
		if err != nil {
			return Cursor{}, fmt.Errorf("journal: %w", err)
		}
		if len(list) == 0 {
			return Cursor{}, nil
		}
		last := list[len(list)-1]
		info, err := os.Stat(filepath.Join(r.dir, segmentName(last)))
		if err == nil {
			return Cursor{last, info.Size()}, nil
		}
		_, packedErr := os.Stat(filepath.Join(r.dir, numbered(last, packedSuffix)))
		if packedErr == nil { // a copy of closed segments: its size shows when it is read
			return Cursor{last, math.MaxInt64}, nil
		}
		if !errors.Is(packedErr, os.ErrNotExist) {
			return Cursor{}, fmt.Errorf("journal: %w", packedErr)
		}
	}
}

// State is a short text that changes whenever the journal's files do.
func (r *Reader) State() (string, error) {
	list, err := pieces(r.dir)
	if err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	sum := sha256.New()
	for _, p := range list {
		fmt.Fprintln(sum, p.n, p.suffix, p.size, p.info.ModTime().UnixNano())
	}
	return hex.EncodeToString(sum.Sum(nil)[:12]), nil
}

// Seek gives a cursor from which no line of time t or later is missed: the
// start of the last segment that begins before t.
func (r *Reader) Seek(t time.Time) (Cursor, error) {
	list, err := segments(r.dir)
	if err != nil {
		return Cursor{}, fmt.Errorf("journal: %w", err)
	}
	var at Cursor
	for i := len(list) - 1; i >= 0; i-- {
		at = Cursor{Segment: list[i]}
		first, err := r.firstTime(list[i])
		if err == nil && first.Before(t) {
			return at, nil
		}
	}
	return at, nil
}

func (r *Reader) firstTime(n uint64) (time.Time, error) {
	seg, err := openSegment(r.dir, Cursor{Segment: n}, make([]byte, lineBuffer))
	if err != nil {
		return time.Time{}, err
	}
	defer seg.r.Close()
	lines, err := seg.next(math.MaxInt64, nil)
	if err != nil {
		return time.Time{}, err
	}
	e, err := event.Parse(lines[0])
	return e.Time, err
}

// Kept yields what retention left of deleted segments, oldest first: per batch
// one file's lines, the first a status line that names the segment and its hash.
func (r *Reader) Kept(ctx context.Context) iter.Seq2[Batch, error] {
	return r.KeptBetween(ctx, 0, math.MaxUint64)
}

// KeptBetween is Kept for segments from first to last, both included.
func (r *Reader) KeptBetween(ctx context.Context, first, last uint64) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		list, err := pieces(r.dir)
		if err != nil {
			yield(Batch{}, fmt.Errorf("journal: %w", err))
			return
		}
		for _, p := range list {
			if p.suffix != keptSuffix || p.n < first || p.n > last {
				continue
			}
			if ctx.Err() != nil || !r.kept(p.n, yield) {
				return
			}
		}
	}
}

func (r *Reader) kept(n uint64, yield func(Batch, error) bool) bool {
	f, err := openPacked(filepath.Join(r.dir, numbered(n, keptSuffix)))
	if errors.Is(err, os.ErrNotExist) {
		return true // deleted since
	}
	if err != nil {
		return yield(Batch{}, fmt.Errorf("journal: %w", err))
	}
	defer f.Close()
	seg := &segment{r: f, at: Cursor{Segment: n}, buf: make([]byte, lineBuffer)}
	for {
		lines, err := seg.next(math.MaxInt64, nil)
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			return yield(Batch{}, fmt.Errorf("journal: kept segment %d: %w", n, err))
		}
		if !yield(Batch{seg.at, lines}, nil) {
			return false
		}
	}
}
