// Package artifact keeps the files and program blocks that visitors send, by
// the SHA-256 of their octets.
//
// A kept file lies at DIR/ab/cdef…, readable by its owner only and never
// executable; what a visitor calls it is recorded in DIR/index.jsonl and is
// never part of a path. Each source has a quota a day, all files together have
// another; what is over a quota is still hashed and measured.
package artifact

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// ErrQuota says that a file was hashed but not kept, or not all of it, because
// its source or the whole store is over its quota. The Artifact returned with it
// is valid.
var ErrQuota = errors.New("artifact: over quota")

// Config says where artifacts are kept and how much of them. Zero values mean
// the defaults given.
type Config struct {
	Dir       string
	Log       *slog.Logger // nil: silent
	MaxFile   int64        // of one file, this much is kept: 64 MiB
	PerSource int64        // of one source (an address, of IPv6 a /64) in a day (UTC): 128 MiB
	Total     int64        // of all, the index included: 2 GiB
}

// putCost is charged for each file beside its octets: what the index grows by,
// and what a file system spends on a small file.
const putCost = 4096

// A Store keeps artifacts. Its methods may be called from any goroutine.
type Store struct {
	cfg Config

	mu    sync.Mutex
	index *os.File
	size  int64            // of the index
	total int64            // octets kept
	files int64            // in which they are
	day   string           // that used is about
	used  map[string]int64 // octets charged to a source today
}

// Open opens the store in cfg.Dir, making it when there is none. Only one
// process may have it open; the journal's lock sees to that.
func Open(cfg Config) (*Store, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxFile <= 0 {
		cfg.MaxFile = 64 << 20
	}
	if cfg.PerSource <= 0 {
		cfg.PerSource = 128 << 20
	}
	if cfg.Total <= 0 {
		cfg.Total = 2 << 30
	}
	s := &Store{cfg: cfg, used: map[string]int64{}}
	if err := s.load(); err != nil {
		if errors.Is(err, os.ErrPermission) {
			return nil, fmt.Errorf("artifact: cannot write %s: %w; run `chown -R %d %s` or start as the user who owns it", cfg.Dir, err, os.Geteuid(), cfg.Dir)
		}
		return nil, fmt.Errorf("artifact: %w", err)
	}
	return s, nil
}

// Close closes the index.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.Close()
}

// Put reads r to its end and keeps its octets under their SHA-256; octets that
// are there already are kept once. Source is what the quota counts by: an
// address. Name and kind are recorded.
//
// Beyond MaxFile or a quota, octets are counted but not kept: then Size counts
// all of them, Truncated is set, and SHA256 is that of the octets kept, or of all
// when none are. An error of r ends the file where it came: what was read is
// kept, and the error returned beside a valid Artifact.
func (s *Store) Put(source, name, kind string, r io.Reader) (event.Artifact, error) {
	f, err := os.CreateTemp(filepath.Join(s.cfg.Dir, tempDir), "put-*") // mode 0600
	if err != nil {
		return event.Artifact{}, fmt.Errorf("artifact: %w", err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	in := &intake{store: s, source: source, f: f, all: sha256.New(), kept: sha256.New()}
	over := s.charge(source) != nil
	if over {
		in.full = true
	}
	_, readErr := io.Copy(in, r)
	if in.err != nil {
		s.release(in.n)
		return event.Artifact{}, fmt.Errorf("artifact: %w", in.err)
	}
	a := event.Artifact{SHA256: hex.EncodeToString(in.kept.Sum(nil)), Size: in.size, Name: name, Kind: kind, Truncated: in.size > in.n}
	all := hex.EncodeToString(in.all.Sum(nil))
	var quota error
	if over || in.overQuota {
		quota = ErrQuota
	}
	if in.n == 0 {
		a.SHA256 = all
	}
	keep := in.n > 0 || in.size == 0 && !over
	if keep {
		if err := s.store(f, a.SHA256, in.n); err != nil {
			return event.Artifact{}, fmt.Errorf("artifact: %w", err)
		}
	}
	if !over { // a source over its quota cannot make the index grow either
		err = s.note(Sighting{
			Time: time.Now().UTC(), SHA256: a.SHA256, Size: a.Size, Kept: in.n, Whole: all, Missing: !keep,
			Name: event.Text(name), Kind: kind, Source: source, Truncated: a.Truncated,
		})
	}
	if readErr != nil {
		readErr = fmt.Errorf("artifact: %w", readErr)
	}
	return a, errors.Join(readErr, quota, err)
}

// An intake takes one file's octets: hashes all, keeps what the limits allow.
type intake struct {
	store     *Store
	source    string
	f         *os.File
	all, kept hash.Hash
	size, n   int64 // seen, kept
	full      bool  // keeps no more
	overQuota bool
	err       error // of our disk
}

func (in *intake) Write(p []byte) (int, error) {
	in.all.Write(p)
	in.size += int64(len(p))
	if in.full {
		return len(p), nil
	}
	q := p
	if room := in.store.cfg.MaxFile - in.n; int64(len(q)) > room {
		q, in.full = q[:room], true
	}
	if err := in.store.reserve(in.source, int64(len(q))); err != nil {
		in.full, in.overQuota = true, true
		return len(p), nil
	}
	n, err := in.f.Write(q)
	in.kept.Write(q[:n])
	in.n += int64(n)
	if err != nil {
		in.store.release(int64(len(q) - n))
		in.err = err
		return 0, err
	}
	return len(p), nil
}

// store moves f to its place, or finds that its octets are there already.
func (s *Store) store(f *os.File, sum string, n int64) error {
	path := s.path(sum)
	err := errors.Join(f.Sync(), os.MkdirAll(filepath.Dir(path), 0o700))
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := os.Stat(path); there == nil {
		s.total -= n
		return err
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		s.total -= n
		return err
	}
	s.files++
	return syncDir(filepath.Dir(path))
}

// path is where the octets with a hash lie.
func (s *Store) path(sum string) string { return filepath.Join(s.cfg.Dir, sum[:2], sum[2:]) }

// charge counts a file against a source's quota of the day. A store that is full
// takes no note of it either, since notes take room too.
func (s *Store) charge(source string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full(putCost) {
		return ErrQuota
	}
	return s.chargeLocked(source, putCost)
}

// full says whether the store has no room for n octets more.
func (s *Store) full(n int64) bool { return s.total+s.files*putCost+s.size+n > s.cfg.Total }

// quotaOf is what a source's quota counts by: who has an IPv6 address has the
// whole /64.
func quotaOf(source string) string {
	a, err := netip.ParseAddr(source)
	if err != nil || !a.Is6() {
		return source
	}
	p, _ := a.WithZone("").Prefix(64)
	return p.String()
}

func (s *Store) chargeLocked(source string, n int64) error {
	if today := time.Now().UTC().Format(time.DateOnly); today != s.day {
		s.day = today
		clear(s.used)
	}
	by := quotaOf(source)
	if s.used[by]+n > s.cfg.PerSource {
		return ErrQuota
	}
	s.used[by] += n
	return nil
}

// reserve takes n octets of the store for a source.
func (s *Store) reserve(source string, n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full(n) {
		return ErrQuota
	}
	if err := s.chargeLocked(source, n); err != nil {
		return err
	}
	s.total += n
	return nil
}

// release gives n octets of the store back; the source stays charged, so that
// sending the same file for ever has an end.
func (s *Store) release(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total -= n
}
