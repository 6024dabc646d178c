// Package wire encodes and decodes Modbus over TCP: the MBAP header of the
// Messaging on TCP/IP Implementation Guide V1.0b and the PDUs of the Application
// Protocol Specification V1.1b3, to which the clauses in comments refer.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/sundew-ics/sundew/internal/octet"
)

const (
	// Port is the registered port (Guide §4.1.1).
	Port = 502
	// HeaderLen is the MBAP header's length in octets (Guide §3.1.3).
	HeaderLen = 7
	// MaxPDU is the longest PDU: what a serial line's 256 octets leave (§4.1).
	MaxPDU = 253
	// MaxFrame is the longest frame: header and PDU (§4.1).
	MaxFrame = HeaderLen + MaxPDU
	// counted is how much of the header stands before what its length counts.
	counted = 6
	// MinLength is the shortest length that holds a unit and a function code.
	MinLength = 2
	// MaxLength is the longest: a unit and the longest PDU.
	MaxLength = 1 + MaxPDU
)

// ErrLength says that a header states a length that no frame has.
var ErrLength = errors.New("MBAP length out of range")

// A Frame is an MBAP header and its PDU.
type Frame struct {
	Txn      uint16 // transaction, chosen by the client
	Protocol uint16 // 0 is Modbus
	Unit     uint8
	PDU      []byte // function code and data
}

// Length returns how many octets the whole frame has that begins with header,
// of which 6 octets are enough. It fails with ErrLength on a length that no
// frame can have, whatever the protocol identifier.
func Length(header []byte) (int, error) {
	if len(header) < counted {
		return 0, octet.ErrShort
	}
	n := int(binary.BigEndian.Uint16(header[4:]))
	if n < MinLength || n > MaxLength {
		return counted + n, fmt.Errorf("%w: %d", ErrLength, n)
	}
	return counted + n, nil
}

// Parse reads exactly one frame; PDU is a part of b.
func Parse(b []byte) (Frame, error) {
	n, err := Length(b)
	switch {
	case err != nil:
		return Frame{}, err
	case len(b) < n:
		return Frame{}, octet.ErrShort
	case len(b) > n:
		return Frame{}, octet.ErrTrailing
	}
	return Frame{
		Txn: binary.BigEndian.Uint16(b), Protocol: binary.BigEndian.Uint16(b[2:]),
		Unit: b[6], PDU: b[HeaderLen:],
	}, nil
}

// Append appends the frame to b.
func (f Frame) Append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, f.Txn)
	b = binary.BigEndian.AppendUint16(b, f.Protocol)
	b = binary.BigEndian.AppendUint16(b, uint16(1+len(f.PDU)))
	b = append(b, f.Unit)
	return append(b, f.PDU...)
}

// An Exception is the code with which a server refuses (§7).
type Exception uint8

// The exceptions (§7).
const (
	IllegalFunction   Exception = 0x01
	IllegalAddress    Exception = 0x02
	IllegalValue      Exception = 0x03
	DeviceFailure     Exception = 0x04
	Acknowledge       Exception = 0x05
	DeviceBusy        Exception = 0x06
	MemoryParity      Exception = 0x08
	PathUnavailable   Exception = 0x0a // gateway: no path to the unit
	TargetUnreachable Exception = 0x0b // gateway: the unit did not answer
)

// Error names the exception as the specification does.
func (e Exception) Error() string {
	switch e {
	case IllegalFunction:
		return "illegal function"
	case IllegalAddress:
		return "illegal data address"
	case IllegalValue:
		return "illegal data value"
	case DeviceFailure:
		return "server device failure"
	case Acknowledge:
		return "acknowledge"
	case DeviceBusy:
		return "server device busy"
	case MemoryParity:
		return "memory parity error"
	case PathUnavailable:
		return "gateway path unavailable"
	case TargetUnreachable:
		return "gateway target device failed to respond"
	}
	return fmt.Sprintf("exception %d", uint8(e))
}

// AppendException appends the PDU that refuses function f with e (§7).
func AppendException(b []byte, f Function, e Exception) []byte {
	return append(b, byte(f)|0x80, byte(e))
}
