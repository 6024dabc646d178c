package kamstrup

import (
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
)

// detail is what an act says of a KMP frame.
type detail struct {
	address   byte
	command   wire.Command
	registers []int
	body      []byte // of a command that we do not take apart
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("address", int64(d.address))
	o.Int("command", int64(d.command))
	if d.registers != nil {
		o.Ints("registers", d.registers...)
	}
	if len(d.body) > 0 {
		o.Hex("body", d.body)
	}
	return o.End()
}

// describe returns a frame's act, as if it were answered.
func describe(f wire.Frame) event.Act {
	d := &detail{address: f.Address, command: f.Command}
	a := event.Act{Op: f.Command.Name(), Class: event.Read, Outcome: event.Answered, Detail: d}
	a.Target = event.Target{Kind: event.TargetMeter, Ref: strconv.Itoa(int(f.Address))}
	switch f.Command {
	case wire.GetType, wire.GetSerial:
		a.Class = event.Identify
	case wire.GetRegister:
		numbers, err := wire.Numbers(f.Body)
		if err != nil {
			a.Class, d.body = event.Malformed, f.Body
			break
		}
		for _, n := range numbers {
			d.registers = append(d.registers, int(n))
		}
		a.Target = event.Target{Kind: event.TargetRegister, Ref: strconv.Itoa(d.registers[0])}
	case wire.SetClock:
		a.Class, d.body = event.Config, f.Body
	case wire.PutRegister:
		a.Class = event.Write
		if rec, _, err := wire.ParseRecord(f.Body); err == nil {
			d.registers = []int{int(rec.Number)}
			a.Target = event.Target{Kind: event.TargetRegister, Ref: strconv.Itoa(int(rec.Number))}
		}
		d.body = f.Body
	case wire.ClearEvents:
		a.Class, d.body = event.Control, f.Body
	default:
		d.body = f.Body
	}
	if a.Op == "" {
		a.Op, a.Class = "unknown_command", event.Other
	}
	return a
}
