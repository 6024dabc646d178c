package dnp3

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// link is the secondary station's state of one visitor (IEEE 1815 §9.2.6).
type link struct {
	reset  bool
	fcb    uint8             // the frame count bit that is expected
	answer wire.LinkFunction // the last one, for a repeated frame
}

// frame takes one frame, whose header is sound.
func (v *visitor) frame(p []byte) error {
	f, err := wire.ParseFrame(p)
	switch {
	case err != nil:
		v.drop("malformed_frame", event.Malformed, f)
		return nil
	case v.deaf():
		v.drop("unheard", event.Other, f)
		return nil
	}
	switch {
	case f.Control&wire.Prm == 0:
		v.drop("link_secondary", event.Other, f)
		return nil
	case f.Control&wire.Dir == 0: // from an outstation, or ours come back
		v.drop("link_outstation_frame", event.Other, f)
		return nil
	case f.Dest == v.address:
	case f.Broadcast() && f.Function() == wire.UnconfirmedData:
	case f.Function() <= wire.UnconfirmedData && f.Function() >= wire.ConfirmedData && len(f.UserData) > 1:
		v.elsewhere(f)
		return nil
	default:
		v.drop(linkOp(f.Function()), linkClass(f.Function()), f)
		return nil
	}
	switch f.Function() {
	case wire.ResetLink:
		v.link = link{reset: true, fcb: wire.FCB, answer: wire.Ack}
		v.linkAnswer(f, event.Answered, wire.Ack)
	case wire.RequestStatus:
		v.linkAnswer(f, event.Answered, wire.LinkStatus)
	case wire.TestLink:
		v.linkAnswer(f, v.counted(f), v.link.answer)
	case wire.ConfirmedData:
		return v.confirmedData(f)
	case wire.UnconfirmedData:
		return v.segment(f, func() {})
	case wire.ResetUser: // obsolete (IEEE 1815 table 9-1)
		v.linkAnswer(f, event.Refused, wire.NotSupported)
	default:
		v.drop(linkOp(f.Function()), event.Other, f)
	}
	return nil
}

// counted checks the frame count bit and settles the answer. A repeated frame
// gets the last answer again (IEEE 1815 §9.2.6.3).
func (v *visitor) counted(f wire.Frame) event.Outcome {
	switch {
	case !v.link.reset:
		v.link.answer = wire.Nack
		return event.Refused
	case f.Control&wire.FCV != 0 && f.Control&wire.FCB == v.link.fcb:
		v.link.fcb ^= wire.FCB
		v.link.answer = wire.Ack
	}
	return event.Answered
}

// confirmedData takes user data that the link layer acknowledges.
func (v *visitor) confirmedData(f wire.Frame) error {
	expected := v.link.reset && f.Control&wire.FCB == v.link.fcb
	outcome := v.counted(f)
	if !expected {
		v.linkAnswer(f, outcome, v.link.answer)
		return nil
	}
	done := false
	err := v.segment(f, func() {
		done = true
		v.writeFrame(wire.Frame{Control: uint8(wire.Ack), Dest: f.Src, Src: v.address})
	})
	if err == nil && !done {
		v.linkAnswer(f, event.Answered, wire.Ack)
	}
	return err
}

// segment takes user data. What a complete fragment brings is recorded as one
// act; then ack is called, before anything of the application is written.
func (v *visitor) segment(f wire.Frame, ack func()) error {
	fragment, err := v.assembler.Add(f.UserData)
	if err != nil {
		act := v.linkAct("malformed_segment", event.Malformed, f)
		act.Outcome = event.Ignored
		v.record(act)
		ack()
		return nil
	}
	if fragment == nil {
		return nil
	}
	return v.fragment(f, fragment, ack)
}

// linkAnswer records a frame of the link layer and answers it.
func (v *visitor) linkAnswer(f wire.Frame, outcome event.Outcome, answer wire.LinkFunction) {
	act := v.linkAct(linkOp(f.Function()), linkClass(f.Function()), f)
	act.Outcome = outcome
	v.record(act)
	v.writeFrame(wire.Frame{Control: uint8(answer), Dest: f.Src, Src: v.address})
}

// drop records a frame that nothing is done about.
func (v *visitor) drop(op string, class event.Class, f wire.Frame) {
	act := v.linkAct(op, class, f)
	act.Outcome = event.Ignored
	v.record(act)
}

// elsewhere records user data for another station, named by what it asks.
func (v *visitor) elsewhere(f wire.Frame) {
	q, err := wire.ParseFragment(f.UserData[1:])
	if err != nil {
		v.drop(linkOp(f.Function()), linkClass(f.Function()), f)
		return
	}
	objects, _ := wire.ParseObjects(q.Function, q.Objects)
	act := describe(f, q, objects)
	act.Outcome = event.Ignored
	v.record(act)
}

func (v *visitor) linkAct(op string, class event.Class, f wire.Frame) event.Act {
	return event.Act{Op: op, Class: class, Target: unit(f.Dest), Detail: &detail{src: f.Src, dest: f.Dest, control: int(f.Control)}}
}

func (v *visitor) record(a event.Act) { v.s.Record(a) }

// writeFrame sends a frame of the link layer: on UDP a datagram of its own.
func (v *visitor) writeFrame(f wire.Frame) {
	v.pace()
	v.out = f.Append(v.out[:0])
	v.s.Write(v.out)
}

func linkOp(f wire.LinkFunction) string {
	switch f {
	case wire.ResetLink:
		return "reset_link"
	case wire.ResetUser:
		return "reset_user_process"
	case wire.TestLink:
		return "test_link"
	case wire.ConfirmedData:
		return "confirmed_user_data"
	case wire.UnconfirmedData:
		return "unconfirmed_user_data"
	case wire.RequestStatus:
		return "request_link_status"
	}
	return "unknown_link_function"
}

func linkClass(f wire.LinkFunction) event.Class {
	switch f {
	case wire.ResetLink, wire.TestLink:
		return event.Connect
	case wire.RequestStatus:
		return event.Enumerate
	}
	return event.Other
}
