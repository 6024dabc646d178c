// Package octet reads and appends the fields of binary protocols.
//
// A Reader is a cursor with a sticky error: a parser reads field after field as
// the specification's table has them and asks Err once at the end. Past the end
// every read yields zero, so no parser needs a length check before each field.
// A Builder is its counterpart: it appends fields and patches lengths that are
// known only later.
package octet

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrShort says that the octets ended before the field did.
var ErrShort = errors.New("octets end before the field does")

// ErrTrailing says that octets are left over after the last field.
var ErrTrailing = errors.New("octets left over after the last field")

// A Reader reads fields from octets. Its error is sticky: after the first
// failure every method returns zero values.
type Reader struct {
	b   []byte
	off int
	err error
}

// NewReader returns a Reader at the start of b, which it does not copy.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Err returns the first failure, or nil.
func (r *Reader) Err() error { return r.err }

// Done returns the first failure, or ErrTrailing where octets are left.
func (r *Reader) Done() error {
	if r.err == nil && r.off < len(r.b) {
		return ErrTrailing
	}
	return r.err
}

// Fail makes err the Reader's error unless it has one already.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Len returns how many octets are left; 0 after a failure.
func (r *Reader) Len() int {
	if r.err != nil {
		return 0
	}
	return len(r.b) - r.off
}

// Offset returns how many octets have been read.
func (r *Reader) Offset() int { return r.off }

// Bytes returns the next n octets without copying; nil past the end.
func (r *Reader) Bytes(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b)-r.off {
		r.Fail(ErrShort)
		return nil
	}
	p := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

// Rest returns every octet that is left, without copying.
func (r *Reader) Rest() []byte { return r.Bytes(r.Len()) }

// Skip passes over n octets.
func (r *Reader) Skip(n int) { r.Bytes(n) }

// Sub returns a Reader of the next n octets. Where they are not there it fails,
// and so does the returned Reader.
func (r *Reader) Sub(n int) *Reader {
	p := r.Bytes(n)
	return &Reader{b: p, err: r.err}
}

// Peek returns the next octet without passing over it; 0 at the end.
func (r *Reader) Peek() byte {
	if r.Len() == 0 {
		return 0
	}
	return r.b[r.off]
}

// U8 reads one octet.
func (r *Reader) U8() uint8 {
	if p := r.Bytes(1); p != nil {
		return p[0]
	}
	return 0
}

// U16 reads a big-endian 16-bit field.
func (r *Reader) U16() uint16 {
	if p := r.Bytes(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

// U24 reads a big-endian 24-bit field.
func (r *Reader) U24() uint32 {
	if p := r.Bytes(3); p != nil {
		return uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
	}
	return 0
}

// U32 reads a big-endian 32-bit field.
func (r *Reader) U32() uint32 {
	if p := r.Bytes(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

// U64 reads a big-endian 64-bit field.
func (r *Reader) U64() uint64 {
	if p := r.Bytes(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// F32 reads a big-endian IEEE 754 single.
func (r *Reader) F32() float32 { return math.Float32frombits(r.U32()) }

// U16LE reads a little-endian 16-bit field.
func (r *Reader) U16LE() uint16 {
	if p := r.Bytes(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

// U24LE reads a little-endian 24-bit field.
func (r *Reader) U24LE() uint32 {
	if p := r.Bytes(3); p != nil {
		return uint32(p[2])<<16 | uint32(p[1])<<8 | uint32(p[0])
	}
	return 0
}

// U32LE reads a little-endian 32-bit field.
func (r *Reader) U32LE() uint32 {
	if p := r.Bytes(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

// U64LE reads a little-endian 64-bit field.
func (r *Reader) U64LE() uint64 {
	if p := r.Bytes(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// F32LE reads a little-endian IEEE 754 single.
func (r *Reader) F32LE() float32 { return math.Float32frombits(r.U32LE()) }
