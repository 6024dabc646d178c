package bacnet

import (
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// alarmProperty returns a property of intrinsic reporting, 13.3.
func (c *controller) alarmProperty(o *object, id uint32, m *moment) property {
	state := c.eventState(o, m)
	switch id {
	case propTimeDelay:
		return number(0)
	case propNotificationClass:
		return number(int(o.set.Class))
	case propEventEnable:
		return flags(true, true, true)
	case propAckedTransitions:
		return flags(state == 0 || c.kept.acked(o.id), true, true)
	case propNotifyType:
		return one(wire.EnumValue(0)) // alarm
	case propEventTimeStamps:
		return property{array, [][]byte{c.since(o, m, state != 0), timeStamp(time.Time{}), c.since(o, m, state == 0)}}
	case propHighLimit:
		return real(o.set.Limits[1])
	case propLowLimit:
		return real(o.set.Limits[0])
	case propDeadband:
		return real(0)
	case propLimitEnable:
		return flags(true, true)
	case propAlarmValue:
		if *o.set.Alarm {
			return one(wire.EnumValue(1))
		}
		return one(wire.EnumValue(0))
	}
	return property{shape: list}
}

// since is the time of the last change, if it led into the state asked for.
func (c *controller) since(o *object, m *moment, in bool) []byte {
	if !in || o.tag < 0 {
		return timeStamp(time.Time{})
	}
	return timeStamp(c.device.Clock.At(m.view.Since(o.tag)).In(c.zone))
}

// timeStamp encodes a BACnetTimeStamp as date and time; the zero time is unspecified.
func timeStamp(t time.Time) []byte {
	return wire.AppendClose(appendDateTime(wire.AppendOpen(nil, 2), t), 2)
}

func appendDateTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		b = wire.Value{Type: wire.Date, Num: 0xFFFFFFFF}.Append(b)
		return wire.Value{Type: wire.Time, Num: 0xFFFFFFFF}.Append(b)
	}
	return wire.TimeValue(t).Append(wire.DateValue(t).Append(b))
}

// timeProperty returns a property of a schedule, calendar, notification class or
// program, 12.24, 12.9, 12.21, 12.22.
func (c *controller) timeProperty(o *object, id uint32, m *moment) property {
	switch id {
	case propPresentValue:
		return one(c.present(o, m))
	case propDateList:
		p := property{shape: list}
		for _, d := range o.dates {
			p.elems = append(p.elems, wire.AppendContext(nil, 0, d))
		}
		return p
	case propEffectivePeriod:
		always := wire.Value{Type: wire.Date, Num: 0xFFFFFFFF}
		return raw(always.Append(always.Append(nil)))
	case propScheduleDefault:
		return one(o.scheduleValue(o.set.Default))
	case propReferences:
		p := property{shape: list}
		for _, r := range o.refs {
			p.elems = append(p.elems, reference(r))
		}
		return p
	case propPriorityForWriting:
		return number(15)
	case propWeeklySchedule:
		return o.weekly()
	case propExceptionSchedule:
		return property{shape: array}
	case propNotificationClass:
		return number(int(o.id.Instance()))
	case propPriority:
		p := property{shape: array}
		for _, n := range o.set.Priorities {
			p.elems = append(p.elems, wire.UnsignedValue(uint64(n)).Append(nil))
		}
		return p
	case propAckRequired:
		return flags(true, false, false)
	case propProgramState:
		return one(wire.EnumValue(2)) // running
	case propProgramChange:
		return one(wire.EnumValue(0)) // ready
	}
	return property{shape: list}
}

// reference encodes the present-value of an object as a
// BACnet(Device)ObjectPropertyReference.
func reference(id wire.ObjectID) []byte {
	b := wire.AppendContext(nil, 0, wire.ObjectValue(id))
	return wire.AppendContext(b, 1, wire.UnsignedValue(propPresentValue))
}

