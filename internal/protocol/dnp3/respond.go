package dnp3

import (
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// waiting is an answer of which a fragment waits for its confirmation.
type waiting struct {
	active bool
	seq    uint8
	events []uint64
	rest   []part
	iin    wire.IIN
	src    uint16
	until  time.Time // unsolicited responses wait as long
}

// respond records the request and sends its answer.
func (v *visitor) respond(q *request, iin wire.IIN, ack func()) {
	d := q.detail()
	d.iin = int(iin)
	switch {
	case q.iin&(wire.NoFunction|wire.ObjectUnknown|wire.ParameterError) != 0:
		q.act.Outcome = event.Refused
	case q.silent && q.act.Outcome == "":
		q.act.Outcome = event.Answered
	}
	if q.silent {
		d.iin = -1
		if q.act.Outcome != event.Refused {
			q.act.Outcome = event.Ignored
		}
		v.record(q.act)
		v.answered = nil
		ack()
		return
	}
	parts := q.answer.parts()
	v.record(q.act)
	ack()
	v.answered = v.answered[:0]
	v.unsol.Lock()
	v.waiting = waiting{}
	v.unsol.Unlock()
	v.sendPart(q.frame.Src, wire.FIR, q.Control&wire.Seq, iin, parts)
}

// sendPart sends the first of parts. Where more follow, or it holds events, it
// asks for a confirmation.
func (v *visitor) sendPart(to uint16, first, seq uint8, iin wire.IIN, parts []part) {
	f := wire.Fragment{Control: first | seq, Function: wire.Response, IIN: iin, Objects: parts[0].objects}
	if len(parts) == 1 {
		f.Control |= wire.FIN
	}
	if len(parts) > 1 || len(parts[0].events) > 0 {
		f.Control |= wire.CON
		v.unsol.Lock()
		v.waiting = waiting{active: true, seq: seq, events: parts[0].events, rest: parts[1:], iin: iin, src: to, until: time.Now().Add(time.Duration(v.Confirm))}
		v.unsol.Unlock()
	}
	octets := f.Append(nil)
	v.answered = append(v.answered, octets)
	v.pace()
	for _, p := range v.frames(to, octets) {
		if _, err := v.s.Write(p); err != nil {
			return
		}
	}
}

// frames cuts a fragment into link frames: on UDP a datagram each, on TCP all in one piece.
func (v *visitor) frames(to uint16, fragment []byte) [][]byte {
	var list [][]byte
	v.unsol.Lock()
	defer v.unsol.Unlock()
	v.transport = wire.Segments(fragment, v.transport, func(segment []byte) {
		p := wire.Frame{Control: wire.Prm | uint8(wire.UnconfirmedData), Dest: to, Src: v.address, UserData: segment}.Append(nil)
		if len(list) > 0 && !v.s.Packet() {
			list[0] = append(list[0], p...)
			return
		}
		list = append(list, p)
	})
	return list
}

// confirm takes a confirmation: what it confirms is taken out of the buffer, and
// the next fragment goes.
func (v *visitor) confirm(act event.Act, f wire.Frame, q wire.Fragment, ack func()) {
	seq := q.Control & wire.Seq
	v.unsol.Lock()
	var events []uint64
	var rest []part
	var iin wire.IIN
	known := false
	switch {
	case q.Control&wire.UNS != 0:
		if known = v.reports.waiting && v.reports.seq == seq; known {
			events = v.reports.confirm()
			select {
			case v.confirmed <- struct{}{}:
			default:
			}
		}
	case v.waiting.active && v.waiting.seq == seq && v.waiting.src == f.Src:
		known = true
		events, rest, iin = v.waiting.events, v.waiting.rest, v.waiting.iin
		v.waiting = waiting{}
	}
	v.unsol.Unlock()
	v.mu.Lock()
	v.buffer.confirm(events)
	v.mu.Unlock()
	act.Detail.(*detail).number("events", int64(len(events)))
	if len(rest) == 0 {
		act.Outcome = event.Ignored
	}
	if !known {
		act.Detail.(*detail).text("confirms", "nothing")
	}
	v.record(act)
	ack()
	if len(rest) > 0 {
		v.sendPart(f.Src, 0, (seq+1)&wire.Seq, iin, rest)
	}
}

// repeat answers a repeated request as before.
func (v *visitor) repeat(q *request, ack func()) {
	q.detail().repeated = true
	if len(v.answered) == 0 {
		q.act.Outcome = event.Ignored
	}
	v.record(q.act)
	ack()
	for _, octets := range v.answered {
		for _, p := range v.frames(q.frame.Src, octets) {
			v.pace()
			v.s.Write(p)
		}
	}
}

// fragmentSize is the longest fragment that may go now: on UDP what the reply
// budget still allows, headers of frames included.
func (v *visitor) fragmentSize() int {
	n := v.Fragment
	if v.s.Packet() {
		n = min(n, (v.s.Allowance()-64)*wire.MaxSegment/(wire.MaxFrame+28))
	}
	return n
}

// heard notes a broadcast for the next response (IIN1.0).
func (v *visitor) heard() {
	v.unsol.Lock()
	v.reports.broadcast = true
	v.unsol.Unlock()
}

func (v *visitor) broadcastHeard() wire.IIN {
	v.unsol.Lock()
	defer v.unsol.Unlock()
	if v.reports.broadcast {
		v.reports.broadcast = false
		return wire.AllStations
	}
	return 0
}

func (v *visitor) setMaster(address uint16) {
	v.unsol.Lock()
	v.master = address
	v.unsol.Unlock()
}

// pace waits as long as the device takes to answer.
func (v *visitor) pace() {
	low, high := time.Duration(v.Latency.Min), time.Duration(v.Latency.Max)
	if high > low {
		low += time.Duration(v.s.Rand().Int64N(int64(high - low + 1)))
	}
	v.s.Delay(low)
}
