package enip

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/sundew-ics/sundew/internal/process"
)

// A dataType is an elementary type or a structure.
type dataType struct {
	name     string
	code     uint16 // on the wire (volume 1, C-6.1); of a structure its template's id
	size     int    // octets
	align    int
	template *template // nil: elementary
}

// maxText is how many octets a STRING holds.
const maxText = 82

// structureCode stands before a structure's handle in tag services.
const structureCode = 0x02a0

// elementary returns an elementary type of Logix.
func elementary(name string) *dataType {
	switch strings.ToUpper(name) {
	case "BOOL":
		return &dataType{"BOOL", 0xc1, 1, 1, nil}
	case "SINT":
		return &dataType{"SINT", 0xc2, 1, 1, nil}
	case "INT":
		return &dataType{"INT", 0xc3, 2, 2, nil}
	case "DINT":
		return &dataType{"DINT", 0xc4, 4, 4, nil}
	case "LINT":
		return &dataType{"LINT", 0xc5, 8, 8, nil}
	case "USINT":
		return &dataType{"USINT", 0xc6, 1, 1, nil}
	case "UINT":
		return &dataType{"UINT", 0xc7, 2, 2, nil}
	case "UDINT":
		return &dataType{"UDINT", 0xc8, 4, 4, nil}
	case "REAL":
		return &dataType{"REAL", 0xca, 4, 4, nil}
	case "LREAL":
		return &dataType{"LREAL", 0xcb, 8, 8, nil}
	case "DWORD": // what an array of BOOL is on the wire
		return &dataType{"DWORD", 0xd3, 4, 4, nil}
	}
	return nil
}

// whole says whether t holds whole numbers, whose bits have addresses.
func (t *dataType) whole() bool {
	return t.template == nil && t.code != 0xca && t.code != 0xcb
}

// text says whether t is a string: LEN and DATA.
func (t *dataType) text() bool { return t.template != nil && t.template.text }

// limits returns the least and greatest number of an elementary type.
func (t *dataType) limits() (lo, hi float64) {
	switch t.code {
	case 0xc1:
		return 0, 1
	case 0xc2:
		return math.MinInt8, math.MaxInt8
	case 0xc3:
		return math.MinInt16, math.MaxInt16
	case 0xc4:
		return math.MinInt32, math.MaxInt32
	case 0xc5:
		return math.MinInt64, math.MaxInt64
	case 0xc6:
		return 0, math.MaxUint8
	case 0xc7:
		return 0, math.MaxUint16
	case 0xc8, 0xd3:
		return 0, math.MaxUint32
	}
	return -math.MaxFloat32, math.MaxFloat32
}

// put writes a value into p, which has the type's size.
func (t *dataType) put(p []byte, v process.Value) {
	switch {
	case t.text():
		text := v.Text()
		text = text[:min(len(text), maxText)]
		clear(p)
		binary.LittleEndian.PutUint32(p, uint32(len(text)))
		copy(p[4:], text)
	case t.code == 0xca:
		binary.LittleEndian.PutUint32(p, math.Float32bits(float32(v.Float())))
	case t.code == 0xcb:
		binary.LittleEndian.PutUint64(p, math.Float64bits(v.Float()))
	default:
		lo, hi := t.limits()
		n := process.FloatValue(min(max(math.Round(v.Float()), lo), hi)).Int()
		var raw [8]byte
		binary.LittleEndian.PutUint64(raw[:], uint64(n))
		copy(p, raw[:t.size])
	}
}

// value reads what put writes.
func (t *dataType) value(p []byte) process.Value {
	if t.text() {
		n := min(int(int32(binary.LittleEndian.Uint32(p))), maxText)
		return process.TextValue(string(p[4 : 4+max(n, 0)]))
	}
	var raw [8]byte
	copy(raw[:], p[:t.size])
	n := binary.LittleEndian.Uint64(raw[:])
	switch t.code {
	case 0xc1:
		return process.BoolValue(n&0xff != 0)
	case 0xc2:
		return process.IntValue(int64(int8(n)))
	case 0xc3:
		return process.IntValue(int64(int16(n)))
	case 0xc4:
		return process.IntValue(int64(int32(n)))
	case 0xca:
		return process.FloatValue(float64(math.Float32frombits(uint32(n))))
	case 0xcb:
		return process.FloatValue(math.Float64frombits(n))
	}
	return process.IntValue(int64(n))
}

// show writes the octets of a value for the record.
func (t *dataType) show(p []byte) string {
	if len(p) < t.size {
		return hexText(p)
	}
	if t.template != nil && !t.text() {
		return hexText(p[:t.size])
	}
	return t.value(p).Text()
}
