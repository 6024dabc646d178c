package ipmi

import (
	"fmt"
	"math"

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

// measure returns a sensor's raw reading and state bits at a moment of the
// plant; false: it has none then.
func (b *bmc) measure(x *sensor, at process.View) (raw, state uint8, ok bool) {
	powered := b.power == process.None || at.Bool(b.power)
	if x.tag == process.None || !x.Standby && !powered {
		return 0, 0, false
	}
	if x.discrete { // the tag's number is the state's bits
		return 0, uint8(at.Int(x.tag)), true
	}
	raw = x.raw(at.Float(x.tag))
	return raw, x.compare(raw, b.current(x)), true
}

// eventType is the event/reading type code (table 42-1).
func (x *sensor) eventType() uint8 {
	if x.discrete {
		return 0x6F // sensor-specific
	}
	return 0x01 // threshold
}
