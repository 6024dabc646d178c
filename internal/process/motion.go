package process

import (
	"fmt"
	"math"
	"time"
)

// A motion computes a tag's next value. One of number and words is set.
type motion struct {
	number func(t *tick, m *memory, x float64) (float64, error)
	words  func(t *tick) (string, error)

	state   bool // it goes on from the value that it finds; else a write suspends it
	sums    bool // drift takes back what writes added to it
	rolls   bool // past the greatest value it begins again at the least
	follows bool // its value is a function of the other tags and the time
	lags    bool // begins at number's first target
}

// A memory is what a motion keeps besides the value.
type memory struct {
	timer  float64 // s
	input  bool    // the condition at the last tick
	primed bool    // input has been set
	acted  bool    // a latch was set or reset at this tick
}

// motion compiles the motion of t.
func (c *compiler) motion(t *Tag) (motion, error) {
	spec := &t.Motion
	verb, err := spec.verb()
	if err != nil {
		return motion{}, err
	}
	switch verb {
	case "expr":
		return c.follow(t)
	case "schedule":
		return scheduled(t)
	case "walk":
		return c.walk(t)
	case "lag":
		return c.lag(t)
	case "integrate":
		e, err := c.compile(verb, spec.Integrate, t.Name, floatKind)
		return motion{state: true, number: func(t *tick, _ *memory, x float64) (float64, error) {
			rate, err := e.number(t)
			return x + rate*t.dt, err
		}}, err
	case "set":
		return c.latch(t)
	case "delay":
		return c.delay(t)
	case "total":
		return c.total(t)
	case "edge":
		return c.edge(t)
	}
	return constant(t), nil
}

// constant stays at the start value.
func constant(t *Tag) motion {
	num, text, _ := t.accept(t.Start)
	return motion{
		number: func(*tick, *memory, float64) (float64, error) { return num, nil },
		words:  func(*tick) (string, error) { return text, nil },
	}
}

func (c *compiler) follow(t *Tag) (motion, error) {
	e, err := c.compile("expr", t.Motion.Expr, t.Name, t.Type.kind())
	return motion{
		follows: true,
		number:  func(t *tick, _ *memory, _ float64) (float64, error) { return e.number(t) },
		words: func(t *tick) (string, error) {
			v, err := e.value(t)
			return v.Text(), err
		},
	}, err
}

func scheduled(t *Tag) (motion, error) {
	w, err := newWeek(t.Motion.Schedule, t.Motion.Hold || !t.Type.numeric())
	if err != nil {
		return motion{}, err
	}
	for i, v := range w.values { // in the tag's type once, not at each tick
		num, text, err := t.accept(v)
		switch {
		case err != nil:
			return motion{}, fmt.Errorf("schedule: %w", err)
		case t.Type.numeric() && !t.inside(v.Float()):
			return motion{}, fmt.Errorf("schedule: value %v is outside the tag's range", v)
		case t.Type == Text:
			w.values[i] = TextValue(text)
		default:
			w.values[i] = FloatValue(num)
		}
	}
	return motion{
		follows: true,
		number:  func(t *tick, _ *memory, _ float64) (float64, error) { return w.number(t.week), nil },
		words:   func(t *tick) (string, error) { return w.held(t.week).Text(), nil },
	}, nil
}

// walk is a random walk; with a time constant, an Ornstein-Uhlenbeck process,
// computed exactly for any tick.
func (c *compiler) walk(t *Tag) (motion, error) {
	spec := &t.Motion
	start, _, _ := t.accept(t.Start)
	around := func(*tick) (float64, error) { return start, nil }
	if spec.Around != "" {
		e, err := c.compile("around", spec.Around, t.Name, floatKind)
		if err != nil {
			return motion{}, err
		}
		around = e.number
	}
	sd, tau := spec.Walk, spec.Tau.seconds()
	return motion{state: true, number: func(t *tick, _ *memory, x float64) (float64, error) {
		if tau == 0 {
			return x + sd*math.Sqrt(t.dt)*t.normal(saltWalk), nil
		}
		mid, err := around(t)
		keep := math.Exp(-t.dt / tau)
		spread := sd * math.Sqrt(tau/2*(1-keep*keep))
		return mid + (x-mid)*keep + spread*t.normal(saltWalk), err
	}}, nil
}

