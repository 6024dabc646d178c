package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/journal"
)

// A Progress is told how far a follower has come, after each transaction.
type Progress func(at journal.Cursor, lines int)

// Lines is a journal to be followed.
type Lines struct {
	// Origin is "" for the sensor's own journal, else the name of an imported one.
	Origin string
	// Read gives the lines from a cursor on; it may wait for more.
	Read func(journal.Cursor) iter.Seq2[journal.Batch, error]
	// Kept gives what retention left of deleted segments behind one. It is read
	// where the store has nothing of the journal yet. Nil: there is nothing.
	Kept func(after uint64) iter.Seq2[journal.Batch, error]
	// End is how far the journal goes now. Nil: each batch has a transaction of
	// its own.
	End func() journal.Cursor
	// State changes whenever the journal does. What the store has seen in this
	// state it does not read again. "": not known.
	State string
	// Most is how many lines a transaction has at most, about; 0: 8192.
	Most int
}

// Follow takes what the sensor's own journal yields from where the store left
// off, until the iteration ends.
func (s *Store) Follow(ctx context.Context, by Interpreter, read func(journal.Cursor) iter.Seq2[journal.Batch, error], tell Progress) error {
	w, err := s.Writer(ctx, by)
	if err != nil {
		return err
	}
	return errors.Join(w.Follow(ctx, Lines{Read: read}, tell), w.Close())
}

// Follow takes a journal's lines into the store from where it left off, until the
// iteration or ctx ends. What was taken until then is kept.
func (w *Writer) Follow(ctx context.Context, l Lines, tell Progress) error {
	r, resume, err := w.readingOf(ctx, l.Origin)
	if err != nil {
		return err
	}
	if l.State != "" && l.State == r.state {
		return nil
	}
	f := &following{w: w, r: r, tell: tell, end: l.End, most: cmp.Or(l.Most, maxLines)}
	if l.Kept != nil && resume == (journal.Cursor{}) && r.next == resume {
		r.kept = true
		fmt.Sscanf(r.state, keptState, &f.file) // none: from the first
		err = f.all(ctx, l.Kept(f.file))
		r.kept = false
	}
	if err == nil {
		err = f.all(ctx, l.Read(resume))
	}
	if err == nil && ctx.Err() == nil && l.State != "" {
		r.state = l.State
		err = f.finish(context.WithoutCancel(ctx), true)
	}
	if ctx.Err() != nil && (w.broken == nil || errors.Is(w.broken, errInterrupted)) {
		return nil
	}
	return err
}

var errInterrupted = errors.New("interrupted")

// following is a Follow under way.
type following struct {
	w     *Writer
	r     *reading
	tell  Progress
	end   func() journal.Cursor
	most  int
	lines int    // taken
	open  int    // of them, in the transaction that is open; 0: none is
	file  uint64 // of what retention left, the one being read
}

// keptState says of a journal that what retention left was read up to a segment.
const keptState = "kept %d"

func (f *following) all(ctx context.Context, batches iter.Seq2[journal.Batch, error]) error {
	quiet := context.WithoutCancel(ctx) // between batches alone it ends
	for b, err := range batches {
		if lost, ok := errors.AsType[*journal.Lost](err); ok {
			f.w.store.log.Warn("the store misses a part of the journal", "origin", f.r.Name, "from", lost.From, "to", lost.To, "err", lost.Err)
			f.r.next = lost.To
			continue
		}
		if err != nil {
			return errors.Join(err, f.commit(quiet, true))
		}
		if err := f.take(quiet, b); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	if f.r.kept && ctx.Err() != nil && f.open > 0 { // the file is begun anew
		f.open = 0
		return f.w.rollback(quiet, errInterrupted)
	}
	return f.finish(quiet, len(f.r.touched) > 0)
}

// take puts a batch into the transaction, and ends it where the journal has no
// more now, or it is long enough.
func (f *following) take(ctx context.Context, b journal.Batch) error {
	if f.r.kept && b.Next.Segment != f.file { // a file's transaction is its own
		if err := f.commit(ctx, false); err != nil {
			return err
		}
		f.file = b.Next.Segment
		f.r.state = fmt.Sprintf(keptState, f.file)
	}
	if f.open == 0 && len(b.Lines) > 0 {
		if err := f.w.begin(ctx); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	f.open += len(b.Lines)
	for e := range entries(b) {
		if err := f.entry(ctx, e); err != nil {
			f.open = 0
			return f.w.rollback(ctx, err)
		}
	}
	f.lines += len(b.Lines)
	if f.r.kept {
		return nil
	}
	f.r.next = b.Next
	if caught := f.end == nil || !f.r.next.Before(f.end()); caught || f.open >= f.most {
		return f.commit(ctx, caught)
	}
	return nil
}

// entry takes a line. What fails at one, as analysis may at what a visitor made up,
// ends the following and not the sensor that it is a part of.
func (f *following) entry(ctx context.Context, e *entry) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the line at %v cannot be taken: %v", e.at, r)
		}
	}()
	if e.err != nil || !e.said {
		return e.err
	}
	return f.w.line(ctx, f.r, e)
}

func (f *following) commit(ctx context.Context, settled bool) error {
	if f.open == 0 {
		return nil
	}
	f.open = 0
	if err := f.w.commit(ctx, f.r, settled); err != nil {
		return err
	}
	if f.tell != nil {
		f.tell(f.r.next, f.lines)
	}
	return nil
}

// finish judges what goes on once the lines have ended; anew says that there is
// something to write even if no transaction is open.
func (f *following) finish(ctx context.Context, anew bool) error {
	if f.open == 0 && anew {
		if err := f.w.begin(ctx); err != nil {
			return fmt.Errorf("store: %w", err)
		}
		f.open = 1
	}
	return f.commit(ctx, true)
}

// Lock takes the right to write the store in dir, which one process has at a
// time; ok is false where another has it. The right ends with release.
func Lock(dir string) (release func(), ok bool, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "store.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("store: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, false, nil
		}
		return nil, false, fmt.Errorf("store: %w", err)
	}
	return func() { f.Close() }, true, nil
}

// Remove deletes the store in file, to be made anew.
func Remove(file string) error {
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(file + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("store: %w", err)
		}
	}
	return nil
}
