package iec104

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// call is one ASDU on its way to its answers.
type call struct {
	*visitor
	frame  wire.Frame
	asdu   wire.ASDU
	view   process.View // one view answers one request
	act    event.Act
	detail detail
	after  func() // done once the act is recorded and its answers wait
}

// handle answers an ASDU in the order of the checks that 101 §7.2.3 implies:
// type, cause, common address, object.
func (c *call) handle() {
	if len(c.queue) >= maxWaiting {
		c.act.Outcome = event.Dropped
		c.s.Record(c.act)
		return
	}
	var out []outgoing
	switch {
	case c.without[c.asdu.Type] || !c.answered():
		out = c.refuse(wire.UnknownType, "type")
	case !c.causes():
		out = c.refuse(wire.UnknownCause, "cause")
	case c.asdu.Common == wire.Broadcast && c.global():
		out = c.everyStation()
	case !c.station(c.asdu.Common):
		out = c.refuse(wire.UnknownCommon, "common_address")
	default:
		out = c.dispatch()
	}
	if out == nil && c.act.Outcome == event.Answered {
		c.act.Outcome = event.Ignored
	}
	c.s.Record(c.act)
	for _, o := range out {
		c.enqueue(o)
	}
	if c.after != nil {
		c.after()
	}
}

// answered says whether the type is one that a controlled station takes.
func (c *call) answered() bool {
	t := c.asdu.Type
	switch {
	case t >= wire.FileReady && t <= wire.QueryLog:
		return len(c.files) > 0 || c.MaxUpload > 0
	case t.Command(), t >= wire.Interrogation && t <= wire.TestTimed, t >= wire.ParamNormalized && t <= wire.ParamActivation:
		return true
	}
	return false
}

// causes says whether the cause belongs to the type in the control direction
// (101 §7.3, table of each type).
func (c *call) causes() bool {
	t, cause := c.asdu.Type, c.asdu.Cause
	switch {
	case t == wire.Read:
		return cause == wire.Requested
	case t == wire.DelayAcquisition:
		return cause == wire.Activation || cause == wire.Spontaneous
	case t == wire.CallFile:
		return cause == wire.FileTransfer || cause == wire.Requested
	case t >= wire.FileReady:
		return cause == wire.FileTransfer
	case t.Command(), t == wire.Interrogation, t == wire.ParamActivation:
		return cause == wire.Activation || cause == wire.Deactivation
	}
	return cause == wire.Activation
}

// global says whether the type may go to all stations (101 §7.2.4).
func (c *call) global() bool {
	switch c.asdu.Type {
	case wire.Interrogation, wire.CounterInterrogation, wire.ClockSync, wire.ResetProcess:
		return true
	}
	return false
}

// everyStation answers for each common address in its own name.
func (c *call) everyStation() []outgoing {
	switch c.Broadcast {
	case silent:
		return nil
	case refuse:
		return c.refuse(wire.UnknownCommon, "common_address")
	}
	var out []outgoing
	for _, ca := range c.stations {
		c.asdu.Common = ca
		out = append(out, c.dispatch()...)
	}
	return out
}

// dispatch answers for the station that the ASDU names.
func (c *call) dispatch() []outgoing {
	t := c.asdu.Type
	single := t < wire.Interrogation || t > wire.TestTimed || t == wire.Read
	if c.asdu.Sequence || c.asdu.Number != 1 {
		return c.deny("one_object")
	}
	if !single && c.asdu.Objects[0].Address != 0 {
		return c.refuse(wire.UnknownObject, "object")
	}
	switch {
	case t.Command():
		return c.command()
	case t >= wire.ParamNormalized && t <= wire.ParamFloat:
		return c.loadParameter()
	case t >= wire.FileReady:
		return c.fileTransfer()
	}
	switch t {
	case wire.Interrogation:
		return c.interrogation()
	case wire.CounterInterrogation:
		return c.counterInterrogation()
	case wire.Read:
		return c.read()
	case wire.ClockSync:
		return c.clockSync()
	case wire.Test, wire.TestTimed:
		return c.test()
	case wire.ResetProcess:
		return c.resetProcess()
	case wire.DelayAcquisition:
		return c.delayAcquisition()
	}
	return c.activateParameter()
}

// mirror is the request with another cause.
func (c *call) mirror(cause wire.Cause, negative bool) outgoing {
	a := c.asdu
	a.Cause, a.Negative = cause, negative
	if a.Objects != nil || a.Raw != nil {
		return outgoing{asdu: a.Append(nil)}
	}
	return outgoing{asdu: a.AppendHead(nil)}
}

// reply notes the confirmation's cause in the act.
func (c *call) reply(cause wire.Cause, negative bool) {
	if c.detail.Reply = int(cause); negative {
		c.detail.Reply += 64
		c.act.Outcome = event.Refused
	}
}

// refuse is a negative confirmation of one of the causes 44 to 47.
func (c *call) refuse(cause wire.Cause, why string) []outgoing {
	c.reply(cause, true)
	c.detail.Why = why
	return []outgoing{c.mirror(cause, true)}
}

// confirmation is the cause that confirms the request's: 7 of 6, 9 of 8.
func (c *call) confirmation() wire.Cause {
	if c.asdu.Cause == wire.Deactivation {
		return wire.DeactivationCon
	}
	return wire.ActivationCon
}

// deny is a negative confirmation of an activation or deactivation.
func (c *call) deny(why string) []outgoing {
	c.detail.Why = why
	c.reply(c.confirmation(), true)
	return []outgoing{c.mirror(c.confirmation(), true)}
}

// confirm is a positive one.
func (c *call) confirm() []outgoing {
	c.reply(c.confirmation(), false)
	return []outgoing{c.mirror(c.confirmation(), false)}
}

// terminate is the end of an activation.
func (c *call) terminate() outgoing { return c.mirror(wire.ActivationTerm, false) }
