package dnp3

import (
	"bytes"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// Limits of files.
const (
	maxFile    = 1 << 20 // octets of one
	maxStored  = 4 << 20 // octets of all that visitors wrote
	maxWriting = 8 << 20 // octets of all that visitors have open for writing
	maxFiles   = 64
	maxHandles = 4 // of one visitor
	maxBlock   = 1024
)

// openFile is a file that a visitor has open.
type openFile struct {
	name    string
	mode    uint16
	block   int    // octets of one
	next    uint32 // block
	content []byte
	held    int // octets of content that count against maxWriting
	full    bool
	created uint64
}

// file carries out functions 25 to 30.
func (v *visitor) file(q *request) {
	if len(q.list) != 1 || q.list[0].Group != 70 || q.list[0].Qualifier != wire.Size16<<4|uint8(wire.Variable) || q.list[0].Count != 1 {
		q.iin |= wire.ParameterError
		return
	}
	want := map[wire.Function]uint8{wire.OpenFile: 3, wire.CloseFile: 4, wire.DeleteFile: 3, wire.GetFileInfo: 7, wire.AuthenticateFile: 2, wire.AbortFile: 4}
	if q.list[0].Variation != want[q.Function] {
		q.iin |= wire.ObjectUnknown
		return
	}
	var item []byte
	for _, data := range q.list[0].Items {
		item = data
	}
	var err error
	switch q.Function {
	case wire.OpenFile:
		err = v.openFile(q, item)
	case wire.CloseFile, wire.AbortFile:
		err = v.closeFile(q, item)
	case wire.DeleteFile:
		err = v.deleteFile(q, item)
	case wire.GetFileInfo:
		err = v.fileInfo(q, item)
	case wire.AuthenticateFile:
		err = v.authenticateFile(q, item)
	}
	if err != nil {
		q.iin |= wire.ParameterError
	}
}

// sized appends an object of variable length to the answer.
func (q *request) sized(variation uint8, data []byte) {
	h := wire.Header{Group: 70, Variation: variation, Qualifier: wire.Size16<<4 | uint8(wire.Variable), Count: 1}
	q.answer.object(h, append([]byte{byte(len(data)), byte(len(data) >> 8)}, data...))
}

// fileStatus notes how a file operation ended.
func (q *request) fileStatus(s wire.FileStatus) wire.FileStatus {
	q.detail().number("file_status", int64(s))
	if s != wire.FileSuccess {
		q.act.Outcome = event.Refused
	}
	return s
}

func (q *request) fileTarget(name string) {
	q.act.Target = event.Target{Kind: event.TargetFile, Ref: name}
}

// allowed says whether a key opens files.
func (v *visitor) allowed(key uint32) bool { return len(v.Users) == 0 || v.keys[key] }

func (v *visitor) openFile(q *request, item []byte) error {
	c, err := wire.ParseFileCommand(item)
	if err != nil {
		return err
	}
	q.fileTarget(c.Name)
	q.detail().number("mode", int64(c.Mode))
	s := wire.FileCommandStatus{Request: c.Request, MaxBlock: min(c.MaxBlock, uint16(v.blockSize()))}
	f := &openFile{name: clean(c.Name), mode: c.Mode, block: int(s.MaxBlock), created: c.Created}
	stored, exists := v.files.find(c.Name)
	listing, entries := v.files.directory(c.Name)
	switch {
	case !v.allowed(c.Key):
		s.Status = wire.FileDenied
	case len(v.handles) >= maxHandles:
		s.Status = wire.FileTooMany
	case s.MaxBlock == 0:
		s.Status = wire.FileBlockSize
	case c.Mode == wire.FileModeRead && exists:
		f.content, s.Size = stored.content, uint32(len(stored.content))
	case c.Mode == wire.FileModeRead && entries > 0:
		f.content, s.Size = listing, uint32(len(listing))
	case c.Mode == wire.FileModeRead:
		s.Status = wire.FileNotFound
	case c.Mode != wire.FileModeWrite && c.Mode != wire.FileModeAppend:
		s.Status = wire.FileInvalidMode
	case stored.readOnly || entries > 0:
		s.Status = wire.FileDenied
	case c.Mode == wire.FileModeAppend:
		f.content, s.Size = slices.Clip(stored.content), uint32(len(stored.content)) // copied by the first block
	}
	if c.Mode == wire.FileModeWrite || c.Mode == wire.FileModeAppend {
		q.act.Class = event.FileWrite
	}
	if q.fileStatus(s.Status) == wire.FileSuccess {
		v.lastFile++
		s.Handle = v.lastFile
		if v.handles == nil {
			v.handles = map[uint32]*openFile{}
		}
		v.handles[s.Handle] = f
	}
	q.sized(4, s.Append(nil))
	return nil
}

// blockSize is the longest block that a fragment carries.
func (v *visitor) blockSize() int { return min(maxBlock, max(v.fragmentSize()-4-6-8, 0)) }

// closeFile ends a file; what was written becomes an artefact and is there to
// be read. Abort throws it away.
func (v *visitor) closeFile(q *request, item []byte) error {
	s, err := wire.ParseFileCommandStatus(item)
	if err != nil {
		return err
	}
	f := v.handles[s.Handle]
	s.Status = wire.FileSuccess
	if f == nil {
		s.Status = wire.FileInvalidHandle
	} else {
		q.fileTarget(f.name)
		delete(v.handles, s.Handle)
		defer v.files.give(f.held)
		if f.mode != wire.FileModeRead {
			q.act.Class = event.FileWrite
			v.keepFile(q, f)
			stored := storedFile{name: f.name, content: f.content, written: true, created: f.created}
			if q.Function == wire.CloseFile && !v.files.put(stored) {
				s.Status = wire.FileOverrun
			}
		}
	}
	q.fileStatus(s.Status)
	q.sized(4, s.Append(nil))
	return nil
}

// keepFile keeps what a visitor wrote as evidence.
func (v *visitor) keepFile(q *request, f *openFile) {
	a, err := v.s.Keep(f.name, "dnp3-file", bytes.NewReader(f.content))
	if err != nil {
		v.s.Log.Warn("dnp3: cannot keep a file", "error", err)
		return
	}
	a.Truncated = a.Truncated || f.full
	q.act.Artifact = &a
}

func (v *visitor) deleteFile(q *request, item []byte) error {
	c, err := wire.ParseFileCommand(item)
	if err != nil {
		return err
	}
	q.fileTarget(c.Name)
	s := wire.FileCommandStatus{Request: c.Request}
	f, exists := v.files.find(c.Name)
	switch {
	case !v.allowed(c.Key), f.readOnly:
		s.Status = wire.FileDenied
	case !exists:
		s.Status = wire.FileNotFound
	default:
		v.files.remove(c.Name)
	}
	q.fileStatus(s.Status)
	q.sized(4, s.Append(nil))
	return nil
}

func (v *visitor) fileInfo(q *request, item []byte) error {
	d, err := wire.ParseFileDescriptor(item)
	if err != nil {
		return err
	}
	q.fileTarget(d.Name)
	f, exists := v.files.find(d.Name)
	_, entries := v.files.directory(d.Name)
	switch {
	case exists:
		q.fileStatus(wire.FileSuccess)
		d.Directory, d.Size, d.Created, d.Permissions = false, uint32(len(f.content)), f.created, f.permissions()
		q.sized(7, d.Append(nil))
	case entries > 0:
		q.fileStatus(wire.FileSuccess)
		d.Directory, d.Size, d.Permissions = true, uint32(entries), 0o555
		q.sized(7, d.Append(nil))
	default:
		q.sized(4, wire.FileCommandStatus{Request: d.Request, Status: q.fileStatus(wire.FileNotFound)}.Append(nil))
	}
	return nil
}

// authenticateFile hands out a key to a user of the settings; 0 refuses.
func (v *visitor) authenticateFile(q *request, item []byte) error {
	a, err := wire.ParseFileAuth(item)
	if err != nil {
		return err
	}
	q.act.Cred = &event.Cred{User: a.User, Secret: a.Password, Method: "file"}
	key := uint32(0)
	if slices.Contains(v.Users, user{a.User, a.Password}) && len(v.keys) < maxHandles {
		key = 1 + v.s.Rand().Uint32N(1<<31)
		if v.keys == nil {
			v.keys = map[uint32]bool{}
		}
		v.keys[key] = true
	} else {
		q.act.Outcome = event.Refused
	}
	q.sized(2, wire.FileAuth{Key: key}.Append(nil))
	return nil
}
