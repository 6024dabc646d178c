package dnp3

import (
	"math"
	"slices"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// read answers a read: events before static objects, so that no change is
// reported after what it changed to (IEEE 1815 §5.1.4.2).
func (v *visitor) read(q *request) {
	taken := map[uint64]bool{}
	for _, o := range q.list {
		v.readEvents(q, o, taken)
	}
	for _, o := range q.list {
		if q.answer.octets >= maxAnswer {
			q.iin |= wire.ParameterError
			return
		}
		v.readStatic(q, o)
	}
}

// maxAnswer is how many octets of objects an answer may have before another
// header of its request is left out: a fragment has room for hundreds of headers
// that each ask for everything, and what they come to waits for confirmations.
const maxAnswer = 16 << 10

// readEvents answers the headers that ask for events.
func (v *visitor) readEvents(q *request, o wire.Object, taken map[uint64]bool) {
	k, events, known := kindOf(o.Group)
	class := o.Group == 60 && o.Variation >= 2 && o.Variation <= 4
	if !class && !(known && events) {
		return
	}
	limit := math.MaxInt
	switch o.Range() {
	case wire.All:
	case wire.Count8, wire.Count16, wire.Count32:
		limit = int(o.Count)
	default:
		q.iin |= wire.ParameterError
		return
	}
	var list []pointEvent
	for _, e := range v.buffer.list {
		if len(list) >= limit {
			break
		}
		if mine := class && e.class == int(o.Variation)-1 || !class && e.point.kind == k; mine && !taken[e.id] {
			taken[e.id] = true
			list = append(list, e)
		}
	}
	variation := o.Variation
	if class || k == text {
		variation = 0
	}
	if !class && variation != 0 && checkVariation(o.Group, variation) != nil || !q.answer.events(list, variation) {
		q.iin |= wire.ObjectUnknown
	}
}

// readStatic answers all other headers.
func (v *visitor) readStatic(q *request, o wire.Object) {
	k, events, known := kindOf(o.Group)
	switch {
	case o.Group == 60 && o.Variation == 1:
		v.readClass0(q, o)
	case o.Group == 60 && o.Variation >= 2 && o.Variation <= 4, known && events:
	case known:
		v.readPoints(q, o, k)
	case o.Group == 0:
		v.readAttributes(q, o)
	case o.Group == 34:
		v.readDeadbands(q, o)
	case o.Group == 50 && (o.Variation == 0 || o.Variation == 1):
		var b octet.Builder
		wire.AppendU48(&b, q.now)
		q.answer.object(wire.Header{Group: 50, Variation: 1, Qualifier: uint8(wire.Count8), Count: 1}, b.B)
	case o.Group == 80 && o.Variation <= 1:
		v.readIndications(q, o)
	case o.Group == 70 && o.Variation == 5:
		v.readFile(q, o)
	default:
		q.iin |= wire.ObjectUnknown
	}
}

// readClass0 reports every point.
func (v *visitor) readClass0(q *request, o wire.Object) {
	if o.Range() != wire.All {
		q.iin |= wire.ParameterError
		return
	}
	for k := range v.points {
		q.answer.static(v.points[k], 0, q.view, q.now)
	}
}

// readPoints reports points of one kind.
func (v *visitor) readPoints(q *request, o wire.Object, k kind) {
	variation := o.Variation
	if k == text {
		variation = 0
	} else if variation != 0 && checkVariation(o.Group, variation) != nil {
		q.iin |= wire.ObjectUnknown
		return
	}
	list, missing := v.named(k, o)
	if len(v.points[k]) == 0 {
		q.iin |= wire.ObjectUnknown
		return
	}
	if missing {
		q.iin |= wire.ParameterError
	}
	q.act.Tags = slices.Grow(q.act.Tags, min(len(list), maxListed))
	for _, p := range list {
		if p.Tag != "" && len(q.act.Tags) < maxListed {
			q.act.Tags = append(q.act.Tags, p.Tag)
		}
	}
	if !q.answer.static(list, variation, q.view, q.now) {
		q.iin |= wire.ObjectUnknown
	}
}

// named returns the points that a header names, and whether some are not there.
func (v *visitor) named(k kind, o wire.Object) (list []*point, missing bool) {
	all := v.points[k]
	switch o.Range() {
	case wire.All:
		return all, false
	case wire.StartStop8, wire.StartStop16, wire.StartStop32:
		list = between(all, o.Start, o.Stop)
		return list, uint64(len(list)) != o.Number()
	}
	if o.Prefix() == wire.NoPrefix { // a count: the first ones
		n := min(uint64(o.Count), uint64(len(all)))
		return all[:n], uint64(o.Count) > n
	}
	for index := range o.Indices {
		if p := find(all, index); p != nil {
			list = append(list, p)
		} else {
			missing = true
		}
	}
	return list, missing
}

// readDeadbands reports the deadbands of analogs, group 34.
func (v *visitor) readDeadbands(q *request, o wire.Object) {
	variation := o.Variation
	if variation == 0 {
		variation = 3
	}
	if variation > 3 {
		q.iin |= wire.ObjectUnknown
		return
	}
	list, missing := v.named(analog, o)
	if missing {
		q.iin |= wire.ParameterError
	}
	for _, p := range list {
		data, _ := wire.AppendValue(nil, 34, variation, wire.Value{Number: p.Deadband})
		q.answer.object(wire.Header{Group: 34, Variation: variation, Qualifier: uint8(wire.StartStop16), Start: p.index(), Stop: p.index()}, data)
	}
}

// readIndications reports the internal indications as points.
func (v *visitor) readIndications(q *request, o wire.Object) {
	start, stop := uint32(0), uint32(15)
	switch o.Range() {
	case wire.All:
	case wire.StartStop8, wire.StartStop16:
		start, stop = o.Start, o.Stop
	default:
		q.iin |= wire.ParameterError
		return
	}
	if stop > 15 {
		q.iin |= wire.ParameterError
		return
	}
	bits := uint32(v.indications(q.view)) >> start & (1<<(stop-start+1) - 1)
	data := []byte{byte(bits)}
	if stop-start > 7 {
		data = append(data, byte(bits>>8))
	}
	q.answer.object(wire.Header{Group: 80, Variation: 1, Qualifier: uint8(wire.StartStop8), Start: start, Stop: stop}, data)
}
