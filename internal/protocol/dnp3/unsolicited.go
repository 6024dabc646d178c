package dnp3

import (
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// reports is the state of unsolicited responses of one visitor.
type reports struct {
	running   bool    // the goroutine is
	classes   [4]bool // enabled
	null      bool    // the first response after a restart is due
	seq       uint8
	waiting   bool // for a confirmation
	events    []uint64
	tries     int
	due       time.Time // of the next try
	gaveUp    uint64    // the newest event when retries ended
	broadcast bool      // one was heard, and no response has said so
	octets    []byte    // the fragment, for another try
}

// confirm ends the wait and returns the events that were confirmed.
func (r *reports) confirm() []uint64 {
	r.waiting, r.null, r.tries = false, false, 0
	r.seq = (r.seq + 1) & wire.Seq
	return r.events
}

// enable turns unsolicited responses of classes on or off, under the outstation's lock.
func (v *visitor) enable(q *request) {
	if !v.Unsol {
		q.iin |= wire.NoFunction
		return
	}
	on := q.Function == wire.EnableUnsolicited
	var classes [4]bool
	for _, o := range q.list {
		if o.Group != 60 || o.Variation < 2 || o.Variation > 4 {
			q.iin |= wire.ObjectUnknown
			return
		}
		if o.Range() != wire.All {
			q.iin |= wire.ParameterError
			return
		}
		classes[o.Variation-1] = true
	}
	v.unsol.Lock()
	defer v.unsol.Unlock()
	for class, named := range classes {
		if named {
			v.reports.classes[class] = on
		}
	}
	if on {
		v.reports.gaveUp = 0
		v.watch()
	}
}

// announce says that the device has restarted, until that is confirmed.
func (v *visitor) announce() {
	v.unsol.Lock()
	defer v.unsol.Unlock()
	v.master, v.reports.null = v.outstation.Master, true
	v.watch()
}

// watch starts the goroutine that reports, under unsol.
func (v *visitor) watch() {
	if v.reports.running {
		return
	}
	v.reports.running = true
	v.watchers.Go(v.s.Guarded(func() {
		const every = time.Second
		t := time.NewTicker(every)
		defer t.Stop()
		for {
			select {
			case <-v.ctx.Done():
				return
			case <-v.confirmed:
			case <-t.C:
			}
			v.report()
		}
	}))
}

// look looks at the plant and returns the response that is to go now; nil where
// there is none.
func (v *visitor) look() ([]byte, event.Act) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.restarting() {
		return nil, event.Act{}
	}
	view := v.device.Process.View()
	v.scan(view)
	return v.due(v.indications(view))
}

// report sends an unsolicited response where one is due.
func (v *visitor) report() {
	octets, act := v.look()
	if octets == nil {
		return
	}
	v.unsol.Lock()
	to := v.master
	v.unsol.Unlock()
	act.Detail.(*detail).dest = to
	for _, p := range v.frames(to, octets) {
		if err := v.s.Send(act, p); err != nil {
			return
		}
	}
}

// due returns the response that is to go now, under the outstation's lock; nil
// where there is none.
func (v *visitor) due(iin wire.IIN) ([]byte, event.Act) {
	v.unsol.Lock()
	defer v.unsol.Unlock()
	r, now := &v.reports, time.Now()
	if v.waiting.active && now.Before(v.waiting.until) {
		return nil, event.Act{}
	}
	act := event.Act{Op: "unsolicited_response", Class: event.Report}
	act.Detail = &detail{src: v.address, control: -1, function: wire.UnsolicitedResponse, seq: int(r.seq), iin: int(iin), unsol: true}
	if r.waiting {
		if now.Before(r.due) {
			return nil, act
		}
		if r.tries > v.Retries {
			r.waiting, r.gaveUp = false, v.buffer.next
			r.null = false
			return nil, act
		}
		r.tries++
		r.due = now.Add(time.Duration(v.Confirm))
		return r.octets, act
	}
	c := newComposer(v.fragmentSize())
	if !r.null {
		var list []pointEvent
		for _, e := range v.buffer.list {
			if r.classes[e.class] {
				list = append(list, e)
			}
		}
		if len(list) == 0 || list[len(list)-1].id <= r.gaveUp || !c.events(list, 0) {
			return nil, act
		}
	}
	first := c.parts()[0]
	f := wire.Fragment{Control: wire.FIR | wire.FIN | wire.CON | wire.UNS | r.seq, Function: wire.UnsolicitedResponse, IIN: iin, Objects: first.objects}
	r.octets, r.events = f.Append(nil), first.events
	r.waiting, r.tries, r.due = true, 1, now.Add(time.Duration(v.Confirm))
	act.Detail.(*detail).number("events", int64(len(r.events)))
	return r.octets, act
}
