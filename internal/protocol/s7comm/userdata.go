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
	switch {
	case u.Kind != wire.KindRequest:
		act.Outcome = event.Ignored
		v.s.Record(act)
	case v.pdu == 0:
		v.refuseUD(p, u, act, errFunction)
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
	switch group := wire.GroupName(u.Group); {
	case name != "":
		return name
	case group != "":
		return fmt.Sprintf("%s_%02x", group, u.Sub)
	}
	return fmt.Sprintf("userdata_%x_%02x", u.Group, u.Sub)
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

// cpuService handles the group CPU: status lists and messages.
func (v *conn) cpuService(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	switch u.Sub {
	case wire.CPUReadSZL:
		v.readSZL(p, u, d, act)
	case wire.CPUMessage:
		act.Detail = fields{num("pdu_ref", p.Ref), hexed("data", d.Data)}
		registered := []byte{2, 0}
		if len(d.Data) > 10 && d.Data[0]&0x80 != 0 { // alarms: their kind is repeated (wincc300)
			registered = append(registered, d.Data[10], 1, 0)
		}
		v.answer(p, u, act, registered, v.pdu-26)
	case wire.CPUAlarmQuery:
		act.Detail = fields{num("pdu_ref", p.Ref), hexed("data", d.Data)}
		v.answer(p, u, act, []byte{0, 1, 0x0a, 0, 0, 0}, v.pdu-26) // none (wincc300)
	default:
		v.refuseUD(p, u, act, errFunction)
	}
}

// readSZL answers a read of the system status list.
func (v *conn) readSZL(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	q, err := wire.ParseSZLRequest(d.Data)
	if err != nil {
		act.Class = event.Malformed
		act.Detail = fields{num("pdu_ref", p.Ref), text("problem", err.Error())}
		v.refuseUD(p, u, act, errNoList)
		return
	}
	act.Class = szlClass(q.ID)
	act.Target = event.Target{Kind: event.TargetSZL, Ref: fmt.Sprintf("%04X/%04X", q.ID, q.Index)}
	l, ok := v.cpu.szl(q)
	if !ok {
		v.refuseUD(p, u, act, errNoList)
		return
	}
	v.answer(p, u, act, l.Append(nil), v.pdu-26) // 214 octets of 240 (goOnline)
}

// szlClass returns what the reading of a list is for.
func szlClass(id uint16) event.Class {
	switch id & 0x00ff {
	case 0x11, 0x1c:
		return event.Identify
	case 0x00, 0x12, 0x13, 0x14, 0x15:
		return event.Enumerate
	}
	return event.Read
}

// blockService lists blocks and tells about one.
func (v *conn) blockService(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	size := (v.pdu - 32) / 4 * 4 // 52 rows of 240 octets (goOnline)
	switch u.Sub {
	case wire.BlockList:
		v.answer(p, u, act, v.cpu.program.counts().Append(nil), size)
	case wire.BlockListType:
		typ, err := wire.ParseTypeName(d.Data)
		if err != nil {
			v.refuseUD(p, u, act, errNoFurther)
			return
		}
		act.Target = event.Target{Kind: event.TargetBlock, Ref: typ.String()}
		rows := v.cpu.program.list(typ)
		if len(rows) == 0 {
			v.refuseUD(p, u, act, errNoFurther)
			return
		}
		v.answer(p, u, act, rows.Append(nil), size)
	case wire.BlockInfo:
		ref, err := wire.ParseBlockRef(string(d.Data))
		if err != nil {
			v.refuseUD(p, u, act, errNoBlock)
			return
		}
		act.Target = event.Target{Kind: event.TargetBlock, Ref: ref.String()}
		info, ok := v.cpu.program.info(blockKey{ref.Type, ref.Number}, ref.Place)
		if !ok {
			v.refuseUD(p, u, act, errNoBlock)
			return
		}
		v.answer(p, u, act, info.Append(nil), v.pdu-26)
	default:
		v.refuseUD(p, u, act, errFunction)
	}
}

// timeService reads and sets the clock.
func (v *conn) timeService(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	switch u.Sub {
	case wire.TimeRead, wire.TimeReadF:
		now := wire.Clock{Century: 0x19, Time: v.cpu.device.Clock.Now()}
		v.answer(p, u, act, now.Append(nil), v.pdu-26)
	case wire.TimeSet, wire.TimeSet2:
		t, err := wire.ParseClock(d.Data)
		if err != nil {
			v.refuseUD(p, u, act, errClock)
			return
		}
		const layout = "2006-01-02T15:04:05.000"
		act.Values, act.Previous = []string{t.Time.Format(layout)}, []string{v.cpu.device.Clock.Now().Format(layout)}
		if err := v.cpu.device.Clock.Set(t.Time); err != nil {
			v.s.Log.Warn("clock not kept", "err", err)
		}
		v.s.Record(act)
		v.replyUD(p, wire.UD{Group: u.Group, Sub: u.Sub, Sequence: v.sequence(u)}, wire.NoData())
	default:
		v.refuseUD(p, u, act, errFunction)
	}
}

// securityService opens and closes a protected CPU.
func (v *conn) securityService(p wire.PDU, u wire.UD, d wire.DataItem, act event.Act) {
	done := func() {
		v.s.Record(act)
		v.replyUD(p, wire.UD{Group: u.Group, Sub: u.Sub, Sequence: v.sequence(u)}, wire.NoData())
	}
	switch u.Sub {
	case wire.SecurityPassword:
		given := wire.DecodePassword(d.Data)
		act.Cred = &event.Cred{Secret: given, Method: "s7"}
		if v.cpu.set.Protection > 1 && given != v.cpu.set.Password {
			v.refuseUD(p, u, act, errPassword)
			return
		}
		v.trusted = true
		done()
	case wire.SecurityClear:
		v.trusted = false
		done()
	default:
		v.refuseUD(p, u, act, errFunction)
	}
}

// protected says whether the CPU's level forbids reading (3) or changing (2)
// the program to this visitor.
func (v *conn) protected(level int) bool { return v.cpu.set.Protection >= level && !v.trusted }
