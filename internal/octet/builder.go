package octet

import (
	"encoding/binary"
	"math"
)

// A Builder appends fields to B. The zero value is ready; a caller that has a
// buffer to append to sets B first.
type Builder struct{ B []byte }

// U8 appends one octet for each argument.
func (b *Builder) U8(v ...uint8) { b.B = append(b.B, v...) }

// U16 appends v big-endian.
func (b *Builder) U16(v uint16) { b.B = binary.BigEndian.AppendUint16(b.B, v) }

// U24 appends the low 24 bits of v big-endian.
func (b *Builder) U24(v uint32) { b.B = append(b.B, byte(v>>16), byte(v>>8), byte(v)) }

// U32 appends v big-endian.
func (b *Builder) U32(v uint32) { b.B = binary.BigEndian.AppendUint32(b.B, v) }

// U64 appends v big-endian.
func (b *Builder) U64(v uint64) { b.B = binary.BigEndian.AppendUint64(b.B, v) }

// F32 appends v as a big-endian IEEE 754 single.
func (b *Builder) F32(v float32) { b.U32(math.Float32bits(v)) }

// U16LE appends v little-endian.
func (b *Builder) U16LE(v uint16) { b.B = binary.LittleEndian.AppendUint16(b.B, v) }

// U24LE appends the low 24 bits of v little-endian.
func (b *Builder) U24LE(v uint32) { b.B = append(b.B, byte(v), byte(v>>8), byte(v>>16)) }

// U32LE appends v little-endian.
func (b *Builder) U32LE(v uint32) { b.B = binary.LittleEndian.AppendUint32(b.B, v) }

// U64LE appends v little-endian.
func (b *Builder) U64LE(v uint64) { b.B = binary.LittleEndian.AppendUint64(b.B, v) }

// F32LE appends v as a little-endian IEEE 754 single.
func (b *Builder) F32LE(v float32) { b.U32LE(math.Float32bits(v)) }

// Bytes appends p.
func (b *Builder) Bytes(p []byte) { b.B = append(b.B, p...) }

// Text appends s as it is.
func (b *Builder) Text(s string) { b.B = append(b.B, s...) }

// Pad appends s cut or filled with fill to exactly n octets.
func (b *Builder) Pad(s string, n int, fill byte) {
	if len(s) > n {
		s = s[:n]
	}
	b.B = append(b.B, s...)
	for i := len(s); i < n; i++ {
		b.B = append(b.B, fill)
	}
}

// Len returns how many octets B holds; with SetU16 it patches a length that
// stands before what it counts.
func (b *Builder) Len() int { return len(b.B) }

// SetU8 overwrites the octet at off.
func (b *Builder) SetU8(off int, v uint8) { b.B[off] = v }

// SetU16 overwrites the big-endian 16-bit field at off.
func (b *Builder) SetU16(off int, v uint16) { binary.BigEndian.PutUint16(b.B[off:], v) }

// SetU16LE overwrites the little-endian 16-bit field at off.
func (b *Builder) SetU16LE(off int, v uint16) { binary.LittleEndian.PutUint16(b.B[off:], v) }
