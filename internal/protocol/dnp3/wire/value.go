package wire

import (
	"math"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Flags of a point (IEEE 1815 §11.6.1).
const (
	Online    = 0x01
	OverRange = 0x20 // of analogs
	State     = 0x80 // of binary points
)

// Double-bit states, in the upper two bits of the flags.
const (
	Intermediate  = 0
	Off           = 1
	On            = 2
	Indeterminate = 3
)

// A Value is what a point is at a moment.
type Value struct {
	Flags  uint8   // with the state of binary and double-bit points in it
	Number float64 // of counters and analogs
	Time   uint64  // ms since 1970
}

// Packed returns the bits of a binary or double-bit point without flags.
func (v Value) Packed(bits int) byte { return v.Flags >> (8 - bits) }

// AppendValue appends v as an object of group and variation. It reports false
// where no such variation is one of a point.
func AppendValue(p []byte, group, variation uint8, v Value) ([]byte, bool) {
	b := octet.Builder{B: p}
	ok := true
	switch group {
	case 1, 3, 10:
		b.U8(v.Flags)
		ok = variation == 2
	case 2, 4, 11:
		b.U8(v.Flags)
		switch variation {
		case 1:
		case 2:
			AppendU48(&b, v.Time)
		case 3: // relative to the common time of occurrence before it
			b.U16LE(uint16(v.Time))
			ok = group != 11
		default:
			ok = false
		}
	case 20, 21, 22, 23:
		ok = appendCounter(&b, group, variation, v)
	case 30, 32, 40, 42:
		ok = appendAnalog(&b, group, variation, v)
	case 34:
		ok = appendDeadband(&b, variation, v.Number)
	default:
		ok = false
	}
	return b.B, ok
}

// appendCounter appends a counter: variations with flags and time by group
// (IEEE 1815 §A.11 to §A.14).
func appendCounter(b *octet.Builder, group, variation uint8, v Value) bool {
	n := uint32(uint64(v.Number))
	wide, flags, time := variation%2 == 1, true, false
	switch {
	case variation >= 1 && variation <= 2:
	case group == 20 && (variation == 5 || variation == 6), group == 21 && (variation == 9 || variation == 10):
		flags = false
	case group >= 21 && (variation == 5 || variation == 6):
		time = true
	default:
		return false
	}
	if flags {
		b.U8(v.Flags)
	}
	if wide {
		b.U32LE(n)
	} else {
		b.U16LE(uint16(n))
	}
	if time {
		AppendU48(b, v.Time)
	}
	return true
}

// appendAnalog appends an analog (IEEE 1815 §A.15, §A.17, §A.21, §A.23).
func appendAnalog(b *octet.Builder, group, variation uint8, v Value) bool {
	kind, flags, time := variation, true, false
	switch group {
	case 30: // 3 and 4 are 1 and 2 without flags, 5 and 6 single and double
		switch variation {
		case 3, 4:
			kind, flags = variation-2, false
		case 5, 6:
			kind = variation - 2
		}
	case 32, 42: // 3, 4, 7, 8 are 1, 2, 5, 6 with time
		switch variation {
		case 3, 4:
			kind, time = variation-2, true
		case 5, 6:
			kind = variation - 2
		case 7, 8:
			kind, time = variation-4, true
		}
		if variation > 8 {
			return false
		}
	}
	if kind < 1 || kind > 4 || group == 30 && variation > 6 {
		return false
	}
	f := v.Flags
	number := v.Number
	if lo, hi := limits(kind); number < lo || number > hi {
		number = min(max(number, lo), hi)
		f |= OverRange
	}
	if flags {
		b.U8(f)
	}
	switch kind {
	case 1:
		b.U32LE(uint32(int32(math.Round(number))))
	case 2:
		b.U16LE(uint16(int16(math.Round(number))))
	case 3:
		b.F32LE(float32(number))
	case 4:
		b.U64LE(math.Float64bits(number))
	}
	if time {
		AppendU48(b, v.Time)
	}
	return true
}

// limits are those of 32 bits, 16 bits, single and double precision.
func limits(kind uint8) (lo, hi float64) {
	switch kind {
	case 1:
		return math.MinInt32, math.MaxInt32
	case 2:
		return math.MinInt16, math.MaxInt16
	case 3:
		return -math.MaxFloat32, math.MaxFloat32
	}
	return -math.MaxFloat64, math.MaxFloat64
}

func appendDeadband(b *octet.Builder, variation uint8, x float64) bool {
	switch variation {
	case 1:
		b.U16LE(uint16(min(x, math.MaxUint16)))
	case 2:
		b.U32LE(uint32(min(x, math.MaxUint32)))
	case 3:
		b.F32LE(float32(x))
	default:
		return false
	}
	return true
}

// ParseDeadband reads group 34.
func ParseDeadband(variation uint8, p []byte) float64 {
	r := octet.NewReader(p)
	switch variation {
	case 1:
		return float64(r.U16LE())
	case 2:
		return float64(r.U32LE())
	}
	return float64(r.F32LE())
}

// ParseOutput reads the value of an analog output block, group 41: 32 and 16
// bits, single and double precision, each with a status behind it.
func ParseOutput(variation uint8, p []byte) float64 {
	r := octet.NewReader(p)
	switch variation {
	case 1:
		return float64(int32(r.U32LE()))
	case 2:
		return float64(int16(r.U16LE()))
	case 3:
		return float64(r.F32LE())
	}
	return math.Float64frombits(r.U64LE())
}
