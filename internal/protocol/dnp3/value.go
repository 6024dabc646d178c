package dnp3

import (
	"math"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// value is the point as the view shows it.
func (p *point) value(v process.View, now uint64) wire.Value {
	if p.kind == frozen {
		return p.held
	}
	out := wire.Value{Time: now}
	if p.online == process.None || v.Bool(p.online) {
		out.Flags = wire.Online
	}
	switch p.kind {
	case binary:
		if v.Bool(p.tag) {
			out.Flags |= wire.State
		}
	case output:
		if v.Bool(p.status) {
			out.Flags |= wire.State
		}
	case double:
		out.Flags |= p.contacts(v) << 6
	case counter:
		out.Number = math.Mod(math.Floor(max(finite(v.Float(p.tag))*p.Scale+p.Offset-p.base, 0)), 1<<32)
	case analog, analogOutput:
		out.Number = finite(v.Float(p.tag))*p.Scale + p.Offset
	}
	return out
}

// since is when the point took its present value.
func (p *point) since(v process.View) time.Time {
	at := v.Since(p.tag)
	if p.kind == output {
		at = v.Since(p.status)
	}
	if other := v.Since(p.opened); p.kind == double && other.After(at) {
		at = other
	}
	if at.IsZero() {
		at = time.Now()
	}
	return at
}

// contacts is the state of a double-bit point.
func (p *point) contacts(v process.View) uint8 {
	on, off := v.Bool(p.tag), !v.Bool(p.tag)
	if p.opened != process.None {
		off = v.Bool(p.opened)
	}
	switch {
	case on && off:
		return wire.Indeterminate
	case on:
		return wire.On
	case off:
		return wire.Off
	}
	return wire.Intermediate
}

// wordsOf is what a text point says.
func (p *point) wordsOf(v process.View) string {
	s := p.Text
	if p.tag != process.None {
		s = v.Text(p.tag)
	}
	if s == "" {
		return " " // variation 0 would be a request's
	}
	return s[:min(len(s), 255)]
}

// differs says whether a point has moved enough for an event.
func (p *point) differs(a, b wire.Value) bool {
	if a.Flags != b.Flags {
		return true
	}
	switch p.kind {
	case analog, analogOutput:
		return math.Abs(a.Number-b.Number) > p.Deadband || p.Deadband == 0 && a.Number != b.Number
	case counter:
		return math.Abs(a.Number-b.Number) > p.Deadband
	}
	return a.Number != b.Number
}
