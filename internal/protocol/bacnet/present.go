package bacnet

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// valueProperty returns a property of an input, output or value.
func (c *controller) valueProperty(o *object, id uint32, m *moment) property {
	switch id {
	case propPresentValue:
		return one(c.present(o, m))
	case propPriorityArray:
		return many(array, c.slots(o, m)...)
	case propRelinquishDefault:
		return one(c.value(o, o.set.Default))
	case propUnits:
		return one(wire.EnumValue(o.units))
	case propCOVIncrement:
		return real(o.set.COV)
	case propMinValue:
		return real(o.set.Range[0])
	case propMaxValue:
		return real(o.set.Range[1])
	case propPolarity:
		if o.set.Reverse {
			return one(wire.EnumValue(1))
		}
		return one(wire.EnumValue(0))
	case propInactiveText, propActiveText:
		texts := o.set.Texts
		if len(texts) != 2 {
			texts = []string{"Off", "On"}
		}
		if id == propInactiveText {
			return one(c.text(texts[0]))
		}
		return one(c.text(texts[1]))
	case propStateCount:
		return number(len(o.set.Texts))
	case propStateText:
		p := property{shape: array}
		for _, s := range o.set.Texts {
			p.elems = append(p.elems, c.text(s).Append(nil))
		}
		return p
	case propDeviceType:
		return one(c.text(o.set.DeviceType))
	}
	return c.alarmProperty(o, id, m)
}

// present returns an object's present-value.
func (c *controller) present(o *object, m *moment) wire.Value {
	if c.outOfService(o) || o.tag < 0 && !o.commandable() {
		if b, ok := c.kept.value(o.id, propPresentValue); ok {
			if v, err := wire.ParseValue(b); err == nil {
				return v
			}
		}
	}
	switch o.id.Type() {
	case typeSchedule:
		return o.scheduled(m.local)
	case typeCalendar:
		return wire.BoolValue(slices.ContainsFunc(o.dates, func(d wire.Value) bool { return d.Num == wire.DateValue(m.local).Num }))
	case typeLoop:
		return wire.RealValue(c.present(c.byID[o.refs[1]], m).Float())
	}
	if o.commandable() {
		return c.commanded(o, m)
	}
	return c.plant(o, m)
}

// plant returns the value of the object's tag in the type of its present-value.
func (c *controller) plant(o *object, m *moment) wire.Value {
	if o.tag < 0 {
		return c.value(o, o.set.Default)
	}
	v := m.view.Value(o.tag)
	if o.kind() == states && c.device.Process.Tag(o.tag).Type == process.Text {
		return wire.UnsignedValue(uint64(max(1, 1+slices.Index(o.set.Texts, v.Text()))))
	}
	if o.kind() == states && c.device.Process.Tag(o.tag).Type == process.Bool {
		return wire.UnsignedValue(uint64(1 + v.Int()))
	}
	return c.value(o, v.Float())
}

// value returns a number in the type of the object's present-value.
func (c *controller) value(o *object, x float64) wire.Value {
	switch o.kind() {
	case binary:
		if x != 0 {
			return wire.EnumValue(1)
		}
		return wire.EnumValue(0)
	case states:
		return wire.UnsignedValue(uint64(min(max(1, x), float64(len(o.set.Texts)))))
	}
	return wire.RealValue(x)
}

// tagValue is the way back: what the tag becomes for a present-value.
func (c *controller) tagValue(o *object, v wire.Value) process.Value {
	if o.kind() == states {
		switch c.device.Process.Tag(o.tag).Type {
		case process.Text:
			return process.TextValue(o.set.Texts[v.Num-1])
		case process.Bool:
			return process.BoolValue(v.Num > 1)
		}
	}
	return process.FloatValue(v.Float())
}