func (c *compiler) lag(t *Tag) (motion, error) {
	e, err := c.compile("lag", t.Motion.Lag, t.Name, floatKind)
	tau, rate := t.Motion.Tau.seconds(), t.Motion.Rate
	return motion{state: true, lags: true, number: func(t *tick, _ *memory, x float64) (float64, error) {
		target, err := e.number(t)
		if t.first {
			return target, err
		}
		step := target - x
		if tau > 0 {
			step *= 1 - math.Exp(-t.dt/tau)
		}
		if rate > 0 {
			step = min(max(step, -rate*t.dt), rate*t.dt)
		}
		return x + step, err
	}}, err
}

// latch holds its last order; with both at once, reset wins.
func (c *compiler) latch(t *Tag) (motion, error) {
	set, err := c.compile("set", t.Motion.Set, t.Name, boolKind)
	if err != nil {
		return motion{}, err
	}
	reset, err := c.compile("reset", t.Motion.Reset, t.Name, boolKind)
	return motion{state: true, sums: true, number: func(t *tick, m *memory, x float64) (float64, error) {
		on, err := set.truth(t)
		if err != nil {
			return x, err
		}
		off, err := reset.truth(t)
		m.acted = on || off
		switch {
		case err != nil:
			return x, err
		case off:
			return 0, nil
		case on:
			return 1, nil
		}
		return x, nil
	}}, err
}

// delay follows its input once that has lasted.
func (c *compiler) delay(t *Tag) (motion, error) {
	e, err := c.compile("delay", t.Motion.Delay, t.Name, boolKind)
	on, off := t.Motion.On.seconds(), t.Motion.Off.seconds()
	return motion{number: func(t *tick, m *memory, x float64) (float64, error) {
		input, err := e.truth(t)
		if err != nil {
			return x, err
		}
		wait := off
		if input {
			wait = on
		}
		switch {
		case input == (x != 0):
			m.timer = 0
		case m.timer >= wait-instant:
			m.timer = 0
			return 1 - x, nil
		default:
			m.timer += t.dt
		}
		return x, nil
	}}, err
}

// instant absorbs the rounding of sums of ticks, in seconds.
const instant = 1e-6

// total sums hours of a condition or a volume of a flow. Backflow does not turn it back.
func (c *compiler) total(t *Tag) (motion, error) {
	e, err := c.compile("total", t.Motion.Total, t.Name, floatKind)
	if err != nil {
		var asBool error
		if e, asBool = c.compile("total", t.Motion.Total, t.Name, boolKind); asBool != nil {
			return motion{}, err
		}
	}
	per := t.Motion.Per.seconds()
	if per == 0 {
		per = time.Hour.Seconds()
	}
	return motion{state: true, sums: true, rolls: true, number: func(t *tick, _ *memory, x float64) (float64, error) {
		v, err := e.value(t)
		return x + max(v.Float(), 0)*t.dt/per, err
	}}, nil
}

// edge counts the edges of a condition, or pulses at them.
func (c *compiler) edge(t *Tag) (motion, error) {
	e, err := c.compile("edge", t.Motion.Edge, t.Name, boolKind)
	when, width := t.Motion.When, t.Motion.Width.seconds()
	crossed := func(t *tick, m *memory) (bool, error) {
		input, err := e.truth(t)
		if err != nil {
			return false, err
		}
		changed := m.primed && input != m.input
		m.input, m.primed = input, true
		return changed && (when == "both" || input == (when != "fall")), nil
	}
	if t.Type == Bool {
		return motion{number: func(t *tick, m *memory, x float64) (float64, error) {
			edge, err := crossed(t, m)
			m.timer = max(m.timer-t.dt, 0)
			if edge {
				m.timer = max(width, t.dt)
			}
			return BoolValue(m.timer > instant).Float(), err
		}}, err
	}
	return motion{state: true, sums: true, rolls: true, number: func(t *tick, m *memory, x float64) (float64, error) {
		edge, err := crossed(t, m)
		if edge {
			x++
		}
		return x, err
	}}, err
}

// roll returns a total past t's greatest value as a register has it: begun again.
func (t *Tag) roll(x float64) float64 {
	lo, hi := t.limits()
	span := hi - lo
	if t.Type.whole() {
		span++
	}
	if x < lo || x < lo+span && (t.Type.whole() || x <= hi) {
		return max(x, lo)
	}
	return lo + math.Mod(x-lo, span)
}
