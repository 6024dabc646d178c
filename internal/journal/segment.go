package journal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	plainSuffix  = ".jsonl"
	packedSuffix = ".jsonl.zst"
	keptSuffix   = ".kept.jsonl.zst"
	tornSuffix   = ".torn"
	tempSuffix   = ".tmp"
	hashesName   = "hashes.jsonl"
)

func numbered(n uint64, suffix string) string { return fmt.Sprintf("%010d%s", n, suffix) }

func segmentName(n uint64) string { return numbered(n, plainSuffix) }

// A piece is one numbered file of a journal.
type piece struct {
	n      uint64
	suffix string
	size   int64 // on disk
	info   os.FileInfo
}

// pieces lists the numbered files of dir, oldest number first.
func pieces(dir string) ([]piece, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []piece
	for _, e := range entries {
		digits, _, found := strings.Cut(e.Name(), ".")
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil || !found || n == 0 || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // deleted since
		}
		list = append(list, piece{n, e.Name()[len(digits):], info.Size(), info})
	}
	slices.SortFunc(list, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.suffix, b.suffix))
	})
	return list, nil
}

// segments lists the numbers of the segments in dir, in order.
func segments(dir string) ([]uint64, error) {
	list, err := pieces(dir)
	if err != nil {
		return nil, err
	}
	var ns []uint64
	for _, p := range list {
		if p.suffix == plainSuffix || p.suffix == packedSuffix {
			ns = append(ns, p.n)
		}
	}
	return slices.Compact(ns), nil
}

// openOctets opens the octets of segment n, by whichever name it has.
func openOctets(dir string, n uint64) (io.ReadCloser, error) {
	// A packed file appears before the plain one goes, so this order misses neither.
	f, err := os.Open(filepath.Join(dir, segmentName(n)))
	if errors.Is(err, os.ErrNotExist) {
		return openPacked(filepath.Join(dir, numbered(n, packedSuffix)))
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

type packed struct {
	*zstd.Decoder
	f *os.File
}

// Close closes the decoder and its file.
func (p packed) Close() error {
	p.Decoder.Close()
	return p.f.Close()
}

func openPacked(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		f.Close()
		return nil, err
	}
	return packed{d, f}, nil
}

// errBeyond says that a cursor points behind the end of its segment.
var errBeyond = errors.New("cursor behind the segment's end")

// A segment is read line by line from a cursor on.
type segment struct {
	r     io.ReadCloser
	at    Cursor // behind the last line handed out
	buf   []byte
	given int // octets of buf handed out by the last call of next
	n     int // octets of buf in use
}

// lineBuffer holds any legal line twice.
const lineBuffer = 512 << 10

func openSegment(dir string, at Cursor, buf []byte) (*segment, error) {
	r, err := openOctets(dir, at.Segment)
	if err != nil {
		return nil, err
	}
	if f, plain := r.(*os.File); plain {
		info, statErr := f.Stat()
		_, err = f.Seek(at.Offset, io.SeekStart)
		if err = errors.Join(statErr, err); err == nil && info.Size() < at.Offset {
			err = errBeyond
		}
	} else if _, err = io.CopyN(io.Discard, r, at.Offset); errors.Is(err, io.EOF) {
		err = errBeyond
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return &segment{r: r, at: at, buf: buf}, nil
}

// next returns whole lines, newlines included, none of them beyond the offset
// end. They are valid until the next call. io.EOF: the file has no more now.
func (s *segment) next(end int64, lines [][]byte) ([][]byte, error) {
	s.n = copy(s.buf, s.buf[s.given:s.n])
	s.given = 0
	var err error
	for s.n < len(s.buf) && err == nil {
		left := end - s.at.Offset - int64(s.n)
		if left <= 0 {
			break
		}
		var k int
		k, err = s.r.Read(s.buf[s.n:][:min(left, int64(len(s.buf)-s.n))])
		s.n += k
	}
	lines = appendLines(lines, s.buf[:s.n])
	for _, l := range lines {
		s.given += len(l)
	}
	s.at.Offset += int64(s.given)
	if len(lines) == 0 && s.n == len(s.buf) {
		return nil, fmt.Errorf("no line ends within %d octets", len(s.buf))
	}
	if len(lines) > 0 {
		return lines, nil // a lasting error comes again
	}
	return nil, err
}

func appendLines(lines [][]byte, b []byte) [][]byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		lines = append(lines, b[:i+1:i+1])
		b = b[i+1:]
	}
	return lines
}
