package ber

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// ParseInt reads the contents of an INTEGER: two's complement in one to eight
// octets, of which more than needed are tolerated.
func ParseInt(p []byte) (int64, error) {
	if len(p) == 0 || len(p) > 8 {
		return 0, ErrValue
	}
	v := int64(int8(p[0]))
	for _, c := range p[1:] {
		v = v<<8 | int64(c)
	}
	return v, nil
}

// ParseUint reads the contents of an unsigned INTEGER: one to nine octets, of
// nine the first 0. Contents that lack the leading 0 of a set top bit, as some
// encoders write them, count as the unsigned number that was meant.
func ParseUint(p []byte) (uint64, error) {
	if len(p) == 9 && p[0] == 0 {
		p = p[1:]
	}
	if len(p) == 0 || len(p) > 8 {
		return 0, ErrValue
	}
	var v uint64
	for _, c := range p {
		v = v<<8 | uint64(c)
	}
	return v, nil
}

// AppendHeader appends a tag and the shortest form of a length.
func AppendHeader(b []byte, t Tag, n int) []byte {
	b = appendTag(b, t)
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n <= 0xff:
		return append(b, 0x81, byte(n))
	case n <= 0xffff:
		return append(b, 0x82, byte(n>>8), byte(n))
	case n <= 0xffffff:
		return append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint32(append(b, 0x84), uint32(n))
}

func appendTag(b []byte, t Tag) []byte {
	switch {
	case t > 0xffffff:
		b = append(b, byte(t>>24), byte(t>>16), byte(t>>8))
	case t > 0xffff:
		b = append(b, byte(t>>16), byte(t>>8))
	case t > 0xff:
		b = append(b, byte(t>>8))
	}
	return append(b, byte(t))
}

// Append appends an element with contents p.
func Append(b []byte, t Tag, p []byte) []byte {
	return append(AppendHeader(b, t, len(p)), p...)
}

// AppendText appends an element whose contents are the octets of s.
func AppendText(b []byte, t Tag, s string) []byte {
	return append(AppendHeader(b, t, len(s)), s...)
}

// Wrap makes the octets of b from start on the contents of one element:
//
//	start := len(b)
//	b = ber.AppendInt(b, ber.Integer, 1)
//	b = ber.Wrap(b, start, ber.Sequence)
func Wrap(b []byte, start int, t Tag) []byte {
	var buf [9]byte
	header := AppendHeader(buf[:0], t, len(b)-start)
	return slices.Insert(b, start, header...)
}

// AppendInt appends v as an INTEGER of the fewest octets under tag t.
func AppendInt(b []byte, t Tag, v int64) []byte {
	n := 1
	for x := v; x > 0x7f || x < -0x80; x >>= 8 {
		n++
	}
	b = AppendHeader(b, t, n)
	for i := n - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// AppendUint appends v as an unsigned INTEGER of the fewest octets under tag t:
// a set top bit is preceded by a zero octet.
func AppendUint(b []byte, t Tag, v uint64) []byte {
	if v>>63 == 0 {
		return AppendInt(b, t, int64(v))
	}
	return binary.BigEndian.AppendUint64(append(AppendHeader(b, t, 9), 0), v)
}

// MaxArcs is the greatest number of arcs of an OID (RFC 2578 §3.5).
const MaxArcs = 128

// An OID is an object identifier, arc by arc.
type OID []uint32

// ParseOID reads the contents of an OBJECT IDENTIFIER. Empty contents are 0.0,
// as net-snmp sends and takes them; padded arcs are tolerated.
func ParseOID(p []byte) (OID, error) {
	if len(p) == 0 {
		return OID{0, 0}, nil
	}
	if p[len(p)-1]&0x80 != 0 {
		return nil, ErrValue
	}
	o := make(OID, 0, min(len(p)+1, MaxArcs))
	var v uint64
	for _, c := range p {
		v = v<<7 | uint64(c&0x7f)
		if v > 0xffffffff {
			return nil, ErrValue
		}
		if c&0x80 != 0 {
			continue
		}
		if len(o) == 0 { // X.690 §8.19.4: the first two arcs share one subidentifier
			first := min(v/40, 2)
			o, v = append(o, uint32(first)), v-40*first
		}
		if len(o) == MaxArcs {
			return nil, ErrValue
		}
		o = append(o, uint32(v))
		v = 0
	}
	return o, nil
}

// OID reads an OBJECT IDENTIFIER under tag want.
func (r *Reader) OID(want Tag) OID {
	p := r.Contents(want)
	if r.err != nil {
		return nil
	}
	o, err := ParseOID(p)
	if err != nil {
		r.Fail(err)
	}
	return o
}

// AppendOID appends o under tag t. An OID of fewer than two arcs is filled with 0.
func AppendOID(b []byte, t Tag, o OID) []byte {
	var buf [64]byte
	p := buf[:0]
	var first, second uint64
	if len(o) > 0 {
		first = uint64(o[0])
	}
	if len(o) > 1 {
		second = uint64(o[1])
	}
	p = appendArc(p, 40*first+second)
	for i := 2; i < len(o); i++ {
		p = appendArc(p, uint64(o[i]))
	}
	return Append(b, t, p)
}

func appendArc(b []byte, v uint64) []byte {
	for shift := 63; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			b = append(b, byte(v>>shift)|0x80)
		}
	}
	return append(b, byte(v)&0x7f)
}

// Compare orders OIDs as a MIB walk does: arc by arc, a prefix first.
func (o OID) Compare(p OID) int { return slices.Compare(o, p) }

// HasPrefix says whether o lies in the subtree p or is p itself.
func (o OID) HasPrefix(p OID) bool { return len(o) >= len(p) && slices.Equal(o[:len(p)], p) }

// String writes o in dotted decimal, without a leading dot.
func (o OID) String() string {
	b := make([]byte, 0, 4*len(o))
	for i, arc := range o {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendUint(b, uint64(arc), 10)
	}
	return string(b)
}

// OIDFromText reads dotted decimal, with or without a leading dot.
func OIDFromText(s string) (OID, error) {
	var o OID
	for part := range strings.SplitSeq(strings.TrimPrefix(s, "."), ".") {
		v, err := strconv.ParseUint(part, 10, 32)
		if err != nil || len(o) == MaxArcs {
			return nil, ErrValue
		}
		o = append(o, uint32(v))
	}
	if len(o) < 2 || o[0] > 2 || o[0] < 2 && o[1] > 39 {
		return nil, ErrValue
	}
	return o, nil
}
