package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// conpotNote is what limits conclusions from Conpot's logs.
const conpotNote = "Conpot writes a session's beginning on each of its lines: times within a session, its duration and its pace are not known. When the sensor listened is not known, so there are no rates. " +
	"Of BACnet, TFTP, EtherNet/IP and IEC 104 no octets are logged, of HTTP no method, of IPMI nothing."

// fromConpot is the same in short, before the log's name.
const fromConpot = "conpot (no times within sessions, no listening time), "

// conpotOrigin is how far an origin's logs have been read.
type conpotOrigin struct {
	Segments uint64         `json:"segments"` // written; those beyond are of an import that was interrupted
	Lines    int64          `json:"lines"`    // read
	Runs     int            `json:"runs"`
	Logs     []readLog      `json:"logs"`
	Parts    map[string]int `json:"parts,omitempty"` // of sessions that an import's end cut
}

// readLog is a log by what it begins with, whatever it is called since.
type readLog struct {
	Octets int64  `json:"octets"` // of whole lines, unpacked
	Lines  int64  `json:"lines"`
	SHA256 string `json:"sha256"`
}

const (
	stagingDir   = "staging"
	segmentBytes = 16 << 20
	maxBad       = 20 // lines named
)

// ImportConpot takes in Conpot's JSON logs: a file, or all in a directory.
func ImportConpot(ctx context.Context, c Config, now time.Time) (Result, error) {
	paths := []string{c.Path}
	if info, err := os.Stat(c.Path); err != nil {
		return Result{}, err
	} else if info.IsDir() {
		if paths, err = logsIn(c.Path); err != nil {
			return Result{}, err
		}
	}
	if len(paths) == 0 {
		return Result{}, fmt.Errorf("%s: %w", c.Path, ErrKind)
	}
	if err := byAge(paths); err != nil {
		return Result{}, err
	}
	if c.Name == "" {
		c.Name = nameOf(filepath.Base(c.Path))
	}
	if err := c.check(); err != nil {
		return Result{}, err
	}
	held, err := journal.Lock(c.dir())
	if err != nil {
		return Result{}, err
	}
	defer held.Close()
	defer c.tidy()
	o, err := c.readOrigin(Conpot)
	if err != nil {
		return Result{}, err
	}
	if o.Conpot == nil {
		o.Conpot = &conpotOrigin{}
	}
	if err := settle(c.dir(), o.Conpot.Segments); err != nil {
		return Result{}, err
	}
	o.Note = conpotNote
	r := &reading{cfg: &c, from: filepath.Base(c.Path), origin: o, was: *o.Conpot, bar: &meter{tell: c.Progress}}
	return r.run(ctx, paths, now)
}

