// Package vfs is the file system of a device that keeps files: a tree of real
// and generated files that looks lived in, over which each visitor's changes
// lie.
//
// The tree is a CSV table of the persona (see Load): rows name small files of
// the persona's folder or generators (trends, logs, archives, firmware), and a
// row may stand for a series, one file a day say, whose youngest grows while one
// looks. What is generated depends on the installation alone, so that a file is
// the same at each reading.
//
// A visitor's changes are kept by his address and shown to him alone: he finds
// his uploads again, also after a restart, and neither can he blind the sensor
// for others by deleting, nor does it hand his uploads to anybody else. What
// uploads contain is in the artifact store; here are names and hashes.
package vfs

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// Errors beside those of io/fs: ErrNotExist, ErrExist, ErrPermission.
var (
	ErrDir      = errors.New("is a directory")
	ErrNotDir   = errors.New("not a directory")
	ErrNotEmpty = errors.New("directory not empty")
	ErrQuota    = errors.New("disk quota exceeded")
	ErrName     = errors.New("file name too long or not allowed")
)

// Limits of one visitor's changes, and of the visitors that are remembered.
const (
	maxChanges  = 256
	maxPaths    = 32 << 10 // octets of the paths of all changes
	maxOctets   = 256 << 20
	maxVisitors = 256
	maxPath     = 1024
	maxName     = 255
	maxDepth    = 32
)

// stateKey is where the changes are in the device's State.
const stateKey = "device.files"

// refresh is how often series look at the clock.
const refresh = 10 * time.Minute

// State keeps the changes; it is a protocol.State.
type State interface {
	Load(key string, into any) error
	Save(key string, v any) error
}

// Config is what a file system is made of.
type Config struct {
	Files  fs.FS                        // the persona's folder
	Tree   string                       // the table in it
	Expand func(string) (string, error) // fills in the device's ${names}
	Now    func() time.Time             // the device's clock
	Old    time.Time                    // what ages are counted back from: the device's last start
	Seed   [32]byte                     // of what is generated
	State  State
}

// An FS is one device's file system. It is safe for concurrent use.
type FS struct {
	cfg    Config
	static map[string]*node
	series []series

	mu       sync.Mutex
	built    time.Time // what tree is right for
	tree     map[string]*node
	children map[string][]string // names, by directory
	changes  map[string]*overlay // by source
	dirty    bool
	saved    time.Time
	took     time.Duration // to save
}

// An Info describes one entry.
type Info struct {
	Path         string // absolute, clean
	Dir          bool
	Mode         fs.FileMode // permission bits
	Owner, Group string
	Time         time.Time
	Size         int64

	content content // of the shipped tree; nil: sha256
	sha256  string
}

// Name is the last element of the path.
func (i Info) Name() string { return i.Path[strings.LastIndexByte(i.Path, '/')+1:] }

// A User is on whose behalf an operation is.
type User struct{ Name, Group string }

// May says whether the user has the permissions of bits (4 read, 2 write, 1
// search). Root may all.
func (u User) May(i Info, bits fs.FileMode) bool {
	shift := 0
	switch {
	case u.Name == "root":
		return true
	case u.Name == i.Owner:
		shift = 6
	case u.Group == i.Group:
		shift = 3
	}
	return i.Mode>>shift&bits == bits
}

// New reads the table and what visitors have changed.
func New(cfg Config) (*FS, error) {
	f := &FS{cfg: cfg, static: map[string]*node{}, changes: map[string]*overlay{}}
	if err := f.load(); err != nil {
		return nil, err
	}
	if err := cfg.State.Load(stateKey, &f.changes); err != nil {
		return nil, err
	}
	return f, nil
}

// refreshTree makes the tree right for the device's time. The caller has the lock.
func (f *FS) refreshTree() {
	now := f.cfg.Now().Truncate(refresh)
	if f.tree != nil && now.Equal(f.built) {
		return
	}
	old := f.tree
	f.built, f.tree, f.children = now, make(map[string]*node, len(f.static)), map[string][]string{}
	for path, n := range f.static {
		f.tree[path] = n
	}
	for _, s := range f.series {
		for path, n := range s.files(now, old) {
			f.tree[path] = n
			if dir := f.tree[parent(path)]; dir != nil && n.time.After(dir.time) { // adding a file touches its directory
				touched := *dir
				touched.time = n.time
				f.tree[parent(path)] = &touched
			}
		}
	}
	for path := range f.tree {
		if path != "/" {
			dir := parent(path)
			f.children[dir] = append(f.children[dir], path[strings.LastIndexByte(path, '/')+1:])
		}
	}
	for _, names := range f.children {
		slices.Sort(names)
	}
}

// parent returns the directory that a clean path is in.
func parent(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

// Resolve returns the clean absolute path of name, seen from the directory cwd.
// Nothing leads above the root.
func Resolve(cwd, name string) (string, error) {
	if !strings.HasPrefix(name, "/") {
		name = cwd + "/" + name
	}
	if len(name) > maxPath || strings.IndexByte(name, 0) >= 0 {
		return "", ErrName
	}
	var parts []string
	for p := range strings.SplitSeq(name, "/") {
		switch {
		case p == "" || p == ".":
		case p == "..":
			parts = parts[:max(len(parts)-1, 0)]
		case len(p) > maxName:
			return "", ErrName
		default:
			parts = append(parts, p)
		}
	}
	if len(parts) > maxDepth {
		return "", ErrName
	}
	return "/" + strings.Join(parts, "/"), nil
}
