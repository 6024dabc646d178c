// Package journal is the append-only truth on disk that everything else follows.
//
// A journal is a directory of JSON Lines segments, numbered from 1. One process
// writes it and holds a lock; any process may read it. Append puts a line into
// memory, a writer puts it into the file within 20 ms (at once for an act that
// does more than look) and a syncer makes it survive power loss within 200 ms
// and one fsync. Follow yields lines that are that safe, and no others.
//
//	0000000007.jsonl            the active segment, or one not compressed yet
//	0000000006.jsonl.zst        a closed segment
//	0000000001.kept.jsonl.zst   what retention left of an old segment
//	0000000005.torn             the broken tail that a crash left behind
//	hashes.jsonl                SHA-256 of every closed segment
//	cursors/NAME                how far a named follower has come
//	lock                        held by the writer; its process id
package journal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// The promises of the journal, in time and memory.
const (
	writeEvery = 20 * time.Millisecond  // a line is in the file after this
	syncEvery  = 200 * time.Millisecond // and begins to be fsynced after this
	fullWait   = 50 * time.Millisecond  // an appender waits for room at most this long
	stallAfter = time.Second            // a write(2) that takes longer no longer holds visitors up
	retryEvery = 200 * time.Millisecond // a write that failed is tried again after this

	bufferSize  = 8 << 20 // each of two buffers
	reserveSize = 2 << 20 // of them, for acts that do more than look, and for closes
)

var (
	// ErrDropped says that the buffers were full: the line is lost, and counted.
	ErrDropped = errors.New("journal: buffers full, line dropped")
	// ErrUnwritten says that the line is in memory but not in the file: the disk
	// is full or does not answer. It will be written when the disk can again.
	ErrUnwritten = errors.New("journal: line not written yet")
	// ErrClosed says that Run has ended.
	ErrClosed = errors.New("journal: closed")
	// ErrLine says that a line does not end with its only newline, or is longer
	// than event.MaxLine.
	ErrLine = errors.New("journal: not one line")
)

// Config says where a journal is and how long it keeps what. Zero values mean
// the defaults given.
type Config struct {
	Dir          string
	Log          *slog.Logger  // nil: silent
	SegmentBytes int64         // a segment is closed at this size: 64 MiB
	SegmentAge   time.Duration // or at this age: 24 h
	MaxAge       time.Duration // a closed segment is deleted after this: 90 days
	MaxBytes     int64         // all files together, on disk: a fifth of the file system
	KeptAge      time.Duration // what is kept of a deleted segment is deleted after this: 365 days

	// Status is told what the record ought to say of the journal itself: drops,
	// losses of followers, torn tails, retention. It is called from one goroutine
	// of Run at a time and may Append. Nil: only the log says it.
	Status func(event.Status)
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.SegmentBytes <= 0 {
		c.SegmentBytes = 64 << 20
	}
	if c.SegmentAge <= 0 {
		c.SegmentAge = 24 * time.Hour
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 90 * 24 * time.Hour
	}
	if c.KeptAge <= 0 {
		c.KeptAge = 365 * 24 * time.Hour
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = diskSize(c.Dir) / 5
	}
	return c
}

// file is what the journal asks of a segment's file; tests fill its disk.
type file interface {
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Close() error
}

func openFile(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o640)
}

// A Journal is a journal held for writing. Its methods may be called from any
// goroutine.
type Journal struct {
	cfg  Config
	lock *os.File
	open func(path string) (file, error)

	mu      sync.Mutex
	room    sync.Cond // a buffer was taken by the writer, or the disk fails
	done    sync.Cond // a batch was written, or the disk fails
	fill    []byte    // lines not taken by the writer yet
	batch   uint64    // number of the batch that fill becomes
	written uint64    // number of the last batch in the file
	urgent  bool      // somebody waits for fill to be written
	running bool
	closed  bool
	failing error // the disk is full or does not answer; nil: all is well
	drops   map[event.Class]uint64
	end     Cursor        // behind the last line written
	synced  Cursor        // behind the last line fsynced
	dirty   time.Time     // when the oldest line written but not fsynced was written
	changed chan struct{} // closed and replaced when synced or closed changes
	tails   map[*tail]struct{}
	notices []event.Status

	wake chan struct{} // to the writer: first line in fill, or urgent
	sync chan struct{} // to the syncer: something was written
	tidy chan struct{} // to the keeper: a segment was closed

	fileMu  sync.Mutex // held while the active segment is written or changed
	out     []byte     // the batch being written
	outDone int        // octets of out that are in the file
	file    file
	born    time.Time // when the active segment was begun
	stall   *time.Timer
	writing atomic.Bool // a write(2) is under way
	syncMu  sync.Mutex  // held while a file is fsynced or closed; after fileMu

	keepMu sync.Mutex // held by whoever compresses, deletes or rewrites closed segments
	hashes *hashList
	lost   atomic.Uint64 // times a follower lost its place
}

// Open opens the journal in cfg.Dir for writing, making it when there is none.
// A tail torn by a crash is cut off into a file of its own and reported.
// Nothing is written before Run.
func Open(cfg Config) (*Journal, error) {
	if err := os.MkdirAll(filepath.Join(cfg.Dir, cursorDir), 0o750); err != nil {
		return nil, explain(cfg.Dir, err)
	}
	lock, err := takeLock(cfg.Dir)
	if err != nil {
		return nil, err
	}
	fill, err := newBuffer(bufferSize)
	if err != nil {
		lock.Close()
		return nil, err
	}
	out, err := newBuffer(bufferSize)
	if err != nil {
		freeBuffer(fill)
		lock.Close()
		return nil, err
	}
	j := &Journal{
		cfg: cfg.withDefaults(), lock: lock, open: openFile,
		fill: fill, out: out, batch: 1,
		drops: map[event.Class]uint64{}, tails: map[*tail]struct{}{},
		changed: make(chan struct{}), wake: make(chan struct{}, 1), sync: make(chan struct{}, 1), tidy: make(chan struct{}, 1),
	}
	j.room.L, j.done.L = &j.mu, &j.mu
	if err := j.recover(); err != nil {
		j.free()
		lock.Close()
		return nil, explain(cfg.Dir, err)
	}
	j.stall = time.AfterFunc(time.Hour, j.stalled)
	j.stall.Stop()
	return j, nil
}

// Close gives the journal up for another process to write. Run must have ended.
func (j *Journal) Close() error {
	j.mu.Lock()
	running := j.running
	j.mu.Unlock()
	if running {
		return errors.New("journal: close before Run has ended")
	}
	j.shut()
	j.free()
	j.syncMu.Lock()
	defer j.syncMu.Unlock()
	return errors.Join(j.file.Close(), j.lock.Close())
}

// free gives the buffers back. No line is taken any more.
func (j *Journal) free() {
	j.mu.Lock()
	defer j.mu.Unlock()
	freeBuffer(j.fill)
	freeBuffer(j.out)
	j.fill, j.out = nil, nil
}

// shut makes every later Append fail and lets followers end.
func (j *Journal) shut() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closed {
		j.closed = true
		close(j.changed)
		j.changed = make(chan struct{})
	}
	j.room.Broadcast()
	j.done.Broadcast()
}

// explain says what an operator can do about err.
func explain(dir string, err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("journal: cannot write %s: %w; run `chown -R %d %s` or start as the user who owns it", dir, err, os.Geteuid(), dir)
	}
	return fmt.Errorf("journal: %w", err)
}

// notice leaves a status for the keeper to hand to the owner.
func (j *Journal) notice(s event.Status) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.notices) < 64 {
		j.notices = append(j.notices, s)
	}
}
