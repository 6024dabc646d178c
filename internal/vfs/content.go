package vfs

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// content is what a shipped file holds.
type content interface {
	size() int64
	open() io.ReadSeeker
}

// stored is content in memory.
type stored []byte

func (b stored) size() int64         { return int64(len(b)) }
func (b stored) open() io.ReadSeeker { return bytes.NewReader(b) }

// made is content that is generated at each opening; only its size is kept.
type made struct {
	make func() []byte
	once sync.Once
	n    int64
}

func (m *made) size() int64 {
	m.once.Do(func() { m.n = int64(len(m.make())) })
	return m.n
}

func (m *made) open() io.ReadSeeker { return &making{make: m.make} }

// making is generated content that is opened: it is made when it is read, since
// who asks for a file need not come for it.
type making struct {
	make func() []byte
	r    *bytes.Reader
}

func (m *making) reader() *bytes.Reader {
	if m.r == nil {
		m.r = bytes.NewReader(m.make())
	}
	return m.r
}

func (m *making) Read(p []byte) (int, error) { return m.reader().Read(p) }

func (m *making) Seek(offset int64, whence int) (int64, error) {
	return m.reader().Seek(offset, whence)
}

// noise is a head and then octets that do not compress, of any length.
type noise struct {
	head string
	seed [32]byte
	n    int64
}

func (n noise) size() int64         { return n.n }
func (n noise) open() io.ReadSeeker { return io.NewSectionReader(n, 0, n.n) }

const noiseBlock = 4096

// ReadAt implements io.ReaderAt: each block has a seed of its own.
func (n noise) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) && off < n.n {
		if off < int64(len(n.head)) {
			c := copy(p[done:], n.head[off:min(int64(len(n.head)), n.n)])
			done, off = done+c, off+int64(c)
			continue
		}
		var block [noiseBlock]byte
		seed := n.seed
		binary.LittleEndian.PutUint64(seed[:], binary.LittleEndian.Uint64(seed[:])+uint64(off/noiseBlock))
		rand.NewChaCha8(seed).Read(block[:])
		end := min(noiseBlock, n.n-off/noiseBlock*noiseBlock)
		c := copy(p[done:], block[off%noiseBlock:end])
		done, off = done+c, off+int64(c)
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// seed is that of one file.
func (f *FS) seed(path string) [32]byte {
	return sha256.Sum256(append(f.cfg.Seed[:], path...))
}

// content makes a static file's.
func (f *FS) content(path string, w row, at time.Time) (content, error) {
	kind, arg, _ := strings.Cut(w.source, ":")
	switch kind {
	case "":
		return stored(nil), nil
	case "file", "text":
		b, err := fs.ReadFile(f.cfg.Files, arg)
		if err != nil || kind == "file" {
			return stored(b), err
		}
		s, err := f.cfg.Expand(string(b))
		return stored(s), err
	case "zip":
		return f.archive(arg)
	case "noise":
		head, err := f.cfg.Expand(arg)
		return noise{head, f.seed(path), w.size}, err
	case "csv", "log":
		period, err := f.period(w)
		if err != nil {
			return nil, err
		}
		return period(path, at.Add(-24*time.Hour), at), nil
	}
	return nil, fmt.Errorf("source %q: begin with file, text, csv, log, zip or noise and a colon", w.source)
}

// archive packs the static files below a directory, oldest names first, as an
// engineer's backup has them.
func (f *FS) archive(dir string) (content, error) {
	var paths []string
	for p, n := range f.static {
		if !n.dir && strings.HasPrefix(p, dir+"/") {
			paths = append(paths, p)
		}
	}
	if paths == nil {
		return nil, fmt.Errorf("no file of the table is in %s", dir)
	}
	slices.Sort(paths)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range paths {
		n := f.static[p]
		w, err := z.CreateHeader(&zip.FileHeader{Name: p[1:], Method: zip.Deflate, Modified: n.time})
		if err == nil {
			_, err = io.Copy(w, n.content.open())
		}
		if err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return stored(b.Bytes()), nil
}

// period returns what makes a file of the time from one moment to another.
func (f *FS) period(w row) (func(path string, from, to time.Time) content, error) {
	kind, arg, _ := strings.Cut(w.source, ":")
	parts := strings.Split(arg, "|")
	switch kind {
	case "csv":
		return f.readings(parts)
	case "log":
		return f.messages(parts)
	case "zip": // all backups of a project are alike
		c, err := f.archive(arg)
		return func(string, time.Time, time.Time) content { return c }, err
	case "noise":
		return func(path string, _, _ time.Time) content { return noise{arg, f.seed(path), w.size} }, nil
	}
	return nil, fmt.Errorf("source %q: of a series, begin with csv, log, zip or noise and a colon", w.source)
}
