package iec104

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// remember takes the present values for reported: what changes from now on is
// spontaneous.
func (v *visitor) remember() {
	view := v.device.Process.View()
	v.last = make([]float64, len(v.points))
	for _, p := range v.points {
		v.last[p.index] = p.value(view.Value(p.tag))
	}
	v.cycled = v.cycled[:0]
	for _, c := range v.cycles {
		v.cycled = append(v.cycled, time.Now().Add(c.every))
	}
}

// watch reports what changes until the visit ends.
func (v *visitor) watch(changes iter.Seq[process.Change]) {
	for change := range changes {
		v.changed(change)
	}
}

// changed reports the points of a tag that has changed by more than their
// deadband, and ends the commands that this answers.
func (v *visitor) changed(change process.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.started {
		return
	}
	for _, p := range v.byTag[change.Tag] {
		x := p.value(change.Value)
		if moved := math.Abs(x - v.last[p.index]); moved == 0 || !p.steps() && moved < v.band(p) {
			continue
		}
		v.last[p.index] = x
		cause, done := v.executions(p, x)
		op := "spontaneous"
		if cause == wire.ReturnRemote {
			op = "return_information"
		}
		a := wire.ASDU{Type: p.timed, Number: 1, Cause: cause, Common: p.common}
		r := wire.Reading{Value: x, Time: wire.TimeOf(v.device.Clock.At(change.Time))}
		a.Objects = []wire.Object{{Address: p.object, Data: r.Append(nil, p.timed)}}
		v.enqueue(outgoing{asdu: a.Append(nil), op: op, target: target(p.address), report: true})
		for _, o := range done {
			v.enqueue(o)
		}
	}
	v.pump(true)
}

// band returns a point's present deadband. One without any is reported by
// cycles and interrogations only.
func (v *visitor) band(p *point) float64 {
	v.server.mu.Lock()
	defer v.server.mu.Unlock()
	if b := v.bands[p.index]; b > 0 {
		return b
	}
	return math.Inf(1)
}

// cycle is what is reported periodically together.
type cycle struct {
	every  time.Duration
	cause  wire.Cause
	points []*point
}

// buildCycles groups the points by their periods.
func (d *server) buildCycles() {
	add := func(every time.Duration, cause wire.Cause, p *point) {
		if every == 0 {
			return
		}
		i := slices.IndexFunc(d.cycles, func(c cycle) bool { return c.every == every && c.cause == cause })
		if i < 0 {
			i = len(d.cycles)
			d.cycles = append(d.cycles, cycle{every: every, cause: cause})
		}
		d.cycles[i].points = append(d.cycles[i].points, p)
	}
	for _, p := range d.points {
		add(p.cyclic, wire.Cyclic, p)
		add(p.back, wire.Background, p)
	}
}

// reportCycles reports what is due at now.
func (v *visitor) reportCycles(now time.Time) {
	for i, c := range v.cycles {
		if now.Before(v.cycled[i]) {
			continue
		}
		v.cycled[i] = v.cycled[i].Add(c.every)
		if v.cycled[i].Before(now) {
			v.cycled[i] = now.Add(c.every)
		}
		op := "cyclic"
		if c.cause == wire.Background {
			op = "background"
		}
		for _, asdu := range v.pack(v.device.Process.View(), v.cycling(c), wire.ASDU{Cause: c.cause}) {
			v.enqueue(outgoing{asdu: asdu, op: op, report: true, target: event.Target{}})
		}
	}
}

// cycling returns the points of c that are not switched off.
func (d *server) cycling(c cycle) []*point {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.points), func(p *point) bool { return c.cause == wire.Cyclic && d.noCycle[p.index] })
}

// initialized tells the end of initialisation once after a restart (101 §7.4.3).
func (v *visitor) initialized() {
	v.server.mu.Lock()
	defer v.server.mu.Unlock()
	for _, ca := range v.stations {
		if !v.fresh[ca] {
			continue
		}
		delete(v.fresh, ca)
		a := wire.ASDU{Type: wire.EndOfInit, Number: 1, Cause: wire.Initialized, Common: ca}
		a.Objects = []wire.Object{{Data: []byte{remoteReset}}}
		v.enqueue(outgoing{asdu: a.Append(nil), op: "end_of_initialization"})
	}
}

// remoteReset is the cause of initialisation COI 2 (101 §7.2.6.21).
const remoteReset = 2
