// Package wire is KMP, the protocol of Kamstrup meters: frames with byte
// stuffing and a CRC, and the register records in them. Its facts are from the
// published KMP clients PyKMP and MeterLogger (kmp.h).
package wire

import (
	"bytes"
	"errors"
	"math"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Port is the port of a meter's Ethernet module.
const Port = 1025

// Octets with a meaning of their own; within a frame they are stuffed.
const (
	Request = 0x80 // begins a frame to the meter
	Reply   = 0x40 // begins a frame from the meter
	Stop    = 0x0d // ends both
	Ack     = 0x06 // a whole answer by itself
	Escape  = 0x1b // the next octet is inverted
)

// Meter is the destination address of a meter's own register interface.
const Meter = 0x3f

// MaxFrame bounds a frame on the wire: a request for eight registers, or a put
// of 16 octets, is far below it, and so is any answer.
const MaxFrame = 512

// MaxRegisters is how many registers one request may name.
const MaxRegisters = 8

// A Command is what a frame asks for.
type Command uint8

// The commands.
const (
	GetType        Command = 0x01
	GetSerial      Command = 0x02
	SetClock       Command = 0x09
	GetRegister    Command = 0x10
	PutRegister    Command = 0x11
	GetEventStatus Command = 0x92 // some tables have a login here
	ClearEvents    Command = 0x93
	GetLogTime     Command = 0xa0
	GetLogLast     Command = 0xa1
	GetLogID       Command = 0xa2
)

// Name returns the command in words, or "".
func (c Command) Name() string {
	switch c {
	case GetType:
		return "get_type"
	case GetSerial:
		return "get_serial_no"
	case SetClock:
		return "set_clock"
	case GetRegister:
		return "get_register"
	case PutRegister:
		return "put_register"
	case GetEventStatus:
		return "get_event_status"
	case ClearEvents:
		return "clear_event_status"
	case GetLogTime:
		return "get_log_time"
	case GetLogLast:
		return "get_log_last"
	case GetLogID:
		return "get_log_id"
	}
	return ""
}

// Why octets are no frame.
var (
	ErrFrame = errors.New("not a KMP frame")
	ErrCRC   = errors.New("wrong CRC")
)

// A Frame is one request or reply.
type Frame struct {
	Start   byte // Request or Reply
	Address byte
	Command Command
	Body    []byte
}

// Append appends the frame, stuffed.
func (f Frame) Append(b []byte) []byte {
	inner := append([]byte{f.Address, byte(f.Command)}, f.Body...)
	sum := CRC(inner)
	inner = append(inner, byte(sum>>8), byte(sum))
	b = append(b, f.Start)
	for _, c := range inner {
		if special(c) {
			b = append(b, Escape, ^c)
		} else {
			b = append(b, c)
		}
	}
	return append(b, Stop)
}

func special(c byte) bool {
	return c == Request || c == Reply || c == Stop || c == Ack || c == Escape
}

// Parse reads one frame from its start octet to its stop octet.
func Parse(p []byte) (Frame, error) {
	if len(p) < 6 || len(p) > MaxFrame || p[0] != Request && p[0] != Reply || p[len(p)-1] != Stop {
		return Frame{}, ErrFrame
	}
	inner := make([]byte, 0, len(p))
	for i := 1; i < len(p)-1; i++ {
		c := p[i]
		if c == Escape {
			if i++; i == len(p)-1 || !special(^p[i]) {
				return Frame{}, ErrFrame
			}
			c = ^p[i]
		} else if special(c) {
			return Frame{}, ErrFrame
		}
		inner = append(inner, c)
	}
	n := len(inner) - 2
	if n < 2 {
		return Frame{}, ErrFrame
	}
	if CRC(inner) != 0 {
		return Frame{}, ErrCRC
	}
	return Frame{Start: p[0], Address: inner[0], Command: Command(inner[1]), Body: inner[2:n:n]}, nil
}

// CRC is CRC-16/XMODEM: polynomial 1021h, from 0, most significant bit first.
// Over octets with their CRC behind them it is 0.
func CRC(p []byte) uint16 {
	var sum uint16
	for _, c := range p {
		sum ^= uint16(c) << 8
		for range 8 {
			carry := sum & 0x8000
			sum <<= 1
			if carry != 0 {
				sum ^= 0x1021
			}
		}
	}
	return sum
}

// Numbers reads the register numbers of a GetRegister: a count of up to
// MaxRegisters, then two octets each.
func Numbers(body []byte) ([]uint16, error) {
	r := octet.NewReader(body)
	n := int(r.U8())
	if n < 1 || n > MaxRegisters {
		return nil, ErrFrame
	}
	list := make([]uint16, n)
	for i := range list {
		list[i] = r.U16()
	}
	return list, r.Done()
}

// A Record is one register's value: a whole number of up to 16 octets with a
// decimal exponent, or text.
type Record struct {
	Number uint16
	Unit   uint8
	Scale  uint8 // bit 7: value below zero, bit 6: exponent below zero, bits 5 to 0: exponent
	Value  []byte
}

// Append appends the record: number, unit, length, scale, value.
func (r Record) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(r.Number)
	w.U8(r.Unit, uint8(len(r.Value)), r.Scale)
	w.Bytes(r.Value)
	return w.B
}

// ParseRecord reads one record and returns what follows it.
func ParseRecord(p []byte) (Record, []byte, error) {
	r := octet.NewReader(p)
	v := Record{Number: r.U16(), Unit: r.U8()}
	n := int(r.U8())
	v.Scale = r.U8()
	v.Value = bytes.Clone(r.Bytes(n))
	if err := r.Err(); err != nil {
		return Record{}, nil, err
	}
	return v, r.Rest(), nil
}

// Scale returns the scale octet of a decimal exponent.
func Scale(exponent int) uint8 {
	if exponent < 0 {
		return 0x40 | uint8(-exponent)&0x3f
	}
	return uint8(exponent) & 0x3f
}

// Exponent returns the decimal exponent in a scale octet.
func Exponent(scale uint8) int {
	if scale&0x40 != 0 {
		return -int(scale & 0x3f)
	}
	return int(scale & 0x3f)
}

// Encode returns the octets of a value in units of its exponent, most
// significant first, and its scale. A value that does not fit is held at the
// largest that does.
func Encode(value float64, exponent, size int) ([]byte, uint8) {
	scale := Scale(exponent)
	if value < 0 {
		value, scale = -value, scale|0x80
	}
	limit := math.Ldexp(1, 8*min(size, 8)) - 1
	n := uint64(math.MaxUint64)
	if value < limit {
		n = uint64(value)
	} else if size < 8 {
		n = uint64(limit)
	}
	b := make([]byte, size)
	for i := size - 1; i >= 0; i-- {
		b[i] = byte(n)
		n >>= 8
	}
	return b, scale
}

// Decode is Encode's inverse for up to eight octets.
func (r Record) Decode() float64 {
	n := 0.0
	for _, c := range r.Value {
		n = n*256 + float64(c)
	}
	if r.Scale&0x80 != 0 {
		n = -n
	}
	return n * math.Pow10(Exponent(r.Scale))
}
