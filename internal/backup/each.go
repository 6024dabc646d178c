package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Each reads an archive's files in their order, without its manifest: Verify says
// whether they are what the manifest says.
func Each(ctx context.Context, archive string, f func(name string, r io.Reader) error) error {
	in, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return fmt.Errorf("%s: it ends without a manifest or is no backup: %w", archive, err)
		}
		if h.Name == manifestName {
			return nil
		}
		if h.Typeflag != tar.TypeReg || !allowed(h.Name) {
			return fmt.Errorf("%s: entry %q is none of a backup's", archive, h.Name)
		}
		if err := f(h.Name, &interrupted{ctx, r}); err != nil {
			return fmt.Errorf("%s: %s: %w", archive, h.Name, err)
		}
	}
}

// Archives lists the archives in dir, the oldest first.
func Archives(dir string) ([]string, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return nil, err
	}
	var out []string
	for _, a := range archives(dir) {
		out = append(out, a.path)
	}
	return out, nil
}

// An Edit says what becomes of a file of an archive: it copies r to w, changed or
// not, or leaves the file out.
type Edit func(name string, r io.Reader, w io.Writer) (leaveOut bool, err error)

// Rewrite makes an archive anew, each file as edit has it and with a manifest
// that fits, reads it back, and puts it in the old one's place. tell is told the
// SHA-256 of the manifests, right before.
func Rewrite(ctx context.Context, archive string, now time.Time, edit Edit, tell func(was, is string) error) error {
	old, err := Verify(ctx, archive)
	if err != nil {
		return err
	}
	info, err := os.Stat(archive)
	if err != nil {
		return err
	}
	dir := filepath.Dir(archive)
	temp, err := os.CreateTemp(dir, ".sundew-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	m := old
	m.Redacted, m.Lines, m.Sessions, m.Acts, m.Files = now.UTC().Truncate(time.Second), 0, 0, 0, nil
	w := &writer{ctx: ctx, m: m}
	err = w.stream(temp, func() error {
		return Each(ctx, archive, func(name string, r io.Reader) error { return w.edited(dir, name, r, edit) })
	})
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if _, err := Verify(ctx, temp.Name()); err != nil {
		return fmt.Errorf("backup: read back: %w", err)
	}
	if err := tell(digest(&old), digest(&w.m)); err != nil {
		return err
	}
	err = errors.Join(os.Chmod(temp.Name(), info.Mode().Perm()), os.Chtimes(temp.Name(), info.ModTime(), info.ModTime()))
	if err == nil {
		err = os.Rename(temp.Name(), archive)
	}
	return errors.Join(err, syncDir(dir))
}

func digest(m *Manifest) string {
	b, err := json.Marshal(m)
	if err != nil { // of strings and numbers
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// edited adds what edit makes of a file. Its size must be known before its octets,
// so it goes through a file of its own.
func (w *writer) edited(dir, name string, r io.Reader, edit Edit) error {
	f, err := os.CreateTemp(dir, ".sundew-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	leaveOut, err := edit(name, r, f)
	if err != nil || leaveOut {
		return err
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	sum, count := sha256.New(), newCounter(name)
	if err := w.put(name, size, io.TeeReader(f, sum), count); err != nil {
		count.end()
		return err
	}
	w.note(name, size, sum, count)
	return nil
}

// Clean removes what an interrupted Create or Rewrite left in dir.
func Clean(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, ".sundew-*.tmp"))
	for _, f := range left {
		if rerr := os.Remove(f); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return err
}
