// Package wire is the codec of TFTP: the five packets of RFC 1350, the option
// acknowledgement of RFC 2347, and the netascii of text transfers.
package wire

import (
	"errors"
	"strings"

	"github.com/sundew-ics/sundew/internal/octet"
)

// An Opcode says what a packet is (RFC 1350 §5, RFC 2347).
type Opcode uint16

// The opcodes.
const (
	RRQ   Opcode = 1
	WRQ   Opcode = 2
	DATA  Opcode = 3
	ACK   Opcode = 4
	ERROR Opcode = 5
	OACK  Opcode = 6
)

// Name is the packet's name in acts; empty for an unknown opcode.
func (o Opcode) Name() string {
	switch o {
	case RRQ:
		return "read_request"
	case WRQ:
		return "write_request"
	case DATA:
		return "data"
	case ACK:
		return "acknowledgement"
	case ERROR:
		return "error"
	case OACK:
		return "option_acknowledgement"
	}
	return ""
}

// Error codes (RFC 1350 §5, RFC 2347).
const (
	NotDefined   uint16 = 0
	NotFound     uint16 = 1
	Access       uint16 = 2
	Full         uint16 = 3
	Illegal      uint16 = 4
	UnknownID    uint16 = 5
	Exists       uint16 = 6
	NoUser       uint16 = 7
	BadOption    uint16 = 8
	DefaultBlock        = 512
	MinBlock            = 8
	MaxBlock            = 65464 // RFC 2348
	maxPacket           = 4 + MaxBlock
)

// Reasons why octets are no packet.
var (
	ErrOpcode = errors.New("no such opcode")
	ErrText   = errors.New("text without its end")
	ErrSize   = errors.New("packet too long")
)

// An Option is one pair of RFC 2347; names are as the visitor wrote them.
type Option struct{ Name, Value string }

// A Packet is one datagram. Which members count depends on the opcode.
type Packet struct {
	Op         Opcode
	File, Mode string   // RRQ, WRQ
	Options    []Option // RRQ, WRQ, OACK
	Block      uint16   // DATA, ACK
	Data       []byte   // DATA
	Code       uint16   // ERROR
	Message    string   // ERROR
}

// Parse reads a datagram.
func Parse(b []byte) (Packet, error) {
	if len(b) > maxPacket {
		return Packet{}, ErrSize
	}
	r := octet.NewReader(b)
	p := Packet{Op: Opcode(r.U16())}
	if r.Err() != nil {
		return Packet{}, r.Err()
	}
	switch p.Op {
	case RRQ, WRQ:
		p.File, p.Mode = text(r), text(r)
		p.Options = options(r)
	case DATA:
		p.Block = r.U16()
		p.Data = r.Rest()
	case ACK:
		p.Block = r.U16()
	case ERROR:
		p.Code = r.U16()
		p.Message = text(r)
	case OACK:
		p.Options = options(r)
	default:
		return Packet{}, ErrOpcode
	}
	if err := r.Done(); err != nil {
		return Packet{}, err
	}
	return p, nil
}

// text reads up to a zero octet.
func text(r *octet.Reader) string {
	var b strings.Builder
	for {
		if r.Len() == 0 {
			r.Fail(ErrText)
			return ""
		}
		c := r.U8()
		if c == 0 {
			return b.String()
		}
		b.WriteByte(c)
	}
}

func options(r *octet.Reader) []Option {
	var out []Option
	for r.Len() > 0 {
		out = append(out, Option{text(r), text(r)})
	}
	return out
}

// Append encodes the packet.
func (p Packet) Append(buf []byte) []byte {
	b := octet.Builder{B: buf}
	zero := func(s string) {
		b.Text(s)
		b.U8(0)
	}
	b.U16(uint16(p.Op))
	switch p.Op {
	case RRQ, WRQ:
		zero(p.File)
		zero(p.Mode)
	case DATA:
		b.U16(p.Block)
		b.Bytes(p.Data)
	case ACK:
		b.U16(p.Block)
	case ERROR:
		b.U16(p.Code)
		zero(p.Message)
	}
	if p.Op == RRQ || p.Op == WRQ || p.Op == OACK {
		for _, o := range p.Options {
			zero(o.Name)
			zero(o.Value)
		}
	}
	return b.B
}

// ToNet appends p as netascii (RFC 764): a newline becomes CR LF, a carriage
// return CR NUL.
func ToNet(b, p []byte) []byte {
	for _, c := range p {
		switch c {
		case '\n':
			b = append(b, '\r', '\n')
		case '\r':
			b = append(b, '\r', 0)
		default:
			b = append(b, c)
		}
	}
	return b
}

// FromNet is the counterpart of ToNet. Held says whether a carriage return waits
// for the next octet, and is passed on from block to block.
func FromNet(p []byte, held bool) (out []byte, stillHeld bool) {
	out = make([]byte, 0, len(p)+1)
	for _, c := range p {
		switch {
		case held && c == '\n':
			out = append(out, '\n')
		case held && c == 0:
			out = append(out, '\r')
		default:
			if held {
				out = append(out, '\r')
			}
			if c != '\r' {
				out = append(out, c)
			}
			held = c == '\r'
			continue
		}
		held = false
	}
	return out, held
}
