package s7comm

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// fragments is the rest of an answer that the visitor takes part by part.
type fragments struct {
	act  event.Act
	rest []byte
	size int // octets of a part
	unit uint8
	seq  uint8
	next int // number of the next part
}

// userdata handles the services that are not jobs.
func (v *conn) userdata(p wire.PDU) {
	u, err := wire.ParseUD(p.Param)
	if err != nil {
		v.s.Record(event.Act{Op: "userdata", Class: event.Malformed, Outcome: event.Ignored, Detail: fields{num("pdu_ref", p.Ref), text("problem", err.Error())}})
		return
	}
	d, err := wire.ParseDataItem(p.Data)
	if err != nil {
		v.s.Record(event.Act{Op: "userdata", Class: event.Malformed, Outcome: event.Ignored, Detail: fields{num("pdu_ref", p.Ref), text("problem", err.Error())}})
		return
	}
	act := event.Act{Op: userdataOp(u), Class: userdataClass(u), Detail: fields{num("pdu_ref", p.Ref)}}
	if act.Op == "unknown_service" {
		act.Detail = fields{num("pdu_ref", p.Ref), num("group", u.Group), num("subfunction", u.Sub), hexed("data", d.Data)}
	}
	if q, err := wire.ParseSZLRequest(d.Data); err == nil && u.Group == wire.GroupCPU && u.Sub == wire.CPUReadSZL {
		act.Class = szlClass(q.ID)
		act.Target = event.Target{Kind: event.TargetSZL, Ref: fmt.Sprintf("%04X/%04X", q.ID, q.Index)}
	}
	switch {
	case u.Kind != wire.KindRequest:
		act.Outcome = event.Ignored
		v.s.Record(act)
	case v.pdu == 0:
		v.refuseUD(p, u, act, errFunction)
	case len(p.Param)+len(p.Data)+10 > v.pdu:
		v.refuseUD(p, u, act, errSize)
	case u.Method == wire.MethodResponse && d.Return != wire.RetOK: // STEP 7 puts some first requests in this form too (goOnline), with data
		v.nextPart(p, u, act)
	default:
		v.request(p, u, d, act)
	}
}

// userdataOp returns what an act of user data is called.
func userdataOp(u wire.UD) string {
	name := ""
	switch u.Group {
	case wire.GroupCPU:
		name = wire.CPUSubName(u.Sub)
	case wire.GroupProgrammer:
		name = wire.ProgSubName(u.Sub)
	case wire.GroupBlock:
		name = map[uint8]string{wire.BlockList: "list_blocks", wire.BlockListType: "list_blocks_of_type", wire.BlockInfo: "block_info"}[u.Sub]
	case wire.GroupTime:
		name = map[uint8]string{wire.TimeRead: "read_clock", wire.TimeReadF: "read_clock", wire.TimeSet: "set_clock", wire.TimeSet2: "set_clock"}[u.Sub]
	case wire.GroupSecurity:
		name = map[uint8]string{wire.SecurityPassword: "password", wire.SecurityClear: "clear_password"}[u.Sub]
	case wire.GroupCyclic:
		name = map[uint8]string{wire.CyclicMemory: "subscribe", wire.CyclicStop: "unsubscribe"}[u.Sub]
	}
	if name == "" {
		return "unknown_service"
	}
	return name
}

// userdataClass returns what a service of user data attempts, as far as its
// number tells.
func userdataClass(u wire.UD) event.Class {
	switch u.Group {
	case wire.GroupCPU, wire.GroupProgrammer, wire.GroupCyclic:
		return event.Read
	case wire.GroupBlock:
		return event.Enumerate
	case wire.GroupSecurity:
		return event.Auth
	case wire.GroupTime:
		if u.Sub == wire.TimeSet || u.Sub == wire.TimeSet2 {
			return event.Config
		}
		return event.Read
	}
	return event.Other
}

