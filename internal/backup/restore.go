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
	"path"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxManifest bounds the manifest, in octets: 100,000 artefacts fit.
const maxManifest = 64 << 20

// Verify reads a whole archive and checks it against its manifest.
func Verify(ctx context.Context, archive string) (Manifest, error) {
	return read(ctx, archive, nil, nil)
}

// Restore brings an archive back into dir, which must be empty or not there.
// Nothing is left of an archive that turns out to be broken. unseal decrypts an
// encrypted seed; nil leaves it out.
func Restore(ctx context.Context, archive, dir string, unseal func([]byte) ([]byte, error)) (Manifest, error) {
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return Manifest{}, fmt.Errorf("%s is not empty: name a new directory", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(filepath.Clean(dir)), ".sundew-restore-")
	if err != nil {
		return Manifest{}, err
	}
	defer os.RemoveAll(temp)
	root, err := os.OpenRoot(temp) // no name leads out of it
	if err != nil {
		return Manifest{}, err
	}
	defer root.Close()
	m, err := read(ctx, archive, root, unseal)
	if err != nil {
		return m, err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	if err := os.Chmod(temp, 0o750); err != nil {
		return m, err
	}
	return m, os.Rename(temp, dir)
}

// allowed says whether an entry's name is one that Create gives.
func allowed(name string) bool {
	if name == seedName || name == sealedName {
		return true
	}
	top, rest, ok := strings.Cut(name, "/")
	return ok && rest != "" && fs.ValidPath(name) && (top == "journal" || top == "artifacts" || top == "state")
}

// read goes through an archive, writes its files below root unless that is nil,
// and compares everything with the manifest.
func read(ctx context.Context, archive string, root *os.Root, unseal func([]byte) ([]byte, error)) (Manifest, error) {
	var m Manifest
	f, err := os.Open(archive)
	if err != nil {
		return m, err
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return m, err
	}
	defer z.Close()
	got := map[string]File{}
	var counts [3]int64
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			return m, fmt.Errorf("%s: it ends without a manifest or is no backup: %w", archive, err)
		}
		if h.Name == manifestName {
			if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&m); err != nil {
				return m, fmt.Errorf("%s: manifest: %w", archive, err)
			}
			return m, compare(archive, &m, got, counts)
		}
		if _, twice := got[h.Name]; twice || h.Typeflag != tar.TypeReg || !allowed(h.Name) {
			return m, fmt.Errorf("%s: entry %q is none of a backup's", archive, h.Name)
		}
		file, n, err := entry(ctx, h, r, root, unseal)
		if err != nil {
			return m, fmt.Errorf("%s: %s: %w", archive, h.Name, err)
		}
		got[h.Name] = file
		for i := range counts {
			counts[i] += n[i]
		}
	}
}

// entry reads one file and returns its hash and counts.
func entry(ctx context.Context, h *tar.Header, r io.Reader, root *os.Root, unseal func([]byte) ([]byte, error)) (File, [3]int64, error) {
	sum, count := sha256.New(), newCounter(h.Name)
	to := []io.Writer{sum}
	if count != nil {
		to = append(to, count)
	}
	var out *os.File
	var sealed strings.Builder
	switch {
	case root == nil:
	case h.Name == sealedName:
		to = append(to, &sealed)
	default:
		if err := root.MkdirAll(path.Dir(h.Name), 0o750); err != nil {
			return File{}, [3]int64{}, err
		}
		var err error
		if out, err = root.OpenFile(h.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return File{}, [3]int64{}, err
		}
		to = append(to, out)
	}
	n, err := io.Copy(io.MultiWriter(to...), &interrupted{ctx, r})
	var c [3]int64
	c[0], c[1], c[2] = count.end()
	if out != nil {
		err = errors.Join(err, out.Sync(), out.Close())
	}
	if err == nil && sealed.Len() > 0 && unseal != nil {
		err = unsealSeed(root, []byte(sealed.String()), unseal)
	}
	return File{h.Name, n, hex.EncodeToString(sum.Sum(nil))}, c, err
}

func unsealSeed(root *os.Root, sealed []byte, unseal func([]byte) ([]byte, error)) error {
	seed, err := unseal(sealed)
	if err != nil {
		return fmt.Errorf("decrypting the seed: %w", err)
	}
	return root.WriteFile(seedName, seed, 0o600)
}

// interrupted is a reader that ends with its context.
type interrupted struct {
	ctx context.Context
	r   io.Reader
}

func (i *interrupted) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p)
}

// compare finds what differs between a manifest and what was read.
func compare(archive string, m *Manifest, got map[string]File, counts [3]int64) error {
	if m.Version != Version {
		return fmt.Errorf("%s: manifest of version %d; this build reads %d", archive, m.Version, Version)
	}
	for _, f := range m.Files {
		if g, ok := got[f.Path]; !ok || g != f {
			return fmt.Errorf("%s: %s is not what the manifest says: it was changed or damaged", archive, f.Path)
		}
		delete(got, f.Path)
	}
	for name := range got {
		return fmt.Errorf("%s: %s is not in the manifest: it was added", archive, name)
	}
	if counts != [3]int64{m.Lines, m.Sessions, m.Acts} {
		return fmt.Errorf("%s: %d lines, %d sessions, %d acts; the manifest says %d, %d, %d", archive, counts[0], counts[1], counts[2], m.Lines, m.Sessions, m.Acts)
	}
	return nil
}
