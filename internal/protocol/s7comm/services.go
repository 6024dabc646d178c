package s7comm

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

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
		if d := act.Detail.(fields); v.cpu.set.Protection > 1 {
			act.Detail = append(d, flag("success"))
			if v.cpu.set.Default {
				act.Detail = append(act.Detail.(fields), flag("default"))
			}
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
