package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// APDU types, 20.1.
const (
	Confirmed   = 0
	Unconfirmed = 1
	SimpleAck   = 2
	ComplexAck  = 3
	SegmentAck  = 4
	ErrorPDU    = 5
	Reject      = 6
	Abort       = 7
)

// Reject reasons, 18.9.
const (
	RejectOther          = 0
	RejectInconsistent   = 2
	RejectInvalidType    = 3
	RejectInvalidTag     = 4
	RejectMissing        = 5
	RejectOutOfRange     = 6
	RejectTooMany        = 7
	RejectUndefinedEnum  = 8
	RejectUnknownService = 9
)

// Abort reasons, 18.10.
const (
	AbortOther            = 0
	AbortBufferOverflow   = 1
	AbortInvalidState     = 2
	AbortNoSegmentation   = 4
	AbortWindowOutOfRange = 7
)

// ErrAPDU says that an application layer frame is cut off or of no known type.
var ErrAPDU = errors.New("no APDU of a known type")

// An APDU is an application layer frame, 20.1.2 to 20.1.9. Only the members of
// its type count.
type APDU struct {
	Type        uint8
	Segmented   bool  // confirmed, complex ack
	More        bool  // further segments follow
	Accepts     bool  // confirmed: the sender takes a segmented answer
	Negative    bool  // segment ack: a segment was out of order
	Server      bool  // segment ack, abort: sent by the server
	MaxSegments uint8 // confirmed: coded, 20.1.2.4
	MaxAPDU     uint8 // confirmed: coded, 20.1.2.5
	ID          uint8
	Sequence    uint8
	Window      uint8
	Service     uint8 // or the reason of a reject or abort
	Body        []byte
}

// ParseAPDU reads an application layer frame.
func ParseAPDU(p []byte) (APDU, error) {
	r := octet.NewReader(p)
	head := r.U8()
	a := APDU{Type: head >> 4}
	switch a.Type {
	case Confirmed:
		a.Segmented, a.More, a.Accepts = head&8 != 0, head&4 != 0, head&2 != 0
		sizes := r.U8()
		a.MaxSegments, a.MaxAPDU, a.ID = sizes>>4&7, sizes&15, r.U8()
		a.segment(r)
		a.Service = r.U8()
	case ComplexAck:
		a.Segmented, a.More, a.ID = head&8 != 0, head&4 != 0, r.U8()
		a.segment(r)
		a.Service = r.U8()
	case Unconfirmed:
		a.Service = r.U8()
	case SimpleAck, ErrorPDU, Reject:
		a.ID, a.Service = r.U8(), r.U8()
	case SegmentAck:
		a.Negative, a.Server = head&2 != 0, head&1 != 0
		a.ID, a.Sequence, a.Window = r.U8(), r.U8(), r.U8()
	case Abort:
		a.Server = head&1 != 0
		a.ID, a.Service = r.U8(), r.U8()
	default:
		return APDU{}, ErrAPDU
	}
	a.Body = r.Rest()
	if r.Err() != nil {
		return APDU{}, ErrAPDU
	}
	return a, nil
}

func (a *APDU) segment(r *octet.Reader) {
	if a.Segmented {
		a.Sequence, a.Window = r.U8(), r.U8()
	}
}

// Append appends the frame to b.
func (a APDU) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	flag := func(on bool, bit uint8) uint8 {
		if on {
			return bit
		}
		return 0
	}
	segment := func() {
		w.U8(a.ID)
		if a.Segmented {
			w.U8(a.Sequence, a.Window)
		}
		w.U8(a.Service)
	}
	head := a.Type << 4
	switch a.Type {
	case Confirmed:
		w.U8(head|flag(a.Segmented, 8)|flag(a.More, 4)|flag(a.Accepts, 2), a.MaxSegments<<4|a.MaxAPDU)
		segment()
	case ComplexAck:
		w.U8(head | flag(a.Segmented, 8) | flag(a.More, 4))
		segment()
	case Unconfirmed:
		w.U8(head, a.Service)
	case SegmentAck:
		w.U8(head|flag(a.Negative, 2)|flag(a.Server, 1), a.ID, a.Sequence, a.Window)
	case Abort:
		w.U8(head|flag(a.Server, 1), a.ID, a.Service)
	default:
		w.U8(head, a.ID, a.Service)
	}
	w.Bytes(a.Body)
	return w.B
}

// MaxAPDUOctets returns the octets that the code of a longest APDU means, 20.1.2.5.
func MaxAPDUOctets(code uint8) int {
	switch code {
	case 0:
		return 50
	case 1:
		return 128
	case 2:
		return 206
	case 3:
		return 480
	case 4:
		return 1024
	case 5:
		return 1476
	}
	return 50 // reserved: the least that every device takes
}

// MaxAPDUCode returns the code of the longest APDU that fits in octets.
func MaxAPDUCode(octets int) uint8 {
	code := uint8(5)
	for code > 0 && MaxAPDUOctets(code) > octets {
		code--
	}
	return code
}

// MaxSegmentsCount returns how many segments a code means, 20.1.2.4; 0 is not said.
func MaxSegmentsCount(code uint8) int {
	switch code {
	case 0:
		return 0
	case 7:
		return 255
	}
	return 1 << code
}
