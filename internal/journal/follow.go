package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
)

// A Batch is some whole lines, newlines included, and the cursor behind them.
// The lines are valid until the iteration goes on.
type Batch struct {
	Next  Cursor
	Lines [][]byte
}

// Lost is yielded, once, by an iteration that cannot read what lies between two
// cursors: retention deleted it, or, when Err says so, the disk damaged it. The
// iteration goes on at To.
type Lost struct {
	From, To Cursor
	Err      error
}

func (l *Lost) Error() string {
	if l.Err != nil {
		return fmt.Sprintf("journal: cannot read from %v, going on at %v: %v", l.From, l.To, l.Err)
	}
	return fmt.Sprintf("journal: from %v to %v is not held any more", l.From, l.To)
}

// Unwrap gives the damage, if any.
func (l *Lost) Unwrap() error { return l.Err }

// Follow yields the lines from a cursor on, each when it is fsynced, until ctx
// ends, or until the last line once Run has ended. It is paced by the fsyncs and
// holds up nobody. name is for Stats and diagnostics; see SaveCursor for a
// bookmark. Where it has moved on to another segment and waits, a batch has no lines.
// With an error other than a *Lost the iteration ends.
func (j *Journal) Follow(ctx context.Context, name string, from Cursor) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		t := &tail{dir: j.cfg.Dir, name: name, at: from, horizon: j.horizon, note: j.noteTail, lost: j.tailLost}
		j.mu.Lock()
		j.tails[t] = struct{}{}
		j.mu.Unlock()
		defer func() {
			j.mu.Lock()
			delete(j.tails, t)
			j.mu.Unlock()
		}()
		t.run(ctx, yield)
	}
}

// horizon says how far followers may read, what closes when they may read on,
// and whether that will never be.
func (j *Journal) horizon() (Cursor, <-chan struct{}, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.synced, j.changed, j.closed, nil
}

func (j *Journal) noteTail(t *tail, at Cursor) {
	j.mu.Lock()
	t.at = at
	j.mu.Unlock()
}

func (j *Journal) tailLost(t *tail, l *Lost) {
	j.lost.Add(1)
	j.cfg.Log.Warn("follower lost its place", "name", t.name, "from", l.From.String(), "to", l.To.String(), "err", l.Err)
	j.notice(lostStatus(t.name, l))
}

// A tail is one iteration over segments.
type tail struct {
	dir, name string
	at        Cursor // behind the last batch taken; changed through note only
	horizon   func() (end Cursor, changed <-chan struct{}, final bool, err error)
	note      func(*tail, Cursor)
	lost      func(*tail, *Lost)

	seg *segment
	buf []byte
}

// run yields until ctx ends or the horizon is final and reached.
func (t *tail) run(ctx context.Context, yield func(Batch, error) bool) {
	defer t.leave()
	var lines [][]byte
	moved := false
	for ctx.Err() == nil {
		end, changed, final, err := t.horizon()
		if err != nil {
			yield(Batch{Next: t.at}, err)
			return
		}
		lines, err = t.read(end, lines[:0])
		var lost *Lost
		switch {
		case errors.As(err, &lost):
			t.lost(t, lost)
			if !t.hand(Batch{Next: lost.To}, err, yield) {
				return
			}
		case err == nil && len(lines) > 0:
			moved = false
			if !t.hand(Batch{t.seg.at, lines}, nil, yield) {
				return
			}
		case err == nil: // on to the next segment
			moved = true
		case !errors.Is(err, io.EOF):
			yield(Batch{Next: t.at}, fmt.Errorf("journal: %w", err))
			return
		case final:
			return
		case moved: // there is nothing in it yet: the follower has all there is
			moved = false
			if !t.hand(Batch{Next: t.at}, nil, yield) {
				return
			}
		default:
			select {
			case <-ctx.Done():
			case <-changed:
			}
		}
	}
}

// hand yields b and then moves on: a cursor is never ahead of what was taken.
func (t *tail) hand(b Batch, err error, yield func(Batch, error) bool) bool {
	if !yield(b, err) {
		return false
	}
	t.note(t, b.Next)
	return true
}

// read returns lines before end; none and no error when the segment is used up
// and another follows; io.EOF when there are none before end.
func (t *tail) read(end Cursor, lines [][]byte) ([][]byte, error) {
	if t.seg == nil {
		if err := t.enter(end); err != nil {
			return nil, err
		}
	}
	limit := int64(math.MaxInt64)
	if t.at.Segment == end.Segment {
		limit = end.Offset
	}
	lines, err := t.seg.next(limit, lines)
	if err == nil && len(lines) > 0 {
		return lines, nil
	}
	if t.at.Segment >= end.Segment {
		if err == nil {
			err = io.EOF
		}
		return nil, err
	}
	from := t.at
	t.leave()
	next, nextErr := t.following(from.Segment)
	if nextErr != nil {
		return nil, nextErr
	}
	if !errors.Is(err, io.EOF) {
		return nil, &Lost{From: from, To: next, Err: err}
	}
	t.note(t, Cursor{Segment: from.Segment + 1})
	return nil, nil
}

// enter opens the segment at the cursor. A cursor that no segment answers to is
// a *Lost.
func (t *tail) enter(end Cursor) error {
	if t.at.Segment == 0 {
		first, err := t.following(0)
		if err != nil {
			return err
		}
		t.note(t, first)
	}
	if end.Before(t.at) { // another journal's cursor, or one from before a loss
		first, err := t.following(0)
		if err != nil {
			return err
		}
		if t.at.Segment == end.Segment {
			first = end
		}
		return &Lost{From: t.at, To: first}
	}
	if t.buf == nil {
		t.buf = make([]byte, lineBuffer)
	}
	seg, err := openSegment(t.dir, t.at, t.buf)
	if err == nil {
		t.seg = seg
		return nil
	}
	if t.at.Segment >= end.Segment && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	next, nextErr := t.following(t.at.Segment)
	if nextErr != nil {
		return nextErr
	}
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, errBeyond) {
		err = nil
	}
	return &Lost{From: t.at, To: next, Err: err}
}

// following is the start of the first segment after n; io.EOF when there is none.
func (t *tail) following(n uint64) (Cursor, error) {
	list, err := segments(t.dir)
	if err != nil {
		return Cursor{}, err
	}
	for _, m := range list {
		if m > n {
			return Cursor{Segment: m}, nil
		}
	}
	return Cursor{}, io.EOF
}

func (t *tail) leave() {
	if t.seg != nil {
		t.seg.r.Close()
		t.seg = nil
	}
}
