package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// HashesName is the name of the hash list in a journal's directory.
const HashesName = hashesName

// A Kind says what a file of a journal is, by its name.
type Kind int

// The kinds of files.
const (
	NoFile Kind = iota // none of a journal's lines
	Plain              // a segment as it is written
	Packed             // a closed segment
	Kept               // what retention left of one
	Torn               // a tail that a crash left
)

// KindOf reads a file's name: the segment's number, and what the file is.
func KindOf(name string) (uint64, Kind) {
	for kind, suffix := range map[Kind]string{Plain: plainSuffix, Packed: packedSuffix, Kept: keptSuffix, Torn: tornSuffix} {
		digits, ok := strings.CutSuffix(name, suffix)
		if !ok || len(digits) != 10 || strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
			continue
		}
		var n uint64
		if _, err := fmt.Sscanf(digits, "%d", &n); err == nil && n > 0 {
			return n, kind
		}
	}
	return 0, NoFile
}

// Name is the inverse of KindOf.
func Name(n uint64, k Kind) string {
	switch k {
	case Packed:
		return numbered(n, packedSuffix)
	case Kept:
		return numbered(n, keptSuffix)
	case Torn:
		return numbered(n, tornSuffix)
	}
	return segmentName(n)
}

// ReadHashes reads a hash list: by segment, its newest line. A last line without
// an end is left out.
func ReadHashes(r io.Reader) (map[uint64]Hash, error) {
	b, err := io.ReadAll(io.LimitReader(r, 256<<20))
	if err != nil {
		return nil, err
	}
	out := map[uint64]Hash{}
	for line := range bytes.Lines(b[:bytes.LastIndexByte(b, '\n')+1]) {
		var h Hash
		if err := json.Unmarshal(line, &h); err != nil {
			return nil, fmt.Errorf("journal: hash list: %w", err)
		}
		out[h.Segment] = h
	}
	return out, nil
}

// AddHash appends to the hash list in dir, fsynced.
func AddHash(dir string, h Hash) error {
	l := &hashList{path: filepath.Join(dir, hashesName), last: map[uint64]Hash{}, sizes: map[uint64]int64{}}
	if err := l.add(h); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// Unpack gives the octets of a packed or kept file.
func Unpack(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// EachLine gives the whole lines of a journal's file called name, and a torn
// tail's pieces. A line is valid until the next.
func EachLine(ctx context.Context, name string, r io.Reader, f func(line []byte) error) error {
	n, kind := KindOf(name)
	switch kind {
	case NoFile:
		return fmt.Errorf("%s is no file of a journal", name)
	case Torn:
		b, err := io.ReadAll(io.LimitReader(r, 64<<20))
		for l := range bytes.Lines(b) {
			err = errors.Join(err, f(l))
		}
		return err
	case Packed, Kept:
		in, err := Unpack(r)
		if err != nil {
			return err
		}
		defer in.Close()
		r = in
	}
	seg := &segment{r: io.NopCloser(r), at: Cursor{Segment: n}, buf: make([]byte, lineBuffer)}
	for {
		lines, err := seg.next(math.MaxInt64, nil)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		for _, l := range lines {
			if err := f(l); err != nil {
				return err
			}
		}
	}
}

// Measure hashes the octets of segment n in r.
func Measure(n uint64, r io.Reader) (Hash, error) {
	s := newSum()
	if _, err := io.Copy(s, r); err != nil {
		return Hash{}, err
	}
	return s.entry(n), nil
}

// WriteSegment makes closed segment n in dir, which no sensor writes, of what
// fill writes: whole and listed, or not at all.
func WriteSegment(dir string, n uint64, written time.Time, fill func(io.Writer) error) (Hash, error) {
	s := newSum()
	var h Hash
	err := writePacked(filepath.Join(dir, Name(n, Packed)), written, func(w io.Writer) error {
		return fill(io.MultiWriter(w, s))
	}, func() error {
		h = s.entry(n)
		return AddHash(dir, h)
	})
	if err != nil {
		return Hash{}, fmt.Errorf("journal: %w", err)
	}
	return h, nil
}

// PutFile puts what is in r into path: whole and fsynced, or not at all.
func PutFile(path string, written time.Time, r io.Reader) error {
	tmp := path + tempSuffix
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Chtimes(tmp, written, written)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Lock takes the right to change the journal in dir, which one process has at a
// time, and makes the directory where there is none. The right ends with Close.
func Lock(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, explain(dir, err)
	}
	return takeLock(dir)
}
