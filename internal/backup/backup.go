// Package backup makes archives of what a sensor has recorded, looks after them,
// and brings one back.
//
// An archive is a zstd-compressed tar file of the data directory's journal,
// artefacts and state, and of the seed if that is asked for. Its last entry,
// MANIFEST.json, has the SHA-256 of every other and counts what is in the journal.
// Nothing that can be computed again is in it. It can be made while the sensor
// runs, and nobody waits for it.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Version is that of the manifest.
const Version = 1

// A Manifest says what an archive holds.
type Manifest struct {
	Version  int       `json:"version"`
	Created  time.Time `json:"created"`
	Sensor   string    `json:"sensor,omitempty"`
	Build    string    `json:"build"`
	Lines    int64     `json:"lines"` // of the journal, kept segments included
	Sessions int64     `json:"sessions"`
	Acts     int64     `json:"acts"`
	Redacted time.Time `json:"redacted,omitzero"` // when a source was last erased from it
	Files    []File    `json:"files"`
}

// A File is one entry of an archive.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Config says what to archive, and where to.
type Config struct {
	Data     string // the sensor's directory
	Dir      string // where archives are kept
	Sensor   string
	Build    string
	WithSeed bool
	Seal     func(seed []byte) ([]byte, error) // encrypts the seed; nil: in clear
	Progress func(done, total int64)           // octets; nil: none
	// Pace is called after each piece read, with the time that it took: a sensor
	// that has visitors rests here.
	Pace func(time.Duration)
}

const (
	manifestName = "MANIFEST.json"
	seedName     = "seed"
	sealedName   = "seed.age"
	piece        = 256 << 10
)

// Create makes an archive in cfg.Dir, reads it back, and returns its path. Its
// name has the day: sundew-20261123.tar.zst, then sundew-20261123-2.tar.zst.
func Create(ctx context.Context, cfg Config, now time.Time) (string, Manifest, error) {
	list, total, err := collect(cfg)
	if err != nil {
		return "", Manifest{}, err
	}
	temp, err := os.CreateTemp(cfg.Dir, ".sundew-*.tmp")
	if err != nil {
		return "", Manifest{}, err
	}
	defer os.Remove(temp.Name())
	w := &writer{ctx: ctx, cfg: cfg, total: total, m: Manifest{Version: Version, Created: now.UTC().Truncate(time.Second), Sensor: cfg.Sensor, Build: cfg.Build}}
	if err := errors.Join(w.archive(temp, list), temp.Sync(), temp.Close()); err != nil {
		return "", Manifest{}, fmt.Errorf("backup: %w", err)
	}
	if _, err := Verify(ctx, temp.Name()); err != nil {
		return "", Manifest{}, fmt.Errorf("backup: read back: %w", err)
	}
	path := freeName(cfg.Dir, now)
	if err := os.Rename(temp.Name(), path); err != nil {
		return "", Manifest{}, err
	}
	return path, w.m, syncDir(cfg.Dir)
}

func freeName(dir string, now time.Time) string {
	day := "sundew-" + now.Format("20060102")
	path := filepath.Join(dir, day+".tar.zst")
	for n := 2; ; n++ {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path
		}
		path = filepath.Join(dir, fmt.Sprintf("%s-%d.tar.zst", day, n))
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// collect lists what goes into an archive, and how much it is.
func collect(cfg Config) (list []string, total int64, err error) {
	for _, top := range []string{"journal", "artifacts", "state"} {
		err := filepath.WalkDir(filepath.Join(cfg.Data, top), func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // a folder that is not there yet, or a segment that was just packed
			}
			if err != nil || !e.Type().IsRegular() || unfinished(e.Name()) {
				return err
			}
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
			rel, err := filepath.Rel(cfg.Data, path)
			list = append(list, filepath.ToSlash(rel))
			return err
		})
		if err != nil {
			return nil, 0, fmt.Errorf("backup: %w", err)
		}
	}
	if len(list) == 0 {
		return nil, 0, fmt.Errorf("backup: %s holds nothing of a sensor: give its directory with --data", cfg.Data)
	}
	return list, total, nil
}

