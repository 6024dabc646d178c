// Package wire encodes and decodes IEC 60870-5-104: APCI, ASDU and the
// information elements of IEC 60870-5-101 that they carry.
//
// The fixed sizes are those of companion standard 104: cause of transmission
// two octets, common address two, information object address three. Numbers are
// little-endian. Clauses are of IEC 60870-5-104:2006 unless "101" stands before
// them, which is IEC 60870-5-101:2003.
package wire

import (
	"errors"
	"fmt"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Sizes of an APDU (§5).
const (
	Port      = 2404
	Start     = 0x68
	HeaderLen = 2   // start and length
	MinLength = 4   // least value of the length octet: the control field
	MaxLength = 253 // greatest
	MaxFrame  = HeaderLen + MaxLength
	MaxASDU   = MaxLength - MinLength
)

// Errors of framing.
var (
	ErrStart   = errors.New("iec104: no start octet 68h")
	ErrLength  = errors.New("iec104: the length octet is not 4 to 253")
	ErrControl = errors.New("iec104: control field and length do not agree")
)

// A Format is one of the three formats of the control field (§5, figures 6 to 8).
type Format uint8

// The formats.
const (
	FormatI Format = iota // information transfer
	FormatS               // supervisory
	FormatU               // unnumbered control
)

// Functions of a U frame: the first octet of its control field.
const (
	StartAct = 0x07
	StartCon = 0x0B
	StopAct  = 0x13
	StopCon  = 0x23
	TestAct  = 0x43
	TestCon  = 0x83
)

// Modulo of the sequence numbers.
const Modulo = 1 << 15

// A Frame is one APDU.
type Frame struct {
	Format     Format
	Send, Recv uint16 // N(S) of I, N(R) of I and S
	Function   byte   // of U
	ASDU       []byte // of I
}

// Length returns how many octets the APDU has that head begins with. Head is at
// least two octets.
func Length(head []byte) (int, error) {
	switch {
	case len(head) < HeaderLen:
		return 0, octet.ErrShort
	case head[0] != Start:
		return 0, ErrStart
	case head[1] < MinLength || head[1] > MaxLength:
		return 0, ErrLength
	}
	return HeaderLen + int(head[1]), nil
}

// Parse parses exactly one APDU. The ASDU is not copied.
func Parse(b []byte) (Frame, error) {
	n, err := Length(b)
	if err != nil {
		return Frame{}, err
	}
	r := octet.NewReader(b)
	r.Skip(HeaderLen)
	control := r.Bytes(MinLength)
	body := r.Bytes(n - HeaderLen - MinLength)
	if err := r.Done(); err != nil {
		return Frame{}, err
	}
	f := Frame{}
	send := uint16(control[0]) | uint16(control[1])<<8
	recv := uint16(control[2]) | uint16(control[3])<<8
	switch {
	case control[0]&1 == 0:
		f = Frame{Format: FormatI, Send: send >> 1, Recv: recv >> 1, ASDU: body}
	case control[0]&3 == 1:
		f = Frame{Format: FormatS, Recv: recv >> 1}
	default:
		f = Frame{Format: FormatU, Function: control[0]}
	}
	if f.Format == FormatI && recv&1 != 0 || f.Format != FormatI && len(body) > 0 ||
		f.Format == FormatS && (send != 1 || recv&1 != 0) || f.Format == FormatU && (control[1]|control[2]|control[3]) != 0 {
		return f, ErrControl
	}
	return f, nil
}

// Append appends the APDU.
func (f Frame) Append(b []byte) []byte {
	b = append(b, Start, byte(MinLength+len(f.ASDU)))
	switch f.Format {
	case FormatI:
		b = append(b, byte(f.Send<<1), byte(f.Send>>7))
	case FormatS:
		b = append(b, 1, 0)
	default:
		return append(b, f.Function, 0, 0, 0)
	}
	b = append(b, byte(f.Recv<<1), byte(f.Recv>>7))
	return append(b, f.ASDU...)
}

// FunctionName returns the name of a U frame's function; "" where it is none.
func FunctionName(function byte) string {
	switch function {
	case StartAct:
		return "startdt_act"
	case StartCon:
		return "startdt_con"
	case StopAct:
		return "stopdt_act"
	case StopCon:
		return "stopdt_con"
	case TestAct:
		return "testfr_act"
	case TestCon:
		return "testfr_con"
	}
	return ""
}

// String writes the frame's control field out.
func (f Frame) String() string {
	switch f.Format {
	case FormatI:
		return fmt.Sprintf("I(%d,%d)", f.Send, f.Recv)
	case FormatS:
		return fmt.Sprintf("S(%d)", f.Recv)
	}
	return "U(" + FunctionName(f.Function) + ")"
}
