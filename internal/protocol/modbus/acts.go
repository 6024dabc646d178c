package modbus

import (
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// detail is what an act says of a Modbus frame.
type detail struct {
	txn       uint16
	protocol  uint16
	unit      uint8
	q         wire.Request // without its data
	exception wire.Exception
	records   []string // functions 20 and 21: file:record+count
	done      bool     // carried out without an answer
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("txn", int64(d.txn))
	if d.protocol != 0 {
		o.Int("protocol", int64(d.protocol))
	}
	o.Int("unit", int64(d.unit))
	o.Int("func", int64(d.q.Func))
	switch q := &d.q; q.Func {
	case wire.ReadCoils, wire.ReadDiscreteInputs, wire.ReadHoldingRegisters, wire.ReadInputRegisters,
		wire.WriteMultipleCoils, wire.WriteMultipleRegisters:
		o.Int("addr", int64(q.Addr))
		o.Int("count", int64(q.Count))
	case wire.WriteSingleCoil, wire.WriteSingleRegister:
		o.Int("addr", int64(q.Addr))
		o.Int("value", int64(q.Value))
	case wire.MaskWriteRegister:
		o.Int("addr", int64(q.Addr))
		o.Int("and", int64(q.And))
		o.Int("or", int64(q.Or))
	case wire.ReadWriteRegisters:
		o.Int("addr", int64(q.Addr))
		o.Int("count", int64(q.Count))
		o.Int("write_addr", int64(q.WriteAddr))
		o.Int("write_count", int64(q.WriteCount))
	case wire.ReadFIFOQueue:
		o.Int("addr", int64(q.Addr))
	case wire.Diagnostics:
		o.Int("sub", int64(q.Sub))
	case wire.Encapsulated:
		o.Int("mei", int64(q.MEI))
		if q.MEI == wire.MEIIdentification {
			o.Int("code", int64(q.Code))
			o.Int("object", int64(q.Object))
		}
	}
	if d.records != nil {
		o.Texts("records", d.records...)
	}
	if d.done {
		o.Bool("done", true)
	}
	if d.exception != 0 {
		o.Int("exception", int64(d.exception))
	}
	return o.End()
}

// nextDetail returns the detail of the next act. The session encodes an act
// when the next one is recorded, so two take turns.
func (v *visitor) nextDetail() *detail {
	v.turn ^= 1
	return &v.details[v.turn]
}

// describe fills d from a request and returns the act without its outcome.
func describe(f wire.Frame, q *wire.Request, d *detail) event.Act {
	*d = detail{txn: f.Txn, protocol: f.Protocol, unit: f.Unit, q: *q}
	d.q.Data = nil
	a := event.Act{Op: operation(q), Class: classOf(q), Outcome: event.Answered, Detail: d}
	switch q.Func {
	case wire.ReadCoils, wire.WriteSingleCoil, wire.WriteMultipleCoils:
		a.Target = element(coils, q.Addr)
	case wire.ReadDiscreteInputs:
		a.Target = element(discrete, q.Addr)
	case wire.ReadInputRegisters:
		a.Target = element(input, q.Addr)
	case wire.ReadHoldingRegisters, wire.WriteSingleRegister, wire.WriteMultipleRegisters, wire.MaskWriteRegister, wire.ReadFIFOQueue:
		a.Target = element(holding, q.Addr)
	case wire.ReadWriteRegisters:
		a.Target = element(holding, q.WriteAddr)
	}
	return a
}

// element names an address as Modbus tools do: 40001 is holding register 0;
// from the ten thousandth on there are six digits.
func element(k areaKind, addr uint16) event.Target {
	kind, table := k.target()
	width, n := 10000, int(addr)+1
	if n >= width {
		width = 100000
	}
	return event.Target{Kind: kind, Ref: strconv.Itoa((10+table)*width + n)[1:]} // the 1 in front keeps the zeros
}

// operation is the act's name.
func operation(q *wire.Request) string {
	switch q.Func {
	case wire.Diagnostics:
		if name := q.Sub.Name(); name != "" {
			return name
		}
	case wire.Encapsulated:
		switch q.MEI {
		case wire.MEIIdentification:
			return "read_device_identification"
		case wire.MEICANopen:
			return "canopen_general_reference"
		}
	}
	if name := q.Func.Name(); name != "" {
		return name
	}
	return "unknown_function"
}

// classOf is what the act attempts.
func classOf(q *wire.Request) event.Class {
	switch q.Func {
	case wire.ReadCoils, wire.ReadDiscreteInputs, wire.ReadHoldingRegisters, wire.ReadInputRegisters,
		wire.ReadExceptionStatus, wire.GetCommEventCounter, wire.GetCommEventLog, wire.ReadFIFOQueue:
		return event.Read
	case wire.WriteSingleCoil, wire.WriteSingleRegister, wire.WriteMultipleCoils, wire.WriteMultipleRegisters,
		wire.MaskWriteRegister, wire.ReadWriteRegisters:
		return event.Write
	case wire.ReportServerID:
		return event.Identify
	case wire.ReadFileRecord:
		return event.FileRead
	case wire.WriteFileRecord:
		return event.FileWrite
	case wire.Encapsulated:
		if q.MEI == wire.MEIIdentification {
			return event.Identify
		}
	case wire.Diagnostics:
		switch q.Sub {
		case wire.RestartCommunications:
			return event.Restart
		case wire.ForceListenOnly:
			return event.Control
		case wire.ClearCounters, wire.ClearOverrun, wire.ChangeASCIIDelimiter:
			return event.Config
		}
		if q.Sub.Name() != "" {
			return event.Read
		}
	}
	return event.Other
}
