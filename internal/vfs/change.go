package vfs

import (
	"errors"
	"io/fs"
	"strings"
	"time"
)

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
