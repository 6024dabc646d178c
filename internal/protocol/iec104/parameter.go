package iec104

import (
	"math"

	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// threshold is KPA 1 of QPM, the kind of parameter of a measured value (101
// §7.2.6.24): its deadband.
const threshold = 1

// cyclicParameter is QPA 3 (101 §7.2.6.25): cyclic transmission of an object.
const cyclicParameter = 3

// paramType returns the parameter's type for a point's.
func (p *point) paramType() wire.Type { return wire.ParamNormalized + (p.kind-wire.Normalized)/2 }

// parameter is the ASDU of a point's deadband.
func (d *server) parameter(p *point, cause wire.Cause) []byte {
	d.mu.Lock()
	r := wire.Reading{Value: d.bands[p.index], Quality: threshold}
	d.mu.Unlock()
	a := wire.ASDU{Type: p.paramType(), Number: 1, Cause: cause, Common: p.common}
	a.Objects = []wire.Object{{Address: p.param, Data: r.Append(nil, p.kind)}}
	return a.Append(nil)
}

// loadParameter answers types 110 to 112: a new deadband.
func (c *call) loadParameter() []outgoing {
	p := c.params[address{c.asdu.Common, c.asdu.Objects[0].Address}]
	if p == nil {
		return c.refuse(wire.UnknownObject, "object")
	}
	r, _ := wire.ParseReading(p.kind, c.asdu.Objects[0].Data)
	switch {
	case c.asdu.Type != p.paramType():
		return c.deny("other_type")
	case r.Quality&0x3F != threshold:
		return c.deny("qualifier")
	case !(r.Value >= 0) || math.IsInf(r.Value, 0):
		return c.deny("value")
	}
	c.server.mu.Lock()
	previous := wire.Reading{Value: c.bands[p.index]}
	if !c.asdu.Test {
		c.bands[p.index] = r.Value
	}
	c.server.mu.Unlock()
	c.act.Values, c.act.Previous = []string{text(r.Value)}, []string{text(previous.Value)}
	c.keep(c.s)
	return c.confirm()
}

// activateParameter answers type 113: cyclic transmission of an object on and
// off, or what was loaded before, which takes effect at once here.
func (c *call) activateParameter() []outgoing {
	on := c.asdu.Cause == wire.Activation
	o := c.asdu.Objects[0]
	at := address{c.asdu.Common, o.Address}
	switch o.Data[0] {
	case 1: // all loaded parameters; deactivation is not defined for it
		if o.Address != 0 {
			return c.refuse(wire.UnknownObject, "object")
		}
	case 2:
		if c.params[at] == nil {
			return c.refuse(wire.UnknownObject, "object")
		}
	case cyclicParameter:
		p := c.objects[at]
		if p == nil || p.cyclic == 0 {
			return c.refuse(wire.UnknownObject, "object")
		}
		c.server.mu.Lock()
		c.noCycle[p.index] = !on
		c.server.mu.Unlock()
		return c.confirm()
	default:
		return c.deny("qualifier")
	}
	if !on {
		return c.deny("qualifier")
	}
	return c.confirm()
}
