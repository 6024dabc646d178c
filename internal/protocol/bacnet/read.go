package bacnet

import (
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// get returns what a property reference reads.
func (c *controller) get(o *object, ref wire.PropertyRef, m *moment) ([]byte, *refusal) {
	p, ok := c.read(o, ref.Property, m)
	switch {
	case !ok:
		return nil, propertyError(codeUnknownProperty)
	case ref.Property == propLogBuffer: // by ReadRange only, 12.25.12
		return nil, propertyError(codeReadAccessDenied)
	case !ref.Indexed:
		return p.octets(), nil
	case p.shape != array:
		return nil, propertyError(codeNotArray)
	case ref.Index == 0:
		return wire.UnsignedValue(uint64(len(p.elems))).Append(nil), nil
	case int64(ref.Index) > int64(len(p.elems)):
		return nil, propertyError(codeInvalidIndex)
	}
	return p.elems[ref.Index-1], nil
}

// readProperty serves a ReadProperty, 15.5.
func (q *request) readProperty(body []byte) {
	ref, err := wire.ParseReadProperty(body)
	if err != nil {
		q.reject(err)
		return
	}
	q.notePropertyRefs([]wire.PropertyRef{ref})
	q.act.Class = readClass([]wire.PropertyRef{ref})
	o := q.find(ref.Object)
	if o == nil {
		q.fail(&refusal{classObject, codeUnknownObject})
		return
	}
	q.readTags(o, ref.Property)
	v, e := q.get(o, ref, q.moment())
	if e != nil {
		q.fail(e)
		return
	}
	b := wire.AppendContext(nil, 0, wire.ObjectValue(q.answered(ref.Object, o)))
	b = wire.AppendContext(b, 1, wire.UnsignedValue(uint64(ref.Property)))
	if ref.Indexed {
		b = wire.AppendContext(b, 2, wire.UnsignedValue(uint64(ref.Index)))
	}
	b = append(wire.AppendOpen(b, 3), v...)
	q.complex(wire.AppendClose(b, 3))
}

// answered is the identifier in the answer: devices differ in whether they name
// the wildcard or themselves.
func (q *request) answered(asked wire.ObjectID, o *object) wire.ObjectID {
	if q.set.Wildcard == "echo" {
		return asked
	}
	return o.id
}

// readTags names in the act the plant's tag behind a value that is read.
func (q *request) readTags(o *object, property uint32) {
	if property == propPresentValue && o.tag >= 0 && len(q.act.Tags) < maxListed {
		q.act.Tags = append(q.act.Tags, q.device.Process.Tag(o.tag).Name)
	}
}

// readPropertyMultiple serves a ReadPropertyMultiple, 15.7. One view of the plant
// answers all of it.
func (q *request) readPropertyMultiple(body []byte) {
	list, err := wire.ParseReadPropertyMultiple(body)
	if err != nil {
		q.reject(err)
		return
	}
	q.notePropertyRefs(list)
	q.act.Class = readClass(list)
	m := q.moment()
	var b []byte
	var open wire.ObjectID
	for i, ref := range list {
		if i == 0 || ref.Object != open {
			if i > 0 {
				b = wire.AppendClose(b, 1)
			}
			open = ref.Object
			b = wire.AppendOpen(wire.AppendContext(b, 0, wire.ObjectValue(q.listed(ref.Object))), 1)
		}
		if b = q.results(b, ref, m); len(b) > q.largest() {
			q.abort(wire.AbortBufferOverflow)
			return
		}
	}
	if len(list) > 0 {
		b = wire.AppendClose(b, 1)
	}
	q.complex(b)
}

func (q *request) listed(id wire.ObjectID) wire.ObjectID {
	if o := q.find(id); o != nil {
		return q.answered(id, o)
	}
	return id
}

// results appends what one reference reads: a property, or all of a kind, where
// an element of an array cannot be asked for, 15.7.3.1.2.
func (q *request) results(b []byte, ref wire.PropertyRef, m *moment) []byte {
	o := q.find(ref.Object)
	if o == nil {
		return result(b, ref, nil, &refusal{classObject, codeUnknownObject})
	}
	var ids []uint32
	switch ref.Property {
	case propAll:
		ids = slices.Concat(o.required, o.optional)
	case propRequired:
		ids = o.required
	case propOptional:
		ids = o.optional
	default:
		q.readTags(o, ref.Property)
		v, e := q.get(o, ref, m)
		return result(b, ref, v, e)
	}
	for _, id := range ids {
		if id == propLogBuffer || id == propPropertyList {
			continue
		}
		q.readTags(o, id)
		each := wire.PropertyRef{Object: ref.Object, Property: id}
		v, e := q.get(o, each, m)
		b = result(b, each, v, e)
	}
	return b
}

// result appends an element of a ReadAccessResult.
func result(b []byte, ref wire.PropertyRef, v []byte, e *refusal) []byte {
	b = wire.AppendContext(b, 2, wire.UnsignedValue(uint64(ref.Property)))
	if ref.Indexed {
		b = wire.AppendContext(b, 3, wire.UnsignedValue(uint64(ref.Index)))
	}
	if e != nil {
		return wire.AppendClose(e.append(wire.AppendOpen(b, 5)), 5)
	}
	return wire.AppendClose(append(wire.AppendOpen(b, 4), v...), 4)
}

// largest is the most that all segments of an answer can carry, or that is put
// together for a visitor whose reply budget has no room for so much: he may be
// forged, and his question costs us more than him.
func (q *request) largest() int {
	const unproven = 16 << 10
	return min(maxSegments*q.set.MaxAPDU, max(unproven, q.room()))
}

// application reads an APDU, clause 20.
func (q *request) application(body []byte) {
	a, err := wire.ParseAPDU(body)
	if err != nil {
		q.act = event.Act{Op: "malformed_apdu", Class: event.Malformed}
		q.ignore(err.Error())
		return
	}
	q.apdu = a
	if q.note.BVLC == wire.FunctionName(wire.FuncOriginalUnicast) {
		q.note.BVLC = "" // what goes without saying
	}
	q.act.Op, q.act.Class = serviceName(a), serviceClass(a)
	if a.Type != wire.Unconfirmed {
		q.note.InvokeID = &a.ID
	}
	silent := q.quiet.until(q.s.Source(), q.now).silent
	if silent && !(a.Type == wire.Confirmed && (a.Service == wire.DeviceCommunicationControl || a.Service == wire.ReinitializeDevice)) {
		q.ignore("communication disabled")
		return
	}
	switch a.Type {
	case wire.Confirmed:
		q.confirmed()
	case wire.Unconfirmed:
		q.unconfirmed()
	case wire.SegmentAck:
		q.segmentAck()
	case wire.Abort:
		delete(q.out, a.ID)
		delete(q.in, a.ID)
		q.ignore("nothing to answer")
	default:
		q.note.Received = fmt.Sprintf("%d %x", a.Service, a.Body[:min(len(a.Body), maxListed)])
		q.ignore("nothing to answer")
	}
}
