package bacnet

import (
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

const (
	maxSegments  = 64               // of an answer
	maxTransfers = 4                // segmented transfers of a flow at once, each way
	segmentWait  = 20 * time.Second // four segment timeouts, 5.4.5.2
	leastAPDU    = 50               // every device takes that many octets, 20.1.2.5
	maxHeld      = 8 << 20          // octets that wait in the transfers of all flows
)

// An incoming is a request of which not all segments are there.
type incoming struct {
	service uint8
	next    uint8 // sequence number
	body    []byte
	count   int
	window  uint8
	since   uint8 // segments since the last acknowledgement
	last    time.Time
}

// An outgoing is an answer of which not all segments are acknowledged.
type outgoing struct {
	service  uint8
	octets   int // of all segments
	segments [][]byte
	base     int // first segment that is not acknowledged
	window   uint8
	npdu     wire.NPDU
	last     time.Time
}

// reassemble takes a segment of a request, 5.4.5.2, and returns the whole once
// the last one is there.
func (q *request) reassemble() (body []byte, whole bool) {
	a := q.apdu
	q.note.Sequence = &a.Sequence
	if !q.set.receives() {
		q.abort(wire.AbortNoSegmentation)
		return nil, false
	}
	in := q.in[a.ID]
	if in != nil && q.now.Sub(in.last) > segmentWait {
		delete(q.in, a.ID)
		in = nil
	}
	switch {
	case a.Window < 1 || a.Window > 127:
		q.abort(wire.AbortWindowOutOfRange)
		return nil, false
	case in == nil && (a.Sequence != 0 || len(q.in) >= maxTransfers):
		q.abort(wire.AbortInvalidState)
		return nil, false
	case in == nil || a.Sequence == 0 && in.next > 1:
		in = &incoming{service: a.Service, window: min(a.Window, q.set.Window)}
		in.since = in.window - 1 // the first segment is acknowledged at once
		q.in[a.ID] = in
	}
	in.last = q.now
	if a.Sequence != in.next || a.Service != in.service {
		in.since = 0
		q.ackSegment(in, true)
		return nil, false
	}
	if q.full(len(a.Body)) {
		delete(q.in, a.ID)
		q.abort(wire.AbortBufferOverflow)
		return nil, false
	}
	in.next++
	in.count++
	in.since++
	in.body = append(in.body, a.Body...)
	q.note.Segments = in.count
	if in.count > q.set.MaxSegments {
		delete(q.in, a.ID)
		q.abort(wire.AbortBufferOverflow)
		return nil, false
	}
	if a.More {
		if in.since >= in.window {
			in.since = 0
			q.ackSegment(in, false)
		} else {
			q.act.Outcome = event.Answered
			q.record() // its acknowledgement comes with the window's last segment
		}
		return nil, false
	}
	delete(q.in, a.ID)
	q.lastSegment(in)
	return in.body, true
}

// lastSegment acknowledges the last segment before the request is served. Both
// go out for the same act, which is recorded by the service.
func (q *request) lastSegment(in *incoming) {
	q.final = &wire.APDU{Type: wire.SegmentAck, Server: true, ID: q.apdu.ID, Sequence: in.next - 1, Window: in.window}
}

func (q *request) ackSegment(in *incoming, negative bool) {
	q.answer(wire.APDU{Type: wire.SegmentAck, Server: true, Negative: negative, ID: q.apdu.ID, Sequence: in.next - 1, Window: in.window})
}

// complex answers with a ComplexACK: whole where it fits the visitor's longest
// APDU, ours and the reply budget; in segments where both sides do that; else
// the transaction is aborted, 5.4.5.3.
func (q *request) complex(body []byte) {
	limit := min(wire.MaxAPDUOctets(q.apdu.MaxAPDU), q.set.MaxAPDU)
	whole := wire.APDU{Type: wire.ComplexAck, ID: q.apdu.ID, Service: q.apdu.Service, Body: body}
	if size := 3 + len(body); size <= limit && size <= q.room() {
		q.answer(whole)
		return
	}
	if !q.apdu.Accepts || !q.set.transmits() {
		if 3+len(body) > limit {
			q.abort(wire.AbortNoSegmentation)
		} else {
			q.abort(wire.AbortBufferOverflow)
		}
		return
	}
	size := min(limit, max(q.room(), leastAPDU)) - 5
	if most := wire.MaxSegmentsCount(q.apdu.MaxSegments); most > 0 && (len(body)+size-1)/size > most {
		size = limit - 5
	}
	count := (len(body) + size - 1) / size
	if most := wire.MaxSegmentsCount(q.apdu.MaxSegments); count > 255 || most > 0 && count > most || len(q.out) >= maxTransfers && !q.drop() || q.full(len(body)) {
		q.abort(wire.AbortBufferOverflow)
		return
	}
	out := &outgoing{service: q.apdu.Service, octets: len(body), npdu: q.back(wire.APDU{}), last: q.now, window: 1}
	for len(body) > 0 {
		n := min(size, len(body))
		out.segments = append(out.segments, body[:n])
		body = body[n:]
	}
	q.out[q.apdu.ID] = out
	q.note.Segments = len(out.segments)
	q.window(out, q.apdu.ID)
}

// full says whether the transfers of all flows leave no room for n octets: what a
// forged source began would wait for as long as its flow.
func (f *flow) full(n int) bool { return f.controller.held.Load()+int64(n) > maxHeld }

// account brings the controller's count up to what the flow's transfers hold now.
func (f *flow) account() {
	n := 0
	for _, in := range f.in {
		n += len(in.body)
	}
	for _, out := range f.out {
		n += out.octets
	}
	f.controller.held.Add(int64(n - f.held))
	f.held = n
}

// drop gives up transfers that wait for too long.
func (q *request) drop() bool {
	for id, o := range q.out {
		if q.now.Sub(o.last) > segmentWait {
			delete(q.out, id)
		}
	}
	return len(q.out) < maxTransfers
}

// window sends the segments that the window allows. The first goes alone, 5.3.
func (q *request) window(out *outgoing, id uint8) {
	for i := out.base; i < min(out.base+int(out.window), len(out.segments)); i++ {
		a := wire.APDU{Type: wire.ComplexAck, Segmented: true, More: i+1 < len(out.segments), ID: id,
			Sequence: uint8(i), Window: q.set.Window, Service: out.service, Body: out.segments[i]}
		n := out.npdu
		n.Body = a.Append(nil)
		f := wire.BVLC{Function: wire.FuncOriginalUnicast, Body: n.Append(nil)}
		if 4+len(f.Body) > q.s.Allowance() { // better said than waited for
			delete(q.out, id)
			q.abort(wire.AbortBufferOverflow)
			return
		}
		q.send(f)
	}
}

// segmentAck goes on with an answer in segments, or sends again what did not come.
func (q *request) segmentAck() {
	q.note.Sequence = &q.apdu.Sequence
	out := q.out[q.apdu.ID]
	if out == nil || q.apdu.Server || q.now.Sub(out.last) > segmentWait {
		delete(q.out, q.apdu.ID)
		q.ignore("no such transfer")
		return
	}
	if q.apdu.Window < 1 || q.apdu.Window > 127 {
		delete(q.out, q.apdu.ID)
		q.abort(wire.AbortWindowOutOfRange)
		return
	}
	ahead := int(q.apdu.Sequence) - out.base
	if ahead < -1 || ahead >= int(out.window) {
		q.ignore("a segment that was not sent")
		return
	}
	out.base, out.window, out.last = out.base+ahead+1, min(q.apdu.Window, q.set.Window), q.now
	if out.base >= len(out.segments) {
		delete(q.out, q.apdu.ID)
		q.ignore("all is acknowledged")
		return
	}
	q.window(out, q.apdu.ID)
}
