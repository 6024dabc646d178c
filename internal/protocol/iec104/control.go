package iec104

import (
	"fmt"
	"math"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// command is a command's information object.
type command struct {
	address
	kind     wire.Type // 45 to 51
	tag      process.Ref
	scale    float64
	offset   float64
	invert   bool
	sbo      bool
	permit   process.Ref
	on       process.Ref
	feedback *point
	wait     time.Duration
}

// commandKind returns the type that a row's `as` names.
func commandKind(as string) (wire.Type, error) {
	switch as {
	case "single":
		return wire.SingleCommand, nil
	case "double":
		return wire.DoubleCommand, nil
	case "step":
		return wire.StepCommand, nil
	case "normalized":
		return wire.SetNormalized, nil
	case "scaled":
		return wire.SetScaled, nil
	case "float":
		return wire.SetFloat, nil
	case "bits":
		return wire.SetBitstring, nil
	}
	return 0, fmt.Errorf("as = %q: use single, double, step, normalized, scaled, float or bits", as)
}

// command makes one of its row; the points are there already.
func (d *server) command(row commandRow) (*command, error) {
	c := &command{invert: row.Invert, sbo: row.Select, wait: time.Duration(row.Wait), permit: process.None, on: process.None}
	var err error
	if c.address, err = d.address(row.Station, row.Address); err != nil {
		return nil, err
	}
	if c.kind, err = commandKind(row.As); err != nil {
		return nil, err
	}
	if c.scale, c.offset, err = linear(row.As, row.Scale, row.Offset, row.Span); err != nil {
		return nil, err
	}
	if c.tag, err = d.tag(row.Tag); err != nil {
		return nil, err
	}
	if t := d.device.Process.Tag(c.tag); !t.Writable {
		return nil, fmt.Errorf("tag %s is not writable", row.Tag)
	}
	for _, x := range []struct {
		name string
		into *process.Ref
	}{{row.Permit, &c.permit}, {row.On, &c.on}} {
		if x.name == "" {
			continue
		}
		if *x.into, err = d.tag(x.name); err != nil {
			return nil, err
		}
	}
	if c.wait == 0 {
		c.wait = time.Duration(d.Execution)
	}
	if row.Feedback != 0 {
		if c.feedback = d.objects[address{c.common, uint32(row.Feedback + d.base)}]; c.feedback == nil {
			return nil, fmt.Errorf("feedback = %d: no point of that address", row.Feedback)
		}
	}
	return c, nil
}

// target returns the value for the tag that a command of value x writes, and
// false where x is none that the command takes.
func (c *command) target(x float64, v process.View) (process.Value, bool) {
	switch c.kind {
	case wire.SingleCommand:
		return process.BoolValue((x != 0) != c.invert), true
	case wire.DoubleCommand: // 1 off, 2 on; 0 and 3 are not permitted (101 §7.2.6.16)
		return process.BoolValue((x == 2) != c.invert), x == 1 || x == 2
	case wire.StepCommand: // 1 lower, 2 higher (101 §7.2.6.17)
		return process.FloatValue(v.Float(c.tag) + 2*x - 3), x == 1 || x == 2
	}
	x = (x - c.offset) / c.scale
	return process.FloatValue(x), !math.IsNaN(x) && !math.IsInf(x, 0)
}

// switchesOn says whether a command of value x closes or starts what it aims at.
func (c *command) switchesOn(x float64) bool {
	return c.kind == wire.SingleCommand && x == 1 || c.kind == wire.DoubleCommand && x == 2
}
