package bacnet

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// An object is one of the device's objects.
type object struct {
	id      wire.ObjectID
	set     objectSettings
	tag     process.Ref // -1: none
	units   uint32
	program int    // priority of the device's own program; 0: none
	log     *trend // of a trend log
	file    *file  // of a file
	refs    []wire.ObjectID
	week    [7][]change // of a schedule
	dates   []wire.Value
	texts   map[uint32]string // further texts

	required, optional []uint32 // its properties
}

// A change is a schedule's step to a value at a time of day.
type change struct {
	at    time.Duration
	value float64
}

// kind tells what an object's present-value is.
type kind uint8

const (
	none kind = iota
	analog
	binary
	states
)

// kind returns what the object's present-value is.
func (o *object) kind() kind {
	switch o.id.Type() {
	case typeAnalogInput, typeAnalogOutput, typeAnalogValue:
		return analog
	case typeBinaryInput, typeBinaryOutput, typeBinaryValue:
		return binary
	case typeMultiStateInput, typeMultiStateOutput, typeMultiStateValue:
		return states
	}
	return none
}

// input says whether the object shows something outside that only
// out-of-service lets a visitor set, 12.2.
func (o *object) input() bool {
	t := o.id.Type()
	return t == typeAnalogInput || t == typeBinaryInput || t == typeMultiStateInput
}

// commandable says whether present-value has a priority array, 19.2.
func (o *object) commandable() bool {
	t := o.id.Type()
	return o.set.Commandable || t == typeAnalogOutput || t == typeBinaryOutput || t == typeMultiStateOutput
}

// alarms says whether the object has an event state that can change.
func (o *object) alarms() bool {
	return o.set.Alarm != nil && o.kind() == binary || len(o.set.Limits) == 2 && o.kind() == analog
}

// build makes an object of its row.
func (c *controller) build(s *objectSettings, env protocol.Env) error {
	id, ok := wire.ParseObjectID(s.Object)
	if !ok {
		return fmt.Errorf("no such type or number; write \"analog-input,1\"")
	}
	if c.byID[id] != nil {
		return errors.New("declared twice")
	}
	o := &object{id: id, set: *s, tag: -1, program: s.Program, texts: map[uint32]string{}}
	if err := c.expand(&o.set.Name, &o.set.Description); err != nil {
		return err
	}
	if o.set.Name == "" || c.set.Name == o.set.Name || slices.ContainsFunc(c.objects, func(b *object) bool { return b.set.Name == o.set.Name }) {
		return errors.New("name: every object needs one of its own")
	}
	if s.Tag != "" {
		if o.tag, ok = env.Device.Process.Ref(s.Tag); !ok {
			return fmt.Errorf("tag: the plant has no %q", s.Tag)
		}
	}
	if o.units, ok = wire.ParseUnit(cmp.Or(s.Units, "no-units")); !ok {
		return fmt.Errorf("units: no unit %q", s.Units)
	}
	for name, text := range s.Properties {
		p, ok := wire.ParseProperty(name)
		if !ok {
			return fmt.Errorf("properties: no property %q", name)
		}
		if err := c.expand(&text); err != nil {
			return err
		}
		o.texts[p] = text
	}
	if err := c.check(o); err != nil {
		return err
	}
	c.add(o)
	return c.buildKind(o, env.Files)
}

// check says what is wrong with a row of a simple object.
func (c *controller) check(o *object) error {
	if o.commandable() && o.kind() == none {
		return errors.New("commandable: only values and outputs are")
	}
	if writes := o.set.Writable || o.commandable(); writes && o.tag >= 0 && !c.device.Process.Tag(o.tag).Writable {
		return fmt.Errorf("tag %s cannot be written; bind an input or a value without writable", o.set.Tag)
	}
	if o.program < 0 || o.program > 16 {
		return fmt.Errorf("program: %d; use priorities 1 to 16", o.program)
	}
	for _, pair := range [][]float64{o.set.Range, o.set.Limits} {
		if len(pair) != 0 && (len(pair) != 2 || pair[0] >= pair[1]) {
			return errors.New("range, limits: write [least, greatest]")
		}
	}
	switch n := len(o.set.Texts); {
	case o.kind() == binary && n != 0 && n != 2:
		return errors.New("texts: write [inactive, active]")
	case o.kind() == states && n == 0:
		return errors.New("texts: name the states")
	}
	return nil
}

