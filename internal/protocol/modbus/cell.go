package modbus

import (
	"errors"
	"fmt"
	"math"

	"github.com/sundew-ics/sundew/internal/process"
)

// An encoding says how registers hold a value.
type encoding uint8

const (
	asBit encoding = iota // a coil or discrete input
	asInt16
	asUint16
	asInt32
	asUint32
	asFloat32
	asBits // sixteen bools, least significant first
)

// words returns how many addresses a value takes.
func (e encoding) words() int {
	switch e {
	case asInt32, asUint32, asFloat32:
		return 2
	}
	return 1
}

// limits returns the least and greatest whole number of the encoding.
func (e encoding) limits() (lo, hi float64) {
	switch e {
	case asInt16:
		return math.MinInt16, math.MaxInt16
	case asInt32:
		return math.MinInt32, math.MaxInt32
	case asUint32:
		return 0, math.MaxUint32
	}
	return 0, math.MaxUint16
}

// A cell is a tag's place in an area, or that of sixteen bools.
type cell struct {
	at            int
	n             int // addresses
	as            encoding
	little        bool // the low word first
	ref           process.Ref
	bits          []process.Ref // of asBits; process.None for an unused bit
	scale, offset float64
	writable      bool
	first, last   int // its tags are area.tags[first:last]
}

// newCell makes the cell of pt and names its tags.
func newCell(k areaKind, p *process.Process, pt point, c *settings) (cell, []string, error) {
	cl := cell{at: pt.At, n: 1, scale: pt.Scale, offset: pt.Offset, ref: process.None}
	if cl.scale == 0 {
		cl.scale = 1
	}
	if pt.Bits != nil {
		names, err := cl.setBits(k, p, pt)
		return cl, names, err
	}
	ref, ok := p.Ref(pt.Tag)
	if !ok {
		return cl, nil, fmt.Errorf("the process has no tag %q", pt.Tag)
	}
	tag := p.Tag(ref)
	cl.ref, cl.writable = ref, tag.Writable
	if tag.Type == process.Text {
		return cl, nil, fmt.Errorf("tag %s is a text, which no register holds", pt.Tag)
	}
	if k == coils || k == discrete {
		if pt.As != "" || pt.Scale != 0 || pt.Offset != 0 {
			return cl, nil, errors.New("as, scale and offset are for registers")
		}
		return cl, []string{pt.Tag}, nil
	}
	as, err := parseEncoding(pt.As, tag.Type)
	if err != nil {
		return cl, nil, err
	}
	order := c.Words
	if pt.Words != "" {
		order = pt.Words
	}
	if order != "big" && order != "little" {
		return cl, nil, fmt.Errorf("words = %q: use big or little", order)
	}
	cl.as, cl.n, cl.little = as, as.words(), order == "little"
	return cl, []string{pt.Tag}, nil
}

func (cl *cell) setBits(k areaKind, p *process.Process, pt point) ([]string, error) {
	if k == coils || k == discrete || pt.Tag != "" || len(pt.Bits) > 16 {
		return nil, errors.New("bits are at most sixteen tags of a register, instead of tag")
	}
	cl.as = asBits
	var names []string
	for _, name := range pt.Bits {
		ref := process.None
		if name != "" {
			r, ok := p.Ref(name)
			if !ok || p.Tag(r).Type != process.Bool {
				return nil, fmt.Errorf("the process has no bool %q", name)
			}
			ref = r
			names = append(names, name)
			cl.writable = cl.writable || p.Tag(r).Writable
		}
		cl.bits = append(cl.bits, ref)
	}
	return names, nil
}

// parseEncoding returns the encoding of that name; without one, that of the
// tag's own type.
func parseEncoding(name string, t process.Type) (encoding, error) {
	if name == "" {
		name = t.String()
	}
	switch name {
	case "bool", "uint16":
		return asUint16, nil
	case "int16":
		return asInt16, nil
	case "int32":
		return asInt32, nil
	case "uint32":
		return asUint32, nil
	case "float32":
		return asFloat32, nil
	}
	return 0, fmt.Errorf("as = %q: use int16, uint16, int32, uint32 or float32", name)
}

// load returns the cell's words in v, in the order of their addresses.
func (cl *cell) load(v process.View) [2]uint16 {
	var raw uint32
	switch cl.as {
	case asBit:
		if v.Bool(cl.ref) {
			raw = 1
		}
	case asBits:
		for i, ref := range cl.bits {
			if ref != process.None && v.Bool(ref) {
				raw |= 1 << i
			}
		}
	case asFloat32:
		raw = math.Float32bits(float32(v.Float(cl.ref)*cl.scale + cl.offset))
	default:
		lo, hi := cl.as.limits()
		x := math.Round(v.Float(cl.ref)*cl.scale + cl.offset)
		raw = uint32(int64(min(max(x, lo), hi)))
	}
	if cl.n == 1 {
		return [2]uint16{uint16(raw)}
	}
	if cl.little {
		return [2]uint16{uint16(raw), uint16(raw >> 16)}
	}
	return [2]uint16{uint16(raw >> 16), uint16(raw)}
}

// store appends what the process is to be written for the cell to hold w.
func (cl *cell) store(p *process.Process, w [2]uint16, writes []process.Write) []process.Write {
	raw := uint32(w[0])
	switch {
	case cl.n == 2 && cl.little:
		raw |= uint32(w[1]) << 16
	case cl.n == 2:
		raw = raw<<16 | uint32(w[1])
	}
	switch cl.as {
	case asBit:
		return append(writes, process.Write{Tag: cl.ref, Value: process.BoolValue(raw != 0)})
	case asBits:
		for i, ref := range cl.bits {
			if ref != process.None && p.Tag(ref).Writable {
				writes = append(writes, process.Write{Tag: ref, Value: process.BoolValue(raw>>i&1 != 0)})
			}
		}
		return writes
	}
	var x float64
	switch cl.as {
	case asFloat32:
		x = float64(math.Float32frombits(raw))
	case asInt16:
		x = float64(int16(raw))
	case asInt32:
		x = float64(int32(raw))
	default:
		x = float64(raw)
	}
	if cl.scale != 1 || cl.offset != 0 {
		x = (x - cl.offset) / cl.scale
	}
	return append(writes, process.Write{Tag: cl.ref, Value: process.FloatValue(x)})
}
