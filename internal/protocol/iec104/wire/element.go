package wire

import (
	"math"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A Quality is a quality descriptor QDS (101 §7.2.6.3). Single and double points
// have its upper four bits beside their value.
type Quality uint8

// The quality bits.
const (
	Overflow    Quality = 0x01
	Blocked     Quality = 0x10
	Substituted Quality = 0x20
	NotTopical  Quality = 0x40
	BadValue    Quality = 0x80 // IV
)

// A Reading is the element of a monitored type: a value with its quality.
type Reading struct {
	Value   float64 // single 0, 1; double 0 to 3; step -64 to 63; normalized -1 to 1
	Quality Quality
	Counter uint8 // totals: sequence number and the flags CY, CA, IV
	Time    Time  // of types that have one
}

// ParseReading decodes the element of a monitored type; false where the type is
// none of 1 to 16 and 30 to 37.
func ParseReading(t Type, data []byte) (Reading, bool) {
	base, times := t.Untimed()
	r := octet.NewReader(data)
	v := Reading{}
	switch base {
	case SinglePoint:
		b := r.U8()
		v.Value, v.Quality = float64(b&1), Quality(b&0xF0)
	case DoublePoint:
		b := r.U8()
		v.Value, v.Quality = float64(b&3), Quality(b&0xF0)
	case StepPoint:
		v.Value = float64(int8(r.U8()<<1) >> 1) // bit 8: transient
		v.Quality = Quality(r.U8())
	case Bitstring:
		v.Value, v.Quality = float64(r.U32LE()), Quality(r.U8())
	case Normalized:
		v.Value, v.Quality = float64(int16(r.U16LE()))/32768, Quality(r.U8())
	case Scaled:
		v.Value, v.Quality = float64(int16(r.U16LE())), Quality(r.U8())
	case Float:
		v.Value, v.Quality = float64(r.F32LE()), Quality(r.U8())
	case Totals:
		v.Value, v.Counter = float64(int32(r.U32LE())), r.U8()
	default:
		return v, false
	}
	copy(v.Time[:], r.Bytes(times))
	return v, r.Done() == nil
}

// Append appends the element of a monitored type; a value that the type cannot
// hold becomes its nearest, with the overflow bit where the type has one.
func (v Reading) Append(b []byte, t Type) []byte {
	base, times := t.Untimed()
	switch base {
	case SinglePoint:
		b = append(b, byte(v.Quality&0xF0)|bit(v.Value != 0))
	case DoublePoint:
		b = append(b, byte(v.Quality&0xF0)|byte(within(v.Value, 0, 3, nil)))
	case StepPoint:
		x := within(v.Value, -64, 63, &v.Quality)
		b = append(b, byte(int8(x))&0x7F, byte(v.Quality))
	case Bitstring:
		x := uint32(within(v.Value, 0, math.MaxUint32, nil))
		b = append(le32(b, x), byte(v.Quality))
	case Normalized:
		b = append(le16(b, NormalizedOf(v.Value, &v.Quality)), byte(v.Quality))
	case Scaled:
		x := int16(within(v.Value, math.MinInt16, math.MaxInt16, &v.Quality))
		b = append(le16(b, uint16(x)), byte(v.Quality))
	case Float:
		b = append(le32(b, math.Float32bits(float32(v.Value))), byte(v.Quality))
	case Totals:
		b = append(le32(b, uint32(int32(within(v.Value, math.MinInt32, math.MaxInt32, nil)))), v.Counter)
	}
	return append(b, v.Time[:times]...)
}

// NormalizedOf returns x as a NVA (101 §7.2.6.6): -1 to 1-2^-15.
func NormalizedOf(x float64, q *Quality) uint16 {
	return uint16(int16(within(x*32768, math.MinInt16, math.MaxInt16, q)))
}

func bit(on bool) byte {
	if on {
		return 1
	}
	return 0
}

// within rounds x into lo to hi and notes an overflow.
func within(x, lo, hi float64, q *Quality) float64 {
	y := min(max(math.Round(x), lo), hi)
	if q != nil && y != math.Round(x) {
		*q |= Overflow
	}
	return y
}

func le16(b []byte, v uint16) []byte { return append(b, byte(v), byte(v>>8)) }

func le32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

// A Command is the element of a command (101 §7.2.6.15 to 7.2.6.16, 7.2.6.39).
type Command struct {
	Value     float64 // single 0, 1; double and step 0 to 3; setpoints as readings
	Select    bool    // S/E
	Qualifier uint8   // QU 0 to 31 of commands, QL 0 to 127 of setpoints
	Time      Time    // of types that have one
}

// ParseCommand decodes the element of a command type. A bitstring has neither
// select nor qualifier.
func ParseCommand(t Type, data []byte) (Command, bool) {
	base, timed := t.Timed()
	r := octet.NewReader(data)
	c := Command{}
	switch base {
	case SingleCommand, DoubleCommand, StepCommand:
		b := r.U8()
		mask := byte(3)
		if base == SingleCommand {
			mask = 1
		}
		c = Command{Value: float64(b & mask), Select: b&0x80 != 0, Qualifier: b >> 2 & 0x1F}
	case SetNormalized:
		c.Value = float64(int16(r.U16LE())) / 32768
	case SetScaled:
		c.Value = float64(int16(r.U16LE()))
	case SetFloat:
		c.Value = float64(r.F32LE())
	case SetBitstring:
		c.Value = float64(r.U32LE())
	default:
		return c, false
	}
	if base >= SetNormalized && base <= SetFloat {
		q := r.U8()
		c.Select, c.Qualifier = q&0x80 != 0, q&0x7F
	}
	if timed {
		copy(c.Time[:], r.Bytes(TimeLen))
	}
	return c, r.Done() == nil
}
