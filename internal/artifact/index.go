package artifact

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

const (
	tempDir   = "tmp"
	indexName = "index.jsonl"
)

// A Sighting is one line of the index: a file that a visitor sent.
type Sighting struct {
	Time      time.Time  `json:"ts"`
	SHA256    string     `json:"sha256"`
	Size      int64      `json:"size"`              // octets sent
	Kept      int64      `json:"kept"`              // octets kept
	Whole     string     `json:"whole"`             // SHA-256 of the octets sent
	Missing   bool       `json:"missing,omitempty"` // nothing was kept
	Name      event.Text `json:"name,omitempty"`    // what the visitor called it; read back, it is escaped (see event.Unescape)
	Kind      string     `json:"kind,omitempty"`
	Source    string     `json:"source"`
	Truncated bool       `json:"truncated,omitempty"`
}

// load counts what is kept and what sources have sent today, and removes what
// an interrupted Put left.
func (s *Store) load() error {
	tmp := filepath.Join(s.cfg.Dir, tempDir)
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(tmp, 0o700)); err != nil {
		return err
	}
	err := filepath.WalkDir(s.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isHash(filepath.Base(filepath.Dir(path))+d.Name()) {
			return err
		}
		info, err := d.Info()
		if err == nil {
			s.total += info.Size()
			s.files++
		}
		return err
	})
	if err != nil {
		return err
	}
	s.index, err = os.OpenFile(filepath.Join(s.cfg.Dir, indexName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.day = time.Now().UTC().Format(time.DateOnly)
	for line, err := range wholeLines(s.index) {
		if err != nil {
			s.index.Close()
			return err
		}
		s.size += int64(len(line))
		var g Sighting
		if json.Unmarshal(line, &g) == nil && g.Time.UTC().Format(time.DateOnly) == s.day {
			s.used[quotaOf(g.Source)] += g.Kept + putCost
		}
	}
	if err := s.index.Truncate(s.size); err != nil { // a line torn by a crash
		s.index.Close()
		return err
	}
	return nil
}

// wholeLines yields the lines of r, newlines included, without a torn last one.
func wholeLines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		br := bufio.NewReaderSize(r, 64<<10)
		for {
			line, err := br.ReadBytes('\n')
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

func isHash(name string) bool {
	if len(name) != 64 {
		return false
	}
	_, err := hex.DecodeString(name)
	return err == nil
}

// note appends to the index.
func (s *Store) note(g Sighting) error {
	if len(g.Name) > 1024 {
		g.Name = g.Name[:1024]
	}
	line, err := json.Marshal(g)
	if err != nil {
		return fmt.Errorf("artifact: %w", err)
	}
	line = append(line, '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	// A line cut short by a full disk is overwritten by the next.
	if _, err := s.index.WriteAt(line, s.size); err != nil {
		return fmt.Errorf("artifact: index: %w", err)
	}
	s.size += int64(len(line))
	return nil
}

// List yields the sightings, oldest first, as they are when it begins.
func (s *Store) List() iter.Seq2[Sighting, error] {
	return func(yield func(Sighting, error) bool) {
		s.mu.Lock()
		r := io.NewSectionReader(s.index, 0, s.size)
		s.mu.Unlock()
		list(r, yield)
	}
}

// ReadIndex yields the sightings of the store in dir, which another process may
// be writing.
func ReadIndex(dir string) iter.Seq2[Sighting, error] {
	return func(yield func(Sighting, error) bool) {
		f, err := os.Open(filepath.Join(dir, indexName))
		if err != nil {
			yield(Sighting{}, fmt.Errorf("artifact: %w", err))
			return
		}
		defer f.Close()
		list(f, yield)
	}
}

func list(r io.Reader, yield func(Sighting, error) bool) {
	for line, err := range wholeLines(r) {
		var g Sighting
		if err == nil {
			err = json.Unmarshal(bytes.TrimSpace(line), &g)
		}
		if err != nil {
			err = fmt.Errorf("artifact: index: %w", err)
		}
		if !yield(g, err) {
			return
		}
	}
}

// Get opens the octets kept under a SHA-256, given in lower-case hex; the error
// is fs.ErrNotExist when there are none.
func (s *Store) Get(sum string) (*os.File, error) { return Get(s.cfg.Dir, sum) }

// Open is Get for a session.
func (s *Store) Open(sum string) (io.ReadCloser, error) {
	f, err := s.Get(sum)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Get is Store.Get for the store in dir, which another process may be writing.
func Get(dir, sum string) (*os.File, error) {
	if !isHash(sum) {
		return nil, fmt.Errorf("artifact: %q is not a SHA-256: %w", sum, fs.ErrNotExist)
	}
	f, err := os.Open(filepath.Join(dir, sum[:2], sum[2:]))
	if err != nil {
		return nil, fmt.Errorf("artifact: %w", err)
	}
	return f, nil
}

// Octets is how much is kept, and the quota for it.
func (s *Store) Octets() (kept, quota int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total, s.cfg.Total
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
