package atg

import (
	"math"

	"github.com/sundew-ics/sundew/internal/process"
)

// tank is what the console makes of one tank at one moment. Its volumes come
// from the float's height by the console's own strapping: who changes diameter or
// full volume changes them, and the fuel stays where it is.
type tank struct {
	n           int // from 1
	label, code string
	capacity    float64 // full volume by the strapping
	diameter    float64
	volume, tc  float64
	ullage      float64
	height      float64
	water       float64 // height
	waterVolume float64
	temperature float64
	delivering  bool
	coefficient float64 // thermal expansion per degree
	reference   float64 // temperature of compensated volumes: 60 °F or 15 °C, or what function 50E set
}

// segment returns which part of a lying cylinder is full at height h of its
// diameter d.
func segment(h, d float64) float64 {
	x := min(max(h/d, 0), 1)
	return (math.Acos(1-2*x) - 2*(1-2*x)*math.Sqrt(x-x*x)) / math.Pi
}

// height is segment's inverse: how high a lying cylinder of diameter d stands
// that is full to a part.
func height(part, d float64) float64 {
	lo, hi := 0.0, d
	for range 48 { // d / 2^48 is far below what a probe sees
		if mid := (lo + hi) / 2; segment(mid, d) < part {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// grain is the step of volumes: one that single precision holds, so that volume
// and ullage add up in the computer format too.
const grain = 1.0 / 256

// read returns tank i (from 0) as the console sees it.
func (c *console) read(v process.View, i int) tank {
	b := c.probes[i]
	t := c.strapped(i)
	t.delivering = v.Bool(b.delivering)
	t.water = v.Float(b.water)
	t.temperature = v.Float(b.temperature)
	full, d := v.Float(b.capacity), v.Float(b.diameter) // the tank itself
	under := full * segment(t.water, d)
	t.height = height((v.Float(b.volume)+under)/full, d)
	t.fill()
	return t
}

// strapped returns tank i as the console is set up for it, empty.
func (c *console) strapped(i int) tank {
	n := i + 1
	t := tank{
		n: n, label: c.value("602", n), code: c.value("603", n), reference: c.number("50E", 0),
		capacity: c.number("604", n), diameter: c.number("607", n), coefficient: c.number("609", n),
	}
	return t.limit(c)
}

// limit sets the volume up to which the console counts ullage.
func (t tank) limit(c *console) tank {
	rule := 1.0
	switch c.value("564", 0) {
	case "1":
		rule = 0.90
	case "2":
		rule = 0.95
	}
	t.ullage = math.Floor(t.capacity * rule)
	return t
}

// fill computes the volumes from the heights. The ullage is what is left of the
// limit that it held.
func (t *tank) fill() {
	if t.diameter <= 0 || t.capacity <= 0 {
		return
	}
	t.waterVolume = t.capacity * segment(t.water, t.diameter)
	t.volume = math.Round((t.capacity*segment(t.height, t.diameter)-t.waterVolume)/grain) * grain
	t.ullage -= t.volume
	t.tc = t.compensated(t.volume, t.temperature)
}

// compensated returns a volume at the reference temperature.
func (t *tank) compensated(volume, temperature float64) float64 {
	return volume * (1 - t.coefficient*(temperature-t.reference))
}

// at returns the tank as it was with another volume and temperature.
func (t tank) at(c *console, volume, temperature float64) tank {
	t = t.limit(c)
	t.temperature = temperature
	if t.capacity > 0 && t.diameter > 0 {
		t.height = height((volume+t.waterVolume)/t.capacity, t.diameter)
	}
	t.fill()
	return t
}

// shown returns volume and ullage in whole units, as the display has them: the
// volume cut off, and the ullage what then is missing.
func (t *tank) shown() (volume, ullage int) {
	volume = int(math.Floor(t.volume))
	return volume, int(math.Floor(t.volume+t.ullage+grain/2)) - volume
}
