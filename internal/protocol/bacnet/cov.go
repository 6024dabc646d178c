package bacnet

import (
	"math"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

const (
	maxSubscriptions = 16          // of a flow
	leastPause       = time.Second // between two notifications of a subscription
	longestIdle      = time.Hour   // that a subscriber's flow is kept without a word of his
)

// A subscription is a visitor's wish to be told of changes, 13.1. Notifications
// go to the flow that asked and end with it.
type subscription struct {
	object    *object
	process   uint32
	property  uint32
	byProp    bool // from SubscribeCOVProperty
	confirmed bool
	until     time.Time // zero: for ever
	increment float64   // negative: the object's own
	told      bool
	value     wire.Value
	flags     string
	last      time.Time
}

// left is the time remaining in seconds; 0 for ever.
func (s *subscription) left(now time.Time) uint64 {
	if s.until.IsZero() {
		return 0
	}
	return uint64(max(1, s.until.Sub(now).Round(time.Second)/time.Second))
}

// subscribe serves SubscribeCOV and SubscribeCOVProperty, 13.14, 13.15.
func (q *request) subscribe(body []byte) {
	w, err := wire.ParseSubscription(body, q.apdu.Service == wire.SubscribeCOVProperty)
	if err != nil {
		q.reject(err)
		return
	}
	q.act.Target = objectTarget(w.Object)
	q.note.Process, q.note.Confirmed, q.note.Lifetime, q.note.Cancel = &w.Process, w.Confirmed, w.Lifetime, w.Cancel
	o := q.find(w.Object)
	s := &subscription{object: o, process: w.Process, property: propPresentValue, confirmed: w.Confirmed, increment: -1}
	if o != nil {
		q.readTags(o, propPresentValue)
	}
	if e := q.subscribable(o, w, s); e != nil {
		q.fail(e)
		return
	}
	if w.Lifetime > 0 {
		s.until = q.now.Add(time.Duration(w.Lifetime) * time.Second)
	}
	q.mu.Lock()
	full := !q.place(s, w.Cancel)
	q.mu.Unlock()
	if full {
		q.fail(&refusal{classResources, codeNoSpaceForElement})
		return
	}
	q.simple()
	if !w.Cancel {
		q.s.SetIdle(longestIdle)
		q.watch.Do(q.watchPlant)
		q.notify()
	}
}

// subscribable says why there can be no subscription.
func (q *request) subscribable(o *object, w wire.Subscription, s *subscription) *refusal {
	switch {
	case o == nil:
		return &refusal{classObject, codeUnknownObject}
	case o.kind() == none && o.id.Type() != typeLoop:
		return &refusal{classObject, codeOptional}
	case w.Property == nil:
		return nil
	case !o.has(w.Property.Property):
		return propertyError(codeUnknownProperty)
	case w.Property.Indexed:
		return propertyError(codeNotArray)
	case w.Property.Property != propPresentValue && w.Property.Property != propStatusFlags:
		return propertyError(codeNotCOV)
	}
	s.property, s.byProp = w.Property.Property, true
	if w.Increment.Type == wire.Real && w.Increment.Float() >= 0 {
		s.increment = w.Increment.Float()
	}
	return nil
}

// place adds, renews or, with cancel, ends a subscription, 13.14.1.
func (f *flow) place(s *subscription, cancel bool) bool {
	for i, old := range f.subs {
		if old.object == s.object && old.process == s.process && old.byProp == s.byProp && old.property == s.property {
			if cancel {
				f.subs = append(f.subs[:i], f.subs[i+1:]...)
			} else {
				f.subs[i] = s
			}
			return true
		}
	}
	if cancel {
		return true // ending what is not there is no error
	}
	if len(f.subs) >= maxSubscriptions {
		return false
	}
	f.subs = append(f.subs, s)
	return true
}

// watchPlant starts to follow the plant until the flow ends.
func (f *flow) watchPlant() {
	var tags []process.Ref
	for _, o := range f.objects {
		if o.tag >= 0 {
			tags = append(tags, o.tag)
		}
	}
	if tags == nil {
		return
	}
	f.workers.Go(f.s.Guarded(func() {
		for range f.device.Process.Changes(f.ctx, tags...) {
			f.order.Lock()
			f.notify()
			f.order.Unlock()
		}
	}))
}

// notify sends what has changed enough since it was told last.
func (f *flow) notify() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if h := f.quiet.until(f.s.Source(), now); h.silent || h.mute || h.restarting {
		return
	}
	m := &moment{view: f.device.Process.View(), local: f.local()}
	left := f.subs[:0]
	for _, s := range f.subs {
		if s.until.IsZero() || now.Before(s.until) {
			left = append(left, s)
		}
	}
	f.subs = left
	for _, s := range f.subs {
		value := f.present(s.object, m)
		flags, _ := f.read(s.object, propStatusFlags, m)
		if s.told && (now.Sub(s.last) < leastPause || string(flags.octets()) == s.flags && !f.moved(s, value)) {
			continue
		}
		if f.tell(s, value, flags.octets(), now) {
			s.told, s.value, s.flags, s.last = true, value, string(flags.octets()), now
		}
	}
}

// moved says whether a value has changed by the increment that counts, 13.1.
func (f *flow) moved(s *subscription, v wire.Value) bool {
	if v.Type != wire.Real {
		return v.Num != s.value.Num
	}
	increment := s.increment
	if increment < 0 {
		increment = f.limit(s.object, propCOVIncrement, s.object.set.COV)
	}
	return math.Abs(v.Float()-s.value.Float()) >= increment && v.Num != s.value.Num
}

// tell sends a notification, if the reply budget has room for it, 13.6, 13.7.
func (f *flow) tell(s *subscription, value wire.Value, flags []byte, now time.Time) bool {
	b := wire.AppendContext(nil, 0, wire.UnsignedValue(uint64(s.process)))
	b = wire.AppendContext(b, 1, wire.ObjectValue(f.self.id))
	b = wire.AppendContext(b, 2, wire.ObjectValue(s.object.id))
	b = wire.AppendOpen(wire.AppendContext(b, 3, wire.UnsignedValue(s.left(now))), 4)
	b = changed(b, propPresentValue, value.Append(nil))
	b = wire.AppendClose(changed(b, propStatusFlags, flags), 4)
	a := wire.APDU{Type: wire.Unconfirmed, Service: wire.UnconfirmedCOV, Body: b}
	if s.confirmed {
		a = wire.APDU{Type: wire.Confirmed, MaxAPDU: wire.MaxAPDUCode(f.set.MaxAPDU), ID: f.invoke, Service: wire.ConfirmedCOV, Body: b}
		f.invoke++
	}
	n := wire.NPDU{Expecting: s.confirmed, Body: a.Append(nil)}
	frame := wire.BVLC{Function: wire.FuncOriginalUnicast, Body: n.Append(nil)}.Append(nil)
	if f.s.Allowance() < len(frame) {
		return false
	}
	act := event.Act{Op: serviceName(a), Class: event.Report, Target: objectTarget(s.object.id), Values: []string{value.Text()},
		Detail: &detail{Process: &s.process, Confirmed: s.confirmed}}
	if s.object.tag >= 0 {
		act.Tags = []string{f.device.Process.Tag(s.object.tag).Name}
	}
	return f.s.Send(act, frame) == nil
}

func changed(b []byte, property uint32, v []byte) []byte {
	b = wire.AppendContext(b, 0, wire.UnsignedValue(uint64(property)))
	return wire.AppendClose(append(wire.AppendOpen(b, 2), v...), 2)
}
