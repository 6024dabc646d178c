package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// How the dashboard looks after the store that it reads.
const (
	shownEvery = time.Second      // it looks whether there is another
	shownGrace = 30 * time.Second // questions to the former one may take so long
)

// shownStore is the store that the dashboard reads. `sundew reindex` puts another
// in its place.
type shownStore struct {
	file string

	mu    sync.Mutex
	store *store.Store
	info  fs.FileInfo
	old   sync.WaitGroup
}

// errNoStore says that a store is not there yet.
var errNoStore = errors.New("no store yet")

// get is the store that there is now.
func (s *shownStore) get() *store.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

// look opens the store if there is one that is not open.
func (s *shownStore) look(ctx context.Context) error {
	info, err := os.Stat(s.file)
	if err != nil {
		return err
	}
	s.mu.Lock()
	same := s.info != nil && os.SameFile(info, s.info)
	s.mu.Unlock()
	if same {
		return nil
	}
	db, err := store.OpenRead(s.file)
	if err != nil {
		return err
	}
	if v, err := db.Versions(ctx); err != nil || v == "" {
		return errors.Join(errNoStore, err, db.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if former := s.store; former != nil {
		s.old.Go(func() {
			select {
			case <-ctx.Done():
			case <-time.After(shownGrace):
			}
			former.Close()
		})
	}
	s.store, s.info = db, info
	return nil
}

// await opens the store as soon as it is there, and looks for another until ctx
// is done.
func (s *shownStore) await(ctx context.Context, beside *sync.WaitGroup) error {
	for s.look(ctx) != nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	beside.Go(func() {
		tick := time.NewTicker(shownEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_ = s.look(ctx) // between two stores there may be none
			}
		}
	})
	return nil
}

func (s *shownStore) close() {
	s.old.Wait()
	if db := s.get(); db != nil {
		db.Close()
	}
}

// storeEvery is how often the journals are looked at, or a store that another
// process keeps is tried again.
const storeEvery = time.Second

// keepStore keeps the store up with the journals until ctx is done, where no
// sensor does it; while another process has it, it waits.
func keepStore(ctx context.Context, dir directory, by *interpreter, log *slog.Logger) {
	told := ""
	for ctx.Err() == nil {
		err := followStore(ctx, dir, by, log)
		if err != nil && ctx.Err() == nil && err.Error() != told {
			told = err.Error()
			log.Error("the store cannot be kept; the dashboard shows what it has", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(storeEvery):
		}
	}
}

func followStore(ctx context.Context, dir directory, by *interpreter, log *slog.Logger) error {
	release, ok, err := store.Lock(string(dir))
	if err != nil || !ok {
		return err
	}
	defer release()
	file := dir.path("store.db")
	s, err := store.Open(ctx, file, log)
	if err != nil {
		return err
	}
	defer s.Close()
	w, err := s.Writer(ctx, by)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := likeDirectory(string(dir), file, file+"-wal", file+"-shm", dir.path("store.lock")); err != nil {
		return err
	}
	for ctx.Err() == nil {
		for _, name := range append([]string{""}, imported(dir)...) {
			l, err := store.LinesOf(ctx, string(dir), name)
			if err != nil {
				continue // none, or being written
			}
			if err := w.Follow(ctx, l, func(journal.Cursor, int) {}); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(storeEvery):
		}
	}
	return nil
}
