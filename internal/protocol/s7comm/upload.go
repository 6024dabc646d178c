package s7comm

import (
	"bytes"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// An upload is a block that a visitor is reading.
type upload struct {
	key    blockKey
	name   string
	loaded []byte // the block as it was loaded
	sent   []byte // as the visitor gets it: a data block with the values of now
	at     int    // octets of it that have gone out
}

// uploadJob handles start upload, upload and end upload.
func (v *conn) uploadJob(p wire.PDU, act event.Act) {
	j, err := wire.ParseFileJob(p.Param)
	if err != nil {
		v.bad(p, act, err)
		return
	}
	if j.Function == wire.FnStartUpload {
		v.startUpload(p, j, act)
		return
	}
	act.Detail = fields{num("pdu_ref", p.Ref), num("upload_id", j.ID)}
	u := v.uploads[j.ID]
	if u == nil {
		v.refuse(p, act, errSequence)
		return
	}
	act.Target = event.Target{Kind: event.TargetBlock, Ref: u.key.String()}
	if j.Function == wire.FnEndUpload {
		delete(v.uploads, j.ID)
		v.accept(p, act, []byte{wire.FnEndUpload}, nil)
		return
	}
	n := min(len(u.sent)-u.at, v.pdu-18) // header 12, parameter 2, head of the part 4
	part := wire.Part{Data: u.sent[u.at : u.at+n]}
	u.at += n
	status := uint8(wire.StatusMore)
	if u.at == len(u.sent) {
		status = wire.StatusDone
		act.Artifact = v.took(u)
	}
	v.accept(p, act, []byte{wire.FnUpload, status}, part.Append(nil))
}

// startUpload begins the reading of a block.
func (v *conn) startUpload(p wire.PDU, j wire.FileJob, act event.Act) {
	act.Detail = fields{num("pdu_ref", p.Ref), text("filename", j.Filename())}
	ref, err := wire.ParseFilename(j.Filename())
	if err != nil {
		v.refuse(p, act, errName)
		return
	}
	key := blockKey{ref.Type, ref.Number}
	b, ok := v.cpu.program.block(key, ref.Place)
	switch {
	case ref.Type == wire.OB && (ref.Number == 0 || ref.Number > lastOB):
		v.refuse(p, act, errOB)
	case !ok:
		v.refuse(p, act, errNoBlock)
	case v.protected(3):
		v.refuse(p, act, errProtected)
	case len(v.uploads) >= maxUploads:
		v.refuse(p, act, errUploads)
	default:
		id := v.cpu.nextUpload()
		u := &upload{key: key, name: j.Filename(), loaded: b, sent: v.cpu.actual(key, b)}
		v.uploads[id] = u
		act.Detail = append(act.Detail.(fields), num("upload_id", id), num("length", len(u.sent)))
		answer := wire.FileJob{Function: wire.FnStartUpload, Error: 0x0100, ID: id, Texts: []string{wire.UploadLength(len(u.sent))}}
		v.accept(p, act, answer.Append(nil), nil)
	}
}

// took keeps a block that a visitor has got whole. One that he takes again on
// this connection, and nobody has loaded anew, is not kept again: the values of
// a data block, which change all the time, would use up his quota.
func (v *conn) took(u *upload) *event.Artifact {
	if bytes.Equal(v.taken[u.key], u.loaded) {
		return nil
	}
	v.taken[u.key] = u.loaded
	return v.keepBlock(u.name, u.sent)
}

// actual returns a block as it is in the CPU: a data block has the values of now.
func (c *cpu) actual(key blockKey, b []byte) []byte {
	k, err := wire.ParseBlock(b)
	if key.Type != wire.DB || err != nil {
		return b
	}
	now, _ := c.memory.read(span{where: place{wire.AreaDB, key.Number}, n: len(k.Code), bit: -1}, c.device.Process.View())
	if len(now) == len(k.Code) {
		k.Code = now
	}
	return k.Append(nil)
}
