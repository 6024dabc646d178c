package vfs

import (
	"io/fs"
	"time"
)

// A change is what a visitor made of one path.
type change struct {
	Gone   bool        `json:"gone,omitempty"`
	Dir    bool        `json:"dir,omitempty"`
	Mode   fs.FileMode `json:"mode,omitempty"`
	Owner  string      `json:"owner,omitempty"`
	Group  string      `json:"group,omitempty"`
	Time   time.Time   `json:"time,omitzero"`
	Size   int64       `json:"size,omitempty"`
	SHA256 string      `json:"sha256,omitempty"`
	Base   string      `json:"base,omitempty"` // path of the shipped file whose content this is
}

// overlay is what one visitor has changed.
type overlay struct {
	Changed time.Time         `json:"changed"`
	Paths   map[string]change `json:"paths"`
}

// octets is how much the visitor's files hold.
func (o *overlay) octets() (n int64) {
	for _, c := range o.Paths {
		if c.SHA256 != "" {
			n += c.Size
		}
	}
	return n
}

// full says whether the visitor has changed as many paths as he may.
func (o *overlay) full(path string) bool {
	n := len(path)
	for p := range o.Paths {
		n += len(p)
	}
	return len(o.Paths) >= maxChanges || n > maxPaths
}

// change returns what a visitor has made of a path. The caller has the lock, as
// in all of this file.
func (f *FS) change(source, path string) (change, bool) {
	if o := f.changes[source]; o != nil {
		c, ok := o.Paths[path]
		return c, ok
	}
	return change{}, false
}

// set records a change of a visitor, within his quota.
func (f *FS) set(source, path string, c change) error {
	o := f.changes[source]
	if o == nil {
		if len(f.changes) >= maxVisitors {
			f.forget(1)
		}
		o = &overlay{Paths: map[string]change{}}
		f.changes[source] = o
	}
	old, there := o.Paths[path]
	if !there && o.full(path) {
		return ErrQuota
	}
	o.Paths[path] = c
	if c.SHA256 != "" && o.octets() > maxOctets {
		if o.Paths[path] = old; !there {
			delete(o.Paths, path)
		}
		return ErrQuota
	}
	if c.Gone && f.tree[path] == nil { // nothing shipped to hide
		delete(o.Paths, path)
	}
	o.Changed = f.cfg.Now()
	f.dirty = true
	return nil
}

// forget drops the n visitors who have changed nothing for longest.
func (f *FS) forget(n int) {
	for range n {
		oldest := ""
		for source, o := range f.changes {
			if oldest == "" || o.Changed.Before(f.changes[oldest].Changed) {
				oldest = source
			}
		}
		delete(f.changes, oldest)
	}
}

// slowSave is when saving takes long.
const slowSave = 5 * time.Millisecond

// save keeps the changes, at most once a second unless forced, and where that
// takes long even then not for more than a tenth of the time. Where the device's State is full, the oldest
// visitors are forgotten.
func (f *FS) save(force bool) error {
	now := time.Now()
	if past := now.Sub(f.saved); !f.dirty || !force && past < time.Second || f.took > slowSave && past < 10*f.took {
		return nil
	}
	f.dirty, f.saved = false, now
	defer func() { f.took = time.Since(now) }()
	err := f.cfg.State.Save(stateKey, f.changes)
	for err != nil && len(f.changes) > 0 {
		f.forget((len(f.changes) + 3) / 4)
		err = f.cfg.State.Save(stateKey, f.changes)
	}
	return err
}

// Sync keeps what visitors have changed; a room calls it when a session ends.
func (f *FS) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.save(true)
}
