package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"math"
	"os"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// How a running sensor keeps its store.
const (
	storeShare   = 3               // it rests this many times as long as it worked
	storeRest    = time.Second / 2 // but not longer than this
	storeLines   = 1024            // lines of one transaction
	storeRetry   = 5 * time.Second // after an error
	storeLook    = time.Second     // for imported journals, and changed data
	storeGrace   = time.Second     // at the end, to take in what is left
	storeLeave   = time.Second / 2 // and then to finish what it is at
	storeFree    = 512 << 20       // octets free on the disk, below which it waits: the journal comes first
	remakeOctets = 64 << 20        // a journal up to this size, on disk, is worth a new store when rules or data have changed
)

// storeKeeper has a running sensor's store follow its journal, and the imported
// ones, at a pace that leaves the processor to visitors.
type storeKeeper struct {
	dir     directory
	journal *journal.Journal
	by      *interpreter
	keeps   retention
	log     *slog.Logger
	anew    chan struct{} // asks for a new store
	hurry   chan struct{} // closed when visitors have gone: no more rests

	mu    sync.Mutex
	state storeSnapshot
	up    time.Time // when it last had all of the journal
	lines int64     // that it took, and
	took  int64     // their octets
	work  *store.Writer

	bad map[string]badImport // of others alone
}

func newStoreKeeper(dir directory, j *journal.Journal, by *interpreter, keeps retention, log *slog.Logger) *storeKeeper {
	return &storeKeeper{dir: dir, journal: j, by: by, keeps: keeps, log: log, anew: make(chan struct{}, 1), hurry: make(chan struct{}), up: time.Now()}
}

// run keeps the store until ctx ends, or the journal has and all of it is taken.
func (k *storeKeeper) run(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		err := k.keep(ctx)
		if ctx.Err() != nil || err == nil {
			return
		}
		if errors.Is(err, errAnew) {
			continue
		}
		text := explainStore(k.file(), err)
		if text != said {
			k.log.Error("the store does not follow; the journal goes on", "err", text)
			said = text
		}
		k.set(func(s *storeSnapshot) { s.Failing = text })
		select {
		case <-ctx.Done():
		case <-k.anew:
			if err := store.Remove(k.file()); err != nil {
				k.log.Error("the store cannot be removed", "err", err)
			}
		case <-time.After(storeRetry):
		}
	}
}

// storeFollower is the store's name among the journal's followers; no sink has it.
const storeFollower = "the store"

var (
	errAnew   = errors.New("made anew")
	errLocked = errors.New("another command has the store; it is waited for")
)

// explainStore says what to do about a store that cannot be kept.
func explainStore(file string, err error) string {
	if errors.Is(err, errLocked) {
		return err.Error()
	}
	return fmt.Sprintf("%v; it is tried again every %v; if %s is damaged, `sundew reindex` makes it anew, also while the sensor runs", err, storeRetry, file)
}

func (k *storeKeeper) file() string { return k.dir.path("store.db") }

func (k *storeKeeper) set(f func(*storeSnapshot)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f(&k.state)
}

// keep opens the store and follows until something fails.
func (k *storeKeeper) keep(ctx context.Context) error {
	release, ok, err := store.Lock(string(k.dir))
	if err != nil {
		return err
	}
	if !ok {
		return errLocked
	}
	defer release()
	if err := k.room(); err != nil {
		return err
	}
	st, err := store.Open(ctx, k.file(), k.log)
	if err != nil {
		return err
	}
	defer func() { st.Close() }()
	made, err := st.Versions(ctx)
	if err != nil {
		return err
	}
	if made == "" { // it begins
		made = k.by.Versions()
	}
	cut, err := st.DetailsSince(ctx)
	if err != nil {
		return err
	}
	stale := made != k.by.Versions()
	k.set(func(s *storeSnapshot) { s.Failing, s.Versions, s.Stale = "", made, stale })
	if stale && k.small() && cut.IsZero() { // nothing is forgotten by it
		k.log.Info("the store was made by other rules or data: it is made anew", "by", made, "now", k.by.Versions())
		return k.remake(ctx)
	}
	if stale {
		k.log.Warn("the store was made by other rules or data than this build's; `sundew reindex` makes it anew", "by", made, "now", k.by.Versions())
	}
	return k.follow(ctx, st)
}

// room says whether the disk has some left.
func (k *storeKeeper) room() error {
	if d := diskOf(string(k.dir)); d.Total > 0 && d.Free < storeFree {
		return fmt.Errorf("%s free on the disk: the store waits, so that the journal does not run out of room", octets(float64(d.Free)))
	}
	return nil
}

func (k *storeKeeper) small() bool {
	st, err := k.journal.Stats()
	return err == nil && st.Octets <= remakeOctets
}

