package dnp3

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// selection is what a visitor has selected (IEEE 1815 §4.4.3).
type selection struct {
	objects []byte
	seq     uint8
	until   time.Time
}

// maxControls is how many controls one request may carry.
const maxControls = 16

// control carries out select, operate and direct operate: every object comes
// back with its status.
func (v *visitor) control(q *request) {
	for _, o := range q.list {
		if !controls(o) {
			q.iin |= wire.ObjectUnknown
			return
		}
		if o.Prefix() != wire.Index8 && o.Prefix() != wire.Index16 {
			q.iin |= wire.ParameterError
			return
		}
	}
	refused := v.unselected(q)
	n, failed := 0, false
	for _, o := range q.list {
		data := slices.Clone(o.Data)
		at := 0
		for index, item := range o.Items {
			n++
			status := v.one(q, o, index, item, n, refused)
			failed = failed || status != wire.ControlSuccess
			at += o.Prefix() + len(item) // an index of one or two octets stands before each
			data[at-1] = uint8(status)
		}
		q.answer.object(o.Header, data)
	}
	if n == 0 {
		q.iin |= wire.ParameterError
		return
	}
	q.act.Target = event.Target{Kind: event.TargetPoint, Ref: firstPoint(q.list[0])}
	v.selected = selection{}
	switch {
	case failed:
		q.act.Outcome = event.Refused
	case q.Function == wire.Select:
		v.selected = selection{objects: slices.Clone(q.Objects), seq: q.Control & wire.Seq, until: time.Now().Add(time.Duration(v.settings.Select))}
	}
}

// controls says whether an object is one that can be operated.
func controls(o wire.Object) bool {
	return o.Group == 12 && o.Variation == 1 || o.Group == 41 && o.Variation >= 1 && o.Variation <= 4
}

// unselected says why an operate has no selection behind it.
func (v *visitor) unselected(q *request) wire.ControlStatus {
	switch s := v.selected; {
	case q.Function != wire.Operate:
		return wire.ControlSuccess
	case s.objects == nil || !bytes.Equal(s.objects, q.Objects) || q.Control&wire.Seq != (s.seq+1)&wire.Seq:
		return wire.NoSelect
	case time.Now().After(s.until):
		return wire.ControlTimeout
	}
	return wire.ControlSuccess
}

// one checks the nth control and, unless it is only selected, carries it out.
// Refused is why none of the request's is.
func (v *visitor) one(q *request, o wire.Object, index uint32, item []byte, n int, refused wire.ControlStatus) wire.ControlStatus {
	status := v.try(q, o, index, item, n, refused)
	if status != wire.ControlSuccess {
		q.detail().number("control_status", int64(status))
	}
	return status
}

func (v *visitor) try(q *request, o wire.Object, index uint32, item []byte, n int, refused wire.ControlStatus) wire.ControlStatus {
	k := output
	if o.Group == 41 {
		k = analogOutput
	}
	p := find(v.points[k], index)
	v.note(q, o, index, item)
	switch {
	case refused != wire.ControlSuccess:
		return refused
	case n > maxControls:
		return wire.TooManyObjects
	case p == nil:
		return wire.ControlUnsupported
	case v.remote != process.None && !q.view.Bool(v.remote):
		return wire.ControlLocal
	case p.failed != process.None && q.view.Bool(p.failed), p.online != process.None && !q.view.Bool(p.online):
		return wire.HardwareError
	}
	if k == output {
		return v.relay(q, p, item)
	}
	return v.setpoint(q, p, wire.ParseOutput(o.Variation, item))
}

// note puts the control into the record, whatever becomes of it.
func (v *visitor) note(q *request, o wire.Object, index uint32, item []byte) {
	d := q.detail()
	if len(d.extra) >= 6*maxListed { // six fields each
		return
	}
	d.number("index", int64(index))
	if o.Group == 41 {
		d.text("value", strconv.FormatFloat(wire.ParseOutput(o.Variation, item), 'g', -1, 64))
		return
	}
	c, _ := wire.ParseCROB(item)
	d.text("control", c.Name())
	d.number("code", int64(c.Code))
	d.number("count", int64(c.Count))
	d.number("on_ms", int64(c.On))
	d.number("off_ms", int64(c.Off))
}

// relay operates a binary output.
func (v *visitor) relay(q *request, p *point, item []byte) wire.ControlStatus {
	c, _ := wire.ParseCROB(item)
	on, name := true, c.Name()
	switch {
	case c.Queue() || c.TCC() == 3 || c.Operation() > wire.OpLatchOff:
		return wire.ControlUnsupported
	case p.Accept != nil && name != "nul" && !slices.Contains(p.Accept, name):
		return wire.ControlUnsupported
	case c.Operation() == wire.OpNul || c.Count == 0: // nothing to do (IEEE 1815 §A.8.1.2)
		return wire.ControlSuccess
	case name == "latch_off" || name == "trip" || name == "pulse_off":
		on = false
	}
	pulse := c.Operation() == wire.OpPulseOn || c.Operation() == wire.OpPulseOff
	switch {
	case on && p.inhibit != process.None && q.view.Bool(p.inhibit): // opening is never forbidden
		return wire.AutomationInhibit
	case pulse && p.pulsing == name && time.Now().Before(p.busy):
		return wire.AlreadyActive
	case q.Function == wire.Select:
		return wire.ControlSuccess
	}
	if pulse {
		const longest = 60_000 // ms that a relay of this kind can pulse
		p.pulsing = name
		p.busy = time.Now().Add(time.Duration(min(uint64(c.On)*uint64(c.Count), longest)) * time.Millisecond)
	}
	return v.writeTag(q, p, process.BoolValue(on))
}

// setpoint writes an analog output.
func (v *visitor) setpoint(q *request, p *point, x float64) wire.ControlStatus {
	tag := v.device.Process.Tag(p.tag)
	value := (x - p.Offset) / p.Scale
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return wire.FormatError
	case tag.Min < tag.Max && (value < tag.Min || value > tag.Max):
		return wire.OutOfRange
	case q.Function == wire.Select:
		return wire.ControlSuccess
	}
	return v.writeTag(q, p, process.FloatValue(value))
}

// writeTag writes the process and records what it was.
func (v *visitor) writeTag(q *request, p *point, value process.Value) wire.ControlStatus {
	previous := q.view.Text(p.tag)
	err := v.device.Process.Write(v.s.Source(), process.Write{Tag: p.tag, Value: value})
	if err == nil {
		q.touch(p.Tag, value.Text(), previous)
	}
	return writeError(err)
}

// firstPoint is the first point of a control as the record names it.
func firstPoint(o wire.Object) string {
	group := "g10:"
	if o.Group == 41 {
		group = "g40:"
	}
	for index := range o.Items {
		return group + strconv.Itoa(int(index))
	}
	return group
}
