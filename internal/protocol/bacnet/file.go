package bacnet

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// A file is the content behind a file object. What visitors write is kept.
type file struct {
	mu      sync.Mutex
	data    []byte
	changed time.Time // by a visitor
}

// keptFile is what State holds of a file.
type keptFile struct {
	Data    []byte    `json:"data"`
	Changed time.Time `json:"changed"`
}

const maxFile = 64 << 10 // octets of a file after all writes

func fileKey(id wire.ObjectID) string { return fmt.Sprintf("bacnet.file%d", id.Instance()) }

func (f *file) load(state protocol.State, id wire.ObjectID) error {
	k := keptFile{Data: f.data}
	if err := state.Load(fileKey(id), &k); err != nil {
		return fmt.Errorf("%s: %w", fileKey(id), err)
	}
	f.data, f.changed = k.Data, k.Changed
	return nil
}

func (f *file) stat() (size int, changed time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.data), f.changed
}

// write puts octets at an offset, -1 being the end, and returns where. Between
// the old end and the offset there are zeros.
func (f *file) write(state protocol.State, id wire.ObjectID, at int, p []byte, now time.Time) (int, *refusal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if at == -1 {
		at = len(f.data)
	}
	switch {
	case at < 0:
		return 0, &refusal{classServices, codeFileStart}
	case at+len(p) > maxFile:
		return 0, &refusal{classResources, codeNoSpace}
	}
	after := append([]byte(nil), f.data...)
	if grow := at + len(p) - len(after); grow > 0 {
		after = append(after, make([]byte, grow)...)
	}
	copy(after[at:], p)
	if state.Save(fileKey(id), keptFile{after, now}) != nil {
		return 0, &refusal{classResources, codeNoSpace}
	}
	f.data, f.changed = after, now
	return at, nil
}

// openFile finds the file of a request, or says why it cannot be had.
func (q *request) openFile(w wire.FileRequest) (*object, *refusal) {
	q.act.Target = event.Target{Kind: event.TargetFile, Ref: w.Object.String()}
	q.note.Start = &w.Start
	o := q.find(w.Object)
	switch {
	case o == nil:
		return nil, &refusal{classObject, codeUnknownObject}
	case o.file == nil:
		return nil, &refusal{classServices, codeInconsistentType}
	case w.Records:
		return nil, &refusal{classServices, codeFileAccessMethod}
	}
	return o, nil
}

// readFile serves an AtomicReadFile, 14.1: stream access, as much as one APDU takes.
func (q *request) readFile(body []byte) {
	w, err := wire.ParseFile(body, false)
	if err != nil {
		q.reject(err)
		return
	}
	o, e := q.openFile(w)
	if e != nil {
		q.fail(e)
		return
	}
	o.file.mu.Lock()
	data := o.file.data
	o.file.mu.Unlock()
	if w.Start < 0 || int(w.Start) > len(data) {
		q.fail(&refusal{classServices, codeFileStart})
		return
	}
	part := data[w.Start:]
	part = part[:min(int64(len(part)), int64(w.Count))]
	most := min(wire.MaxAPDUOctets(q.apdu.MaxAPDU), q.set.MaxAPDU, q.room()) - 20 // the rest of the answer
	if len(part) > most && !(q.apdu.Accepts && q.set.transmits()) {
		q.abort(wire.AbortNoSegmentation)
		return
	}
	q.note.Octets = len(part)
	b := wire.BoolValue(int(w.Start)+len(part) == len(data)).Append(nil)
	b = wire.SignedValue(int64(w.Start)).Append(wire.AppendOpen(b, 0))
	q.complex(wire.AppendClose(wire.OctetsValue(part).Append(b), 0))
}

// writeFile serves an AtomicWriteFile, 14.2. What is written becomes an artefact,
// whether the device takes it or not.
func (q *request) writeFile(body []byte) {
	w, err := wire.ParseFile(body, true)
	if err != nil {
		q.reject(err)
		return
	}
	data := bytes.Join(w.Data, nil)
	q.note.Octets = len(data)
	if a, err := q.s.Keep(fmt.Sprintf("%s@%d", w.Object, w.Start), "bacnet-file", bytes.NewReader(data)); err == nil {
		q.act.Artifact = &a
	}
	o, e := q.openFile(w)
	if e == nil && !o.set.Writable {
		e = &refusal{classServices, codeFileAccess}
	}
	at := 0
	if e == nil {
		at, e = o.file.write(q.kept.state, o.id, int(w.Start), data, q.device.Clock.At(q.now))
	}
	if e != nil {
		q.fail(e)
		return
	}
	q.complex(wire.AppendContext(nil, 0, wire.SignedValue(int64(at))))
}
