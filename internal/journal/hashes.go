package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Hash is one line of the hash list: what a closed segment holds.
type Hash struct {
	Segment uint64    `json:"segment"`
	Octets  int64     `json:"octets"` // uncompressed
	Lines   int       `json:"lines"`
	SHA256  string    `json:"sha256"`        // of the uncompressed octets
	Was     string    `json:"was,omitempty"` // the hash before
	Why     string    `json:"why,omitempty"` // "redacted"
	Time    time.Time `json:"ts"`
}

// A hashList is the append-only file of hashes, and its newest entries.
type hashList struct {
	path string

	mu    sync.Mutex
	last  map[uint64]Hash
	sizes map[uint64]int64 // of closed segments, hashed yet or not
}

// readHashes reads the hash list in dir. A line torn by a crash is cut off: its
// segment is hashed again, because it was not packed yet.
func readHashes(dir string) (*hashList, error) {
	h := &hashList{path: filepath.Join(dir, hashesName), last: map[uint64]Hash{}, sizes: map[uint64]int64{}}
	b, err := os.ReadFile(h.path)
	if errors.Is(err, os.ErrNotExist) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	if whole < len(b) {
		if err := os.Truncate(h.path, int64(whole)); err != nil {
			return nil, err
		}
	}
	for line := range bytes.Lines(b[:whole]) {
		var e Hash
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%s: %w", h.path, err)
		}
		h.last[e.Segment], h.sizes[e.Segment] = e, e.Octets
	}
	return h, nil
}

func (h *hashList) setSize(n uint64, octets int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sizes[n] = octets
}

func (h *hashList) get(n uint64) (Hash, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.last[n]
	return e, ok
}

// newest is the highest segment number listed.
func (h *hashList) newest() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	var top uint64
	for n := range h.last {
		top = max(top, n)
	}
	return top
}

// between is the number of octets from one cursor to a later one.
func (h *hashList) between(from, to Cursor) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	octets := to.Offset - from.Offset
	for n := from.Segment; n < to.Segment; n++ {
		octets += h.sizes[n]
	}
	return max(octets, 0)
}

// add appends e, fsynced.
func (h *hashList) add(e Hash) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return errors.Join(err, f.Truncate(info.Size()))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last[e.Segment], h.sizes[e.Segment] = e, e.Octets
	return nil
}
