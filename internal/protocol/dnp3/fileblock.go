package dnp3

import (
	"bytes"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// readFile answers with a block of an open file.
func (v *visitor) readFile(q *request, o wire.Object) {
	for _, item := range o.Items {
		b, err := wire.ParseFileBlock(item)
		if err != nil {
			q.iin |= wire.ParameterError
			return
		}
		f, n := v.handles[b.Handle], b.Block&^wire.LastBlock
		status := wire.FileSuccess
		switch {
		case f == nil:
			status = wire.FileInvalidHandle
		case f.mode != wire.FileModeRead:
			status = wire.FileInvalidMode
		case uint64(n)*uint64(f.block) > uint64(len(f.content)):
			status = wire.FileBlockSequence
		}
		if f != nil {
			q.fileTarget(f.name)
		}
		q.detail().number("block", int64(n))
		if q.fileStatus(status) != wire.FileSuccess {
			q.sized(6, transport(b.Handle, b.Block, status))
			continue
		}
		start := int(n) * f.block
		end := min(start+f.block, len(f.content))
		if b.Block = n; end == len(f.content) {
			b.Block |= wire.LastBlock
		}
		b.Data = f.content[start:end]
		q.sized(5, b.Append(nil))
	}
}

// transport is group 70 variation 6.
func transport(handle, block uint32, s wire.FileStatus) []byte {
	return append(wire.FileBlock{Handle: handle, Block: block}.Append(nil), byte(s))
}

// writeFile takes a block of a file.
func (v *visitor) writeFile(q *request, o wire.Object) {
	for _, item := range o.Items {
		b, err := wire.ParseFileBlock(item)
		if err != nil {
			q.iin |= wire.ParameterError
			return
		}
		f := v.handles[b.Handle]
		status := wire.FileSuccess
		switch {
		case f == nil:
			status = wire.FileInvalidHandle
		case f.mode == wire.FileModeRead:
			status = wire.FileInvalidMode
		case b.Block&^wire.LastBlock != f.next:
			status = wire.FileBlockSequence
		case len(f.content)+len(b.Data) > maxFile || !v.files.hold(f, len(b.Data)):
			status, f.full = wire.FileOverrun, true
		default:
			f.content = append(f.content, b.Data...)
			f.next++
		}
		if f != nil {
			q.fileTarget(f.name)
		}
		q.detail().number("block", int64(b.Block&^wire.LastBlock))
		q.sized(6, transport(b.Handle, b.Block, q.fileStatus(status)))
	}
}

// lost keeps what a visitor was writing when he left: evidence that no close
// brought home.
func (v *visitor) lost() {
	for _, f := range v.handles {
		defer v.files.give(f.held)
		if f.mode == wire.FileModeRead || len(f.content) == 0 {
			continue
		}
		if a, err := v.s.Keep(f.name, "dnp3-file", bytes.NewReader(f.content)); err == nil {
			a.Truncated = true
			v.record(event.Act{Op: "file_left_open", Class: event.FileWrite, Outcome: event.Ignored, Target: event.Target{Kind: event.TargetFile, Ref: f.name}, Artifact: &a})
		}
	}
}
