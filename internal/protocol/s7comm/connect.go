package s7comm

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cotp"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/layer/tpkt"
)

// maxTPDU is the greatest TPDU size that the CPU grants.
const maxTPDU = 1024

// connect answers a connection request: by its called TSAP, and by whether
// the CPU has a connection resource left. done means that it was refused.
func (v *conn) connect(t cotp.TPDU, p tpkt.Packet) (done bool) {
	calling, called := t.Param(cotp.ParamCalling), t.Param(cotp.ParamCalled)
	d := connectDetail{calling: string(calling), called: string(called), size: t.Size(), class: int(t.Class >> 4)}
	act := event.Act{Op: "connect_request", Class: event.Connect, Detail: &d}
	kind := uint8(3)
	if len(called) == 2 {
		kind = called[0]
		d.kind, d.rack, d.slot = int(called[0]), int(called[1]>>5), int(called[1]&0x1f)
	}
	reason := uint8(cotp.ReasonAddress)
	accepted := v.cpu.tsaps[string(called)] && t.Class>>4 == 0
	if accepted {
		if v.ref, accepted = v.cpu.acquire(kind); !accepted {
			reason = cotp.ReasonCongestion
			d.full = true
		}
	}
	if !accepted {
		act.Outcome = event.Refused
		if name := foreign.Name(p.Append(nil)); name == "rdp" || name == "mms" {
			act.Op, act.Class = name, event.Foreign
		}
		v.s.Record(act)
		if v.cpu.set.Refuse == "disconnect" {
			v.send(cotp.TPDU{Code: cotp.DR, Dst: t.Src, Reason: reason})
		}
		return true
	}
	v.peer = t.Src
	v.tpdu = min(t.Size(), maxTPDU)
	v.s.Record(act)
	v.s.Delay(v.pause())
	v.confirm(t, calling, called)
	return false
}

// confirm accepts a connection: the size first, whatever the visitor's order
// (personas.md §1.3), as he asked for it; the TSAPs as he sent them.
func (v *conn) confirm(t cotp.TPDU, calling, called []byte) {
	cc := cotp.TPDU{Code: cotp.CC, Dst: t.Src, Src: v.reference()}
	if size := t.Param(cotp.ParamTPDUSize); len(size) == 1 {
		granted := min(size[0], 10)
		cc.Params = append(cc.Params, cotp.Param{Code: cotp.ParamTPDUSize, Value: []byte{granted}})
	}
	if calling != nil {
		cc.Params = append(cc.Params, cotp.Param{Code: cotp.ParamCalling, Value: calling})
	}
	cc.Params = append(cc.Params, cotp.Param{Code: cotp.ParamCalled, Value: called})
	v.send(cc)
}

// reference is our own reference: constant on a 300, of the resource on others.
func (v *conn) reference() uint16 {
	if v.cpu.set.SourceRef != 0 {
		return v.cpu.set.SourceRef
	}
	return uint16(5 + 2*v.ref) // 7, 9, 11 as a 1200 counts (personas.md §1.3)
}
