package bacnet

import (
	"fmt"
	"math"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// A refusal is the class and code of an Error, 18.1.
type refusal struct{ class, code uint32 }

func propertyError(code uint32) *refusal { return &refusal{classProperty, code} }

func (e *refusal) text() string {
	return wire.ErrorClassName(e.class) + "/" + wire.ErrorCodeName(e.code)
}

func (e *refusal) append(b []byte) []byte {
	return wire.EnumValue(e.code).Append(wire.EnumValue(e.class).Append(b))
}

// writeProperty serves a WriteProperty, 15.9.
func (q *request) writeProperty(body []byte) {
	w, err := wire.ParseWriteProperty(body)
	if err != nil {
		q.reject(err)
		return
	}
	q.act.Target = propertyTarget(w.PropertyRef)
	q.note.Priority = w.Priority
	if w.Indexed {
		q.note.Index = &w.Index
	}
	if e := q.write(w); e != nil {
		q.fail(e)
		return
	}
	q.simple()
}

// writePropertyMultiple serves a WritePropertyMultiple: in order, up to the first
// that fails, 15.10.2.
func (q *request) writePropertyMultiple(body []byte) {
	list, err := wire.ParseWritePropertyMultiple(body)
	if err != nil {
		q.reject(err)
		return
	}
	for i, w := range list {
		if i == 0 {
			q.act.Target = propertyTarget(w.PropertyRef)
		}
		if i < maxListed {
			q.note.Properties = append(q.note.Properties, propertyTarget(w.PropertyRef).Ref)
		}
		e := q.write(w)
		if e == nil {
			continue
		}
		b := wire.AppendClose(e.append(wire.AppendOpen(nil, 0)), 0)
		b = wire.AppendContext(wire.AppendOpen(b, 1), 0, wire.ObjectValue(w.Object))
		b = wire.AppendContext(b, 1, wire.UnsignedValue(uint64(w.Property)))
		if w.Indexed {
			b = wire.AppendContext(b, 2, wire.UnsignedValue(uint64(w.Index)))
		}
		q.failWith(e, wire.AppendClose(b, 1))
		return
	}
	q.simple()
}

// write carries out one write and puts it into the act, done or not.
func (q *request) write(w wire.PropertyWrite) *refusal {
	o := q.find(w.Object)
	was := ""
	tag := ""
	m := q.moment()
	if o != nil {
		if p, ok := q.read(o, w.Property, m); ok && len(p.octets()) < 256 {
			was = valueText(p.octets())
		}
		if w.Property == propPresentValue && o.tag >= 0 {
			tag = q.device.Process.Tag(o.tag).Name
		}
	}
	if len(q.act.Values) < maxListed {
		q.act.Values = append(q.act.Values, valueText(w.Value))
		q.act.Previous = append(q.act.Previous, was)
		if tag != "" || q.act.Tags != nil {
			for len(q.act.Tags) < len(q.act.Values)-1 {
				q.act.Tags = append(q.act.Tags, "")
			}
			q.act.Tags = append(q.act.Tags, tag)
		}
	}
	if o == nil {
		return &refusal{classObject, codeUnknownObject}
	}
	return q.assign(o, w, m)
}

// assign checks what is written and puts it where it belongs.
func (q *request) assign(o *object, w wire.PropertyWrite, m *moment) *refusal {
	p, ok := q.read(o, w.Property, m)
	if !ok {
		return propertyError(codeUnknownProperty)
	}
	if w.Indexed && p.shape != array {
		return propertyError(codeNotArray)
	}
	kind, ok := q.writable(o, w.Property)
	if !ok || w.Indexed {
		return propertyError(codeWriteAccessDenied)
	}
	if kind == anything {
		if _, bad := sound(w.Value); bad {
			return propertyError(codeInvalidDataType)
		}
		return q.keep(o, w.Property, w.Value)
	}
	v, err := wire.ParseValue(w.Value)
	if err != nil {
		return propertyError(codeInvalidDataType)
	}
	if w.Property == propPresentValue && o.kind() != none {
		return q.writePresent(o, v, int(w.Priority))
	}
	if v.Type != kind {
		return propertyError(codeInvalidDataType)
	}
	if e := q.suits(o, w.Property, v); e != nil {
		return e
	}
	if w.Property == propRecordCount {
		return o.log.purge(v.Num)
	}
	if o.id.Type() == typeLoop && w.Property == propSetpoint && o.tag >= 0 {
		return q.plantWrite(o, v)
	}
	return q.keep(o, w.Property, w.Value)
}

// suits checks a value of the right type.
func (q *request) suits(o *object, property uint32, v wire.Value) *refusal {
	switch {
	case v.Type == wire.CharacterString:
		name, known := v.Chars()
		if !known {
			return propertyError(codeCharset)
		}
		if other := q.named(name); property == propName && (name == "" || other != nil && other != o) {
			return propertyError(codeDuplicateName)
		}
	case v.Type == wire.Real && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) || property == propCOVIncrement && v.Float() < 0):
		return propertyError(codeValueOutOfRange)
	}
	return nil
}