// follow has the store follow all journals.
func (k *storeKeeper) follow(ctx context.Context, st *store.Store) error {
	whole := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w, err := st.Writer(ctx, k.by)
	if err != nil {
		return err
	}
	defer w.Close()
	k.mu.Lock()
	k.work = w
	k.mu.Unlock()
	var others sync.WaitGroup
	others.Go(func() {
		if err := k.others(ctx, w); err != nil {
			stop(err)
		}
	})
	others.Go(func() {
		if err := k.giveUp(ctx, w); err != nil {
			stop(err)
		}
	})
	pace := k.pace(ctx)
	err = w.Follow(ctx, store.Lines{
		Read: func(c journal.Cursor) iter.Seq2[journal.Batch, error] { return k.journal.Follow(ctx, storeFollower, c) },
		Kept: func(after uint64) iter.Seq2[journal.Batch, error] { return k.kept(ctx, after) },
		End:  k.journal.Synced, Most: storeLines,
	}, pace)
	cause := context.Cause(ctx)
	stop(nil)
	others.Wait()
	k.mu.Lock()
	k.work = nil
	k.mu.Unlock()
	if errors.Is(cause, errAnew) {
		return errors.Join(w.Close(), st.Close(), k.remake(whole))
	}
	if err == nil && cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// kept reads what retention left of the sensor's own journal.
func (k *storeKeeper) kept(ctx context.Context, after uint64) iter.Seq2[journal.Batch, error] {
	r, err := journal.OpenRead(k.dir.path("journal"))
	if err != nil { // a journal that begins
		return func(func(journal.Batch, error) bool) {}
	}
	return r.KeptBetween(ctx, after+1, math.MaxUint64)
}

// pace rests after each transaction, and knows how far the store has come.
func (k *storeKeeper) pace(ctx context.Context) store.Progress {
	begun, lines, before := time.Now(), 0, journal.Cursor{}
	return func(at journal.Cursor, n int) {
		worked := time.Since(begun)
		k.mu.Lock()
		if at.Segment == before.Segment {
			k.lines += int64(n - lines)
			k.took += at.Offset - before.Offset
		}
		caught := !at.Before(k.journal.Synced())
		if caught {
			k.up = time.Now()
		}
		k.mu.Unlock()
		lines, before = n, at
		if !caught {
			k.rest(ctx, worked)
		}
		begun = time.Now()
	}
}

// others takes in imported journals as they come, looks for changed data, and
// waits for the wish for a new store.
func (k *storeKeeper) others(ctx context.Context, w *store.Writer) error {
	tick := time.NewTicker(storeLook)
	defer tick.Stop()
	for {
		for _, name := range imported(k.dir) {
			l, err := store.LinesOf(ctx, string(k.dir), name)
			if b := k.bad[name]; errors.Is(err, fs.ErrNotExist) || b.state == l.State && b.times >= badTwice {
				continue
			}
			if err == nil {
				l.Most = storeLines
				err = w.Follow(ctx, l, k.slowly(ctx))
			}
			if err != nil && (ctx.Err() != nil || k.blame(name, l.State, err, w.Sound())) {
				return err
			}
		}
		if changed, err := k.by.known.Refresh(); err != nil {
			k.log.Warn("data on addresses cannot be read anew; the former is kept", "err", err)
		} else if changed {
			now := k.by.Versions()
			k.log.Info("data on addresses has changed; it counts for visitors from now on", "now", now)
			k.set(func(s *storeSnapshot) { s.Stale = s.Versions != now })
		}
		if err := k.room(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-k.anew:
			return errAnew
		case <-tick.C:
		}
	}
}

// badImport is an imported journal that the store could not take in, in a state.
type badImport struct {
	state string
	times int
}

// badTwice is after how many failures an imported journal is left alone: what failed
// once may have been the fault of another's line in the same transaction.
const badTwice = 2

// blame notes that an imported journal could not be taken in. It is left alone until
// it changes, and nothing else is kept waiting; anew says that the store must first
// be opened again.
func (k *storeKeeper) blame(name, state string, err error, sound bool) (anew bool) {
	b := badImport{state, 1}
	if k.bad[name].state == state {
		b.times += k.bad[name].times
	}
	if sound { // it cannot even be read
		b.times = badTwice
	}
	if k.bad == nil {
		k.bad = map[string]badImport{}
	}
	k.bad[name] = b
	if b.times >= badTwice {
		k.log.Error("an imported journal cannot be taken in; remove it, or import it again", "journal", name, "err", err)
	}
	return !sound
}

// rest leaves the processor to visitors after some work.
func (k *storeKeeper) rest(ctx context.Context, worked time.Duration) {
	select {
	case <-ctx.Done():
	case <-k.hurry:
	case <-time.After(min(worked*storeShare, storeRest)):
	}
}

// slowly rests after each transaction, as pace does.
func (k *storeKeeper) slowly(ctx context.Context) store.Progress {
	begun := time.Now()
	return func(journal.Cursor, int) {
		k.rest(ctx, time.Since(begun))
		begun = time.Now()
	}
}

// imported are the names of the imported journals.
func imported(dir directory) []string {
	list, err := os.ReadDir(dir.path("imported"))
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range list {
		if e.IsDir() && e.Name()[0] != '.' {
			out = append(out, e.Name())
		}
	}
	return out
}