// buildKind reads what only some types have.
func (c *controller) buildKind(o *object, files fs.FS) error {
	for _, s := range append(slices.Clone(o.set.Refs), o.set.Log) {
		if s == "" {
			continue
		}
		id, ok := wire.ParseObjectID(s)
		if !ok {
			return fmt.Errorf("%q is no object", s)
		}
		o.refs = append(o.refs, id)
	}
	switch o.id.Type() {
	case typeSchedule:
		return o.buildWeek()
	case typeCalendar:
		for _, s := range o.set.Dates {
			t, err := time.Parse("2006-01-02", s)
			if err != nil {
				return fmt.Errorf("dates: %w", err)
			}
			o.dates = append(o.dates, wire.DateValue(t))
		}
	case typeNotificationClass:
		if len(o.set.Priorities) != 3 {
			return errors.New("priorities: write [to-offnormal, to-fault, to-normal]")
		}
	case typeLoop:
		if len(o.refs) != 2 || len(o.set.Gains) != 2 {
			return errors.New("refs: controlled and manipulated object; gains: proportional and integral")
		}
	case typeFile:
		b, err := fs.ReadFile(files, o.set.File)
		if err != nil {
			return fmt.Errorf("file: %w", err)
		}
		o.file = &file{data: b}
	case typeTrendLog:
		return c.buildLog(o)
	}
	return nil
}

// buildWeek reads a schedule's days, "06:00 1, 20:00 0".
func (o *object) buildWeek() error {
	if len(o.set.Week) != 7 {
		return errors.New("week: write seven days from Monday on")
	}
	if k := o.set.Kind; k != "" && k != "real" && k != "binary" && k != "state" {
		return fmt.Errorf("kind: %q; use \"real\", \"binary\" or \"state\"", k)
	}
	for i, day := range o.set.Week {
		for _, step := range strings.Split(day, ",") {
			at, value, _ := strings.Cut(strings.TrimSpace(step), " ")
			if at == "" {
				continue
			}
			t, err := time.Parse("15:04", at)
			x, verr := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || verr != nil {
				return fmt.Errorf("week: %q; write \"06:00 1, 20:00 0\"", day)
			}
			o.week[i] = append(o.week[i], change{t.Sub(t.Truncate(24 * time.Hour)), x})
		}
	}
	return nil
}

// resolve checks what objects say of each other, and loads what was kept of
// logs and files.
func (c *controller) resolve(state protocol.State) error {
	for _, o := range c.objects {
		o.required, o.optional = c.properties(o)
		for _, id := range o.refs {
			if c.byID[id] == nil {
				return fmt.Errorf("objects: %s: there is no %s", o.id, id)
			}
		}
		if o.set.Class != 0 && c.byID[wire.NewObjectID(typeNotificationClass, o.set.Class)] == nil {
			return fmt.Errorf("objects: %s: there is no notification-class,%d", o.id, o.set.Class)
		}
		if o.file != nil {
			if err := o.file.load(state, o.id); err != nil {
				return err
			}
		}
	}
	return c.loadLogs(state)
}

// text returns a text of ours as a value.
func (c *controller) text(s string) wire.Value { return wire.TextValue(s, c.set.charset()) }

// nameOf returns an object's present name.
func (c *controller) nameOf(o *object) string {
	if v, ok := c.kept.value(o.id, propName); ok {
		if s, err := wire.ParseValue(v); err == nil {
			name, _ := s.Chars()
			return name
		}
	}
	return o.set.Name
}
