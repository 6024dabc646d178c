package ipmi

import (
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
)

// sensorCommand returns a command of network function Sensor/Event (appendix G).
func sensorCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x01:
		return command{"get_event_receiver", event.Read, user, 0, (*request).eventReceiver}, true
	case 0x02:
		return command{"platform_event_message", event.Write, operator, 7, (*request).platformEvent}, true
	case 0x10:
		return command{"get_pef_capabilities", event.Read, user, 0, (*request).pefCapabilities}, true
	case 0x12:
		return command{"set_pef_configuration_parameters", event.Config, administrator, 1, (*request).noParameter}, true
	case 0x13:
		return command{"get_pef_configuration_parameters", event.Read, operator, 3, (*request).noParameter}, true
	case 0x16:
		return command{"alert_immediate", event.Other, administrator, 3, (*request).alertImmediate}, true
	case 0x23:
		return command{"get_sensor_reading_factors", event.Read, user, 2, (*request).sensorFactors}, true
	case 0x24:
		return command{"set_sensor_hysteresis", event.Config, operator, 4, (*request).setHysteresis}, true
	case 0x25:
		return command{"get_sensor_hysteresis", event.Read, user, 2, (*request).getHysteresis}, true
	case 0x26:
		return command{"set_sensor_thresholds", event.Config, operator, 8, (*request).setThresholds}, true
	case 0x27:
		return command{"get_sensor_thresholds", event.Read, user, 1, (*request).getThresholds}, true
	case 0x29:
		return command{"get_sensor_event_enable", event.Read, user, 1, (*request).eventEnable}, true
	case 0x2B:
		return command{"get_sensor_event_status", event.Read, user, 1, (*request).eventStatus}, true
	case 0x2D:
		return command{"get_sensor_reading", event.Read, user, 1, (*request).reading}, true
	case 0x2F:
		return command{"get_sensor_type", event.Read, user, 1, (*request).sensorType}, true
	}
	return command{}, false
}

// sensor returns the sensor that the request is about, or nil.
func (r *request) sensor() *sensor {
	r.act.Target = event.Target{Kind: event.TargetPoint, Ref: strconv.Itoa(int(r.data[0]))}
	for _, x := range r.sensors {
		if x.Number == r.data[0] {
			r.note.text("sensor", x.Name)
			return x
		}
	}
	return nil
}

// current returns a sensor's thresholds as they are now.
func (b *bmc) current(x *sensor) thresholds {
	if t, ok := b.kept.Thresholds[x.Number]; ok {
		return t
	}
	return x.limits
}

// reading answers with the tag's value (§35.14). What hangs on the host's power
// has none while it is off.
func (r *request) reading() ([]byte, uint8) {
	x := r.sensor()
	if x == nil {
		return nil, codeAbsent
	}
	now := r.device.Process.View()
	if x.tag != process.None {
		r.act.Tags, r.act.Values = []string{r.device.Process.Tag(x.tag).Name}, []string{now.Text(x.tag)}
	}
	const scanning = 0xC0 // event messages and scanning are enabled
	raw, state, ok := r.measure(x, now)
	switch {
	case !ok:
		return []byte{0x00, scanning | 0x20, 0x00}, codeOK // reading unavailable
	case x.discrete:
		return []byte{0x00, scanning, state, 0x80}, codeOK
	}
	return []byte{raw, scanning, 0xC0 | state}, codeOK
}

func (r *request) sensorType() ([]byte, uint8) {
	x := r.sensor()
	if x == nil {
		return nil, codeAbsent
	}
	return []byte{x.kind, x.eventType()}, codeOK
}

// getThresholds answers with all six, and which of them can be read (§35.9).
func (r *request) getThresholds() ([]byte, uint8) {
	x := r.sensor()
	switch {
	case x == nil:
		return nil, codeAbsent
	case x.discrete:
		return nil, codeIllegal
	}
	t := r.current(x)
	return append([]byte{x.mask}, t[:]...), codeOK
}

