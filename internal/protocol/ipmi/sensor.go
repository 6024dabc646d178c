package ipmi

import (
	"fmt"
	"math"
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
)

// Sensor types and units (tables 42-3 and 43-15).
const (
	typeTemperature = 0x01
	typeVoltage     = 0x02
	typeCurrent     = 0x03
	typeFan         = 0x04
	typeIntrusion   = 0x05
	typeSupply      = 0x08
	typeOtherUnits  = 0x0B

	unitCelsius = 1
	unitVolts   = 4
	unitAmps    = 5
	unitWatts   = 6
	unitRPM     = 18
)

// Places of thresholds, by their bits in masks (table 35-9).
const (
	lowerNonCritical = iota
	lowerCritical
	lowerNonRecoverable
	upperNonCritical
	upperCritical
	upperNonRecoverable
)

// thresholds are raw values by place.
type thresholds [6]uint8

// A sensor is one of the controller's, with its reading in a tag.
type sensor struct {
	sensorSettings
	kind, unit uint8
	discrete   bool
	signed     bool // raw readings are two's complement
	tag        process.Ref
	limits     thresholds
	mask       uint8 // of the thresholds that it has
	nominal    uint8
}

// addSensors reads the settings' sensors.
func (b *bmc) addSensors() error {
	seen := map[uint8]bool{}
	for _, s := range b.set.Sensors {
		x := &sensor{sensorSettings: s, tag: process.None}
		if err := x.classify(); err != nil {
			return fmt.Errorf("sensors: %q: %w", s.Name, err)
		}
		if seen[s.Number] || s.Number == 0xFF || len(s.Name) > 16 || len(s.Entity) != 2 {
			return fmt.Errorf("sensors: %q: use a number of its own, a name of up to 16 octets and entity = [id, instance]", s.Name)
		}
		seen[s.Number] = true
		if s.Tag != "" {
			var ok bool
			if x.tag, ok = b.device.Process.Ref(s.Tag); !ok {
				return fmt.Errorf("sensors: %q: no tag %q", s.Name, s.Tag)
			}
			x.nominal = x.raw(b.device.Process.View().Float(x.tag))
		}
		b.sensors = append(b.sensors, x)
	}
	return nil
}

// classify reads the kind and the thresholds.
func (x *sensor) classify() error {
	switch x.Kind {
	case "temperature":
		x.kind, x.unit = typeTemperature, unitCelsius
	case "voltage":
		x.kind, x.unit = typeVoltage, unitVolts
	case "current":
		x.kind, x.unit = typeCurrent, unitAmps
	case "fan":
		x.kind, x.unit = typeFan, unitRPM
	case "power":
		x.kind, x.unit = typeOtherUnits, unitWatts
	case "intrusion":
		x.kind, x.discrete = typeIntrusion, true
	case "supply":
		x.kind, x.discrete = typeSupply, true
	default:
		return fmt.Errorf("kind %q; use temperature, voltage, current, fan, power, intrusion or supply", x.Kind)
	}
	if x.M == 0 {
		x.M = 1
	}
	if n, m := len(x.Lower), len(x.Upper); n != 0 && n != 3 || m != 0 && m != 3 || x.discrete && n+m > 0 {
		return fmt.Errorf("lower, upper: write three thresholds each, or none")
	}
	x.signed = x.kind == typeTemperature
	for i, v := range x.Lower { // from the lowest up
		x.limits[lowerNonRecoverable-i] = x.raw(v)
		x.mask |= 1 << (lowerNonRecoverable - i)
	}
	for i, v := range x.Upper {
		x.limits[upperNonCritical+i] = x.raw(v)
		x.mask |= 1 << (upperNonCritical + i)
	}
	return nil
}

// raw returns the octet that stands for a value (§36.3, the other way round).
func (x *sensor) raw(v float64) uint8 {
	n := math.Round((v*math.Pow10(-x.RExp) - float64(x.B)*math.Pow10(x.BExp)) / float64(x.M))
	if x.signed {
		return uint8(int8(min(max(n, -128), 127)))
	}
	return uint8(min(max(n, 0), 255))
}

// order makes raw values comparable.
func (x *sensor) order(raw uint8) int {
	if x.signed {
		return int(int8(raw))
	}
	return int(raw)
}

// compare returns the state bits of a raw reading (table 35-15).
func (x *sensor) compare(raw uint8, t thresholds) uint8 {
	var bits uint8
	for place, limit := range t {
		reached := x.order(raw) >= x.order(limit)
		if place <= lowerNonRecoverable {
			reached = x.order(raw) <= x.order(limit)
		}
		if reached && x.mask&(1<<place) != 0 {
			bits |= 1 << place
		}
	}
	return bits
}

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
	if x.tag != process.None {
		r.act.Tags = []string{r.device.Process.Tag(x.tag).Name}
	}
	raw, state, ok := r.measure(x)
	if x.tag != process.None {
		r.act.Values = []string{r.device.Process.View().Text(x.tag)}
	}
	scanning := uint8(0xC0) // event messages and scanning are enabled
	if !ok {
		return []byte{0x00, scanning | 0x20, 0x00}, codeOK // reading unavailable
	}
	if x.discrete {
		return []byte{0x00, scanning, state, 0x80}, codeOK
	}
	return []byte{raw, scanning, 0xC0 | state}, codeOK
}

// measure returns a sensor's raw reading and state bits; false: it has none now.
func (r *request) measure(x *sensor) (raw, state uint8, ok bool) {
	if x.tag == process.None || !x.Standby && !r.on() {
		return 0, 0, false
	}
	v := r.device.Process.View()
	if x.discrete { // the tag's number is the state's bits
		return 0, uint8(v.Int(x.tag)), true
	}
	raw = x.raw(v.Float(x.tag))
	return raw, x.compare(raw, r.current(x)), true
}

func (r *request) sensorType() ([]byte, uint8) {
	x := r.sensor()
	if x == nil {
		return nil, codeAbsent
	}
	return []byte{x.kind, x.eventType()}, codeOK
}

// eventType is the event/reading type code (table 42-1).
func (x *sensor) eventType() uint8 {
	if x.discrete {
		return 0x6F // sensor-specific
	}
	return 0x01 // threshold
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
	_, state, ok := r.measure(x)
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
