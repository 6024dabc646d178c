package dnp3

import (
	"bytes"
	"errors"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// request is one request of a visitor while it is carried out.
type request struct {
	wire.Fragment
	frame   wire.Frame
	list    wire.Objects
	view    process.View
	now     uint64 // device's time
	act     event.Act
	iin     wire.IIN // of this request alone
	answer  *composer
	silent  bool // no answer
	restart bool
}

func (q *request) detail() *detail { return q.act.Detail.(*detail) }

// touch adds a tag, what was written to it and what it was.
func (q *request) touch(tag, value, previous string) {
	q.act.Tags = append(q.act.Tags, tag)
	q.act.Values = append(q.act.Values, value)
	q.act.Previous = append(q.act.Previous, previous)
}

// fragment takes a whole fragment of the application layer.
func (v *visitor) fragment(f wire.Frame, p []byte, ack func()) error {
	q, err := wire.ParseFragment(p)
	objects, objErr := wire.ParseObjects(q.Function, q.Objects)
	act := describe(f, q, objects)
	switch {
	case err != nil:
		act.Op, act.Class, act.Outcome = "malformed_fragment", event.Malformed, event.Ignored
	case q.Function.Response():
		act.Outcome = event.Ignored // a master sends none
	case q.Function == wire.Confirm:
		v.confirm(act, f, q, ack)
		return nil
	case q.Control&(wire.FIR|wire.FIN) != wire.FIR|wire.FIN || q.Control&wire.UNS != 0: // IEEE 1815 §4.2.2.4: a request is one fragment
		act.Op, act.Class, act.Outcome = "malformed_fragment", event.Malformed, event.Ignored
	default:
		return v.request(&request{Fragment: q, frame: f, list: objects, act: act}, objErr, p, ack)
	}
	v.record(act)
	ack()
	return nil
}

// request carries out a request, records it and answers it.
func (v *visitor) request(q *request, objErr error, p []byte, ack func()) error {
	q.silent = q.Function.NoAck() || q.frame.Broadcast()
	v.setMaster(q.frame.Src)
	if !q.frame.Broadcast() && q.Function != wire.Read && bytes.Equal(p, v.last) {
		v.repeat(q, ack) // IEEE 1815 §4.2.2.4.5: not carried out twice
		return nil
	}
	v.last = append(v.last[:0], p...)
	iin := v.serve(q, objErr)
	if q.frame.Broadcast() {
		v.heard()
	} else if !q.silent {
		iin |= v.broadcastHeard()
	}
	v.respond(q, iin, ack)
	if q.restart && !v.s.Packet() {
		v.s.Flush()
		return errRestart
	}
	return nil
}

// serve carries a request out and returns the indications of its answer.
func (v *visitor) serve(q *request, objErr error) wire.IIN {
	v.mu.Lock()
	defer v.mu.Unlock()
	q.view, q.now = v.device.Process.View(), v.now()
	v.scan(q.view)
	q.answer = newComposer(v.fragmentSize())
	switch {
	case !v.supports(q.Function):
		q.iin |= wire.NoFunction
	case errors.Is(objErr, wire.ErrObject):
		q.iin |= wire.ObjectUnknown
	case objErr != nil:
		q.iin |= wire.ParameterError
	default:
		v.carryOut(q)
	}
	return v.indications(v.device.Process.View()) | q.iin
}

// carryOut does what a request asks, under the lock.
func (v *visitor) carryOut(q *request) {
	switch q.Function {
	case wire.Read:
		v.read(q)
	case wire.Write:
		v.write(q)
	case wire.Select, wire.Operate, wire.DirectOperate, wire.DirectOperateNoAck:
		v.control(q)
	case wire.Freeze, wire.FreezeNoAck:
		v.freeze(q, false)
	case wire.FreezeClear, wire.FreezeClearNoAck:
		v.freeze(q, true)
	case wire.FreezeAtTime, wire.FreezeAtTimeNoAck:
		v.freezeAtTime(q)
	case wire.ColdRestart, wire.WarmRestart:
		v.restart(q)
	case wire.EnableUnsolicited, wire.DisableUnsolicited:
		v.enable(q)
	case wire.AssignClass:
		v.assign(q)
	case wire.DelayMeasure:
		// The request was answered at once: no delay (IEEE 1815 §10.3.3).
		q.answer.object(wire.Header{Group: 52, Variation: 2, Qualifier: uint8(wire.Count8), Count: 1}, []byte{0, 0})
	case wire.RecordTime:
		v.recorded = time.Now()
	case wire.OpenFile, wire.CloseFile, wire.DeleteFile, wire.GetFileInfo, wire.AuthenticateFile, wire.AbortFile:
		v.file(q)
	default:
		q.iin |= wire.NoFunction
	}
}
