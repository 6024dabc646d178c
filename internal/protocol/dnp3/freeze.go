package dnp3

import (
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// schedule is a freeze that is to come (function 11).
type schedule struct {
	at     time.Time // the device's
	every  time.Duration
	points []*point
}

// maxSchedules is how many freezes may be due.
const maxSchedules = 16

// counters returns the counters that a freeze names.
func (v *visitor) counters(q *request, list wire.Objects) []*point {
	var all []*point
	for _, o := range list {
		if o.Group != 20 {
			q.iin |= wire.ObjectUnknown
			return nil
		}
		points, missing := v.named(counter, o)
		if missing {
			q.iin |= wire.ParameterError
			return nil
		}
		all = append(all, points...)
	}
	if all == nil {
		q.iin |= wire.ParameterError
	}
	return all
}

// freeze copies counters into frozen counters, and with clear starts them anew.
func (v *visitor) freeze(q *request, clear bool) {
	points := v.counters(q, q.list)
	for _, p := range points {
		v.hold(p, q.view, clear)
		if len(q.act.Tags) < maxListed {
			q.act.Tags = append(q.act.Tags, p.Tag)
		}
	}
	if points != nil {
		v.save(v.s)
	}
}

// hold freezes one counter, under the lock.
func (o *outstation) hold(p *point, v process.View, clear bool) {
	value := p.value(v, o.now())
	if f := find(o.points[frozen], p.index()); f != nil {
		f.held = value
		set(&o.kept.Frozen, f.name(), value)
		o.happen(f, value)
	}
	if clear {
		p.base += value.Number
		p.last.Number = 0
		set(&o.kept.Cleared, p.name(), p.base)
	}
}

// freezeAtTime schedules a freeze: a time and interval, then the counters.
func (v *visitor) freezeAtTime(q *request) {
	if len(q.list) < 2 || q.list[0].Group != 50 || q.list[0].Variation != 2 || q.list[0].Number() != 1 {
		q.iin |= wire.ParameterError
		return
	}
	r := octet.NewReader(q.list[0].Data)
	at := time.UnixMilli(int64(wire.U48(r))).UTC()
	every := time.Duration(r.U32LE()) * time.Millisecond
	points := v.counters(q, q.list[1:])
	if points == nil {
		return
	}
	if len(v.schedules) >= maxSchedules || every > 0 && every < time.Second {
		q.iin |= wire.ParameterError
		return
	}
	q.detail().text("at", at.Format(time.RFC3339))
	q.detail().number("interval_ms", every.Milliseconds())
	v.schedules = append(v.schedules, schedule{at, every, points})
	v.runSchedules(q.view)
}

// runSchedules does the freezes that are due, under the lock. What was missed
// while nobody was connected is done once.
func (o *outstation) runSchedules(v process.View) {
	if len(o.schedules) == 0 {
		return
	}
	now := o.device.Clock.Now()
	left := o.schedules[:0]
	for _, s := range o.schedules {
		if s.at.After(now) {
			left = append(left, s)
			continue
		}
		for _, p := range s.points {
			o.hold(p, v, false)
		}
		if s.every > 0 {
			s.at = s.at.Add(s.every * (now.Sub(s.at)/s.every + 1))
			left = append(left, s)
		}
	}
	o.schedules = left
}
