package bacnet

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// alarmSummary serves a GetAlarmSummary, 13.10: all objects in alarm.
func (q *request) alarmSummary(body []byte) {
	if len(body) > 0 {
		q.rejectFor(wire.RejectTooMany)
		return
	}
	m := q.moment()
	var b []byte
	for _, o := range q.objects {
		state := q.eventState(o, m)
		if state == 0 {
			continue
		}
		b = wire.EnumValue(state).Append(wire.ObjectValue(o.id).Append(b))
		b = wire.BitsValue(q.kept.acked(o.id), true, true).Append(b)
		q.note.Items++
	}
	q.complex(b)
}

// eventInformation serves a GetEventInformation, 13.12: the same in more words,
// after the object that the visitor has had last.
func (q *request) eventInformation(body []byte) {
	r := wire.NewReader(body)
	var after wire.ObjectID
	given := r.Is(0)
	if given {
		after = r.ObjectID(0)
	}
	if err := r.Done(); err != nil {
		q.reject(err)
		return
	}
	m := q.moment()
	limit := min(wire.MaxAPDUOctets(q.apdu.MaxAPDU), q.set.MaxAPDU, q.room()) - 8 // the brackets and the rest
	b, more := wire.AppendOpen(nil, 0), false
	for _, o := range q.objects {
		if given {
			given = o.id != after
			continue
		}
		if q.eventState(o, m) == 0 {
			continue
		}
		summary := q.summary(o, m)
		if len(b)+len(summary) > limit {
			more = true
			break
		}
		b = append(b, summary...)
		q.note.Items++
	}
	q.complex(wire.AppendContext(wire.AppendClose(b, 0), 1, wire.BoolValue(more)))
}

// summary encodes one element of the answer.
func (q *request) summary(o *object, m *moment) []byte {
	b := wire.AppendContext(nil, 0, wire.ObjectValue(o.id))
	b = wire.AppendContext(b, 1, wire.EnumValue(q.eventState(o, m)))
	b = wire.AppendContext(b, 2, wire.BitsValue(q.kept.acked(o.id), true, true))
	stamps, _ := q.read(o, propEventTimeStamps, m)
	b = wire.AppendClose(append(wire.AppendOpen(b, 3), stamps.octets()...), 3)
	b = wire.AppendContext(b, 4, wire.EnumValue(0))
	b = wire.AppendContext(b, 5, wire.BitsValue(true, true, true))
	b = wire.AppendOpen(b, 6)
	class := q.find(wire.NewObjectID(typeNotificationClass, o.set.Class))
	for i := range 3 {
		priority := uint64(255)
		if class != nil {
			priority = uint64(class.set.Priorities[i])
		}
		b = wire.UnsignedValue(priority).Append(b)
	}
	return wire.AppendClose(b, 6)
}

// acknowledgeAlarm serves an AcknowledgeAlarm, 13.5.
func (q *request) acknowledgeAlarm(body []byte) {
	r := wire.NewReader(body)
	process, id, state := r.Unsigned(0), r.ObjectID(1), r.Unsigned(2)
	r.Enclosed(3)
	source, _ := r.Context(4, wire.CharacterString).Chars()
	r.Enclosed(5)
	if err := r.Done(); err != nil {
		q.reject(err)
		return
	}
	q.act.Target = objectTarget(id)
	q.note.Process, q.note.Text = &process, event.Text(source)
	o := q.find(id)
	switch {
	case o == nil:
		q.fail(&refusal{classObject, codeUnknownObject})
	case !o.alarms():
		q.fail(&refusal{classObject, codeNoAlarm})
	case q.eventState(o, q.moment()) != state:
		q.fail(&refusal{classServices, codeInvalidEventState})
	default:
		q.kept.acknowledge(id)
		q.simple()
	}
}
