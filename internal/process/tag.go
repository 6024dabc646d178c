package process

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// textOctets is the longest text that a tag holds unless its range says otherwise.
const textOctets = 255

// A Ref is a tag's place in its Process; -1 is none.
type Ref int

// None is the Ref of no tag.
const None Ref = -1

// A Tag describes one named value of the plant.
type Tag struct {
	Name  string // dotted words, "pump1.run": expressions use it as it stands
	Type  Type
	Unit  string // "m", "m³/h"; empty: none
	Title string // for people: "Raw water level"

	// Min and Max bound the value; both 0: the type's own limits.
	// For a text, Max is its greatest length in octets.
	Min, Max float64
	// Resolution is the transmitter's step: shown numbers are its multiples; 0: none.
	Resolution float64

	// Start is the value at the first start. Without one, a tag that follows
	// others starts where they put it, and every other at 0, false or "".
	Start Value
	// Stop is the value while the tag's Program is not in run. Without one it holds.
	Stop Value

	Writable bool          // services may write it
	Program  string        // the device whose program moves it; empty: nature, moves always
	Drift    time.Duration // instead of Config.Drift; negative: never back
	Motion   MotionSpec    // how it moves; the zero MotionSpec: not by itself
}

// A TagSpec is a [[tag]] of process.toml.
type TagSpec struct {
	Name       string     `toml:"name"`
	Type       string     `toml:"type"`
	Unit       string     `toml:"unit"`
	Title      string     `toml:"title"`
	Range      []float64  `toml:"range"`
	Resolution float64    `toml:"resolution"`
	Start      any        `toml:"start"`
	Stop       any        `toml:"stop"`
	Writable   bool       `toml:"writable"`
	Program    string     `toml:"program"`
	Drift      Duration   `toml:"drift"`
	Motion     MotionSpec `toml:"motion"`
}

// Tag returns the tag that s describes, or what is wrong with s.
func (s TagSpec) Tag() (Tag, error) {
	t := Tag{
		Name: s.Name, Unit: s.Unit, Title: s.Title, Resolution: s.Resolution,
		Writable: s.Writable, Program: s.Program, Drift: time.Duration(s.Drift), Motion: s.Motion,
	}
	var err error
	if t.Type, err = ParseType(s.Type); err != nil {
		return Tag{}, fmt.Errorf("tag %s: type: %w", s.Name, err)
	}
	switch {
	case s.Range == nil:
	case len(s.Range) != 2:
		return Tag{}, fmt.Errorf("tag %s: range: write range = [least, greatest]", s.Name)
	case s.Range[0] >= s.Range[1]:
		return Tag{}, fmt.Errorf("tag %s: range: %v is not below %v", s.Name, s.Range[0], s.Range[1])
	default:
		t.Min, t.Max = s.Range[0], s.Range[1]
	}
	if t.Start, err = ValueOf(s.Start); err != nil {
		return Tag{}, fmt.Errorf("tag %s: start: %w", s.Name, err)
	}
	if t.Stop, err = ValueOf(s.Stop); err != nil {
		return Tag{}, fmt.Errorf("tag %s: stop: %w", s.Name, err)
	}
	return t, t.check()
}

// check says what is wrong with t itself, other tags aside.
func (t *Tag) check() error {
	err := t.checkShape()
	if err == nil {
		err = t.Motion.check(t.Type)
	}
	if err != nil {
		return fmt.Errorf("tag %s: %w", t.Name, err)
	}
	return nil
}

func (t *Tag) checkShape() error {
	if err := checkName(t.Name); err != nil {
		return err
	}
	if t.Type < Bool || t.Type > Text {
		return errors.New("type: give one of bool, int16, uint16, int32, uint32, float32, text")
	}
	if lo, hi := t.limits(); !(lo < hi) || math.IsInf(t.Min, 0) || math.IsInf(t.Max, 0) {
		return fmt.Errorf("range: [%v, %v] holds no two values of type %v", t.Min, t.Max, t.Type)
	}
	if t.Resolution < 0 || t.Resolution != 0 && !t.Type.numeric() {
		return errors.New("resolution: give a positive step, for numbers only")
	}
	for _, f := range []struct {
		key   string
		value Value
	}{{"start", t.Start}, {"stop", t.Stop}} {
		if f.value.IsZero() {
			continue
		}
		_, text, err := t.accept(f.value)
		if err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
		if t.Type == Text && text != f.value.Text() || t.Type.numeric() && !t.inside(f.value.Float()) {
			return fmt.Errorf("%s: %v is outside the tag's range", f.key, f.value)
		}
	}
	if !t.Stop.IsZero() && t.Program == "" {
		return errors.New("stop: needs program = \"DEVICE\", whose stop it answers")
	}
	return nil
}

// checkName says why expressions could not use a name.
func checkName(name string) error {
	for word := range strings.SplitSeq(name, ".") {
		for i, c := range word {
			if letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'; !letter && (i == 0 || c < '0' || c > '9') {
				return fmt.Errorf("name: %q has %q; use words of letters, digits and _, joined by dots, each beginning with a letter", name, c)
			}
		}
		if word == "" {
			return fmt.Errorf("name: %q has an empty word; write words joined by single dots", name)
		}
	}
	return nil
}

// limits returns the bounds of t's number: its range within its type. Those of
// a text bound its length.
func (t *Tag) limits() (lo, hi float64) {
	if t.Type == Text {
		if t.Max > 0 {
			return 0, t.Max
		}
		return 0, textOctets
	}
	lo, hi = t.Type.limits()
	if t.Min == 0 && t.Max == 0 {
		return lo, hi
	}
	return max(lo, t.Min), min(hi, t.Max)
}

// inside says whether x is within t's limits.
func (t *Tag) inside(x float64) bool {
	lo, hi := t.limits()
	return x >= lo && x <= hi
}

// clamp returns x within t's limits.
func (t *Tag) clamp(x float64) float64 {
	lo, hi := t.limits()
	return min(max(x, lo), hi)
}

// accept converts v to what t holds, a number or a text, within its limits.
// NaN and the infinities pass through: the caller counts them.
func (t *Tag) accept(v Value) (num float64, text string, err error) {
	switch {
	case t.Type == Text:
		return 0, t.cut(v.Text()), nil
	case t.Type == Bool && v.kind == textKind:
		b, ok := parseBool(v.text)
		if !ok {
			return 0, "", fmt.Errorf("%w: %.32q is not a boolean", ErrType, v.text)
		}
		return BoolValue(b).Float(), "", nil
	case t.Type == Bool:
		return BoolValue(v.Bool()).Float(), "", nil
	case v.kind == textKind:
		f, ok := parseNumber(v.text)
		if !ok {
			return 0, "", fmt.Errorf("%w: %.32q is not a number", ErrType, v.text)
		}
		v = FloatValue(f)
	}
	x := v.Float()
	if !finite(x) {
		return x, "", nil
	}
	if t.Type.whole() {
		x = math.Round(x)
	}
	return t.clamp(x), "", nil
}

// cut shortens a text to t's greatest length.
func (t *Tag) cut(s string) string {
	if _, hi := t.limits(); float64(len(s)) > hi {
		return s[:int(hi)]
	}
	return s
}

// show returns a number as t's services see it: in steps, in limits, in its type.
func (t *Tag) show(x float64) Value {
	if t.Type == Bool {
		return BoolValue(x != 0)
	}
	if t.Resolution > 0 {
		x = math.Round(x/t.Resolution) * t.Resolution
	}
	if t.Type.whole() {
		return IntValue(int64(t.clamp(math.Round(x))))
	}
	return FloatValue(float64(float32(t.clamp(x))))
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
