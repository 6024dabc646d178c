package dnp3

import (
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// write carries out function 2, object by object.
func (v *visitor) write(q *request) {
	for _, o := range q.list {
		switch {
		case o.Group == 50 && (o.Variation == 1 || o.Variation == 3):
			v.writeTime(q, o)
		case o.Group == 80 && o.Variation == 1:
			v.writeIndications(q, o)
		case o.Group == 34 && o.Variation >= 1 && o.Variation <= 3:
			v.writeDeadbands(q, o)
		case o.Group == 110:
			v.writeTexts(q, o)
		case o.Group == 70 && o.Variation == 5:
			v.writeFile(q, o)
		default:
			q.iin |= wire.ObjectUnknown
			return
		}
	}
}

// writeTime sets the clock: to the time itself, or to that at which "record
// current time" came (IEEE 1815 §10.3.2).
func (v *visitor) writeTime(q *request, o wire.Object) {
	if o.Range() != wire.Count8 || o.Count != 1 {
		q.iin |= wire.ParameterError
		return
	}
	t := time.UnixMilli(int64(wire.U48(octet.NewReader(o.Data)))).UTC()
	set := t
	if o.Variation == 3 {
		if v.recorded.IsZero() {
			q.iin |= wire.ParameterError
			return
		}
		set = t.Add(time.Since(v.recorded))
		v.recorded = time.Time{}
	}
	before := v.device.Clock.Now()
	q.act.Values = append(q.act.Values, t.Format(time.RFC3339Nano))
	q.act.Previous = append(q.act.Previous, before.Format(time.RFC3339Nano))
	if err := v.device.Clock.Set(set); err != nil {
		v.s.Log.Warn("dnp3: cannot keep the clock", "error", err)
	}
	v.kept.NeedTime = false
	v.save(v.s)
}

// writeIndications clears the restart indication, the only one that a master
// may write, and only to 0 (IEEE 1815 §4.2.2.6.8).
func (v *visitor) writeIndications(q *request, o wire.Object) {
	for index, item := range o.Items {
		if index != 7 || item[0] != 0 {
			q.iin |= wire.ParameterError
			return
		}
		v.kept.Restart = false
		v.save(v.s)
	}
}

func (v *visitor) writeDeadbands(q *request, o wire.Object) {
	for index, item := range o.Items {
		p, x := find(v.points[analog], index), wire.ParseDeadband(o.Variation, item)
		if p == nil || !(x >= 0 && finite(x) == x) {
			q.iin |= wire.ParameterError
			return
		}
		if len(q.act.Values) < maxListed {
			q.act.Values = append(q.act.Values, strconv.FormatFloat(x, 'g', -1, 64))
			q.act.Previous = append(q.act.Previous, strconv.FormatFloat(p.Deadband, 'g', -1, 64))
		}
		p.Deadband = x
		set(&v.kept.Deadbands, p.name(), x)
	}
	v.save(v.s)
}

// writeTexts writes octet strings that are tags.
func (v *visitor) writeTexts(q *request, o wire.Object) {
	for index, item := range o.Items {
		p := find(v.points[text], index)
		if p == nil || p.tag == process.None {
			q.iin |= wire.ParameterError
			return
		}
		if v.writeTag(q, p, process.TextValue(string(item))) != wire.ControlSuccess {
			q.iin |= wire.ParameterError
			return
		}
	}
}

// assign puts points into classes (function 22): a class object, then the
// points that it is for.
func (v *visitor) assign(q *request) {
	class := -1
	for _, o := range q.list {
		if o.Group == 60 && o.Variation >= 1 && o.Variation <= 4 {
			class = int(o.Variation) - 1
			continue
		}
		k, events, ok := kindOf(o.Group)
		if !ok || events {
			q.iin |= wire.ObjectUnknown
			return
		}
		list, missing := v.named(k, o)
		if missing || class < 0 {
			q.iin |= wire.ParameterError
			return
		}
		for _, p := range list {
			p.class = class
			set(&v.kept.Classes, p.name(), class)
		}
	}
	q.detail().number("class", int64(class))
	v.save(v.s)
}

// restart answers with the time that it takes and ends the visitor's every
// conversation (functions 13 and 14).
func (v *visitor) restart(q *request) {
	d := time.Duration(v.Warm)
	if q.Function == wire.ColdRestart {
		d = time.Duration(v.Cold)
	}
	var b octet.Builder
	b.U16LE(uint16(min(d.Milliseconds(), 65535)))
	q.answer.object(wire.Header{Group: 52, Variation: 2, Qualifier: uint8(wire.Count8), Count: 1}, b.B)
	q.restart = true
	v.down.Begin(v.s.Source(), time.Now().Add(d))
	v.kept.Restart = true
	v.kept.NeedTime = v.kept.NeedTime || q.Function == wire.ColdRestart
	v.buffer.reset()
	v.schedules = nil
	v.save(v.s)
	for s := range v.visitors {
		if s != v.s && !s.Packet() && s.Source() == v.s.Source() {
			s.HangUp("protocol")
		}
	}
}