// setThresholds changes those whose bits are set (§35.8).
func (r *request) setThresholds() ([]byte, uint8) {
	x := r.sensor()
	switch {
	case x == nil:
		return nil, codeAbsent
	case x.discrete:
		return nil, codeIllegal
	case r.data[1]&^x.mask != 0:
		return nil, codeField
	}
	t := r.current(x)
	r.act.Previous = []string{hexText(t[:])}
	for place := range t {
		if r.data[1]&(1<<place) != 0 {
			t[place] = r.data[2+place]
		}
	}
	r.act.Values = []string{hexText(t[:])}
	r.kept.Thresholds[x.Number] = t
	r.dirty = true
	return nil, codeOK
}
func (r *request) getHysteresis() ([]byte, uint8) {
	x := r.sensor()
	switch {
	case x == nil:
		return nil, codeAbsent
	case x.discrete:
		return nil, codeIllegal
	}
	h := r.hysteresis(x)
	return h[:], codeOK
}

func (b *bmc) hysteresis(x *sensor) [2]byte {
	if h, ok := b.kept.Hysteresis[x.Number]; ok {
		return h
	}
	return [2]byte{2, 2}
}

func (r *request) setHysteresis() ([]byte, uint8) {
	x := r.sensor()
	switch {
	case x == nil:
		return nil, codeAbsent
	case x.discrete:
		return nil, codeIllegal
	}
	r.act.Values = []string{hexText(r.data[2:4])}
	r.kept.Hysteresis[x.Number] = [2]byte(r.data[2:4])
	r.dirty = true
	return nil, codeOK
}

// sensorFactors answers with those of the SDR: the sensors are linear (§35.5).
func (r *request) sensorFactors() ([]byte, uint8) {
	x := r.sensor()
	switch {
	case x == nil:
		return nil, codeAbsent
	case x.discrete:
		return nil, codeIllegal
	}
	return append([]byte{r.data[1]}, x.factors()...), codeOK
}

// events are the events that a sensor can make: of a threshold, going low at
// the lower and high at the upper ones (table 43-1).
func (x *sensor) events() uint16 {
	if x.discrete {
		return 0x0001
	}
	var mask uint16
	for place := range x.limits {
		if x.mask&(1<<place) == 0 {
			continue
		}
		if place >= upperNonCritical {
			mask |= 2 << (2 * place)
		} else {
			mask |= 1 << (2 * place)
		}
	}
	return mask
}

func (r *request) eventEnable() ([]byte, uint8) {
	x := r.sensor()
	if x == nil {
		return nil, codeAbsent
	}
	b := octet.Builder{}
	b.U8(0xC0)
	b.U16LE(x.events())
	b.U16LE(x.events())
	return b.B, codeOK
}

// eventStatus answers with the events that hold now (§35.13).
func (r *request) eventStatus() ([]byte, uint8) {
	x := r.sensor()
	if x == nil {
		return nil, codeAbsent
	}
	_, state, ok := r.measure(x, r.device.Process.View())
	b := octet.Builder{}
	if !ok {
		b.U8(0xE0)
		return b.B, codeOK
	}
	var asserted uint16
	if x.discrete {
		asserted = uint16(state)
	} else {
		for place := range x.limits {
			if state&(1<<place) != 0 {
				asserted |= 3 << (2 * place)
			}
		}
		asserted &= x.events()
	}
	b.U8(0xC0)
	b.U16LE(asserted)
	b.U16LE(0)
	return b.B, codeOK
}

// eventReceiver says that events go to the controller's own log (§29.2).
func (r *request) eventReceiver() ([]byte, uint8) { return []byte{0x20, 0x00}, codeOK }

// platformEvent logs an event of the visitor's making (§29.3).
func (r *request) platformEvent() ([]byte, uint8) {
	r.act.Values = []string{hexText(r.data[:7])}
	b := octet.Builder{}
	b.U8(0x02)
	b.U32LE(uint32(r.clock().Unix()))
	b.U8(r.msg.From, 0x00) // generator: the console's software id, channel and LUN 0
	b.Bytes(r.data[:7])
	_, code := r.append(b.B)
	return nil, code
}

// pefCapabilities: no filters and no actions (§30.1).
func (r *request) pefCapabilities() ([]byte, uint8) { return []byte{0x51, 0x00, 0x00}, codeOK }

// noParameter refuses a configuration parameter that is not supported.
func (r *request) noParameter() ([]byte, uint8) {
	r.note.int("parameter", int64(r.data[0]&0x7F))
	r.act.Values = []string{hexText(r.data)}
	return nil, 0x80
}

// alertImmediate refuses: a session is active on the channel (§30.7). Nothing is
// ever sent to an alert destination.
func (r *request) alertImmediate() ([]byte, uint8) {
	r.note.int("destination", int64(r.data[1]&0x0F))
	return nil, 0x82
}
