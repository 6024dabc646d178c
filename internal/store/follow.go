package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/journal"
)

// A Progress is told how far a follower has come.
type Progress func(at journal.Cursor, lines int)

// Follow takes what the journal yields from where the store left off, until the
// iteration ends. read gives the journal's lines from a cursor on.
func (s *Store) Follow(ctx context.Context, by Interpreter, read func(journal.Cursor) iter.Seq2[journal.Batch, error], tell Progress) error {
	from, err := s.cursor(ctx, metaResume)
	if err != nil {
		return err
	}
	next, err := s.cursor(ctx, metaNext)
	if err != nil {
		return err
	}
	w := newWriter(s, by)
	if w.sql, err = prepare(ctx, s.own); err != nil {
		return err
	}
	defer w.sql.close()
	w.known = next
	at, lines := from, 0
	for b, err := range read(from) {
		if lost, ok := errors.AsType[*journal.Lost](err); ok {
			s.log.Warn("the store misses a part of the journal", "from", lost.From, "to", lost.To, "err", lost.Err)
			at = lost.To
			continue
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := w.take(ctx, b, at); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		at, lines = b.Next, lines+len(b.Lines)
		if tell != nil {
			tell(at, lines)
		}
	}
	return nil
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