// request handles a first request.
func (v *conn) request(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	var offer string
	var handle func(wire.PDU, wire.UD, wire.DataItem, event.Act)
	switch u.Group {
	case wire.GroupCPU:
		offer, handle = offerSZL, v.cpuService
		if u.Sub != wire.CPUReadSZL {
			offer = offerMessages
		}
	case wire.GroupBlock:
		offer, handle = offerBlocks, v.blockService
	case wire.GroupTime:
		offer, handle = offerClock, v.timeService
	case wire.GroupSecurity:
		offer, handle = offerPassword, v.securityService
	case wire.GroupProgrammer:
		offer, handle = offerProgrammer, v.programmerService
	case wire.GroupCyclic:
		offer, handle = offerCyclic, v.cyclicService
	}
	if handle == nil || !v.cpu.offers[offer] {
		v.refuseUD(p, u, act, errFunction)
		return
	}
	handle(p, u, d, act)
}

// refuseUD records an act and answers with an error and no data.
func (v *conn) refuseUD(p wire.PDU, u wire.UD, act event.Act, code uint16) {
	act.Outcome = event.Refused
	if d, ok := act.Detail.(fields); ok {
		act.Detail = append(d, errorCode(code))
	}
	v.s.Record(act)
	v.replyUD(p, wire.UD{Group: u.Group, Sub: u.Sub, Sequence: v.sequence(u), Error: code}, wire.NoData())
}

// replyUD queues an answer.
func (v *conn) replyUD(p wire.PDU, u wire.UD, d wire.DataItem) {
	u.Method, u.Kind = wire.MethodResponse, wire.KindResponse
	v.reply(wire.PDU{ROSCTR: wire.Userdata, Ref: p.Ref, Param: u.Append(nil), Data: d.Append(nil)})
}

// sequence returns the service instance of an answer: none for what ends with
// it, 1 for lists of blocks, the connection's number for the rest (goOnline,
// blocklist).
func (v *conn) sequence(u wire.UD) uint8 {
	if u.Group == wire.GroupBlock {
		if u.Sub == wire.BlockListType {
			return 1
		}
		return 0
	}
	return uint8(v.ref)
}

// answer records an act and answers with a payload, the first part of it where
// it is longer than size octets.
func (v *conn) answer(p wire.PDU, u wire.UD, act event.Act, payload []byte, size int) {
	v.s.Record(act)
	out := wire.UD{Group: u.Group, Sub: u.Sub, Sequence: v.sequence(u)}
	key := uint16(u.Group)<<8 | uint16(u.Sub)
	delete(v.parts, key)
	size = max(size, 4)
	if len(payload) > size {
		f := &fragments{act: act, rest: payload[size:], size: size, unit: v.cpu.nextUnit(), seq: out.Sequence, next: 2}
		out.Unit, out.More = f.unit, true
		payload = payload[:size]
		v.parts[key] = f
	}
	v.replyUD(p, out, wire.NewDataItem(wire.SizeOctets, payload))
}

// nextPart answers the request for the next part of an answer.
func (v *conn) nextPart(p wire.PDU, u wire.UD, act event.Act) {
	key := uint16(u.Group)<<8 | uint16(u.Sub)
	f := v.parts[key]
	if f == nil || f.seq != u.Sequence {
		v.refuseUD(p, u, act, errNoList)
		return
	}
	act.Op, act.Class, act.Target = f.act.Op, f.act.Class, f.act.Target
	act.Detail = fields{num("pdu_ref", p.Ref), num("part", f.next)}
	v.s.Record(act)
	n := min(len(f.rest), f.size)
	out := wire.UD{Group: u.Group, Sub: u.Sub, Sequence: f.seq, Unit: f.unit, More: n < len(f.rest)}
	payload := f.rest[:n]
	f.rest, f.next = f.rest[n:], f.next+1
	if !out.More {
		delete(v.parts, key)
	}
	v.replyUD(p, out, wire.NewDataItem(wire.SizeOctets, payload))
}
