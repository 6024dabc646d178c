package s7comm

import (
	"bytes"
	"errors"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

const (
	maxUploads = 8          // under way on one connection
	maxBlock   = 64 << 10   // octets of a block that a 315 takes
	lastOB     = 122        // organization blocks have classes up to OB 122
	artifact   = "s7-block" // kind of what is kept
)

// A download is a block that a visitor is loading: the CPU pulls it with jobs
// of its own.
type download struct {
	ref  wire.BlockRef
	name string
	load int // octets announced
	data []byte
	over bool // we have said that it has ended
}

// requestDownload begins the loading of a block.
func (v *conn) requestDownload(p wire.PDU, act event.Act) {
	j, err := wire.ParseFileJob(p.Param)
	if err != nil {
		v.bad(p, act, err)
		return
	}
	act.Detail = fields{num("pdu_ref", p.Ref), text("filename", j.Filename())}
	ref, err := wire.ParseFilename(j.Filename())
	load, code, lenErr := j.DownloadLengths()
	switch {
	case err != nil:
		v.refuse(p, act, errName)
		return
	case lenErr != nil:
		v.refuse(p, act, errParameter)
		return
	}
	act.Detail = append(act.Detail.(fields), num("load_length", load), num("mc7_length", code))
	switch {
	case v.protected(2):
		v.refuse(p, act, errProtected)
	case ref.Type == wire.OB && (ref.Number == 0 || ref.Number > lastOB):
		v.refuse(p, act, errOB)
	case ref.Type == wire.SFC || ref.Type == wire.SFB || ref.Type.String()[0] == 'T':
		v.refuse(p, act, errNumber)
	case load > maxBlock:
		v.refuse(p, act, errBlockSize)
	case v.download != nil && !v.download.over:
		v.refuse(p, act, errSequence)
	default:
		v.download = &download{ref: ref, name: j.Filename(), load: load}
		v.accept(p, act, []byte{wire.FnDownload}, nil)
		v.pull(wire.FnDownloadBlock, 0)
	}
}

// pull sends a job of ours: for the next part, or that the download has ended.
func (v *conn) pull(fn uint8, code uint16) {
	v.jobRef++
	j := wire.FileJob{Function: fn, Error: code, Texts: []string{v.download.name}}
	v.reply(wire.PDU{ROSCTR: wire.Job, Ref: v.jobRef, Param: j.Append(nil)})
}

// downloaded takes the visitor's answer to a job of ours.
func (v *conn) downloaded(d *download, p wire.PDU) {
	act := event.Act{
		Op: wire.FunctionName(p.Function()), Class: event.ProgramDownload,
		Target: event.Target{Kind: event.TargetBlock, Ref: d.ref.String()},
		Detail: fields{num("pdu_ref", p.Ref)},
	}
	if p.Function() == wire.FnDownloadEnded || p.Class != 0 || p.Code != 0 {
		v.download = nil
		if p.Class != 0 || p.Code != 0 { // the visitor gives up; what came is kept
			act.Op = "download_aborted"
			act.Artifact = v.keep(d)
		}
		v.s.Record(act)
		return
	}
	part, err := wire.ParsePart(p.Data)
	if p.Function() != wire.FnDownloadBlock || len(p.Param) != 2 || err != nil {
		act.Op, act.Class = "download_block", event.Malformed
		v.abort(d, act, errSize)
		return
	}
	d.data = append(d.data, part.Data...)
	switch {
	case len(d.data) > d.load:
		v.abort(d, act, errBlockSize)
	case p.Param[1] == wire.StatusMore:
		act.Detail = append(act.Detail.(fields), num("octets", len(d.data)))
		v.s.Record(act)
		v.pull(wire.FnDownloadBlock, 0)
	default:
		v.assembled(d, act)
	}
}

// abort ends a download with an error; what came is kept.
func (v *conn) abort(d *download, act event.Act, code uint16) {
	act.Outcome = event.Refused
	act.Artifact = v.keep(d)
	act.Detail = append(act.Detail.(fields), errorCode(code))
	v.s.Record(act)
	d.over = true
	v.pull(wire.FnDownloadEnded, code)
}

// assembled has a block's last part: it is kept, read, and put beside the program.
func (v *conn) assembled(d *download, act event.Act) {
	act.Detail = append(append(act.Detail.(fields), num("octets", len(d.data))), describe(d.data)...)
	h, err := wire.ParseHeader(d.data)
	if err != nil || h.Type != d.ref.Type {
		v.abort(d, act, errBlock)
		return
	}
	if err := v.cpu.program.load(blockKey{d.ref.Type, d.ref.Number}, d.data); err != nil {
		if !errors.Is(err, errNoRoom) {
			v.s.Log.Warn("block not loaded", "err", err)
		}
		v.abort(d, act, errMemory)
		return
	}
	act.Artifact = v.keep(d)
	v.s.Record(act)
	d.over = true
	v.pull(wire.FnDownloadEnded, 0)
}

// keep stores what came of a download.
func (v *conn) keep(d *download) *event.Artifact { return v.keepBlock(d.name, d.data) }

// keepBlock stores the octets of a block under the name that the visitor gave.
func (v *conn) keepBlock(name string, b []byte) *event.Artifact {
	if len(b) == 0 {
		return nil
	}
	a, err := v.s.Keep(name, artifact, bytes.NewReader(b))
	if err != nil {
		v.s.Log.Warn("block not kept", "err", err)
		return nil
	}
	return &a
}

// describe says what a block's header and footer tell.
func describe(b []byte) fields {
	h, err := wire.ParseHeader(b)
	if err != nil {
		return fields{text("problem", err.Error())}
	}
	const layout = "2006-01-02T15:04:05.000"
	d := fields{
		text("block", blockKey{h.Type, h.Number}.String()), text("language", wire.LanguageName(h.Language)),
		num("mc7_length", h.CodeLen), num("interface_length", h.InterfLen), num("local_length", h.LocalLen),
		text("code_time", h.Code.Time().Format(layout)), text("interface_time", h.Interface.Time().Format(layout)),
	}
	if h.Security != 0 {
		d = append(d, flag("know_how_protected"))
	}
	if k, err := wire.ParseBlock(b); err == nil {
		d = append(d, text("author", k.Footer.Author), text("family", k.Footer.Family), text("name", k.Footer.Name), num("checksum", k.Footer.Checksum))
	} else {
		d = append(d, text("problem", err.Error()))
	}
	return d
}
