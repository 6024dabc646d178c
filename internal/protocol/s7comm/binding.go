package s7comm

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/process"
)

// A binding is a tag's place in a region.
type binding struct {
	ref   process.Ref
	name  string
	at    int // first octet
	bit   int // of a bool
	size  int // octets
	as    string
	scale float64
}

// newBinding resolves a setting.
func newBinding(s bindingSetting, p *process.Process) (binding, error) {
	ref, ok := p.Ref(s.Tag)
	if !ok {
		return binding{}, fmt.Errorf("no tag %q", s.Tag)
	}
	b := binding{ref: ref, name: s.Tag, as: s.As, scale: s.Scale}
	if b.as == "" {
		b.as = defaultAs(p.Tag(ref).Type)
	}
	if b.scale == 0 {
		b.scale = 1
	}
	if b.size = asSize(b.as); b.size == 0 {
		return binding{}, fmt.Errorf("tag %s as %q: use bool, byte, int, word, dint, dword or real", s.Tag, b.as)
	}
	octet, bit, dotted := strings.Cut(s.At, ".")
	n, err := strconv.ParseUint(octet, 10, 16)
	if err != nil {
		return binding{}, fmt.Errorf("at = %q: give an octet, or an octet and a bit", s.At)
	}
	b.at = int(n)
	if dotted {
		n, err := strconv.ParseUint(bit, 10, 3)
		if err != nil || n != 0 && b.as != "bool" {
			return binding{}, fmt.Errorf("at = %q: only a bool has a bit, from 0 to 7", s.At)
		}
		b.bit = int(n)
	}
	return b, nil
}

// defaultAs returns how a tag of that type is held by a CPU.
func defaultAs(t process.Type) string {
	switch t {
	case process.Bool:
		return "bool"
	case process.Int16:
		return "int"
	case process.Uint16:
		return "word"
	case process.Int32:
		return "dint"
	case process.Uint32:
		return "dword"
	case process.Float32:
		return "real"
	}
	return ""
}

// asSize returns the octets of a type; 0 for an unknown one.
func asSize(as string) int {
	switch as {
	case "bool", "byte":
		return 1
	case "int", "word":
		return 2
	case "dint", "dword", "real":
		return 4
	}
	return 0
}

// overlaps says whether a part has any of b's octets, or b's bit.
func (b binding) overlaps(s span) bool {
	if s.at+s.n <= b.at || b.at+b.size <= s.at {
		return false
	}
	return s.bit < 0 || b.as != "bool" || s.bit == b.bit
}

// show puts the tag's value into octets that begin at from; parts of it that
// lie outside are left out.
func (b binding) show(octets []byte, from int, view process.View) {
	var raw [4]byte
	value := view.Float(b.ref) * b.scale
	switch b.as {
	case "bool":
		if i := b.at - from; i >= 0 && i < len(octets) {
			octets[i] &^= 1 << b.bit
			if view.Bool(b.ref) {
				octets[i] |= 1 << b.bit
			}
		}
		return
	case "byte":
		raw[0] = uint8(clamp(value, 0, math.MaxUint8))
	case "int":
		binary.BigEndian.PutUint16(raw[:], uint16(int16(clamp(value, math.MinInt16, math.MaxInt16))))
	case "word":
		binary.BigEndian.PutUint16(raw[:], uint16(clamp(value, 0, math.MaxUint16)))
	case "dint":
		binary.BigEndian.PutUint32(raw[:], uint32(int32(clamp(value, math.MinInt32, math.MaxInt32))))
	case "dword":
		binary.BigEndian.PutUint32(raw[:], uint32(clamp(value, 0, math.MaxUint32)))
	case "real":
		binary.BigEndian.PutUint32(raw[:], math.Float32bits(float32(value)))
	}
	for k := range b.size {
		if i := b.at + k - from; i >= 0 && i < len(octets) {
			octets[i] = raw[k]
		}
	}
}

// value reads the tag's value from a whole region.
func (b binding) value(octets []byte) process.Value {
	p := octets[b.at:]
	var v float64
	switch b.as {
	case "bool":
		return process.BoolValue(p[0]>>b.bit&1 != 0)
	case "byte":
		v = float64(p[0])
	case "int":
		v = float64(int16(binary.BigEndian.Uint16(p)))
	case "word":
		v = float64(binary.BigEndian.Uint16(p))
	case "dint":
		v = float64(int32(binary.BigEndian.Uint32(p)))
	case "dword":
		v = float64(binary.BigEndian.Uint32(p))
	case "real":
		v = float64(math.Float32frombits(binary.BigEndian.Uint32(p)))
	}
	return process.FloatValue(v / b.scale)
}

// clamp rounds v into a range; NaN is 0.
func clamp(v, lo, hi float64) int64 {
	if v != v {
		return 0
	}
	return int64(math.Round(min(max(v, lo), hi)))
}
