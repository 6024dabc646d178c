package s7comm

import (
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// plusIn handles S7comm-plus. A 300 does not speak it and stays silent; a 1200
// answers the opening of a session, from which scanners read order number and
// firmware; what follows needs keys that only the real CPU has.
func (v *conn) plusIn(unit []byte) {
	p, err := wire.ParsePlus(unit)
	if !v.cpu.offers[offerPlus] {
		act := event.Act{Op: "s7comm_plus", Class: event.Foreign, Outcome: event.Ignored}
		if err == nil {
			act.Detail = fields{num("version", p.Version), text("function", wire.PlusFunctionName(p.Function)), num("seq", p.Seq)}
		}
		v.s.Record(act)
		return
	}
	if err != nil {
		v.s.Record(event.Act{Op: "plus_bad_pdu", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{err.Error()}})
		return
	}
	name := wire.PlusFunctionName(p.Function)
	if name == "" {
		name = "unknown"
	}
	act := event.Act{Op: "plus_" + name, Class: plusClass(p.Function), Detail: fields{num("version", p.Version), num("function", p.Function), num("opcode", p.Opcode), num("seq", p.Seq)}}
	if p.Function != wire.PlusCreateObject || p.Opcode != wire.PlusRequest || v.plus {
		act.Outcome = event.Ignored
		v.s.Record(act)
		return
	}
	v.plus = true
	v.s.Record(act)
	v.s.Delay(v.pause())
	session := 0x380 + v.s.Rand().Uint32N(0x80)
	answer := wire.Plus{Version: 1, Opcode: wire.PlusResponse, Function: p.Function, Seq: p.Seq, Body: wire.PlusIdentity(session, v.cpu.plusVersion())}
	_, _ = v.s.Write(v.frame(answer.Append(nil)))
}

// plusVersion is what a session's version text says: "1;6ES7 214-1AG40-0XB0 ;V4.2".
func (c *cpu) plusVersion() string {
	parts := strings.SplitN(strings.TrimPrefix(c.device.Identity.Firmware, "V"), ".", 3)
	return "1;" + c.device.Identity.Order + " ;V" + strings.Join(parts[:min(2, len(parts))], ".")
}

// plusClass returns what a function attempts.
func plusClass(fn uint16) event.Class {
	switch fn {
	case wire.PlusCreateObject:
		return event.Identify
	case wire.PlusExplore, wire.PlusGetLink:
		return event.Enumerate
	case wire.PlusGetMulti, wire.PlusGetStreamed:
		return event.Read
	case wire.PlusSetVariable, wire.PlusSetMulti:
		return event.Write
	case wire.PlusInvoke:
		return event.Control
	}
	return event.Other
}
