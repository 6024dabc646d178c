package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Errors of an ASDU.
var (
	ErrCount = errors.New("iec104: the ASDU's length is not that of its number of objects")
)

// Broadcast is the common address of all stations.
const Broadcast = 0xFFFF

// HeadLen is the data unit identifier's length: type, qualifier of the
// structure, cause with originator, common address.
const HeadLen = 6

// An Object is one information object: its address and the element's octets.
type Object struct {
	Address uint32 // 24 bits
	Data    []byte
}

// An ASDU is an application service data unit (101 §7.1).
type ASDU struct {
	Type       Type
	Sequence   bool // SQ: one address, then elements of consecutive addresses
	Number     int  // of objects, as the variable structure qualifier has it
	Cause      Cause
	Negative   bool // P/N
	Test       bool // T
	Originator uint8
	Common     uint16
	Objects    []Object
	Raw        []byte // behind the identifier, where the type is not known
}

// ParseASDU parses an ASDU. Elements are not copied.
func ParseASDU(b []byte) (ASDU, error) {
	r := octet.NewReader(b)
	a := ASDU{Type: Type(r.U8())}
	vsq, cause := r.U8(), r.U8()
	a.Sequence, a.Number = vsq&0x80 != 0, int(vsq&0x7F)
	a.Cause, a.Negative, a.Test = Cause(cause&0x3F), cause&0x40 != 0, cause&0x80 != 0
	a.Originator, a.Common = r.U8(), r.U16LE()
	if r.Err() != nil {
		return a, r.Err()
	}
	if !a.Type.Known() {
		a.Raw = r.Rest()
		return a, nil
	}
	size := a.Type.size()
	if size == variable {
		if a.Sequence || a.Number != 1 || r.Len() < 3+segmentHead {
			return a, ErrCount
		}
		size = r.Len() - 3
	}
	each, once := size+3, 0
	if a.Sequence {
		each, once = size, 3
	}
	if a.Number == 0 || r.Len() != once+a.Number*each {
		return a, ErrCount
	}
	a.Objects = make([]Object, a.Number)
	for i := range a.Objects {
		o := &a.Objects[i]
		if i == 0 || !a.Sequence {
			o.Address = r.U24LE()
		} else {
			o.Address = (a.Objects[i-1].Address + 1) & 0xFFFFFF
		}
		if size > 0 {
			o.Data = r.Bytes(size)
		}
	}
	if a.Type == Segment && int(a.Objects[0].Data[3]) != size-segmentHead {
		return a, ErrCount
	}
	return a, r.Done()
}

// AppendHead appends the data unit identifier.
func (a ASDU) AppendHead(b []byte) []byte {
	vsq, cause := byte(a.Number&0x7F), byte(a.Cause&0x3F)
	if a.Sequence {
		vsq |= 0x80
	}
	if a.Negative {
		cause |= 0x40
	}
	if a.Test {
		cause |= 0x80
	}
	return append(b, byte(a.Type), vsq, cause, a.Originator, byte(a.Common), byte(a.Common>>8))
}

// Append appends the ASDU.
func (a ASDU) Append(b []byte) []byte {
	b = a.AppendHead(b)
	for i, o := range a.Objects {
		if i == 0 || !a.Sequence {
			b = append(b, byte(o.Address), byte(o.Address>>8), byte(o.Address>>16))
		}
		b = append(b, o.Data...)
	}
	return append(b, a.Raw...)
}

// Room returns how many elements of the type one ASDU holds.
func (t Type) Room(sequence bool) int {
	if sequence {
		return min((MaxASDU-HeadLen-3)/t.size(), 127)
	}
	return min((MaxASDU-HeadLen)/(3+t.size()), 127)
}
