package s7comm

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// Error classes and codes of acknowledgements, and errors of user data, as one
// number each: personas.md §1.5, and for those that no capture shows the
// meanings that Wireshark has of them (s7comm.param.errcod).
const (
	errFunction   = 0x8104 // function not supported on this module
	errSize       = 0x8500 // wrong PDU size
	errMemory     = 0x8301 // not enough memory on the module
	errUploads    = 0x8304 // no further upload beside those under way
	errSequence   = 0x8401 // service out of its sequence
	errName       = 0xd201 // syntax error in a block's name
	errParameter  = 0xd202 // syntax error in a function's parameters
	errNoBlock    = 0xd209 // block not found
	errOB         = 0xd20c // organization block has no priority class here
	errNoFurther  = 0xd20e // no further block of the type
	errBlockSize  = 0xd20f // block too long for the module
	errNumber     = 0xd210 // invalid block number
	errBlock      = 0xd219 // block cannot be interpreted
	errCoordinate = 0xd240 // coordination rules violated
	errProtected  = 0xd241 // protection level too low
	errNoList     = 0xd402 // list or index not available
	errPassword   = 0xd602 // wrong password
	errClock      = 0xdc01 // date or time wrong
)

// pduIn handles one PDU.
func (v *conn) pduIn(p wire.PDU) {
	switch p.ROSCTR {
	case wire.Job:
		v.job(p)
	case wire.Userdata:
		v.userdata(p)
	default:
		v.acknowledged(p)
	}
}

// offerOf returns the group of functions that a job's function belongs to.
func offerOf(fn uint8) string {
	switch fn {
	case wire.FnRead:
		return offerRead
	case wire.FnWrite:
		return offerWrite
	case wire.FnDownload, wire.FnDownloadBlock, wire.FnDownloadEnded:
		return offerDownload
	case wire.FnStartUpload, wire.FnUpload, wire.FnEndUpload:
		return offerUpload
	case wire.FnService, wire.FnStop:
		return offerControl
	}
	return ""
}

// classOf returns what a job's function attempts.
func classOf(fn uint8) event.Class {
	switch fn {
	case wire.FnSetup:
		return event.Connect
	case wire.FnRead:
		return event.Read
	case wire.FnWrite:
		return event.Write
	case wire.FnDownload, wire.FnDownloadBlock, wire.FnDownloadEnded:
		return event.ProgramDownload
	case wire.FnStartUpload, wire.FnUpload, wire.FnEndUpload:
		return event.ProgramUpload
	case wire.FnService:
		return event.Control
	case wire.FnStop:
		return event.Mode
	}
	return event.Other
}

// job handles a job.
func (v *conn) job(p wire.PDU) {
	fn := p.Function()
	act := event.Act{Op: wire.FunctionName(fn), Class: classOf(fn), Target: jobTarget(p), Detail: fields{num("pdu_ref", p.Ref)}}
	if act.Op == "" {
		act.Op = "unknown_function"
		act.Detail = fields{num("pdu_ref", p.Ref), num("function", fn), hexed("parameter", p.Param)}
	}
	switch {
	case fn == wire.FnSetup && len(p.Param) > 0:
		v.setup(p, act)
	case v.pdu == 0:
		v.refuse(p, act, errFunction)
	case len(p.Param)+len(p.Data)+10 > v.pdu:
		v.refuse(p, act, errSize)
	case !v.cpu.offers[offerOf(fn)]:
		v.refuse(p, act, errFunction)
	case fn == wire.FnRead:
		v.read(p, act)
	case fn == wire.FnWrite:
		v.write(p, act)
	case fn == wire.FnStartUpload, fn == wire.FnUpload, fn == wire.FnEndUpload:
		v.uploadJob(p, act)
	case fn == wire.FnDownload:
		v.requestDownload(p, act)
	case fn == wire.FnService:
		v.service(p, act)
	case fn == wire.FnStop:
		v.stop(p, act)
	default: // download block and download ended are jobs of the CPU, not of visitors
		v.refuse(p, act, errFunction)
	}
}

// jobTarget names what a job aims at; the zero Target where it says nothing.
func jobTarget(p wire.PDU) event.Target {
	if q, err := wire.ParseVars(p.Param); err == nil && len(q.Items) > 0 {
		return target(q.Items)
	}
	if j, err := wire.ParseFileJob(p.Param); err == nil {
		if ref, err := wire.ParseFilename(j.Filename()); err == nil {
			return event.Target{Kind: event.TargetBlock, Ref: ref.String()}
		}
	}
	if q, err := wire.ParseInvocation(p.Param); err == nil {
		return event.Target{Kind: event.TargetService, Ref: q.Service}
	}
	if q, err := wire.ParseStop(p.Param); err == nil {
		return event.Target{Kind: event.TargetService, Ref: q.Service}
	}
	return event.Target{}
}

// refuse records an act and answers with an acknowledgement that is an error.
func (v *conn) refuse(p wire.PDU, act event.Act, code uint16) {
	act.Outcome = event.Refused
	if d, ok := act.Detail.(fields); ok {
		act.Detail = append(d, errorCode(code))
	}
	v.s.Record(act)
	v.reply(wire.PDU{ROSCTR: wire.Ack, Ref: p.Ref, Class: uint8(code >> 8), Code: uint8(code)})
}

// accept records an act and acknowledges its job.
func (v *conn) accept(p wire.PDU, act event.Act, param, data []byte) {
	v.s.Record(act)
	v.reply(wire.PDU{ROSCTR: wire.AckData, Ref: p.Ref, Param: param, Data: data})
}

// bad is refuse for a job whose parts contradict each other.
func (v *conn) bad(p wire.PDU, act event.Act, why error) {
	act.Class = event.Malformed
	act.Detail = fields{num("pdu_ref", p.Ref), text("problem", why.Error()), hexed("parameter", p.Param)}
	v.refuse(p, act, errSize)
}

// setup negotiates: never more than the CPU has, nor than the visitor asks for.
func (v *conn) setup(p wire.PDU, act event.Act) {
	q, err := wire.ParseSetup(p.Param)
	if err != nil {
		v.bad(p, act, err)
		return
	}
	const least = 32 // a visitor who asks for less could be told nothing
	got := wire.Setup{
		Calling: clampJobs(q.Calling, v.cpu.set.Jobs), Called: clampJobs(q.Called, v.cpu.set.Jobs),
		PDU: max(min(q.PDU, v.cpu.set.PDU), least),
	}
	v.pdu = int(got.PDU)
	act.Detail = fields{
		num("pdu_ref", p.Ref), num("max_amq_calling", q.Calling), num("max_amq_called", q.Called),
		num("pdu_length", q.PDU), num("granted", got.PDU),
	}
	v.accept(p, act, got.Append(nil), nil)
}

// clampJobs returns how many jobs are granted of those asked for.
func clampJobs(asked, most uint16) uint16 { return max(min(asked, most), 1) }

// acknowledged takes the answers to jobs of our own.
func (v *conn) acknowledged(p wire.PDU) {
	if d := v.download; d != nil && p.Ref == v.jobRef {
		v.downloaded(d, p)
		return
	}
	v.s.Record(event.Act{Op: "unexpected_ack", Class: event.Other, Outcome: event.Ignored, Detail: fields{num("pdu_ref", p.Ref)}})
}
