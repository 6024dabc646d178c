package vfs

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"
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

// MayCreate says whether the user may write a file there, new or over another.
func (v *View) MayCreate(u User, path string) error {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	i, err := v.walk(u, path)
	switch {
	case err == nil && i.Dir:
		return ErrDir
	case err == nil && !u.May(i, 2):
		return fs.ErrPermission
	case err == nil || !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return v.mayChange(u, path)
}

// mayChange says whether the user may add or remove entries beside path.
func (v *View) mayChange(u User, path string) error {
	if path == "/" {
		return fs.ErrPermission
	}
	dir, err := v.walk(u, parent(path))
	switch {
	case err != nil:
		return err
	case !dir.Dir:
		return ErrNotDir
	case !u.May(dir, 3):
		return fs.ErrPermission
	}
	return nil
}

// Put makes what a visitor has sent the content of a file, which MayCreate.
func (v *View) Put(u User, path, sha256 string, size int64) error {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	c := change{Mode: 0o644, Owner: u.Name, Group: u.Group, Time: v.now(), Size: size, SHA256: sha256}
	if i, err := v.walk(u, path); err == nil {
		if i.Dir {
			return ErrDir
		}
		c.Mode, c.Owner, c.Group = i.Mode, i.Owner, i.Group
	}
	return v.set(path, c)
}

// set records a change and keeps it soon.
func (v *View) set(path string, c change) error {
	err := v.fs.set(v.source, path, c)
	return errors.Join(err, v.fs.save(false))
}

func (v *View) now() time.Time { return v.fs.cfg.Now().Truncate(time.Second) }

// Mkdir makes a directory.
func (v *View) Mkdir(u User, path string) error {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	if _, err := v.walk(u, path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			return fs.ErrExist
		}
		return err
	}
	if err := v.mayChange(u, path); err != nil {
		return err
	}
	return v.set(path, change{Dir: true, Mode: 0o755, Owner: u.Name, Group: u.Group, Time: v.now()})
}

// Remove deletes a file, or with dir an empty directory.
func (v *View) Remove(u User, path string, dir bool) error {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	i, err := v.walk(u, path)
	switch {
	case err != nil:
		return err
	case i.Dir && !dir:
		return ErrDir
	case dir && !i.Dir:
		return ErrNotDir
	}
	if err := v.mayChange(u, path); err != nil {
		return err
	}
	if dir {
		for _, name := range v.names(path) {
			if _, err := v.entry(join(path, name)); err == nil {
				return ErrNotEmpty
			}
		}
	}
	return v.set(path, change{Gone: true})
}

// Rename moves an entry, a directory with all that is in it.
func (v *View) Rename(u User, from, to string) error {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	i, err := v.walk(u, from)
	if err != nil {
		return err
	}
	if err := errors.Join(v.mayChange(u, from), v.mayChange(u, to)); err != nil {
		return err
	}
	there, err := v.walk(u, to)
	switch {
	case from == to:
		return nil
	case strings.HasPrefix(to, from+"/"):
		return fs.ErrInvalid
	case err == nil && there.Dir && !i.Dir:
		return ErrDir
	case err == nil && i.Dir:
		return fs.ErrExist
	}
	return v.move(i, to)
}

// move renames i, and below a directory everything.
func (v *View) move(i Info, to string) error {
	if i.Dir {
		for _, name := range v.names(i.Path) {
			if child, err := v.entry(join(i.Path, name)); err == nil {
				if err := v.move(child, join(to, name)); err != nil {
					return err
				}
			}
		}
	}
	if err := v.set(to, v.copyOf(i)); err != nil {
		return err
	}
	return v.set(i.Path, change{Gone: true})
}

// copyOf is the change that makes another path what i is.
func (v *View) copyOf(i Info) change {
	c := change{Dir: i.Dir, Mode: i.Mode, Owner: i.Owner, Group: i.Group, Time: i.Time, Size: i.Size, SHA256: i.sha256}
	if i.content != nil {
		c.Base, c.Size = i.Path, 0
		if old, ok := v.fs.change(v.source, i.Path); ok && old.Base != "" {
			c.Base = old.Base
		}
	}
	return c
}

// Chmod sets the permissions of an entry that the user owns.
func (v *View) Chmod(u User, path string, mode fs.FileMode) error {
	return v.touch(u, path, func(c *change) { c.Mode = mode & 0o777 })
}

// Chtimes sets the time of an entry that the user owns.
func (v *View) Chtimes(u User, path string, t time.Time) error {
	return v.touch(u, path, func(c *change) { c.Time = t })
}

func (v *View) touch(u User, path string, f func(*change)) error {
	v.fs.mu.Lock()
	defer v.fs.mu.Unlock()
	i, err := v.walk(u, path)
	if err != nil {
		return err
	}
	if u.Name != i.Owner && u.Name != "root" {
		return fs.ErrPermission
	}
	c := v.copyOf(i)
	f(&c)
	return v.set(path, c)
}
