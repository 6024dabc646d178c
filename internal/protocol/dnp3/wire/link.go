// Package wire is the codec of DNP3 (IEEE 1815-2012): link frames with their
// checks, transport segments, application fragments and the objects in them.
// Every number on this wire is little-endian.
package wire

import (
	"encoding/binary"
	"errors"
)

// Port is the port of DNP3 over TCP and UDP (IEEE 1815 §13.2.3).
const Port = 20000

// Sizes of a link frame (IEEE 1815 §9.2.4).
const (
	HeaderLen = 10  // start, length, control, addresses, check
	MaxData   = 250 // user data octets of a frame
	MaxFrame  = 292 // the longest frame: header and 16 checked blocks
	minLength = 5   // what the length octet counts of the header
	block     = 16  // user data octets of a checked block
)

// Bits of the control octet of a link frame (IEEE 1815 §9.2.4.1.3).
const (
	Dir = 0x80 // from the master
	Prm = 0x40 // from the primary station
	FCB = 0x20 // frame count bit
	FCV = 0x10 // the frame count bit is valid; of a secondary station: DFC
)

// A LinkFunction is the function code of a link frame.
type LinkFunction uint8

// Function codes of a primary station (IEEE 1815 table 9-1).
const (
	ResetLink       LinkFunction = 0
	ResetUser       LinkFunction = 1 // obsolete
	TestLink        LinkFunction = 2
	ConfirmedData   LinkFunction = 3
	UnconfirmedData LinkFunction = 4
	RequestStatus   LinkFunction = 9
)

// Function codes of a secondary station (IEEE 1815 table 9-2).
const (
	Ack          LinkFunction = 0
	Nack         LinkFunction = 1
	LinkStatus   LinkFunction = 11
	NotSupported LinkFunction = 15
)

// Link addresses with a meaning of their own (IEEE 1815 §9.2.5.2.2).
const (
	BroadcastNoConfirm  = 0xFFFD
	BroadcastConfirm    = 0xFFFE
	BroadcastOptional   = 0xFFFF
	FirstReservedAddr   = 0xFFF0
	LargestDeviceNumber = 0xFFEF
)

// What is wrong with a link frame.
var (
	ErrStart  = errors.New("a frame does not begin with 05 64")
	ErrLength = errors.New("the length is below 5")
	ErrCRC    = errors.New("a check does not match its block")
	ErrShort  = errors.New("the frame ends before its length")
)

// A Frame is one frame of the link layer.
type Frame struct {
	Control  uint8
	Dest     uint16
	Src      uint16
	UserData []byte // without checks
}

// Function is the frame's function code.
func (f Frame) Function() LinkFunction { return LinkFunction(f.Control & 15) }

// Broadcast says whether the frame goes to every outstation.
func (f Frame) Broadcast() bool { return f.Dest >= BroadcastNoConfirm }

// FrameLen returns how many octets the frame has whose header is given, and
// checks the header.
func FrameLen(header []byte) (int, error) {
	switch {
	case len(header) >= 1 && header[0] != 0x05, len(header) >= 2 && header[1] != 0x64:
		return 0, ErrStart
	case len(header) < HeaderLen:
		return 0, ErrShort
	case crc(header[:8]) != binary.LittleEndian.Uint16(header[8:]):
		return 0, ErrCRC
	case header[2] < minLength:
		return 0, ErrLength
	}
	n := int(header[2]) - minLength
	return HeaderLen + n + 2*((n+block-1)/block), nil
}

// ParseFrame parses the one frame that p is.
func ParseFrame(p []byte) (Frame, error) {
	n, err := FrameLen(p)
	if err != nil {
		return Frame{}, err
	}
	if len(p) != n {
		return Frame{}, ErrShort
	}
	f := Frame{Control: p[3], Dest: binary.LittleEndian.Uint16(p[4:]), Src: binary.LittleEndian.Uint16(p[6:])}
	left := int(p[2]) - minLength
	for p = p[HeaderLen:]; left > 0; {
		m := min(left, block)
		if crc(p[:m]) != binary.LittleEndian.Uint16(p[m:]) {
			return f, ErrCRC
		}
		f.UserData = append(f.UserData, p[:m]...)
		p, left = p[m+2:], left-m
	}
	return f, nil
}

// Append implements octettest.Appender. User data beyond MaxData is cut off.
func (f Frame) Append(b []byte) []byte {
	data := f.UserData[:min(len(f.UserData), MaxData)]
	start := len(b)
	b = append(b, 0x05, 0x64, byte(minLength+len(data)), f.Control)
	b = binary.LittleEndian.AppendUint16(b, f.Dest)
	b = binary.LittleEndian.AppendUint16(b, f.Src)
	b = binary.LittleEndian.AppendUint16(b, crc(b[start:]))
	for len(data) > 0 {
		m := min(len(data), block)
		b = append(b, data[:m]...)
		b = binary.LittleEndian.AppendUint16(b, crc(data[:m]))
		data = data[m:]
	}
	return b
}
