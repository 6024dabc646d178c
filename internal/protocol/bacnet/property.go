package bacnet

import (
	"bytes"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// shape tells whether an array index or a range applies to a property.
type shape uint8

const (
	scalar shape = iota
	array
	list
)

// A property is a value as it is read: its elements, each tagged.
type property struct {
	shape shape
	elems [][]byte
}

// octets returns the whole value.
func (p property) octets() []byte { return bytes.Join(p.elems, nil) }

func one(v wire.Value) property { return property{scalar, [][]byte{v.Append(nil)}} }

func raw(b []byte) property { return property{scalar, [][]byte{b}} }

func flags(on ...bool) property { return one(wire.BitsValue(on...)) }

func number(n int) property { return one(wire.UnsignedValue(uint64(n))) }

func real(f float64) property { return one(wire.RealValue(f)) }

func many(s shape, values ...wire.Value) property {
	p := property{shape: s}
	for _, v := range values {
		p.elems = append(p.elems, v.Append(nil))
	}
	return p
}

// A moment is what one request sees: the plant and the device's clock at once.
type moment struct {
	view  process.View
	local time.Time
	flow  *flow // whose subscriptions are listed; nil: none
}

func (f *flow) moment() *moment {
	return &moment{view: f.device.Process.View(), local: f.local(), flow: f}
}

// properties returns which properties an object has, clause 12: those that its
// type requires, then those that this device adds.
func (c *controller) properties(o *object) (required, optional []uint32) {
	required = []uint32{propIdentifier, propName, propType}
	switch o.id.Type() {
	case typeDevice:
		required = append(required, deviceProperties()...)
		optional = []uint32{propLocation, propDescription, propMaxSegments, propSegmentTimeout, propLocalTime, propLocalDate,
			propUTCOffset, propDaylight, propActiveSubscriptions, propLastRestartReason}
		if c.set.Revision >= 16 {
			optional = append(optional, propSerial)
		}
	case typeCalendar:
		required = append(required, propPresentValue, propDateList)
	case typeFile:
		required = append(required, propFileType, propFileSize, propModificationDate, propArchive, propReadOnly, propFileAccess)
	case typeLoop:
		required = append(required, propPresentValue, propStatusFlags, propEventState, propOutOfService, propOutputUnits,
			propManipulatedReference, propControlledReference, propControlledValue, propControlledUnits, propSetpointReference,
			propSetpoint, propPriorityForWriting)
		optional = []uint32{propProportional, propIntegral}
	case typeNotificationClass:
		required = append(required, propNotificationClass, propPriority, propAckRequired, propRecipientList)
	case typeProgram:
		required = append(required, propProgramState, propProgramChange, propStatusFlags, propOutOfService)
	case typeSchedule:
		required = append(required, propPresentValue, propEffectivePeriod, propScheduleDefault, propReferences,
			propPriorityForWriting, propStatusFlags, propReliability, propOutOfService)
		optional = []uint32{propWeeklySchedule, propExceptionSchedule}
	case typeTrendLog:
		required = append(required, propEnable, propStopWhenFull, propBufferSize, propLogBuffer, propRecordCount,
			propTotalRecordCount, propLoggingType, propStatusFlags, propEventState)
		optional = []uint32{propLogReference, propLogInterval}
	default:
		r, p := valueProperties(o)
		required, optional = append(required, r...), p
	}
	if o.id.Type() != typeDevice {
		optional = append(optional, propDescription)
	}
	for p := range o.texts {
		optional = append(optional, p)
	}
	slices.Sort(optional[max(0, len(optional)-len(o.texts)):])
	if c.set.Revision >= 14 {
		required = append(required, propPropertyList)
	}
	return required, optional
}

func deviceProperties() []uint32 {
	return []uint32{propSystemStatus, propVendorName, propVendorIdentifier, propModel, propFirmware, propSoftware,
		propProtocolVersion, propRevision, propServicesSupported, propTypesSupported, propObjectList, propMaxAPDU,
		propSegmentation, propAPDUTimeout, propRetries, propBinding, propDatabaseRevision}
}

// valueProperties are those of inputs, outputs and values, 12.2 to 12.8, 12.18 to 12.20.
func valueProperties(o *object) (required, optional []uint32) {
	required = []uint32{propPresentValue, propStatusFlags, propEventState, propOutOfService}
	optional = []uint32{propReliability}
	switch o.kind() {
	case analog:
		required = append(required, propUnits)
		optional = append(optional, propCOVIncrement)
		if len(o.set.Range) == 2 {
			optional = append(optional, propMinValue, propMaxValue)
		}
	case binary:
		if o.id.Type() != typeBinaryValue {
			required = append(required, propPolarity)
		}
		optional = append(optional, propInactiveText, propActiveText)
	case states:
		required = append(required, propStateCount)
		optional = append(optional, propStateText)
	}
	if o.commandable() {
		required = append(required, propPriorityArray, propRelinquishDefault)
	}
	if o.set.DeviceType != "" {
		optional = append(optional, propDeviceType)
	}
	if o.alarms() {
		optional = append(optional, propTimeDelay, propNotificationClass, propEventEnable, propAckedTransitions, propNotifyType, propEventTimeStamps)
		if o.kind() == analog {
			optional = append(optional, propHighLimit, propLowLimit, propDeadband, propLimitEnable)
		} else {
			optional = append(optional, propAlarmValue)
		}
	}
	return required, optional
}

// has says whether an object has a property.
func (o *object) has(id uint32) bool {
	return slices.Contains(o.required, id) || slices.Contains(o.optional, id)
}

// read returns a property; false where the object has none.
func (c *controller) read(o *object, id uint32, m *moment) (property, bool) {
	if !o.has(id) {
		return property{}, false
	}
	if v, ok := c.kept.value(o.id, id); ok && id != propPresentValue && id != propOutOfService {
		return c.reshape(id, v), true
	}
	if text, ok := o.texts[id]; ok {
		return one(c.text(text)), true
	}
	if p, ok := c.common(o, id, m); ok {
		return p, true
	}
	switch o.id.Type() {
	case typeDevice:
		return c.deviceProperty(id, m), true
	case typeTrendLog:
		return c.logProperty(o, id, m), true
	case typeFile:
		return c.fileProperty(o, id, m), true
	case typeLoop:
		return c.loopProperty(o, id, m), true
	case typeSchedule, typeCalendar, typeNotificationClass, typeProgram:
		return c.timeProperty(o, id, m), true
	}
	return c.valueProperty(o, id, m), true
}

// reshape splits a kept value into elements where the property has several.
func (c *controller) reshape(id uint32, v []byte) property {
	s := scalar
	switch id {
	case propDateList, propRecipientList, propReferences:
		s = list
	case propStateText, propWeeklySchedule, propPriority, propExceptionSchedule:
		s = array
	default:
		return raw(v)
	}
	return property{s, elements(v)}
}

// elements splits tagged octets into values, a constructed one being one value.
func elements(v []byte) [][]byte {
	var elems [][]byte
	r := wire.NewReader(v)
	for r.Len() > 0 {
		from := r.Offset()
		if t, _ := r.Peek(); t.Open {
			r.Enclosed(t.Number)
		} else if t.Context {
			r.Context(t.Number, wire.OctetString)
		} else {
			r.Value()
		}
		if r.Err() != nil {
			return [][]byte{v}
		}
		elems = append(elems, v[from:r.Offset()])
	}
	return elems
}

// common returns what most objects have.
func (c *controller) common(o *object, id uint32, m *moment) (property, bool) {
	switch id {
	case propIdentifier:
		return one(wire.ObjectValue(o.id)), true
	case propName:
		return one(c.text(o.set.Name)), true
	case propType:
		return one(wire.EnumValue(uint32(o.id.Type()))), true
	case propDescription:
		return one(c.text(o.set.Description)), true
	case propOutOfService:
		return one(wire.BoolValue(c.outOfService(o))), true
	case propStatusFlags:
		return flags(c.eventState(o, m) != 0, false, false, c.outOfService(o)), true
	case propEventState:
		return one(wire.EnumValue(c.eventState(o, m))), true
	case propReliability:
		return one(wire.EnumValue(0)), true
	case propPropertyList:
		p := property{shape: array}
		for _, n := range slices.Concat(o.required, o.optional) {
			switch n {
			case propIdentifier, propName, propType, propPropertyList: // 12.1.1.4.1 leaves them out
			default:
				p.elems = append(p.elems, wire.EnumValue(n).Append(nil))
			}
		}
		return p, true
	}
	return property{}, false
}

// outOfService says whether a visitor took the object out of service.
func (c *controller) outOfService(o *object) bool {
	v, ok := c.kept.value(o.id, propOutOfService)
	return ok && bytes.Equal(v, wire.BoolValue(true).Append(nil))
}

// eventState compares present-value with limits or alarm value: 0 normal, 2
// offnormal, 3 high limit, 4 low limit, 21 BACnetEventState.
func (c *controller) eventState(o *object, m *moment) uint32 {
	if !o.alarms() {
		return 0
	}
	v := c.present(o, m).Float()
	switch {
	case o.kind() == binary && (v != 0) == *o.set.Alarm:
		return 2
	case o.kind() == analog && v > c.limit(o, propHighLimit, o.set.Limits[1]):
		return 3
	case o.kind() == analog && v < c.limit(o, propLowLimit, o.set.Limits[0]):
		return 4
	}
	return 0
}

func (c *controller) limit(o *object, id uint32, otherwise float64) float64 {
	if b, ok := c.kept.value(o.id, id); ok {
		if v, err := wire.ParseValue(b); err == nil {
			return v.Float()
		}
	}
	return otherwise
}