func (q *request) keep(o *object, property uint32, v []byte) *refusal {
	if q.kept.put(o.id, property, v) != nil {
		return &refusal{classResources, codeNoSpace}
	}
	if property == propOutOfService { // back in service, the object shows the plant again
		m := q.moment()
		if q.outOfService(o) {
			v = q.present(o, m).Append(nil)
		} else {
			v = nil
		}
		if (o.input() || o.tag >= 0) && q.kept.put(o.id, propPresentValue, v) != nil {
			return &refusal{classResources, codeNoSpace}
		}
	}
	return nil
}

// writePresent writes a present-value.
func (q *request) writePresent(o *object, v wire.Value, priority int) *refusal {
	if v.Type == wire.Null && o.commandable() && !q.outOfService(o) {
		return q.command(o, v, priority)
	}
	if want := q.value(o, 0).Type; v.Type != want {
		return propertyError(codeInvalidDataType)
	}
	if !o.holds(v) {
		return propertyError(codeValueOutOfRange)
	}
	switch {
	case q.outOfService(o):
		return q.keep(o, propPresentValue, v.Append(nil))
	case o.commandable():
		return q.command(o, v, priority)
	case o.tag >= 0:
		return q.plantWrite(o, v)
	}
	return q.keep(o, propPresentValue, v.Append(nil))
}

// holds says whether a present-value is in the object's range.
func (o *object) holds(v wire.Value) bool {
	x := v.Float()
	switch o.kind() {
	case binary:
		return v.Num <= 1
	case states:
		return v.Num >= 1 && v.Num <= uint64(len(o.set.Texts))
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return false
	}
	return len(o.set.Range) != 2 || x >= o.set.Range[0] && x <= o.set.Range[1]
}

// anything marks a property that takes a constructed value, kept as it is.
const anything = 255

// writable returns the type that a property takes; false where it is read-only.
func (c *controller) writable(o *object, property uint32) (kind uint8, ok bool) {
	switch property {
	case propName, propDescription, propLocation:
		return wire.CharacterString, true
	case propOutOfService:
		return wire.Boolean, o.kind() != none
	case propCOVIncrement, propHighLimit, propLowLimit, propDeadband, propSetpoint, propProportional, propIntegral:
		return wire.Real, true
	case propPresentValue:
		return wire.Null, o.commandable() || o.set.Writable || o.input() && c.outOfService(o)
	case propRelinquishDefault:
		return c.value(o, 0).Type, true
	case propEventEnable, propLimitEnable, propAckRequired:
		return wire.BitString, true
	case propTimeDelay, propNotificationClass:
		return wire.Unsigned, o.id.Type() != typeNotificationClass
	case propAPDUTimeout, propSegmentTimeout, propRetries:
		return wire.Unsigned, true
	case propUTCOffset:
		return wire.Signed, true
	case propArchive:
		return wire.Boolean, true
	case propRecordCount:
		return wire.Unsigned, true
	case propProgramChange:
		return wire.Enumerated, true
	case propRecipientList, propWeeklySchedule, propExceptionSchedule, propDateList, propScheduleDefault, propEffectivePeriod, propReferences:
		return anything, true
	}
	return 0, false
}

// sound says how many values tagged octets hold, and whether they cannot be read.
func sound(b []byte) (values int, bad bool) {
	elems := elements(b)
	if len(elems) != 1 || len(b) == 0 {
		return len(elems), false
	}
	r := wire.NewReader(b)
	if t, _ := r.Peek(); t.Open {
		r.Enclosed(t.Number)
	} else if t.Context {
		r.Context(t.Number, wire.OctetString)
	} else {
		r.Value()
	}
	return 1, r.Done() != nil
}

// valueText writes tagged octets out for people: a primitive value as itself,
// anything else in hexadecimal.
func valueText(b []byte) string {
	if v, err := wire.ParseValue(b); err == nil {
		return v.Text()
	}
	return fmt.Sprintf("%x", b)
}

// refused marks the act of a request that failed.
func (q *request) refused(note *string, text string) {
	q.act.Outcome = event.Refused
	*note = text
}
