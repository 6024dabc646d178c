package atg

import (
	"fmt"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// console is one tank gauge.
type console struct {
	settings
	device  *device.Device
	state   protocol.State
	zone    *time.Location
	probes  []probe
	sensors []process.Ref
	salt    uint64 // of what differs between consoles and nobody sets

	silent device.Outage // while the console restarts

	mu     sync.Mutex // of memory
	memory memory
}

// probe is where the process has a tank.
type probe struct {
	volume, capacity, diameter   process.Ref
	temperature, water           process.Ref
	delivering                   process.Ref
	before, after                process.Ref // volumes at the last delivery's start and end
	beforeTemperature, afterTemp process.Ref
	shiftVolume, shiftDelivered  process.Ref // since the shift began
	shiftTemperature             process.Ref
}

func newConsole(env protocol.Env) (*console, error) {
	c := &console{settings: defaults(), device: env.Device, state: env.State, salt: env.Rand.Uint64()}
	if err := env.Decode(&c.settings); err != nil {
		return nil, err
	}
	if err := c.expand(&env.Device.Identity); err != nil {
		return nil, err
	}
	var err error
	if c.zone, err = time.LoadLocation(c.Zone); err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	for i, t := range c.Tanks {
		p, err := newProbe(env.Device.Process, t.Tags)
		if err != nil {
			return nil, fmt.Errorf("tanks: row %d: %w", i+1, err)
		}
		c.probes = append(c.probes, p)
	}
	for i, s := range c.settings.Sensors {
		ref, ok := env.Device.Process.Ref(s.Tag)
		if !ok || env.Device.Process.Tag(ref).Type != process.Bool {
			return nil, fmt.Errorf("sensors: row %d: no bool %q in the process", i+1, s.Tag)
		}
		c.sensors = append(c.sensors, ref)
	}
	if err := c.state.Load(keyMemory, &c.memory); err != nil {
		return nil, fmt.Errorf("what the console kept: %w", err)
	}
	if c.memory.Set == nil {
		c.memory.Set = map[string]setting{}
	}
	return c, nil
}

// newProbe finds a tank's tags.
func newProbe(p *process.Process, tags string) (probe, error) {
	var b probe
	for _, t := range []struct {
		name string
		ref  *process.Ref
	}{
		{"volume", &b.volume}, {"capacity", &b.capacity}, {"diameter", &b.diameter},
		{"temperature", &b.temperature}, {"water", &b.water}, {"delivering", &b.delivering},
		{"before", &b.before}, {"after", &b.after},
		{"before_temperature", &b.beforeTemperature}, {"after_temperature", &b.afterTemp},
		{"shift_volume", &b.shiftVolume}, {"shift_delivered", &b.shiftDelivered},
		{"shift_temperature", &b.shiftTemperature},
	} {
		ref, ok := p.Ref(tags + "." + t.name)
		if !ok {
			return b, fmt.Errorf("no tag %q in the process", tags+"."+t.name)
		}
		*t.ref = ref
	}
	return b, nil
}

// local returns the console's own time when the true time is t.
func (c *console) local(t time.Time) time.Time { return c.device.Clock.At(t).In(c.zone) }

// draw returns a number from 0 to 1 that stands for a fact of this console: the
// same whenever it is asked for.
func (c *console) draw(what string, n int64) float64 {
	h := c.salt ^ uint64(n)*0x9e3779b97f4a7c15
	for _, b := range []byte(what) {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	h ^= h >> 31 // the finalizer of SplitMix64
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	h ^= h >> 31
	return float64(h>>11) / (1 << 53)
}

// answer carries out one command, records it and answers it. ok says that the
// line was a command at all.
func (v *visitor) answer(cmd wire.Command, ok bool) {
	a, out := v.carryOut(cmd, ok)
	v.record(a)
	if out != nil {
		v.send(out)
	}
}

// carryOut returns a command's act and the octets of its answer, nil for none.
func (v *visitor) carryOut(cmd wire.Command, ok bool) (event.Act, []byte) {
	now := time.Now()
	q := v.begin(cmd, now)
	q.by = v.s.Source()
	defer v.mu.Unlock()
	defer v.keep(v.s)
	a := event.Act{Op: "unknown_function", Class: event.Malformed, Outcome: event.Refused}
	if ok {
		a = describe(cmd)
	}
	code := v.lock(q.by)
	switch {
	case code != "" && cmd.Security != code: // no answer at all (576013-635 §5)
		if cmd.Security != "" {
			a.Op, a.Class = "security_code", event.Auth
		}
		a.Outcome = event.Ignored
		return a, nil
	case v.silent.Holds(v.s.Source(), now):
		a.Outcome = event.Ignored
		return a, nil
	case !ok:
		return a, wire.Unknown()
	}
	out := q.run(&a)
	return a, out
}

// send writes an answer at the pace of a serial line.
func (v *visitor) send(p []byte) {
	v.s.Delay(time.Duration(v.First) + time.Duration(len(p))*time.Second/time.Duration(v.Rate))
	v.s.Write(p)
}
