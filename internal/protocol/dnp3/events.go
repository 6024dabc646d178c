package dnp3

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// pointEvent is one change of a point, kept until a master confirms it.
type pointEvent struct {
	id    uint64
	point *point
	class int
	value wire.Value
	words string
}

// eventBuffer holds events in the order in which they happened. When it is full
// the oldest goes, and says so until there is room again (IEEE 1815 §4.2.2.6.3).
type eventBuffer struct {
	limit    int
	list     []pointEvent
	next     uint64
	overflow bool
}

func (b *eventBuffer) add(e pointEvent) {
	if len(b.list) >= b.limit {
		b.list = slices.Delete(b.list, 0, 1)
		b.overflow = true
	}
	b.next++
	e.id = b.next
	b.list = append(b.list, e)
}

// has says whether there is an event of a class.
func (b *eventBuffer) has(class int) bool {
	return class > 0 && slices.ContainsFunc(b.list, func(e pointEvent) bool { return e.class == class })
}

// confirm takes out the events that a master has confirmed.
func (b *eventBuffer) confirm(ids []uint64) {
	if len(ids) == 0 {
		return
	}
	b.list = slices.DeleteFunc(b.list, func(e pointEvent) bool { return slices.Contains(ids, e.id) })
	if len(b.list) < b.limit {
		b.overflow = false
	}
}

// reset forgets everything, as a restart does.
func (b *eventBuffer) reset() { b.list, b.overflow = nil, false }

// prime takes the present values for those of the last scan.
func (o *outstation) prime() {
	v, now := o.device.Process.View(), o.now()
	for k := range o.points {
		for _, p := range o.points[k] {
			p.last = p.value(v, now)
			if p.kind == text {
				p.words = p.wordsOf(v)
			}
		}
	}
}

// scan looks at every point and turns changes into events, under the lock. One
// moment of the plant is looked at once.
func (o *outstation) scan(v process.View) {
	o.runSchedules(v)
	if v == o.scanned {
		return
	}
	o.scanned = v
	for k := range o.points {
		for _, p := range o.points[k] {
			if p.kind != frozen {
				o.scanPoint(p, v)
			}
		}
	}
}

func (o *outstation) scanPoint(p *point, v process.View) {
	value := p.value(v, millis(o.device.Clock.At(p.since(v))))
	if p.kind == text {
		words := p.wordsOf(v)
		if words == p.words {
			return
		}
		p.words = words
		o.happen(p, value)
		return
	}
	if !p.differs(value, p.last) {
		return
	}
	p.last = value
	o.happen(p, value)
}

// happen makes an event where the point's class has any.
func (o *outstation) happen(p *point, v wire.Value) {
	if p.class > 0 {
		o.buffer.add(pointEvent{point: p, class: p.class, value: v, words: p.words})
	}
}
