package modbus

import (
	"encoding/hex"
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// decoder decodes Modbus frames. A frame says all of itself, so that there is
// nothing to remember.
type decoder struct{}

// Next implements protocol.Decoder.
func (decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	n, err := wire.Length(p)
	if len(p) < 6 {
		return protocol.Frame{}, 0, nil
	}
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	if len(p) < n {
		return protocol.Frame{}, 0, nil
	}
	f, err := wire.Parse(p[:n])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	l := &fieldList{p: p[:n]}
	l.number("transaction", 0, 2)
	l.number("protocol", 2, 2)
	l.number("length", 4, 2)
	l.number("unit", 6, 1)
	l.add("function", wire.Function(f.PDU[0]&0x7f).String(), 7, 1)
	if fromVisitor {
		q, err := wire.ParseRequest(f.PDU)
		act := describe(f, &q, &detail{})
		if err != nil {
			act.Class = event.Malformed
			l.rest(8)
		} else {
			l.request(&q)
		}
		return protocol.Frame{Act: act, Fields: l.fields}, n, nil
	}
	return protocol.Frame{Act: l.response(f), Fields: l.fields}, n, nil
}

// fieldList collects the fields of one frame.
type fieldList struct {
	p      []byte
	fields []protocol.Field
}

func (l *fieldList) add(name, value string, off, n int) {
	l.fields = append(l.fields, protocol.Field{Name: name, Value: value, Off: off, Len: n})
}

// number adds the big-endian number of n octets at off, where it is there.
func (l *fieldList) number(name string, off, n int) {
	if off+n > len(l.p) {
		return
	}
	v := 0
	for _, c := range l.p[off : off+n] {
		v = v<<8 | int(c)
	}
	l.add(name, strconv.Itoa(v), off, n)
}

// rest adds everything from off on in hex.
func (l *fieldList) rest(off int) {
	if off < len(l.p) {
		l.add("data", hex.EncodeToString(l.p[off:]), off, len(l.p)-off)
	}
}

// request adds the fields behind the function code.
func (l *fieldList) request(q *wire.Request) {
	words := func(names ...string) int {
		for i, name := range names {
			l.number(name, 8+2*i, 2)
		}
		return 8 + 2*len(names)
	}
	switch q.Func {
	case wire.ReadCoils, wire.ReadDiscreteInputs, wire.ReadHoldingRegisters, wire.ReadInputRegisters:
		words("address", "quantity")
	case wire.WriteSingleCoil, wire.WriteSingleRegister:
		words("address", "value")
	case wire.MaskWriteRegister:
		words("address", "and_mask", "or_mask")
	case wire.ReadFIFOQueue:
		words("address")
	case wire.Diagnostics:
		l.add("sub_function", q.Sub.Name(), 8, 2)
		l.rest(10)
	case wire.WriteMultipleCoils, wire.WriteMultipleRegisters:
		l.counted(words("address", "quantity"))
	case wire.ReadWriteRegisters:
		l.counted(words("read_address", "read_quantity", "write_address", "write_quantity"))
	case wire.ReadFileRecord, wire.WriteFileRecord:
		l.counted(8)
	case wire.Encapsulated:
		l.number("mei_type", 8, 1)
		if q.MEI == wire.MEIIdentification {
			l.number("read_code", 9, 1)
			l.number("object_id", 10, 1)
			return
		}
		l.rest(9)
	default:
		l.rest(8)
	}
}

// counted adds a byte count and the data behind it.
func (l *fieldList) counted(off int) {
	l.number("byte_count", off, 1)
	l.rest(off + 1)
}

// response adds the fields of an answer and returns its act.
func (l *fieldList) response(f wire.Frame) event.Act {
	q := wire.Request{Func: wire.Function(f.PDU[0] & 0x7f)}
	switch {
	case q.Func == wire.Diagnostics && len(f.PDU) >= 3:
		q.Sub = wire.Diagnostic(uint16(f.PDU[1])<<8 | uint16(f.PDU[2]))
	case q.Func == wire.Encapsulated && len(f.PDU) >= 2:
		q.MEI = f.PDU[1]
	}
	a := event.Act{Op: operation(&q), Class: classOf(&q), Outcome: event.Answered}
	if f.PDU[0]&0x80 != 0 {
		a.Outcome = event.Refused
		if len(f.PDU) > 1 {
			l.add("exception", wire.Exception(f.PDU[1]).Error(), 8, 1)
		}
		return a
	}
	switch q.Func {
	case wire.ReadCoils, wire.ReadDiscreteInputs, wire.ReadHoldingRegisters, wire.ReadInputRegisters,
		wire.ReadWriteRegisters, wire.ReadFileRecord, wire.WriteFileRecord, wire.ReportServerID, wire.GetCommEventLog:
		l.counted(8)
	case wire.WriteSingleCoil, wire.WriteSingleRegister:
		l.number("address", 8, 2)
		l.number("value", 10, 2)
	case wire.WriteMultipleCoils, wire.WriteMultipleRegisters:
		l.number("address", 8, 2)
		l.number("quantity", 10, 2)
	case wire.Encapsulated:
		l.identification(f.PDU)
	default:
		l.rest(8)
	}
	return a
}

// identification adds the objects by which a device names itself.
func (l *fieldList) identification(pdu []byte) {
	id, err := wire.ParseIdentification(pdu)
	if err != nil {
		l.rest(8)
		return
	}
	l.number("mei_type", 8, 1)
	l.number("conformity", 10, 1)
	l.number("more_follows", 11, 1)
	l.number("next_object", 12, 1)
	off := 14
	for _, o := range id.Objects {
		l.add("object_"+strconv.Itoa(int(o.ID)), o.Value, off+2, len(o.Value))
		off += 2 + len(o.Value)
	}
}
