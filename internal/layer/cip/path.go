// Package cip is the Common Industrial Protocol as rooms share it: EPATHs,
// message router requests and replies, and the requests of the connection
// manager (The CIP Networks Library, volume 1). Integers are little-endian.
package cip

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/octet"
)

// ErrPath says that octets are no padded EPATH.
var ErrPath = errors.New("cip: not a path")

// A Kind says what a segment of a path names.
type Kind uint8

// The kinds of segment (volume 1, C-1.4).
const (
	Port       Kind = iota + 1 // a port, and Text the address on the link behind it
	Class                      // the logical segments
	Instance                   //
	Member                     // an element of an array
	Point                      // a connection point
	Attribute                  //
	ServiceID                  //
	Key                        // the electronic key, in Text
	Network                    // a network segment, its octets in Text
	SimpleData                 // a data segment, its octets in Text
	Symbol                     // an ANSI extended symbol, in Text
)

// A Segment is one part of a path.
type Segment struct {
	Kind  Kind
	Value uint32 // of Port the port's number, of logical segments the value, of Network the first octet
	Size  uint8  // of a logical value on the wire: 1, 2 or 4 octets
	Text  string
}

// A Path is a padded EPATH.
type Path []Segment

// ParsePath parses a padded EPATH without the size before it.
func ParsePath(b []byte) (Path, error) {
	r := octet.NewReader(b)
	p := Path{}
	for r.Len() > 0 {
		p = append(p, parseSegment(r))
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrPath, r.Err())
	}
	return p, nil
}

func parseSegment(r *octet.Reader) Segment {
	head := r.U8()
	switch head >> 5 {
	case 0:
		return parsePort(r, head)
	case 1:
		return parseLogical(r, head)
	case 2: // C-1.4.4: with bit 4 a number of words follows, else one octet
		n := 1
		if head&0x10 != 0 {
			n = 2 * int(r.U8())
		}
		return Segment{Kind: Network, Value: uint32(head), Text: string(r.Bytes(n))}
	case 4:
		n := int(r.U8())
		switch head {
		case 0x80:
			return Segment{Kind: SimpleData, Text: string(r.Bytes(2 * n))}
		case 0x91:
			s := Segment{Kind: Symbol, Text: string(r.Bytes(n))}
			r.Skip(n & 1)
			return s
		}
	}
	r.Fail(ErrPath)
	return Segment{}
}

// parsePort parses a port segment (C-1.4.1): bit 4 says that the link address
// has a length of its own; port 15 that the number follows.
func parsePort(r *octet.Reader, head byte) Segment {
	s := Segment{Kind: Port, Value: uint32(head & 0x0f)}
	n := 1
	if head&0x10 != 0 {
		n = int(r.U8())
	}
	if s.Value == 0x0f {
		s.Value = uint32(r.U16LE())
	}
	s.Text = string(r.Bytes(n))
	if head&0x10 != 0 {
		r.Skip(n & 1)
	}
	return s
}

// parseLogical parses a logical segment (C-1.4.2).
func parseLogical(r *octet.Reader, head byte) Segment {
	var kind Kind
	switch head >> 2 & 7 {
	case 0:
		kind = Class
	case 1:
		kind = Instance
	case 2:
		kind = Member
	case 3:
		kind = Point
	case 4:
		kind = Attribute
	case 5:
		if head != 0x34 || r.U8() != 4 { // key format 4: vendor, type, code, major, minor
			r.Fail(ErrPath)
		}
		return Segment{Kind: Key, Text: string(r.Bytes(8))}
	case 6:
		kind = ServiceID
	default:
		r.Fail(ErrPath)
	}
	switch head & 3 {
	case 0:
		return Segment{Kind: kind, Value: uint32(r.U8()), Size: 1}
	case 1:
		r.Skip(1)
		return Segment{Kind: kind, Value: uint32(r.U16LE()), Size: 2}
	case 2:
		r.Skip(1)
		return Segment{Kind: kind, Value: r.U32LE(), Size: 4}
	}
	r.Fail(ErrPath)
	return Segment{}
}

// Append encodes p behind b.
func (p Path) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	for _, s := range p {
		s.append(&o)
	}
	return o.B
}

func (s Segment) append(o *octet.Builder) {
	switch s.Kind {
	case Port:
		s.appendPort(o)
	case Network:
		o.U8(uint8(s.Value))
		if s.Value&0x10 != 0 {
			o.U8(uint8(len(s.Text) / 2))
		}
		o.Text(s.Text)
	case SimpleData:
		o.U8(0x80, uint8(len(s.Text)/2))
		o.Text(s.Text)
	case Symbol:
		o.U8(0x91, uint8(len(s.Text)))
		o.Pad(s.Text, (len(s.Text)+1)&^1, 0)
	case Key:
		o.U8(0x34, 4)
		o.Text(s.Text)
	default:
		s.appendLogical(o)
	}
}

func (s Segment) appendPort(o *octet.Builder) {
	head := uint8(min(s.Value, 0x0f))
	wide := len(s.Text) != 1
	if wide {
		o.U8(head|0x10, uint8(len(s.Text)))
	} else {
		o.U8(head)
	}
	if head == 0x0f {
		o.U16LE(uint16(s.Value))
	}
	o.Text(s.Text)
	if wide && len(s.Text)&1 == 1 {
		o.U8(0)
	}
}

func (s Segment) appendLogical(o *octet.Builder) {
	head := uint8(0x20)
	switch s.Kind {
	case Instance:
		head = 0x24
	case Member:
		head = 0x28
	case Point:
		head = 0x2c
	case Attribute:
		head = 0x30
	case ServiceID:
		head = 0x38
	}
	switch s.Size {
	case 1:
		o.U8(head, uint8(s.Value))
	case 2:
		o.U8(head|1, 0)
		o.U16LE(uint16(s.Value))
	default:
		o.U8(head|2, 0)
		o.U32LE(s.Value)
	}
}

// Logical returns a logical segment in the least size that holds v.
func Logical(kind Kind, v uint32) Segment {
	s := Segment{Kind: kind, Value: v, Size: 4}
	switch {
	case v <= 0xff:
		s.Size = 1
	case v <= 0xffff:
		s.Size = 2
	}
	return s
}

// Object returns the path of an object's instance.
func Object(class, instance uint32) Path {
	return Path{Logical(Class, class), Logical(Instance, instance)}
}

// String writes p for people: "1/0,0x6B/12", "Program:Main.Pump[3].Run".
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch s.Kind {
		case Symbol:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(s.Text)
		case Member:
			b.WriteString("[" + strconv.Itoa(int(s.Value)) + "]")
		default:
			if i > 0 {
				b.WriteByte('/')
			}
			b.WriteString(s.text())
		}
	}
	return b.String()
}

func (s Segment) text() string {
	switch s.Kind {
	case Port:
		if len(s.Text) == 1 {
			return fmt.Sprintf("%d:%d", s.Value, s.Text[0])
		}
		return fmt.Sprintf("%d:%s", s.Value, s.Text)
	case Class:
		return fmt.Sprintf("0x%02X", s.Value)
	case Key:
		return fmt.Sprintf("key %x", s.Text)
	case Network, SimpleData:
		return fmt.Sprintf("data %x", s.Text)
	}
	return strconv.FormatUint(uint64(s.Value), 10)
}
