// Package tpkt frames ISO transport protocol data units on TCP (RFC 1006 §6):
// a version octet, a reserved octet, a 16-bit length that counts the whole
// packet, and one TPDU.
package tpkt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	// Version is the only version that exists (RFC 1006 §6).
	Version = 3
	// HeaderLen is the length of the packet header in octets.
	HeaderLen = 4
	// MinLen is the shortest packet that can hold a TPDU: RFC 1006 §6 says 7.
	MinLen = 7
	// MaxLen is the longest packet that the 16-bit length can state.
	MaxLen = 0xffff
)

// ErrVersion says that the first octet is not 3: another protocol speaks.
var ErrVersion = errors.New("not a TPKT: version is not 3")

// ErrLength says that the stated length is not that of a packet we take.
var ErrLength = errors.New("TPKT length out of range")

// ErrCut says that the octets ended inside a packet; it comes with what ended them.
var ErrCut = errors.New("TPKT cut short")

// A Packet is one TPKT.
type Packet struct {
	Reserved uint8  // sent as 0 by everyone; kept as evidence
	Data     []byte // the TPDU
}

// Length returns the whole length that a packet's first four octets state.
func Length(header []byte) (int, error) {
	if len(header) < HeaderLen {
		return 0, io.ErrUnexpectedEOF
	}
	if header[0] != Version {
		return 0, ErrVersion
	}
	n := int(binary.BigEndian.Uint16(header[2:]))
	if n < MinLen {
		return n, fmt.Errorf("%w: %d", ErrLength, n)
	}
	return n, nil
}

// Parse reads exactly one packet; Data is a part of b.
func Parse(b []byte) (Packet, error) {
	n, err := Length(b)
	if err != nil {
		return Packet{}, err
	}
	if n != len(b) {
		return Packet{}, fmt.Errorf("%w: states %d of %d octets", ErrLength, n, len(b))
	}
	return Packet{Reserved: b[1], Data: b[HeaderLen:]}, nil
}

// Append appends the packet with its header to b.
func (p Packet) Append(b []byte) []byte {
	b = append(b, Version, p.Reserved)
	b = binary.BigEndian.AppendUint16(b, uint16(HeaderLen+len(p.Data)))
	return append(b, p.Data...)
}

// Read reads the next packet of at most limit octets from r. It looks at the
// header before it takes it: on ErrVersion and ErrLength nothing is consumed,
// so that the caller can name what else is spoken there. On ErrCut a part of
// the packet is consumed.
func Read(r *bufio.Reader, limit int) (Packet, error) {
	if first, err := r.Peek(1); err != nil {
		return Packet{}, err
	} else if first[0] != Version {
		return Packet{}, ErrVersion
	}
	header, err := r.Peek(HeaderLen)
	if err != nil {
		return Packet{}, err
	}
	n, err := Length(header)
	if err != nil {
		return Packet{}, err
	}
	if n > limit {
		return Packet{}, fmt.Errorf("%w: %d exceeds %d", ErrLength, n, limit)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return Packet{}, fmt.Errorf("%w: %w", ErrCut, err)
	}
	return Packet{Reserved: b[1], Data: b[HeaderLen:]}, nil
}
