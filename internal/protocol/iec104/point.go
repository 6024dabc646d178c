package iec104

import (
	"errors"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// address is an information object: common address and object address.
type address struct {
	common uint16
	object uint32
}

// String writes the address as "common/object".
func (a address) String() string { return fmt.Sprintf("%d/%d", a.common, a.object) }

// point is a monitored information object.
type point struct {
	address
	index    int // its place in server.points
	kind     wire.Type
	timed    wire.Type // of spontaneous reports
	tag      process.Ref
	scale    float64
	offset   float64
	invert   bool
	groups   uint32 // bit n: group n
	silent   bool
	cyclic   time.Duration
	back     time.Duration
	deadband float64 // as configured; server.deadband has the present one
	param    uint32  // address of the parameter; 0: none
}

// value returns what the point has when its tag has x.
func (p *point) value(x process.Value) float64 {
	switch p.kind {
	case wire.SinglePoint:
		if x.Bool() != p.invert {
			return 1
		}
		return 0
	case wire.DoublePoint:
		return p.double(x)
	}
	return x.Float()*p.scale + p.offset
}

// double returns 1 for off and 2 for on; of a number, which may be 0 or 3 for a
// switch on its way or at fault, the number.
func (p *point) double(x process.Value) float64 {
	n := x.Float()
	if _, isBool := x.Any().(bool); isBool {
		n++
	}
	if p.invert && (n == 1 || n == 2) {
		n = 3 - n
	}
	return n
}

// steps says whether every change of the point is reported.
func (p *point) steps() bool {
	return p.kind <= wire.Bitstring
}

// pointKind returns the type that a row's `as` names.
func pointKind(as string) (wire.Type, error) {
	switch as {
	case "single":
		return wire.SinglePoint, nil
	case "double":
		return wire.DoublePoint, nil
	case "step":
		return wire.StepPoint, nil
	case "bits":
		return wire.Bitstring, nil
	case "normalized":
		return wire.Normalized, nil
	case "scaled":
		return wire.Scaled, nil
	case "float":
		return wire.Float, nil
	case "counter":
		return wire.Totals, nil
	}
	return 0, fmt.Errorf("as = %q: use single, double, step, bits, normalized, scaled, float or counter", as)
}

// linear returns the scale and offset of a row: a normalized value is a share
// of span.
func linear(kind string, scale, offset, span float64) (float64, float64, error) {
	if scale == 0 {
		scale = 1
	}
	if kind == "normalized" {
		if span == 0 {
			return 0, 0, errors.New("normalized needs span = the value that is 1")
		}
		scale /= span
		offset /= span
	} else if span != 0 {
		return 0, 0, errors.New("span belongs to normalized")
	}
	return scale, offset, nil
}

// point makes one of its row.
func (d *server) point(row pointRow) (*point, error) {
	p := &point{invert: row.Invert, silent: row.Silent, deadband: row.Deadband, cyclic: time.Duration(row.Cyclic), back: time.Duration(row.Background)}
	var err error
	if p.address, err = d.address(row.Station, row.Address); err != nil {
		return nil, err
	}
	if p.kind, err = pointKind(row.As); err != nil {
		return nil, err
	}
	if p.scale, p.offset, err = linear(row.As, row.Scale, row.Offset, row.Span); err != nil {
		return nil, err
	}
	if p.tag, err = d.tag(row.Tag); err != nil {
		return nil, err
	}
	if d.device.Process.Tag(p.tag).Type == process.Text {
		return nil, fmt.Errorf("tag %s is a text; no information object holds it", row.Tag)
	}
	switch row.Time {
	case "", "long":
		p.timed = p.kind.WithTime()
	case "short":
		p.timed = p.kind.WithShortTime()
	case "none":
		p.timed = p.kind
	default:
		return nil, fmt.Errorf("time = %q: use long, short or none", row.Time)
	}
	last := 16
	if p.kind == wire.Totals {
		last = 4
	}
	for _, g := range row.Groups {
		if g < 1 || g > last {
			return nil, fmt.Errorf("groups: %d: use 1 to %d", g, last)
		}
		p.groups |= 1 << g
	}
	if p.deadband < 0 || (p.cyclic != 0 && p.cyclic < time.Second) || (p.back != 0 && p.back < time.Second) {
		return nil, errors.New("deadband is not below 0, cyclic and background are at least 1s")
	}
	if row.Parameter == 0 {
		return p, nil
	}
	if p.kind < wire.Normalized || p.kind > wire.Float {
		return nil, errors.New("parameter is the address of a measured value's deadband")
	}
	at, err := d.address(row.Station, row.Parameter)
	p.param = at.object
	return p, err
}