// weekly encodes a schedule's seven days, each a list of times and values.
func (o *object) weekly() property {
	p := property{shape: array}
	for _, day := range o.week {
		b := wire.AppendOpen(nil, 0)
		for _, step := range day {
			b = wire.TimeValue(time.Time{}.Add(step.at)).Append(b)
			b = o.scheduleValue(step.value).Append(b)
		}
		p.elems = append(p.elems, wire.AppendClose(b, 0))
	}
	return p
}

func (o *object) scheduleValue(x float64) wire.Value {
	switch o.set.Kind {
	case "real":
		return wire.RealValue(x)
	case "state":
		return wire.UnsignedValue(uint64(x))
	}
	return wire.EnumValue(uint32(x))
}

// scheduled returns what the weekly schedule says now: the day's last step, else
// the default, 12.24.4.
func (o *object) scheduled(now time.Time) wire.Value {
	value := o.set.Default
	since := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	for _, step := range o.week[(now.Weekday()+6)%7] {
		if step.at <= since {
			value = step.value
		}
	}
	return o.scheduleValue(value)
}

// loopProperty returns a property of a loop, 12.17.
func (c *controller) loopProperty(o *object, id uint32, m *moment) property {
	controlled, manipulated := c.byID[o.refs[0]], c.byID[o.refs[1]]
	switch id {
	case propPresentValue:
		return one(c.present(o, m))
	case propOutputUnits:
		return one(wire.EnumValue(manipulated.units))
	case propManipulatedReference:
		return raw(reference(manipulated.id))
	case propControlledReference:
		return raw(reference(controlled.id))
	case propControlledValue:
		return real(c.present(controlled, m).Float())
	case propControlledUnits:
		return one(wire.EnumValue(controlled.units))
	case propSetpoint:
		if o.tag >= 0 {
			return real(m.view.Float(o.tag))
		}
		return real(o.set.Setpoint)
	case propPriorityForWriting:
		return number(15)
	case propProportional:
		return real(o.set.Gains[0])
	case propIntegral:
		return real(o.set.Gains[1])
	}
	return property{} // the setpoint is in the loop itself: no reference
}

// fileProperty returns a property of a file, 12.13.
func (c *controller) fileProperty(o *object, id uint32, _ *moment) property {
	size, changed := o.file.stat()
	switch id {
	case propFileType:
		return one(c.text(o.set.FileType))
	case propFileSize:
		return number(size)
	case propModificationDate:
		if changed.IsZero() {
			changed = c.device.Identity.Boot
		}
		return raw(appendDateTime(nil, changed.In(c.zone)))
	case propArchive, propReadOnly:
		return one(wire.BoolValue(id == propReadOnly && !o.set.Writable))
	}
	return one(wire.EnumValue(1)) // stream access
}

// subscriptions lists this visitor's subscriptions, 21 BACnetCOVSubscription.
func (f *flow) subscriptions() property {
	p := property{shape: list}
	if f == nil {
		return p
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	mac := wire.AppendAddress(nil, f.s.Remote())
	for _, s := range f.subs {
		b := wire.AppendOpen(wire.AppendOpen(wire.AppendOpen(nil, 0), 0), 1)
		b = wire.OctetsValue(mac).Append(wire.UnsignedValue(0).Append(b))
		b = wire.AppendClose(wire.AppendClose(b, 1), 0)
		b = wire.AppendClose(wire.AppendContext(b, 1, wire.UnsignedValue(uint64(s.process))), 0)
		b = wire.AppendContext(wire.AppendOpen(b, 1), 0, wire.ObjectValue(s.object.id))
		b = wire.AppendClose(wire.AppendContext(b, 1, wire.UnsignedValue(uint64(s.property))), 1)
		b = wire.AppendContext(b, 2, wire.BoolValue(s.confirmed))
		b = wire.AppendContext(b, 3, wire.UnsignedValue(s.left(time.Now())))
		p.elems = append(p.elems, b)
	}
	return p
}
