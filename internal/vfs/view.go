package vfs

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// A View is the file system as one visitor has left it.
type View struct {
	fs     *FS
	source string
}

// For returns the view of the visitor from an address. Paths of its methods are
// clean ones, from Resolve.
func (f *FS) For(source string) *View { return &View{f, source} }

// Stat describes an entry.
func (v *View) Stat(u User, path string) (Info, error) {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	return v.walk(u, path)
}

// walk finds an entry by way of its directories, which the user may search. The
// caller has the lock.
func (v *View) walk(u User, path string) (Info, error) {
	v.fs.refreshTree()
	i, err := v.entry("/")
	for rest := path; err == nil && len(rest) > 1; {
		if !i.Dir {
			return i, ErrNotDir
		}
		if !u.May(i, 1) {
			return i, fs.ErrPermission
		}
		n := strings.IndexByte(rest[1:], '/') + 1
		if n == 0 {
			n = len(rest)
		}
		rest = rest[n:]
		i, err = v.entry(path[:len(path)-len(rest)])
	}
	return i, err
}

// entry finds what is at a path whose directory is there.
func (v *View) entry(path string) (Info, error) {
	n := v.fs.tree[path]
	c, changed := v.fs.change(v.source, path)
	if !changed && n != nil {
		return n.info(path), nil
	}
	if !changed || c.Gone {
		return Info{}, fs.ErrNotExist
	}
	i := Info{Path: path, Dir: c.Dir, Mode: c.Mode, Owner: c.Owner, Group: c.Group, Time: c.Time, Size: c.Size, sha256: c.SHA256}
	switch base := v.fs.tree[c.Base]; {
	case c.Dir:
		i.Size = 4096
	case c.Base == "":
	case base == nil || base.dir: // the persona has changed since
		return Info{}, fs.ErrNotExist
	default:
		i.content, i.Size = base.content, base.content.size()
	}
	return i, nil
}

// List describes what is in a directory, by name.
func (v *View) List(u User, path string) ([]Info, error) {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	dir, err := v.walk(u, path)
	switch {
	case err != nil:
		return nil, err
	case !dir.Dir:
		return nil, ErrNotDir
	case !u.May(dir, 4):
		return nil, fs.ErrPermission
	}
	var out []Info
	for _, name := range v.names(path) {
		if i, err := v.entry(join(path, name)); err == nil {
			out = append(out, i)
		}
	}
	return out, nil
}

// names returns what may be in a directory, by name.
func (v *View) names(dir string) []string {
	names := slices.Clone(v.fs.children[dir])
	if o := v.fs.changes[v.source]; o != nil {
		for p := range o.Paths {
			if parent(p) == dir && p != "/" {
				names = append(names, p[strings.LastIndexByte(p, '/')+1:])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func join(dir, name string) string { return strings.TrimSuffix(dir, "/") + "/" + name }

// Open opens a file at an offset; kept opens what a visitor sent, by SHA-256.
func (v *View) Open(u User, path string, offset int64, kept func(string) (io.ReadCloser, error)) (io.ReadCloser, Info, error) {
	i, err := v.Stat(u, path)
	switch {
	case err != nil:
		return nil, i, err
	case i.Dir:
		return nil, i, ErrDir
	case !u.May(i, 4):
		return nil, i, fs.ErrPermission
	}
	var r io.ReadCloser
	switch {
	case i.content != nil:
		r = shipped{i.content.open()}
	case i.Size == 0:
		r = shipped{strings.NewReader("")}
	default:
		if r, err = kept(i.sha256); err != nil {
			return nil, i, err
		}
	}
	if err := skip(r, offset); err != nil {
		r.Close()
		return nil, i, err
	}
	return r, i, nil
}

// shipped is an opened file of the tree.
type shipped struct{ io.ReadSeeker }

// Close implements io.Closer.
func (shipped) Close() error { return nil }

// skip passes over the first octets; a file may end before.
func skip(r io.Reader, n int64) error {
	if n == 0 {
		return nil
	}
	if s, ok := r.(io.Seeker); ok {
		_, err := s.Seek(n, io.SeekStart)
		return err
	}
	if _, err := io.CopyN(io.Discard, r, n); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