// unfinished names files that are being written, and locks.
func unfinished(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".tmp") || strings.HasSuffix(name, ".new") || name == "lock"
}

// writer is an archive on its way.
type writer struct {
	ctx   context.Context
	cfg   Config
	total int64
	done  int64
	tar   *tar.Writer
	m     Manifest
}

func (w *writer) archive(out io.Writer, list []string) error {
	return w.stream(out, func() error {
		for _, name := range list {
			if err := w.ctx.Err(); err != nil {
				return err
			}
			if err := w.file(name); err != nil {
				return err
			}
		}
		return w.seed()
	})
}

// stream writes what fill puts into the archive, then the manifest.
func (w *writer) stream(out io.Writer, fill func() error) error {
	z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	w.tar = tar.NewWriter(z)
	if err := fill(); err != nil {
		return errors.Join(err, z.Close())
	}
	b, err := json.MarshalIndent(w.m, "", "\t")
	if err != nil {
		return err
	}
	return errors.Join(w.put(manifestName, int64(len(b)), bytes.NewReader(b), nil), w.tar.Close(), z.Close())
}

// file adds one file. A segment that has been packed since it was listed is added
// as such; one that retention has removed is not there any more.
func (w *writer) file(name string) error {
	f, err := os.Open(filepath.Join(w.cfg.Data, name))
	if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(name, ".jsonl") {
		name += ".zst"
		f, err = os.Open(filepath.Join(w.cfg.Data, name))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if strings.HasSuffix(name, ".jsonl") { // its last line may be on its way
		if size, err = wholeLines(f, size); err != nil {
			return err
		}
	}
	sum, count := sha256.New(), newCounter(name)
	if err := w.put(name, size, io.TeeReader(io.LimitReader(f, size), sum), count); err != nil {
		count.end()
		return err
	}
	w.note(name, size, sum, count)
	return nil
}

func (w *writer) note(name string, size int64, sum hash.Hash, count *counter) {
	w.m.Files = append(w.m.Files, File{name, size, hex.EncodeToString(sum.Sum(nil))})
	lines, sessions, acts := count.end()
	w.m.Lines, w.m.Sessions, w.m.Acts = w.m.Lines+lines, w.m.Sessions+sessions, w.m.Acts+acts
}

// wholeLines is how much of a file's first size octets ends with a line.
func wholeLines(f io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for size > 0 {
		n := min(size, int64(len(buf)))
		if _, err := f.ReadAt(buf[:n], size-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return size - n + int64(i) + 1, nil
		}
		size -= n
	}
	return 0, nil
}

// seed adds the installation's secret, if that is asked for.
func (w *writer) seed() error {
	if !w.cfg.WithSeed {
		return nil
	}
	b, err := os.ReadFile(filepath.Join(w.cfg.Data, seedName))
	if err != nil {
		return err
	}
	name := seedName
	if w.cfg.Seal != nil {
		name = sealedName
		if b, err = w.cfg.Seal(b); err != nil {
			return fmt.Errorf("encrypting the seed: %w", err)
		}
	}
	sum := sha256.Sum256(b)
	w.m.Files = append(w.m.Files, File{name, int64(len(b)), hex.EncodeToString(sum[:])})
	return w.put(name, int64(len(b)), bytes.NewReader(b), nil)
}

// put writes an entry, piece by piece.
func (w *writer) put(name string, size int64, r io.Reader, count *counter) error {
	h := &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: w.m.Created, Format: tar.FormatPAX}
	if err := w.tar.WriteHeader(h); err != nil {
		return err
	}
	buf := make([]byte, piece)
	for {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		begun := time.Now()
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if _, werr := w.tar.Write(buf[:n]); werr != nil {
				return werr
			}
			if count != nil {
				count.Write(buf[:n])
			}
			w.progress(int64(n))
			if w.cfg.Pace != nil {
				w.cfg.Pace(time.Since(begun))
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (w *writer) progress(n int64) {
	w.done += n
	if w.cfg.Progress != nil {
		w.cfg.Progress(min(w.done, w.total), w.total)
	}
}
