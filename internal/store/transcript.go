package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// JournalDir is where the journal of an origin is below a sensor's directory.
func JournalDir(dir, origin string) string {
	if origin == "" {
		return filepath.Join(dir, "journal")
	}
	return filepath.Join(dir, "imported", origin)
}

// Transcript reads a session's lines back from its journal below a sensor's
// directory, in order. It reads from the session's first line to its last; what
// retention has taken is missing.
func Transcript(ctx context.Context, dir string, s *Session) ([]event.Event, error) {
	r, err := journal.OpenRead(JournalDir(dir, s.Origin))
	if err != nil {
		return nil, err
	}
	to := journal.Cursor{}
	if !s.Closed.IsZero() {
		to = s.end
	}
	var out []event.Event
	lost := false
	for b, err := range r.Scan(ctx, s.at, to) {
		if _, ok := errors.AsType[*journal.Lost](err); ok {
			lost = true
			continue
		}
		if err != nil {
			return nil, err
		}
		if out = s.from(b.Lines, out); ended(out) {
			break
		}
	}
	if lost || len(out) == 0 {
		kept, err := s.kept(ctx, r)
		if err != nil {
			return nil, err
		}
		out = append(kept, out...)
	}
	return out, ctx.Err()
}

// kept are the session's lines in what retention left of its segments.
func (s *Session) kept(ctx context.Context, r *journal.Reader) ([]event.Event, error) {
	last := s.end.Segment
	if s.Closed.IsZero() {
		last = math.MaxUint64
	}
	var out []event.Event
	for b, err := range r.KeptBetween(ctx, s.at.Segment, last) {
		if err != nil {
			return nil, err
		}
		out = s.from(b.Lines, out)
	}
	return out, nil
}

// from adds the session's own among some lines.
func (s *Session) from(lines [][]byte, to []event.Event) []event.Event {
	id := []byte(s.ID)
	for _, l := range lines {
		if !bytes.Contains(l, id) {
			continue
		}
		if e, err := event.Parse(l); err == nil && e.Session == s.ID {
			to = append(to, e)
		}
	}
	return to
}

func ended(list []event.Event) bool {
	return len(list) > 0 && list[len(list)-1].Kind == event.KindClose
}

// LinesOf is what the journal of an origin, below a sensor's directory, has now.
func LinesOf(ctx context.Context, dir, origin string) (Lines, error) {
	r, err := journal.OpenRead(JournalDir(dir, origin))
	if err != nil {
		return Lines{}, err
	}
	state, err := r.State()
	if err != nil {
		return Lines{}, err
	}
	end, err := r.End()
	if err != nil {
		return Lines{}, err
	}
	return Lines{
		Origin: origin, State: state,
		Read: func(c journal.Cursor) iter.Seq2[journal.Batch, error] { return r.Scan(ctx, c, end) },
		Kept: func(after uint64) iter.Seq2[journal.Batch, error] { return r.KeptBetween(ctx, after+1, math.MaxUint64) },
		End:  func() journal.Cursor { return end },
	}, nil
}

// Behind says whether the store lacks lines of a journal up to a cursor.
func (s *Store) Behind(ctx context.Context, dir, origin string, end journal.Cursor) (bool, error) {
	list, err := s.Origins(ctx)
	if err != nil {
		return true, err
	}
	var next journal.Cursor
	for _, o := range list {
		if o.Name == origin {
			next = o.next
		}
	}
	if !next.Before(end) {
		return false, nil
	}
	if next.Segment == end.Segment && end.Offset != math.MaxInt64 {
		return true, nil
	}
	r, err := journal.OpenRead(JournalDir(dir, origin))
	if err != nil {
		return false, fmt.Errorf("store: %w", err)
	}
	for b := range r.Scan(ctx, next, end) {
		return len(b.Lines) > 0, nil
	}
	return false, nil
}
