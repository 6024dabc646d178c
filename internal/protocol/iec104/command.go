package iec104

import (
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// execution is a command that was confirmed and is not terminated.
type execution struct {
	command *command
	request wire.ASDU
	want    float64 // the feedback's value
	any     bool    // any change of it will do
	until   time.Time
}

// command answers types 45 to 51 and 58 to 64 (101 §7.4.6, figures 73 to 76).
func (c *call) command() []outgoing {
	o := c.asdu.Objects[0]
	cmd := c.commands[address{c.asdu.Common, o.Address}]
	if cmd == nil {
		return c.refuse(wire.UnknownObject, "object")
	}
	q, _ := wire.ParseCommand(c.asdu.Type, o.Data)
	base, timed := c.asdu.Type.Timed()
	value, possible := cmd.target(q.Value, c.view)
	tag := c.device.Process.Tag(cmd.tag)
	c.act.Tags, c.act.Values, c.act.Previous = []string{tag.Name}, []string{value.Text()}, []string{c.view.Text(cmd.tag)}
	switch {
	case base != cmd.kind:
		c.act.Tags, c.act.Values, c.act.Previous = nil, nil, nil
		return c.deny("other_type")
	case c.asdu.Cause == wire.Deactivation:
		return c.cancel(cmd)
	case !possible:
		return c.deny("value")
	case base <= wire.StepCommand && q.Qualifier > 3 || base > wire.StepCommand && q.Qualifier != 0:
		return c.deny("qualifier")
	case timed && c.stale(q.Time):
		return c.deny("too_old")
	case cmd.permit != process.None && !c.view.Bool(cmd.permit):
		return c.deny("not_permitted")
	case cmd.on != process.None && cmd.switchesOn(q.Value) && !c.view.Bool(cmd.on):
		return c.deny("interlock")
	case q.Select:
		return c.selectCommand(cmd, q.Value)
	}
	return c.execute(cmd, q.Value, value)
}

// stale says whether a command's time is too far from the device's.
func (c *call) stale(at wire.Time) bool {
	t, ok := at.At()
	return !ok || c.MaxAge > 0 && c.device.Clock.Now().Sub(t).Abs() > time.Duration(c.MaxAge)
}

// selectCommand reserves a command for the visitor.
func (c *call) selectCommand(cmd *command, value float64) []outgoing {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if s, taken := c.selected[cmd]; taken && s.by != c.visitor && time.Now().Before(s.until) {
		return c.deny("selected_by_another")
	}
	if !c.asdu.Test {
		c.selected[cmd] = selection{by: c.visitor, value: value, until: time.Now().Add(time.Duration(c.Select))}
	}
	return c.confirm()
}

// cancel breaks a selection off.
func (c *call) cancel(cmd *command) []outgoing {
	c.act.Tags, c.act.Values, c.act.Previous = nil, nil, nil
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if s, taken := c.selected[cmd]; !taken || s.by != c.visitor || !time.Now().Before(s.until) {
		return c.deny("not_selected")
	}
	delete(c.selected, cmd)
	return c.confirm()
}

// take uses a selection up, and says why the command may not be executed.
func (c *call) take(cmd *command, value float64) string {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	s, taken := c.selected[cmd]
	taken = taken && time.Now().Before(s.until)
	switch {
	case taken && s.by != c.visitor:
		return "selected_by_another"
	case cmd.sbo && !taken:
		return "not_selected"
	}
	delete(c.selected, cmd)
	if taken && s.value != value {
		return "other_value_selected"
	}
	return ""
}

// execute writes to the process. The command ends when its return information
// has come, or at once where it has none.
func (c *call) execute(cmd *command, x float64, value process.Value) []outgoing {
	if why := c.take(cmd, x); why != "" {
		return c.deny(why)
	}
	if slices.ContainsFunc(c.running, func(e execution) bool { return e.command == cmd }) {
		return c.deny("under_way")
	}
	if c.asdu.Test { // T: nothing in the process changes
		return append(c.confirm(), c.terminate())
	}
	before := 0.0
	if cmd.feedback != nil {
		before = cmd.feedback.value(c.view.Value(cmd.feedback.tag))
	}
	if err := c.device.Process.Write(c.s.Source(), process.Write{Tag: cmd.tag, Value: value}); err != nil {
		return c.deny("process")
	}
	e := execution{command: cmd, request: c.asdu, until: time.Now().Add(cmd.wait)}
	e.request.Objects = []wire.Object{{Address: c.asdu.Objects[0].Address, Data: slices.Clone(c.asdu.Objects[0].Data)}}
	e.want, e.any = cmd.expected(x, before)
	if cmd.feedback == nil || cmd.feedback.silent || !e.any && e.want == before {
		return append(c.confirm(), c.terminate())
	}
	c.after = func() { c.running = append(c.running, e) }
	return c.confirm()
}

// expected returns the value that the return information takes once a command
// of value x is done; any change where that cannot be said.
func (c *command) expected(x, before float64) (want float64, any bool) {
	if c.feedback == nil {
		return 0, true
	}
	on := c.kind == wire.SingleCommand && x != 0 || c.kind == wire.DoubleCommand && x == 2
	switch {
	case c.kind > wire.DoubleCommand:
		return 0, true
	case c.feedback.kind == wire.DoublePoint && on:
		return 2, false
	case c.feedback.kind == wire.DoublePoint:
		return 1, false
	case on:
		return 1, false
	}
	return 0, c.feedback.kind != wire.SinglePoint
}

// executions returns the cause with which a point that now has x is reported:
// 11 where it returns a remote command. The commands that it ends are answered.
func (v *visitor) executions(p *point, x float64) (wire.Cause, []outgoing) {
	cause := wire.Spontaneous
	var done []outgoing
	v.running = slices.DeleteFunc(v.running, func(e execution) bool {
		if e.command.feedback != p {
			return false
		}
		cause = wire.ReturnRemote
		if !e.any && e.want != x {
			return false
		}
		done = append(done, e.end(false))
		return true
	})
	return cause, done
}

// end is the termination of a command; negative where it failed.
func (e *execution) end(negative bool) outgoing {
	a := e.request
	a.Cause, a.Negative = wire.ActivationTerm, negative
	return outgoing{asdu: a.Append(nil), op: "activation_termination", target: target(e.command.address)}
}

// expireExecutions ends commands whose return information did not come.
func (v *visitor) expireExecutions(now time.Time) {
	v.running = slices.DeleteFunc(v.running, func(e execution) bool {
		if now.Before(e.until) {
			return false
		}
		v.enqueue(e.end(true))
		return true
	})
}
