package snmp

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// A moment is when a request is answered: all its values are of one view and
// one time.
type moment struct {
	now  time.Time
	view process.View
}

// A source is where a live value comes from: a number or, where text is set, a text.
type source struct {
	number func(*moment) float64
	text   func(*moment) string
	tag    process.Ref
	scale  float64
	keep   string // the State key that a write goes to
}

// source reads a binding: a kind, behind a colon its argument, and for a number
// perhaps a factor: "uptime", "tag:raw.level*1000".
func (a *agent) source(s string) (source, error) {
	src := source{tag: process.None, scale: 1}
	body, factor, scaled := strings.Cut(s, "*")
	if scaled {
		f, err := strconv.ParseFloat(factor, 64)
		if err != nil || f == 0 {
			return src, fmt.Errorf("%q: %q is no factor", s, factor)
		}
		src.scale = f
	}
	kind, arg, _ := strings.Cut(body, ":")
	var err error
	switch kind {
	case "uptime":
		src.number = func(m *moment) float64 { return float64(a.uptime(m.now) / (10 * time.Millisecond)) }
	case "date":
		src.text = func(m *moment) string { return dateAndTime(a.device.Clock.At(m.now)) }
	case "tag":
		err = a.tagSource(&src, arg)
	case "counter":
		src.number, err = a.counters.source(arg)
	case "traffic":
		src.number, err = a.trafficSource(arg)
	case "wander":
		src.number, err = wander(arg)
	case "device":
		err = a.deviceSource(&src, arg)
	case "engine":
		err = a.engineSource(&src, arg)
	case "object":
		src.number, err = a.objectSource(arg)
	default:
		err = fmt.Errorf("no source %q; use uptime, date, tag, counter, traffic, wander, device, engine or object", kind)
	}
	return src, err
}

func (a *agent) uptime(now time.Time) time.Duration {
	return max(now.Sub(a.device.Identity.Boot), 0)
}

func (a *agent) tagSource(src *source, name string) error {
	ref, ok := a.device.Process.Ref(name)
	if !ok {
		return fmt.Errorf("no tag %q; tags are in process.toml", name)
	}
	src.tag = ref
	src.number = func(m *moment) float64 { return m.view.Float(ref) }
	if a.device.Process.Tag(ref).Type == process.Text {
		src.text = func(m *moment) string { return m.view.Text(ref) }
	}
	return nil
}

// deviceSource binds what the device's services share: a value of its identity
// until a visitor writes another.
func (a *agent) deviceSource(src *source, name string) error {
	first, ok := a.device.Identity.Lookup(name)
	if !ok {
		return fmt.Errorf("the device's identity has no %q; give it a value in persona.toml", name)
	}
	src.keep = "device." + name
	src.text = func(*moment) string {
		s := event.Escape(first)
		if err := a.state.Load(src.keep, &s); err != nil {
			return first
		}
		plain, err := event.Unescape(s)
		if err != nil {
			return first
		}
		return plain
	}
	return nil
}

func (a *agent) engineSource(src *source, name string) error {
	switch name {
	case "id":
		src.text = func(*moment) string { return string(a.engine) }
	case "boots":
		src.number = func(*moment) float64 { return float64(a.boots) }
	case "time":
		src.number = func(m *moment) float64 { return float64(a.engineTime(m.now)) }
	default:
		return fmt.Errorf("no %q of the engine; use id, boots or time", name)
	}
	return nil
}

// objectSource binds the number of another object, which may stand further on
// in the files: an interface is up while its ifAdminStatus is.
func (a *agent) objectSource(name string) (func(*moment) float64, error) {
	oid, _, err := parseName(name)
	if err != nil {
		return nil, err
	}
	return func(m *moment) float64 {
		o := a.mib.find(oid)
		if o == nil || o.follows != "" {
			return 0
		}
		return float64(o.read(m).Int)
	}, nil
}

// reader makes the function that reads the source as a value of syntax x.
func (src *source) reader(x syntax) (func(*moment) wire.Value, error) {
	switch {
	case src.text != nil && (x == text || x == octets):
		read := src.text
		return func(m *moment) wire.Value { return wire.Value{Type: x.tag(), Octets: []byte(read(m))} }, nil
	case src.text != nil:
		return nil, fmt.Errorf("a text cannot be shown as %s; use text", x)
	case x.numeric() || x == text:
		read, scale := src.number, src.scale
		return func(m *moment) wire.Value { return x.number(read(m) * scale) }, nil
	}
	return nil, fmt.Errorf("a number cannot be shown as %q", x)
}

// dateAndTime returns t as a DateAndTime with its zone, UTC (RFC 2579 §2).
func dateAndTime(t time.Time) string {
	b := binary.BigEndian.AppendUint16(nil, uint16(t.Year()))
	b = append(b, byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()), byte(t.Second()), byte(t.Nanosecond()/1e8))
	return string(append(b, '+', 0, 0))
}