// settle brings an interrupted import's segments to their place, if its origin
// was written, and removes them if not.
func settle(dir string, segments uint64) error {
	staging := filepath.Join(dir, stagingDir)
	entries, err := os.ReadDir(staging)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var hashes map[uint64]journal.Hash
	if f, err := os.Open(filepath.Join(staging, journal.HashesName)); err == nil {
		hashes, err = journal.ReadHashes(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	for _, e := range entries {
		n, kind := journal.KindOf(e.Name())
		if kind != journal.Packed || n > segments {
			continue
		}
		if err := journal.AddHash(dir, hashes[n]); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(staging, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(staging)
}

// reading is one import of logs.
type reading struct {
	cfg    *Config
	from   string // the log
	origin *Origin
	was    conpotOrigin
	bar    *meter
	result Result

	table *table
	out   bytes.Buffer // the segment on its way
	last  time.Time    // latest beginning of a session
}

func (r *reading) run(ctx context.Context, paths []string, now time.Time) (Result, error) {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil {
			r.bar.total += 2 * info.Size()
		}
	}
	if err := os.MkdirAll(filepath.Join(r.cfg.dir(), stagingDir), 0o750); err != nil {
		return r.result, err
	}
	r.out.Grow(segmentBytes + 4*event.MaxLine)
	o := r.origin.Conpot
	o.Runs++
	r.table = newTable(r)
	for _, p := range paths {
		if err := r.log(ctx, p); err != nil {
			return r.result, err
		}
	}
	if o.Lines == 0 {
		return r.result, fmt.Errorf("%s: no line of it is one of Conpot's: %w", r.cfg.Path, ErrKind)
	}
	o.Parts = r.table.end()
	if r.result.Lines > 0 {
		r.table.stops()
	}
	if err := r.segment(0); err != nil {
		return r.result, err
	}
	r.result.Name, r.result.Kind, r.result.Note = r.cfg.Name, Conpot, r.origin.Note
	if err := r.cfg.writeOrigin(r.origin, now); err != nil {
		return r.result, err
	}
	return r.result, settle(r.cfg.dir(), o.Segments)
}

// log reads one log, from where an earlier import has left off.
func (r *reading) log(ctx context.Context, path string) error {
	known, err := r.known(path)
	if err != nil {
		return err
	}
	in, err := openLog(path)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	raw := r.bar.reader(in)
	if _, err := io.CopyN(sum, raw, known.Octets); err != nil {
		return err
	}
	l := known
	r.result.Known += known.Lines
	r.result.LogLines += known.Lines
	err = eachLine(raw, func(line []byte, long bool) error {
		if err := ctx.Err(); err != nil {
			return errors.New("interrupted: nothing of it was imported")
		}
		l.Lines++
		r.result.LogLines++
		if !long {
			l.Octets += int64(len(line))
			sum.Write(line)
		}
		return r.line(filepath.Base(path), l.Lines, line, long)
	}, func(part []byte) { // of a line that is too long
		l.Octets += int64(len(part))
		sum.Write(part)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	r.note(known, l, sum)
	return nil
}

// note remembers how far a log was read.
func (r *reading) note(known, l readLog, sum hash.Hash) {
	l.SHA256 = hex.EncodeToString(sum.Sum(nil))
	logs := slices.DeleteFunc(r.origin.Conpot.Logs, func(x readLog) bool { return x == known || x.SHA256 == l.SHA256 })
	if l.Octets > 0 {
		logs = append(logs, l)
	}
	r.origin.Conpot.Logs = logs
}

// known finds how much of a log an earlier import has read: the longest beginning
// of it that was.
func (r *reading) known(path string) (readLog, error) {
	logs := slices.Clone(r.was.Logs)
	slices.SortFunc(logs, func(a, b readLog) int { return int(min(1, max(-1, a.Octets-b.Octets))) })
	in, err := openLog(path)
	if err != nil {
		return readLog{}, err
	}
	defer in.Close()
	var best readLog
	sum, at := sha256.New(), int64(0)
	raw := r.bar.reader(in)
	for _, l := range logs {
		n, err := io.CopyN(sum, raw, l.Octets-at)
		if at += n; errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return readLog{}, fmt.Errorf("%s: %w", path, err)
		}
		if hex.EncodeToString(sum.Sum(nil)) == l.SHA256 {
			best = l
		}
	}
	return best, nil
}

// eachLine gives whole lines; one that is too long is given as an empty one that
// is long, after its pieces. A last line without an end is left for the next time.
func eachLine(r io.Reader, f func(line []byte, long bool) error, piece func([]byte)) error {
	br := bufio.NewReaderSize(r, maxLogLine)
	long := false
	for {
		b, err := br.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long = true
			piece(b)
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if long {
			piece(b)
			b = nil
		}
		if err := f(b, long); err != nil {
			return err
		}
		long = false
	}
}

// line takes one line.
func (r *reading) line(file string, n int64, b []byte, long bool) error {
	var l *logLine
	err := errors.New("longer than any of Conpot's")
	if !long {
		if len(bytes.TrimSpace(b)) == 0 {
			return nil
		}
		l, err = parseLog(b)
	}
	if err != nil {
		r.result.Malformed++
		if len(r.result.Bad) < maxBad {
			r.result.Bad = append(r.result.Bad, Bad{file, n, err.Error()})
		}
		return nil
	}
	r.origin.Conpot.Lines++
	if l.at.After(r.last) {
		r.last = l.at
	}
	if err := r.table.take(l, n); err != nil {
		return err
	}
	return r.segment(segmentBytes)
}

// write adds a line to the journal.
func (r *reading) write(b []byte) {
	if len(b) > event.MaxLine { // an encoder's never are
		return
	}
	r.out.Write(b)
	r.result.Lines++
}

// segment writes what there is, if it is more than some octets, to a segment.
func (r *reading) segment(more int) error {
	if r.out.Len() <= more {
		return nil
	}
	o := r.origin.Conpot
	_, err := journal.WriteSegment(filepath.Join(r.cfg.dir(), stagingDir), o.Segments+1, r.last, func(w io.Writer) error {
		_, err := w.Write(r.out.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	o.Segments++
	r.result.Segments++
	r.out.Reset()
	return nil
}
