package dnp3

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// storedFile is a file on the device. Its content is replaced, never changed.
type storedFile struct {
	name     string
	content  []byte
	readOnly bool
	written  bool // by a visitor
	created  uint64
}

// fileStore is the device's files: those of the persona, and what visitors
// wrote until the sensor restarts.
type fileStore struct {
	mu      sync.Mutex
	list    []storedFile
	writing int // octets of files that visitors have open
}

func newFileStore(list []fileSetting, env protocol.Env) (*fileStore, error) {
	s := &fileStore{}
	for _, f := range list {
		content, err := fs.ReadFile(env.Files, f.File)
		if err == nil && f.Expand {
			var full string
			full, err = env.Device.Identity.Expand(string(content))
			content = []byte(full)
		}
		if err != nil {
			return nil, fmt.Errorf("files: %s: %w", f.File, err)
		}
		if !strings.HasPrefix(f.Name, "/") {
			return nil, fmt.Errorf("files: name = %q: begin it with /", f.Name)
		}
		s.list = append(s.list, storedFile{name: f.Name, content: content, readOnly: f.ReadOnly})
	}
	return s, nil
}

// clean is a name as the store has it.
func clean(name string) string { return path.Clean("/" + strings.ReplaceAll(name, `\`, "/")) }

func (s *fileStore) find(name string) (storedFile, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.list {
		if strings.EqualFold(f.name, clean(name)) {
			return f, true
		}
	}
	return storedFile{}, false
}

// directory returns the descriptors of a directory's entries, one behind the
// other, and how many; none where there is no such directory.
func (s *fileStore) directory(name string) (content []byte, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := strings.TrimSuffix(clean(name), "/") + "/"
	seen := map[string]bool{}
	for _, f := range s.list {
		rest, in := strings.CutPrefix(f.name, at)
		if !in {
			continue
		}
		entry, _, dir := strings.Cut(rest, "/")
		if seen[entry] {
			continue
		}
		seen[entry] = true
		d := wire.FileDescriptor{Name: entry, Directory: dir, Size: uint32(len(f.content)), Created: f.created, Permissions: f.permissions()}
		if dir {
			d.Size = 1
		}
		content = d.Append(content)
		n++
	}
	return content, n
}

// permissions are those of owner, group and world, as Unix has them (IEEE 1815 table 11-11).
func (f *storedFile) permissions() uint16 {
	if f.readOnly {
		return 0o444
	}
	return 0o666
}

// put stores what a visitor wrote; it reports false where there is no room.
func (s *fileStore) put(f storedFile) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := len(f.content)
	list := slices.DeleteFunc(slices.Clone(s.list), func(g storedFile) bool { return strings.EqualFold(g.name, f.name) })
	for _, g := range list {
		if g.written {
			total += len(g.content)
		}
	}
	if total > maxStored || len(list) >= maxFiles {
		return false
	}
	s.list = append(list, f)
	return true
}

func (s *fileStore) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(s.list, func(f storedFile) bool { return strings.EqualFold(f.name, clean(name)) })
}

// hold makes room for n more octets of an open file; false where visitors have
// too much open.
func (s *fileStore) hold(f *openFile, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.held == 0 { // appending copies what is there
		n += len(f.content)
	}
	if s.writing+n > maxWriting {
		return false
	}
	f.held += n
	s.writing += n
	return true
}

// give takes back the room of a file that is no longer open.
func (s *fileStore) give(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writing -= n
}
