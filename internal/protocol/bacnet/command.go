package bacnet

import (
	"errors"
	"maps"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// priorities is how many slots a priority array has, 19.2.1.
const priorities = 16

// A command is an object's priority array as visitors left it.
type command struct {
	Slots   map[int]wire.Value `json:"slots"`   // by priority
	Program wire.Value         `json:"program"` // what the device's own program had commanded before
	Written wire.Value         `json:"written"` // what the plant took
}

// winner returns the value of the highest priority, the program's included; Null
// where all slots are.
func (d *command) winner(program int) wire.Value {
	for p := 1; p <= priorities; p++ {
		if v, ok := d.Slots[p]; ok {
			return v
		}
		if p == program {
			return d.Program
		}
	}
	return wire.NullValue()
}

// current returns the priority array in force. Where the plant no longer has what
// was commanded, its own control has taken over and the slots are gone.
func (c *controller) current(o *object, m *moment) *command {
	d := c.kept.command(o.id)
	if d == nil || o.tag < 0 || c.plant(o, m).Num == d.Written.Num {
		return d
	}
	if c.kept.setCommand(o.id, nil) != nil {
		return d
	}
	return nil
}

// commanded returns the present-value of a commandable object.
func (c *controller) commanded(o *object, m *moment) wire.Value {
	d := c.current(o, m)
	switch {
	case o.tag >= 0:
		return c.plant(o, m)
	case d != nil:
		if v := d.winner(o.program); v.Type != wire.Null {
			return v
		}
	}
	return c.relinquished(o)
}

// relinquished returns the relinquish-default, which may have been written.
func (c *controller) relinquished(o *object) wire.Value {
	if b, ok := c.kept.value(o.id, propRelinquishDefault); ok {
		if v, err := wire.ParseValue(b); err == nil {
			return v
		}
	}
	return c.value(o, o.set.Default)
}

// slots returns the priority array as it is read.
func (c *controller) slots(o *object, m *moment) []wire.Value {
	d := c.current(o, m)
	all := make([]wire.Value, priorities)
	if o.program > 0 {
		all[o.program-1] = c.plant(o, m)
	}
	if d == nil {
		return all
	}
	if o.program > 0 {
		all[o.program-1] = d.Program
	}
	for p, v := range d.Slots {
		all[p-1] = v
	}
	return all
}

// command writes or, with a Null, relinquishes a slot of a priority array, 19.2.
func (q *request) command(o *object, v wire.Value, priority int) *refusal {
	m := q.moment()
	if priority == 0 {
		priority = priorities
	}
	if priority == 6 { // kept for minimum on and off times, 19.2.3
		return propertyError(codeWriteAccessDenied)
	}
	d := &command{Slots: map[int]wire.Value{}, Program: q.plant(o, m)}
	if old := q.current(o, m); old != nil {
		d.Slots, d.Program = maps.Clone(old.Slots), old.Program
	}
	if v.Type == wire.Null {
		delete(d.Slots, priority)
	} else {
		d.Slots[priority] = v
	}
	effect := d.winner(o.program)
	if effect.Type == wire.Null {
		effect = q.relinquished(o)
	}
	if o.tag >= 0 {
		if effect.Num != q.plant(o, m).Num {
			if e := q.plantWrite(o, effect); e != nil {
				return e
			}
		}
		d.Written = q.plant(o, q.moment())
	}
	if err := q.kept.setCommand(o.id, d); err != nil {
		return &refusal{classResources, codeNoSpace}
	}
	return nil
}

// plantWrite writes a present-value to the object's tag.
func (q *request) plantWrite(o *object, v wire.Value) *refusal {
	err := q.device.Process.Write(q.s.Source(), process.Write{Tag: o.tag, Value: q.tagValue(o, v)})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, process.ErrReadOnly):
		return propertyError(codeWriteAccessDenied)
	case errors.Is(err, process.ErrRate):
		return &refusal{classDevice, codeDeviceBusy}
	}
	return propertyError(codeInvalidDataType)
}
