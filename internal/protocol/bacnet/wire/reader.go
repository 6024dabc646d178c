package wire

import (
	"strconv"

	"github.com/sundew-ics/sundew/internal/octet"
)

// An ObjectID is an object's type and instance in one number, 20.2.14.
type ObjectID uint32

// Instances, 12.
const (
	MaxInstance = 0x3FFFFF // also the wildcard that every device takes for itself
)

// NewObjectID joins a type and an instance.
func NewObjectID(kind uint16, instance uint32) ObjectID {
	return ObjectID(uint32(kind)<<22 | instance&MaxInstance)
}

// Type is the object's type.
func (id ObjectID) Type() uint16 { return uint16(id >> 22) }

// Instance is the object's number among those of its type.
func (id ObjectID) Instance() uint32 { return uint32(id) & MaxInstance }

// String writes the identifier as people do: "analog-input,1".
func (id ObjectID) String() string {
	return ObjectTypeName(id.Type()) + "," + strconv.FormatUint(uint64(id.Instance()), 10)
}

// A Tag is the head of a tagged value, 20.2.1.
type Tag struct {
	Number      uint8
	Context     bool
	Open, Close bool
	Length      int // of an application-tagged BOOLEAN its value
}

// A Reader reads tagged values. Its error is sticky: octet.ErrShort where a
// parameter is missing, ErrTag where another one is there, ErrValue.
type Reader struct{ r *octet.Reader }

// NewReader returns a Reader of p.
func NewReader(p []byte) *Reader { return &Reader{octet.NewReader(p)} }

// Len returns how many octets are left.
func (r *Reader) Len() int { return r.r.Len() }

// Offset returns how many octets have been read.
func (r *Reader) Offset() int { return r.r.Offset() }

// Err returns the first failure.
func (r *Reader) Err() error { return r.r.Err() }

// Done returns the first failure, or octet.ErrTrailing.
func (r *Reader) Done() error { return r.r.Done() }

// Fail makes err the Reader's error unless it has one.
func (r *Reader) Fail(err error) { r.r.Fail(err) }

// tag reads a tag's head.
func tag(r *octet.Reader) Tag {
	head := r.U8()
	t := Tag{Number: head >> 4, Context: head&8 != 0}
	if t.Number == 15 {
		t.Number = r.U8()
	}
	switch low := head & 7; {
	case t.Context && low == 6:
		t.Open = true
	case t.Context && low == 7:
		t.Close = true
	case low > 5:
		r.Fail(ErrTag)
	case low < 5:
		t.Length = int(low)
	default:
		t.Length = length(r)
	}
	return t
}

func length(r *octet.Reader) int {
	switch n := r.U8(); n {
	case 254:
		return int(r.U16())
	case 255:
		return int(r.U32())
	default:
		return int(n)
	}
}

// Peek returns the next tag without reading it; ok is false at the end.
func (r *Reader) Peek() (t Tag, ok bool) {
	if r.Len() == 0 {
		return Tag{}, false
	}
	ahead := *r.r
	t = tag(&ahead)
	return t, ahead.Err() == nil
}

// Is says whether the next value has context tag n.
func (r *Reader) Is(n uint8) bool {
	t, ok := r.Peek()
	return ok && t.Context && !t.Open && !t.Close && t.Number == n
}

// IsOpen says whether the opening tag n is next.
func (r *Reader) IsOpen(n uint8) bool {
	t, ok := r.Peek()
	return ok && t.Open && t.Number == n
}

// IsClose says whether the closing tag n is next.
func (r *Reader) IsClose(n uint8) bool {
	t, ok := r.Peek()
	return ok && t.Close && t.Number == n
}

// Open reads the opening tag n.
func (r *Reader) Open(n uint8) {
	if t := tag(r.r); r.Err() == nil && (!t.Open || t.Number != n) {
		r.Fail(ErrTag)
	}
}

// Close reads the closing tag n.
func (r *Reader) Close(n uint8) {
	if t := tag(r.r); r.Err() == nil && (!t.Close || t.Number != n) {
		r.Fail(ErrTag)
	}
}

// Context reads the value of a type under context tag n.
func (r *Reader) Context(n, kind uint8) Value {
	t := tag(r.r)
	if r.Err() == nil && (!t.Context || t.Open || t.Close || t.Number != n) {
		r.Fail(ErrTag)
	}
	p := r.r.Bytes(t.Length)
	if r.Err() != nil {
		return Value{}
	}
	if kind == Boolean {
		if len(p) != 1 || p[0] > 1 {
			r.Fail(ErrValue)
			return Value{}
		}
		return Value{Type: Boolean, Num: uint64(p[0])}
	}
	v, err := decode(kind, t.Length, p)
	if err != nil {
		r.Fail(err)
		return Value{}
	}
	return v
}

// Unsigned reads an unsigned or enumerated number under context tag n.
func (r *Reader) Unsigned(n uint8) uint32 {
	v := r.Context(n, Unsigned)
	if v.Num > 0xFFFFFFFF {
		r.Fail(ErrValue)
		return 0
	}
	return uint32(v.Num)
}

// Optional reads an unsigned number under context tag n if it is there.
func (r *Reader) Optional(n uint8) (v uint32, given bool) {
	if !r.Is(n) {
		return 0, false
	}
	return r.Unsigned(n), true
}

// ObjectID reads an object identifier under context tag n.
func (r *Reader) ObjectID(n uint8) ObjectID { return ObjectID(r.Context(n, ObjectIdentifier).Num) }

// Value reads an application-tagged value.
func (r *Reader) Value() Value {
	t := tag(r.r)
	if r.Err() == nil && t.Context {
		r.Fail(ErrTag)
	}
	var p []byte
	if t.Number != Boolean {
		p = r.r.Bytes(t.Length)
	}
	if r.Err() != nil {
		return Value{}
	}
	v, err := decode(t.Number, t.Length, p)
	if err != nil {
		r.Fail(err)
		return Value{}
	}
	return v
}

// Typed reads an application-tagged value of one type.
func (r *Reader) Typed(kind uint8) Value {
	v := r.Value()
	if r.Err() == nil && v.Type != kind {
		r.Fail(ErrTag)
	}
	return v
}

// Enclosed reads what stands between the opening tag n and its closing one.
func (r *Reader) Enclosed(n uint8) []byte {
	r.Open(n)
	from := *r.r
	size := 0
	for depth := 1; r.Err() == nil; {
		size = r.r.Offset() - from.Offset()
		t := tag(r.r)
		switch {
		case t.Open:
			depth++
		case t.Close:
			depth--
		case t.Context || t.Number != Boolean:
			r.r.Bytes(t.Length)
		}
		if depth == 0 && r.Err() == nil {
			if t.Number != n {
				r.Fail(ErrTag)
			}
			return from.Bytes(size)
		}
	}
	return nil
}

// Values reads application-tagged values until none is left.
func Values(p []byte) ([]Value, error) {
	r := NewReader(p)
	var list []Value
	for r.Len() > 0 {
		list = append(list, r.Value())
	}
	return list, r.Err()
}
