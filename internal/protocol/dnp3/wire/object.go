package wire

import (
	"errors"
	"strconv"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A Range is the low half of a qualifier: how a header says which objects it
// means (IEEE 1815 table 4-5).
type Range uint8

// Range codes.
const (
	StartStop8  Range = 0x0
	StartStop16 Range = 0x1
	StartStop32 Range = 0x2
	All         Range = 0x6
	Count8      Range = 0x7
	Count16     Range = 0x8
	Count32     Range = 0x9
	Variable    Range = 0xB // a count; each object has its size before it
)

// Object prefixes: the high half of a qualifier (IEEE 1815 table 4-4).
const (
	NoPrefix = 0
	Index8   = 1
	Index16  = 2
	Index32  = 3
	Size8    = 4
	Size16   = 5
	Size32   = 6
)

// What is wrong with the objects of a fragment.
var (
	ErrQualifier = errors.New("a qualifier that means nothing")
	ErrObject    = errors.New("an object of unknown size")
	ErrCut       = errors.New("the objects end before their header says")
	ErrBackwards = errors.New("a range that stops before it starts")
)

// A Header is an object header.
type Header struct {
	Group, Variation uint8
	Qualifier        uint8
	Start, Stop      uint32 // of StartStop
	Count            uint32 // of Count and Variable
}

// Range is the qualifier's range code.
func (h Header) Range() Range { return Range(h.Qualifier & 15) }

// Prefix is the qualifier's prefix code.
func (h Header) Prefix() int { return int(h.Qualifier >> 4 & 7) }

// Number returns how many objects the header names; 0 for all.
func (h Header) Number() uint64 {
	if h.Range() <= StartStop32 {
		return uint64(h.Stop) - uint64(h.Start) + 1
	}
	return uint64(h.Count)
}

// String is the header as people write it: "g60v2".
func (h Header) String() string {
	b := append(make([]byte, 0, 8), 'g')
	b = append(strconv.AppendUint(b, uint64(h.Group), 10), 'v')
	return string(strconv.AppendUint(b, uint64(h.Variation), 10))
}

// An Object is a header with the octets of its objects, prefixes included.
type Object struct {
	Header
	Data []byte
}

// prefixLen returns how many octets stand before each object.
func (h Header) prefixLen() int { return [...]int{0, 1, 2, 4, 1, 2, 4, 0}[h.Prefix()] }

func (h *Header) read(r *octet.Reader) {
	h.Group, h.Variation, h.Qualifier = r.U8(), r.U8(), r.U8()
	switch h.Range() {
	case StartStop8:
		h.Start, h.Stop = uint32(r.U8()), uint32(r.U8())
	case StartStop16:
		h.Start, h.Stop = uint32(r.U16LE()), uint32(r.U16LE())
	case StartStop32:
		h.Start, h.Stop = r.U32LE(), r.U32LE()
	case All:
	case Count8, Variable:
		h.Count = uint32(r.U8())
	case Count16:
		h.Count = uint32(r.U16LE())
	case Count32:
		h.Count = r.U32LE()
	default:
		r.Fail(ErrQualifier)
	}
	sized := h.Prefix() >= Size8
	switch {
	case h.Qualifier&0x80 != 0 || h.Prefix() > Size32, sized != (h.Range() == Variable),
		h.Range() <= All && h.Prefix() != NoPrefix:
		r.Fail(ErrQualifier)
	case h.Stop < h.Start:
		r.Fail(ErrBackwards)
	}
}

// Append appends the header.
func (h Header) Append(p []byte) []byte {
	b := octet.Builder{B: append(p, h.Group, h.Variation, h.Qualifier)}
	switch h.Range() {
	case StartStop8:
		b.U8(uint8(h.Start), uint8(h.Stop))
	case StartStop16:
		b.U16LE(uint16(h.Start))
		b.U16LE(uint16(h.Stop))
	case StartStop32:
		b.U32LE(h.Start)
		b.U32LE(h.Stop)
	case Count8, Variable:
		b.U8(uint8(h.Count))
	case Count16:
		b.U16LE(uint16(h.Count))
	case Count32:
		b.U32LE(h.Count)
	}
	return b.B
}

// Objects is what stands behind the function code.
type Objects []Object

// ParseObjects parses the objects of a fragment of function f. Where it fails it
// returns the objects before the one that is wrong.
func ParseObjects(f Function, p []byte) (Objects, error) {
	var list Objects
	for r := octet.NewReader(p); r.Len() > 0; {
		var o Object
		o.read(r)
		if errors.Is(r.Err(), octet.ErrShort) {
			return list, ErrCut
		}
		if r.Err() == nil {
			o.read1(f, r)
		}
		if r.Err() != nil {
			if errors.Is(r.Err(), octet.ErrShort) {
				return list, ErrCut
			}
			return list, r.Err()
		}
		list = append(list, o)
	}
	return list, nil
}

// Append implements octettest.Appender.
func (l Objects) Append(b []byte) []byte {
	for _, o := range l {
		b = append(o.Header.Append(b), o.Data...)
	}
	return b
}

// read1 reads what stands behind the header.
func (o *Object) read1(f Function, r *octet.Reader) {
	rest := *r
	switch {
	case o.Range() == Variable:
		for range o.Count {
			r.Skip(int(sizeOf(o.Prefix(), r)))
		}
	case o.Range() == All:
		return
	case o.Group == 0 && f.values(): // a device attribute: type, length, value
		for i := uint64(0); i < o.Number() && r.Err() == nil; i++ {
			r.Skip(o.prefixLen() + 1)
			r.Skip(int(r.U8()))
		}
	default:
		bits := 0
		if f.values() || o.Group == 50 && f != Read {
			var known bool
			if bits, known = Bits(o.Group, o.Variation); !known {
				r.Fail(ErrObject)
				return
			}
		}
		total := o.Number() * (uint64(bits) + 8*uint64(o.prefixLen()))
		if total = (total + 7) / 8; total > uint64(r.Len()) {
			r.Fail(octet.ErrShort)
			return
		}
		r.Skip(int(total))
	}
	if n := r.Offset() - rest.Offset(); r.Err() == nil && n > 0 {
		o.Data = rest.Bytes(n)
	}
}

// sizeOf reads the size before an object of variable length.
func sizeOf(prefix int, r *octet.Reader) uint32 {
	switch prefix {
	case Size8:
		return uint32(r.U8())
	case Size16:
		return uint32(r.U16LE())
	}
	return r.U32LE()
}

// Items calls yield with the index and the octets of each object that has
// values, until it returns false. Objects of variable size have no index.
func (o Object) Items(yield func(index uint32, data []byte) bool) {
	r := octet.NewReader(o.Data)
	bits, _ := Bits(o.Group, o.Variation)
	if o.Data == nil {
		return
	}
	if bits%8 != 0 && o.Prefix() == NoPrefix {
		o.packed(bits, yield)
		return
	}
	for i := range o.Number() {
		index, size := o.Start+uint32(i), bits/8
		switch o.Prefix() {
		case Index8:
			index = uint32(r.U8())
		case Index16:
			index = uint32(r.U16LE())
		case Index32:
			index = r.U32LE()
		case Size8, Size16, Size32:
			size = int(sizeOf(o.Prefix(), r))
		}
		data := r.Bytes(size)
		if r.Err() != nil || !yield(index, data) {
			return
		}
	}
}

// packed yields objects of one or two bits, each as an octet.
func (o Object) packed(bits int, yield func(index uint32, data []byte) bool) {
	for i := range o.Number() {
		at := int(i) * bits
		if at/8 >= len(o.Data) || !yield(o.Start+uint32(i), []byte{o.Data[at/8] >> (at % 8) & (1<<bits - 1)}) {
			return
		}
	}
}

// Indices calls yield with each index that a request's header lists behind it.
func (o Object) Indices(yield func(index uint32) bool) {
	r := octet.NewReader(o.Data)
	for r.Len() > 0 {
		var index uint32
		switch o.Prefix() {
		case Index8:
			index = uint32(r.U8())
		case Index16:
			index = uint32(r.U16LE())
		case Index32:
			index = r.U32LE()
		default:
			return
		}
		if r.Err() != nil || !yield(index) {
			return
		}
	}
}
