package bacnet

import (
	"errors"
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// confirmed serves a confirmed request, once all of its segments are there.
func (q *request) confirmed() {
	body := q.apdu.Body
	if q.apdu.Segmented {
		var whole bool
		if body, whole = q.reassemble(); !whole {
			return
		}
	}
	if q.note.BVLC == wire.FunctionName(wire.FuncOriginalBroadcast) || q.npdu.Dest != nil && q.npdu.Dest.Net == wire.GlobalBroadcast {
		q.ignore("a confirmed request is for one device") // 5.4.5.1
		return
	}
	if int(q.apdu.Service) >= len(q.services) || !q.services[q.apdu.Service] {
		if q.act.Op == "unknown_confirmed_service" {
			q.note.Service = &q.apdu.Service
		}
		q.describeUnserved(body)
		q.rejectFor(wire.RejectUnknownService)
		return
	}
	q.serve(body)
}

func (q *request) serve(body []byte) {
	switch q.apdu.Service {
	case wire.ReadProperty:
		q.readProperty(body)
	case wire.ReadPropertyMultiple:
		q.readPropertyMultiple(body)
	case wire.WriteProperty:
		q.writeProperty(body)
	case wire.WritePropertyMultiple:
		q.writePropertyMultiple(body)
	case wire.SubscribeCOV, wire.SubscribeCOVProperty:
		q.subscribe(body)
	case wire.ReadRange:
		q.readRange(body)
	case wire.AtomicReadFile:
		q.readFile(body)
	case wire.AtomicWriteFile:
		q.writeFile(body)
	case wire.DeviceCommunicationControl:
		q.communicationControl(body)
	case wire.ReinitializeDevice:
		q.reinitialize(body)
	case wire.GetAlarmSummary:
		q.alarmSummary(body)
	case wire.GetEventInformation:
		q.eventInformation(body)
	case wire.AcknowledgeAlarm:
		q.acknowledgeAlarm(body)
	}
}

// describeUnserved names in the act the object that a service that is not there
// was to touch.
func (q *request) describeUnserved(body []byte) {
	r := wire.NewReader(body)
	switch q.apdu.Service {
	case wire.AddListElement, wire.RemoveListElement:
		if id := r.ObjectID(0); r.Err() == nil {
			q.act.Target = objectTarget(id)
		}
	case wire.DeleteObject:
		if v := r.Typed(wire.ObjectIdentifier); r.Err() == nil {
			q.act.Target = objectTarget(wire.ObjectID(v.Num))
		}
	}
}

// reject answers parameters that cannot be read, 18.9.
func (q *request) reject(err error) {
	reason := uint8(wire.RejectOther)
	switch {
	case errors.Is(err, octet.ErrShort):
		reason = wire.RejectMissing
	case errors.Is(err, octet.ErrTrailing):
		reason = wire.RejectTooMany
	case errors.Is(err, wire.ErrTag):
		reason = wire.RejectInvalidTag
	case errors.Is(err, wire.ErrValue):
		reason = wire.RejectOutOfRange
	}
	q.rejectFor(reason)
}

func (q *request) rejectFor(reason uint8) {
	q.refused(&q.note.Reject, fmt.Sprint(reason))
	q.answer(wire.APDU{Type: wire.Reject, ID: q.apdu.ID, Service: reason})
}

// fail answers with an Error, 20.1.7.
func (q *request) fail(e *refusal) { q.failWith(e, e.append(nil)) }

func (q *request) failWith(e *refusal, body []byte) {
	q.refused(&q.note.Error, e.text())
	q.answer(wire.APDU{Type: wire.ErrorPDU, ID: q.apdu.ID, Service: q.apdu.Service, Body: body})
}

// abort ends the transaction, 20.1.9.
func (q *request) abort(reason uint8) {
	q.refused(&q.note.Abort, fmt.Sprint(reason))
	q.answer(wire.APDU{Type: wire.Abort, Server: true, ID: q.apdu.ID, Service: reason})
}

func (q *request) simple() {
	q.answer(wire.APDU{Type: wire.SimpleAck, ID: q.apdu.ID, Service: q.apdu.Service})
}

// unconfirmed serves an unconfirmed request.
func (q *request) unconfirmed() {
	switch q.apdu.Service {
	case wire.WhoIs:
		q.whoIs()
	case wire.WhoHas:
		q.whoHas()
	case wire.TimeSynchronization, wire.UTCTimeSynchronization:
		q.timeSynchronization()
	case wire.IAm:
		if r, err := wire.ParseIAm(q.apdu.Body); err == nil {
			q.act.Target, q.note.Vendor = objectTarget(r.Device), &r.Vendor
		}
		q.ignore("nothing to answer")
	default:
		if q.act.Op == "unknown_unconfirmed_service" {
			q.note.Service = &q.apdu.Service
		}
		q.ignore("nothing to answer")
	}
}

func (q *request) malformed(err error) {
	q.act.Class = event.Malformed
	q.ignore(err.Error())
}

// whoIs answers with an I-Am, to the visitor alone, 16.10.
func (q *request) whoIs() {
	g, err := wire.ParseWhoIs(q.apdu.Body)
	if err != nil {
		q.malformed(err)
		return
	}
	q.noteRange(g)
	if !g.Holds(q.self.id.Instance()) {
		q.ignore("not in the range")
		return
	}
	seg, _ := segmentation(q.set.Segmentation)
	body := wire.IAmRequest{Device: q.self.id, MaxAPDU: uint32(q.set.MaxAPDU), Segmentation: seg, Vendor: q.set.Vendor}.Append(nil)
	q.answer(wire.APDU{Type: wire.Unconfirmed, Service: wire.IAm, Body: body})
}

func (q *request) noteRange(g wire.Range) {
	if g.Given {
		q.note.Low, q.note.High = &g.Low, &g.High
	}
}

// whoHas answers with an I-Have, 16.9.
func (q *request) whoHas() {
	h, err := wire.ParseWhoHas(q.apdu.Body)
	if err != nil {
		q.malformed(err)
		return
	}
	q.noteRange(h.Range)
	var o *object
	if h.ByName {
		q.act.Target = event.Target{Kind: event.TargetObject, Ref: h.Name}
		o = q.named(h.Name)
	} else {
		q.act.Target = objectTarget(h.Object)
		o = q.find(h.Object)
	}
	if o == nil || !h.Range.Holds(q.self.id.Instance()) {
		q.ignore("not here")
		return
	}
	b := wire.ObjectValue(o.id).Append(wire.ObjectValue(q.self.id).Append(nil))
	q.answer(wire.APDU{Type: wire.Unconfirmed, Service: wire.IHave, Body: q.text(q.nameOf(o)).Append(b)})
}
