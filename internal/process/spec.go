package process

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Duration is a time span that settings write as text: "250ms", "1h30m".
type Duration time.Duration

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write a number and a unit, as in \"30s\" or \"10m\"", b)
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes d as UnmarshalText reads it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d Duration) seconds() float64 { return time.Duration(d).Seconds() }

// A MotionSpec says how a tag moves: the inline table `motion = { … }` of
// process.toml. At most one of Expr, Schedule, Walk, Lag, Integrate, Set, Delay,
// Total and Edge is given; the other keys qualify it. The package comment has
// the table.
type MotionSpec struct {
	Expr      string   `toml:"expr"`      // the value
	Schedule  []Point  `toml:"schedule"`  // values by time of day and weekday
	Hold      bool     `toml:"hold"`      // schedule: hold each value until the next; default for numbers: interpolate
	Walk      float64  `toml:"walk"`      // random walk: its standard deviation after one second
	Around    string   `toml:"around"`    // walk: the expression that it returns to; default: the start value
	Lag       string   `toml:"lag"`       // the expression that the value runs after
	Tau       Duration `toml:"tau"`       // walk, lag: time constant of the return, of the lag
	Rate      float64  `toml:"rate"`      // lag: the greatest change a second
	Integrate string   `toml:"integrate"` // change a second
	Set       string   `toml:"set"`       // latch: goes true when this is true
	Reset     string   `toml:"reset"`     // latch: goes false when this is true; it wins
	Delay     string   `toml:"delay"`     // true and false when this has been so for On and Off
	On        Duration `toml:"on"`        // delay: how long true
	Off       Duration `toml:"off"`       // delay: how long false
	Total     string   `toml:"total"`     // sums a rate, or the time for which a condition is true
	Per       Duration `toml:"per"`       // total: the rate's time unit; default 1h
	Edge      string   `toml:"edge"`      // a number counts this condition's edges, a bool pulses at each
	When      string   `toml:"when"`      // edge: "rise" (default), "fall" or "both"
	Width     Duration `toml:"width"`     // edge: the pulse's length; default one tick
	Noise     float64  `toml:"noise"`     // standard deviation added to what is shown; physics does not see it
}

// A Point is one row of a schedule.
type Point struct {
	At    string `toml:"at"`    // "06:30", plant time
	Days  string `toml:"days"`  // "mon-fri", "sat,sun"; default: every day
	Value any    `toml:"value"` // what holds from then on, or is reached then
}

// verb returns the name of m's motion: "" for a constant.
func (m *MotionSpec) verb() (string, error) {
	var verbs []string
	for _, v := range []struct {
		name  string
		given bool
	}{
		{"expr", m.Expr != ""}, {"schedule", m.Schedule != nil}, {"walk", m.Walk != 0}, {"lag", m.Lag != ""},
		{"integrate", m.Integrate != ""}, {"set", m.Set != "" || m.Reset != ""}, {"delay", m.Delay != ""},
		{"total", m.Total != ""}, {"edge", m.Edge != ""},
	} {
		if v.given {
			verbs = append(verbs, v.name)
		}
	}
	switch len(verbs) {
	case 0:
		return "", nil
	case 1:
		return verbs[0], nil
	}
	return "", fmt.Errorf("motion: has both %s; keep one and give the other a tag of its own", strings.Join(verbs, " and "))
}

// Check says what is wrong with m, its expressions aside: those need the other tags.
func (m MotionSpec) Check() error {
	verb, err := m.verb()
	if err != nil {
		return err
	}
	if err := m.checkKeys(verb); err != nil {
		return err
	}
	if m.Walk < 0 || m.Noise < 0 || m.Rate < 0 || m.Tau < 0 || m.On < 0 || m.Off < 0 || m.Per < 0 || m.Width < 0 {
		return errors.New("motion: a number below zero; give its size")
	}
	switch verb {
	case "set":
		if m.Set == "" || m.Reset == "" {
			return errors.New("motion: a latch needs both set and reset; write reset = \"false\" if nothing resets it")
		}
	case "lag":
		if m.Tau == 0 && m.Rate == 0 {
			return errors.New("motion: lag needs tau = \"30s\", or rate = the greatest change a second")
		}
	case "edge":
		switch m.When {
		case "", "rise", "fall", "both":
		default:
			return fmt.Errorf("motion: when = %q; write rise, fall or both", m.When)
		}
	case "schedule":
		_, err = newWeek(m.Schedule, m.Hold)
	}
	return err
}

// checkKeys says which key does not belong to the motion.
func (m *MotionSpec) checkKeys(verb string) error {
	for _, k := range []struct {
		key   string
		given bool
		of    string
	}{
		{"hold", m.Hold, "schedule"}, {"around", m.Around != "", "walk"}, {"tau", m.Tau != 0, "walk lag"},
		{"rate", m.Rate != 0, "lag"}, {"on", m.On != 0, "delay"}, {"off", m.Off != 0, "delay"},
		{"per", m.Per != 0, "total"}, {"when", m.When != "", "edge"}, {"width", m.Width != 0, "edge"},
	} {
		if k.given && (verb == "" || !strings.Contains(k.of, verb)) {
			return fmt.Errorf("motion: %s belongs to %s; remove it", k.key, strings.ReplaceAll(k.of, " ", " and "))
		}
	}
	return nil
}

// check is Check, and says whether a tag of type t can move so.
func (m *MotionSpec) check(t Type) error {
	if err := m.Check(); err != nil {
		return err
	}
	verb, _ := m.verb()
	ok := true
	switch verb {
	case "walk", "lag", "integrate", "total":
		ok = t.numeric()
	case "set", "delay":
		ok = t == Bool
	case "edge":
		ok = t != Text
	}
	if !ok {
		return fmt.Errorf("motion: a %v cannot move by %s", t, verb)
	}
	if m.Noise != 0 && !t.numeric() {
		return fmt.Errorf("motion: a %v has no noise", t)
	}
	if m.Width != 0 && t != Bool {
		return errors.New("motion: width is for a bool that pulses; a number counts")
	}
	return nil
}
