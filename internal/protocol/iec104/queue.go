package iec104

import (
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// outgoing is an ASDU that waits for the window.
type outgoing struct {
	asdu   []byte
	op     string
	target event.Target
	report bool // may be dropped where too many wait
}

// maxReports is how many reports wait at most for a visitor who acknowledges none.
const maxReports = 256

// maxWaiting is how many ASDUs wait before further requests of a visitor who
// acknowledges none are dropped. A single answer may be longer.
const maxWaiting = 512

// pace makes the answer take the time that the device takes.
func (v *visitor) pace() {
	low, high := time.Duration(v.Latency.Min), time.Duration(v.Latency.Max)
	if high > low {
		low += time.Duration(v.s.Rand().Int64N(int64(high - low + 1)))
	}
	v.s.Delay(low)
}

// enqueue puts an ASDU behind those that wait; too many reports are dropped,
// the oldest first.
func (v *visitor) enqueue(o outgoing) {
	if o.report && len(v.queue) >= maxReports {
		for i := range v.queue {
			if v.queue[i].report {
				v.queue = append(v.queue[:i], v.queue[i+1:]...)
				break
			}
		}
	}
	v.queue = append(v.queue, o)
}

// pump sends what waits as far as the window k allows: as part of the pending
// act, or each as an act of its own where nobody asked.
func (v *visitor) pump(unasked bool) {
	if len(v.queue) > 0 && !unasked {
		v.pace()
	}
	for len(v.queue) > 0 && v.started && len(v.sent) < v.K {
		o := v.queue[0]
		v.queue = v.queue[1:]
		f := wire.Frame{Format: wire.FormatI, Send: v.vs, Recv: v.vr, ASDU: o.asdu}
		v.vs = (v.vs + 1) % wire.Modulo
		v.sent = append(v.sent, time.Now())
		v.owed = 0
		if !unasked {
			v.write(f)
			continue
		}
		v.frameBuf = f.Append(v.frameBuf[:0])
		if v.s.Send(o.act(), v.frameBuf) != nil {
			return // the connection is gone, and the reader learns it
		}
	}
	if len(v.queue) == 0 {
		v.queue = nil
	}
}
