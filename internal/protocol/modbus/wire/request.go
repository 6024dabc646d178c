package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// ErrCount says that a byte count does not agree with the octets that follow.
var ErrCount = errors.New("byte count differs from the octets that follow")

// A Request is a request PDU: the fields that its function has, the others 0.
type Request struct {
	Func  Function
	Addr  uint16 // zero-based; of function 23 the first to read; of 24 the FIFO's
	Count uint16 // quantity to read or write; of function 23 to read
	Value uint16 // of functions 5 and 6

	WriteAddr, WriteCount uint16 // of function 23
	And, Or               uint16 // of function 22

	Sub Diagnostic // of function 8

	MEI          uint8 // of function 43
	Code, Object uint8 // of MEI 14: ReadDevId code, object id

	// Data is what follows: the values of functions 15, 16 and 23, the
	// sub-requests of 20 and 21, the data field of 8, of any other MEI type or
	// function everything.
	Data []byte
}

// ParseRequest reads a request PDU. For a public function it fails where the
// octets are not those that the function has, neither more nor less; a function
// that is not one of Functions has its data whatever it is.
func ParseRequest(pdu []byte) (Request, error) {
	r := octet.NewReader(pdu)
	q := Request{Func: Function(r.U8())}
	switch q.Func {
	case ReadCoils, ReadDiscreteInputs, ReadHoldingRegisters, ReadInputRegisters:
		q.Addr, q.Count = r.U16(), r.U16()
	case WriteSingleCoil, WriteSingleRegister:
		q.Addr, q.Value = r.U16(), r.U16()
	case ReadExceptionStatus, GetCommEventCounter, GetCommEventLog, ReportServerID:
	case Diagnostics:
		q.Sub = Diagnostic(r.U16())
		q.Data = r.Rest()
		if len(q.Data) < 2 {
			r.Fail(octet.ErrShort)
		}
	case WriteMultipleCoils, WriteMultipleRegisters:
		q.Addr, q.Count = r.U16(), r.U16()
		q.Data = countedRest(r)
	case ReadFileRecord, WriteFileRecord:
		q.Data = countedRest(r)
	case MaskWriteRegister:
		q.Addr, q.And, q.Or = r.U16(), r.U16(), r.U16()
	case ReadWriteRegisters:
		q.Addr, q.Count = r.U16(), r.U16()
		q.WriteAddr, q.WriteCount = r.U16(), r.U16()
		q.Data = countedRest(r)
	case ReadFIFOQueue:
		q.Addr = r.U16()
	case Encapsulated:
		q.MEI = r.U8()
		if q.MEI == MEIIdentification {
			q.Code, q.Object = r.U8(), r.U8()
		} else {
			q.Data = r.Rest()
		}
	default:
		q.Data = r.Rest()
	}
	return q, r.Done()
}

// countedRest reads a byte count and the octets that it counts, which are the last.
func countedRest(r *octet.Reader) []byte {
	n := int(r.U8())
	if r.Err() == nil && n != r.Len() {
		r.Fail(ErrCount)
	}
	return r.Bytes(n)
}

// Append appends the PDU to b.
func (q Request) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(byte(q.Func))
	switch q.Func {
	case ReadCoils, ReadDiscreteInputs, ReadHoldingRegisters, ReadInputRegisters:
		w.U16(q.Addr)
		w.U16(q.Count)
	case WriteSingleCoil, WriteSingleRegister:
		w.U16(q.Addr)
		w.U16(q.Value)
	case Diagnostics:
		w.U16(uint16(q.Sub))
	case WriteMultipleCoils, WriteMultipleRegisters:
		w.U16(q.Addr)
		w.U16(q.Count)
		w.U8(byte(len(q.Data)))
	case ReadFileRecord, WriteFileRecord:
		w.U8(byte(len(q.Data)))
	case MaskWriteRegister:
		w.U16(q.Addr)
		w.U16(q.And)
		w.U16(q.Or)
	case ReadWriteRegisters:
		w.U16(q.Addr)
		w.U16(q.Count)
		w.U16(q.WriteAddr)
		w.U16(q.WriteCount)
		w.U8(byte(len(q.Data)))
	case ReadFIFOQueue:
		w.U16(q.Addr)
	case Encapsulated:
		w.U8(q.MEI)
		if q.MEI == MEIIdentification {
			w.U8(q.Code, q.Object)
		}
	}
	w.Bytes(q.Data)
	return w.B
}

// Quantities that one request may state.
const (
	MaxReadBits       = 2000 // §6.1, §6.2
	MaxReadRegisters  = 125  // §6.3, §6.4, §6.17
	MaxWriteBits      = 1968 // §6.11
	MaxWriteRegisters = 123  // §6.12
	MaxSwapRegisters  = 121  // §6.17: what function 23 writes
	MaxFIFO           = 31   // §6.18
)

// Check says whether the quantities and values are those that the specification
// allows, as it asks before the address is looked at: nil or IllegalValue.
func (q *Request) Check() error {
	within := func(n uint16, most int) bool { return n >= 1 && int(n) <= most }
	ok := true
	switch q.Func {
	case ReadCoils, ReadDiscreteInputs:
		ok = within(q.Count, MaxReadBits)
	case ReadHoldingRegisters, ReadInputRegisters:
		ok = within(q.Count, MaxReadRegisters)
	case WriteSingleCoil:
		ok = q.Value == 0 || q.Value == 0xff00
	case WriteMultipleCoils:
		ok = within(q.Count, MaxWriteBits) && len(q.Data) == (int(q.Count)+7)/8
	case WriteMultipleRegisters:
		ok = within(q.Count, MaxWriteRegisters) && len(q.Data) == 2*int(q.Count)
	case ReadWriteRegisters:
		ok = within(q.Count, MaxReadRegisters) && within(q.WriteCount, MaxSwapRegisters) && len(q.Data) == 2*int(q.WriteCount)
	case Encapsulated:
		ok = q.MEI != MEIIdentification || q.Code >= 1 && q.Code <= 4
	case ReadFileRecord: // §6.14: byte count 7 to F5h, whole sub-requests
		ok = len(q.Data) >= 7 && len(q.Data) <= 0xf5 && len(q.Data)%7 == 0
	case WriteFileRecord: // §6.15: 9 to FBh
		ok = len(q.Data) >= 9 && len(q.Data) <= 0xfb
	}
	if !ok {
		return IllegalValue
	}
	return nil
}
