package bacnet

import (
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// items is what a ReadRange chooses from.
type items struct {
	count    int
	at       func(i int) []byte
	sequence func(i int) uint32    // nil: the list has no sequence numbers
	time     func(i int) time.Time // nil: nor times
}

// readRange serves a ReadRange, 15.8. It answers with as many items as one APDU
// takes and says that there are more.
func (q *request) readRange(body []byte) {
	w, err := wire.ParseReadRange(body)
	if err != nil {
		q.reject(err)
		return
	}
	q.notePropertyRefs([]wire.PropertyRef{w.PropertyRef})
	o := q.find(w.Object)
	if o == nil {
		q.fail(&refusal{classObject, codeUnknownObject})
		return
	}
	all, e := q.rangeItems(o, w)
	if e != nil {
		q.fail(e)
		return
	}
	from, to, e := q.span(all, w)
	if e != nil {
		q.fail(e)
		return
	}
	q.rangeAnswer(w, all, from, to)
}

// rangeItems returns the list that a property is, or why it is none.
func (q *request) rangeItems(o *object, w wire.RangeRequest) (items, *refusal) {
	m := q.moment()
	p, ok := q.read(o, w.Property, m)
	switch {
	case !ok:
		return items{}, propertyError(codeUnknownProperty)
	case w.Indexed && p.shape != array:
		return items{}, propertyError(codeNotArray)
	case w.Property == propLogBuffer:
		t := o.log
		t.mu.Lock()
		defer t.mu.Unlock()
		first, values := t.first, append([]float64(nil), t.values...)
		n := func(i int) int64 { return first + int64(i) }
		return items{len(values), func(i int) []byte { return q.logRecord(o, n(i), values[i]) },
			func(i int) uint32 { return t.sequence(n(i)) },
			func(i int) time.Time { return q.stamp(t, n(i)) }}, nil
	case p.shape != list:
		return items{}, &refusal{classServices, codeNotList}
	}
	return items{count: len(p.elems), at: func(i int) []byte { return p.elems[i] }}, nil
}

// span returns the items that are asked for, from inclusive, to exclusive,
// 15.8.1.1.4.
func (q *request) span(all items, w wire.RangeRequest) (from, to int, e *refusal) {
	count := int(w.Count)
	at := int(w.Start) - 1
	switch {
	case w.By == wire.RangeAll:
		return 0, all.count, nil
	case count == 0:
		return 0, 0, &refusal{classServices, codeParameterOutOfRange}
	case w.By == wire.RangeBySequence:
		if all.sequence == nil {
			return 0, 0, &refusal{classServices, codeNotList}
		}
		if all.count > 0 {
			at = int(int64(w.Start) - int64(all.sequence(0)))
		}
	case w.By == wire.RangeByTime:
		limit, ok := timeOf(w, q.zone)
		if all.time == nil || !ok {
			return 0, 0, propertyError(codeInvalidDataType)
		}
		at = 0
		for at < all.count && !all.time(at).After(limit) {
			at++
		}
		if count < 0 { // the last ones before the time
			for at > 0 && !all.time(at-1).Before(limit) {
				at--
			}
			at--
		}
	}
	if count > 0 {
		from, to = at, at+count
	} else {
		from, to = at+count+1, at+1
	}
	if at < 0 && w.By != wire.RangeByTime || at >= all.count {
		return 0, 0, nil
	}
	return max(0, from), min(all.count, to), nil
}

// timeOf is the date and time of a request by time.
func timeOf(w wire.RangeRequest, zone *time.Location) (time.Time, bool) {
	hundredths, ok := wire.SecondsOf(w.Time)
	year, month, day := int(w.Date.Num>>24), time.Month(w.Date.Num>>16&255), int(w.Date.Num>>8&255)
	if !ok || year == 255 || month < 1 || month > 12 || day < 1 || day > 31 {
		return time.Time{}, false
	}
	return time.Date(1900+year, month, day, 0, 0, 0, 0, zone).Add(time.Duration(hundredths) * 10 * time.Millisecond), true
}

// rangeAnswer sends the items that fit.
func (q *request) rangeAnswer(w wire.RangeRequest, all items, from, to int) {
	limit := min(wire.MaxAPDUOctets(q.apdu.MaxAPDU), q.set.MaxAPDU, q.room()) - 40 // the rest of the answer
	var data []byte
	n := 0
	for i := from; i < to; i++ {
		at := i
		if w.Count < 0 && w.By != wire.RangeAll { // nearest to where the visitor starts
			at = to - 1 - n
		}
		item := all.at(at)
		if len(data)+len(item) > limit {
			break
		}
		if at == i {
			data = append(data, item...)
		} else {
			data = append(item, data...)
		}
		n++
	}
	more := from+n < to
	if w.Count < 0 && w.By != wire.RangeAll {
		from = to - n
	}
	q.note.Items = n
	b := wire.AppendContext(nil, 0, wire.ObjectValue(q.answered(w.Object, q.find(w.Object))))
	b = wire.AppendContext(b, 1, wire.UnsignedValue(uint64(w.Property)))
	if w.Indexed {
		b = wire.AppendContext(b, 2, wire.UnsignedValue(uint64(w.Index)))
	}
	b = wire.AppendContext(b, 3, wire.BitsValue(n > 0 && from == 0, n > 0 && from+n == all.count, more))
	b = wire.AppendContext(b, 4, wire.UnsignedValue(uint64(n)))
	b = wire.AppendClose(append(wire.AppendOpen(b, 5), data...), 5)
	if n > 0 && all.sequence != nil && (w.By == wire.RangeBySequence || w.By == wire.RangeByTime) {
		b = wire.AppendContext(b, 6, wire.UnsignedValue(uint64(all.sequence(from))))
	}
	q.complex(b)
}
