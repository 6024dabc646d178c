package iec104

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// visitor is one connection with its link (§5). Its lock is held from the moment
// that a frame is taken until its answers are handed to the session, so that
// sequence numbers leave in order whoever sends.
type visitor struct {
	*server
	s            *session.Session
	ctx          context.Context
	work         sync.WaitGroup
	wake         chan struct{} // a timer is due earlier
	transferring atomic.Bool   // started, for claim
	spoken       bool          // a frame has come: octets that look like text are none
	in           [wire.MaxFrame]byte

	mu       sync.Mutex
	started  bool
	watching bool
	stopping bool // STOPDT is confirmed when all is acknowledged
	vs, vr   uint16
	acked    uint16
	sent     []time.Time // of the I frames not acknowledged
	owed     int         // I frames not acknowledged by us
	owedAt   time.Time   // when the first of them came
	heard    time.Time   // when the last frame came
	tested   time.Time   // when TESTFR act was sent; zero: none is open
	sleeps   time.Time   // until when the timers sleep
	queue    []outgoing
	last     []float64   // reported last, by point.index
	cycled   []time.Time // when each of server.cycles is due
	running  []execution
	transfer transfer
	frameBuf []byte
}

func newVisitor(d *server, ctx context.Context, s *session.Session) *visitor {
	return &visitor{server: d, ctx: ctx, s: s, wake: make(chan struct{}, 1), heard: time.Now()}
}

// frame answers one APDU; false ends the connection.
func (v *visitor) frame(f wire.Frame) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.heard = time.Now()
	more := true
	switch f.Format {
	case wire.FormatU:
		more = v.control(f)
	case wire.FormatS:
		more = v.supervisory(f)
	default:
		more = v.information(f)
	}
	if v.due().Before(v.sleeps) {
		select {
		case v.wake <- struct{}{}:
		default:
		}
	}
	return more
}

// control answers a U frame (§5.2, §5.3).
func (v *visitor) control(f wire.Frame) bool {
	a := event.Act{Op: wire.FunctionName(f.Function), Class: event.Connect}
	switch f.Function {
	case wire.TestAct:
		v.s.Record(a)
		v.unnumbered(wire.TestCon)
	case wire.StartAct:
		if !v.claim(v) {
			a.Outcome = event.Refused
			v.s.Record(a)
			return true
		}
		v.s.Record(a)
		v.unnumbered(wire.StartCon)
		v.begin()
	case wire.StopAct:
		v.s.Record(a)
		v.halt()
	case wire.TestCon:
		a.Outcome = event.Ignored
		v.tested = time.Time{}
		v.s.Record(a)
	default:
		a.Outcome = event.Ignored
		if a.Op == "" {
			a.Op, a.Class = "unknown_function", event.Malformed
		}
		v.s.Record(a)
	}
	return true
}

// begin starts the transfer of information.
func (v *visitor) begin() {
	if v.started {
		return
	}
	v.started, v.stopping = true, false
	v.transferring.Store(true)
	v.remember()
	v.initialized()
	if !v.watching && len(v.watched) > 0 {
		v.watching = true
		changes := v.device.Process.Changes(v.ctx, v.watched...) // from now on, not from when the goroutine runs
		v.work.Go(v.s.Guarded(func() { v.watch(changes) }))
	}
	v.pump(false)
}

// halt stops it: what was sent must be acknowledged before STOPDT is confirmed
// (§5.3, figure 17).
func (v *visitor) halt() {
	v.started, v.stopping = false, true
	v.transferring.Store(false)
	v.queue, v.running = nil, nil
	if v.owed > 0 {
		v.supervise()
	}
	v.halted()
}

// halted confirms STOPDT once nothing is open any more.
func (v *visitor) halted() {
	if v.stopping && len(v.sent) == 0 {
		v.stopping = false
		v.unnumbered(wire.StopCon)
	}
}

// supervisory takes an S frame.
func (v *visitor) supervisory(f wire.Frame) bool {
	if !v.acknowledge(f.Recv) {
		v.s.Record(v.outOfSequence(f, "supervisory"))
		return false
	}
	v.s.Record(event.Act{Op: "supervisory", Class: event.Connect, Detail: linkDetail{Rx: f.Recv}})
	v.halted()
	v.pump(false)
	return true
}

// information takes an I frame.
func (v *visitor) information(f wire.Frame) bool {
	a, err := wire.ParseASDU(f.ASDU)
	c := &call{visitor: v, frame: f, asdu: a, view: v.device.Process.View()}
	c.act = describe(f, &a, &c.detail)
	switch {
	case err != nil:
		c.act.Op, c.act.Class, c.act.Outcome = "malformed_asdu", event.Malformed, event.Ignored
		v.s.Record(c.act)
		return false
	case !v.started && v.Stopped == closeNow && !v.stopping: // §5.3: an I frame in the stopped state ends the connection
		c.act.Outcome, c.detail.Stopped = event.Ignored, true
		v.s.Record(c.act)
		return false
	case f.Send != v.vr || !v.acknowledge(f.Recv):
		v.s.Record(v.outOfSequence(f, c.act.Op))
		return false
	}
	v.vr = (v.vr + 1) % wire.Modulo
	if v.owed++; v.owed == 1 {
		v.owedAt = v.heard
	}
	if !v.started {
		c.act.Outcome, c.detail.Stopped = event.Ignored, true
		v.s.Record(c.act)
	} else {
		c.handle()
	}
	v.halted()
	v.pump(false)
	if v.owed >= v.W {
		v.supervise()
	}
	return true
}

// acknowledge takes N(R); false where it acknowledges what was not sent (§5.1).
func (v *visitor) acknowledge(n uint16) bool {
	d := int(n-v.acked) & (wire.Modulo - 1)
	if d > len(v.sent) {
		return false
	}
	v.acked = n
	v.sent = v.sent[:copy(v.sent, v.sent[d:])]
	return true
}

// outOfSequence is the act of a frame whose numbers are not those expected.
func (v *visitor) outOfSequence(f wire.Frame, op string) event.Act {
	return event.Act{Op: "sequence_error", Class: event.Malformed, Outcome: event.Ignored,
		Detail: linkDetail{Tx: f.Send, Rx: f.Recv, Frame: op, WantTx: v.vr, WantRx: v.vs, Sequence: true}}
}

// unnumbered writes a U frame.
func (v *visitor) unnumbered(function byte) {
	v.pace()
	v.write(wire.Frame{Format: wire.FormatU, Function: function})
}

// supervise writes an S frame.
func (v *visitor) supervise() {
	v.owed = 0
	v.write(wire.Frame{Format: wire.FormatS, Recv: v.vr})
}

func (v *visitor) write(f wire.Frame) {
	v.frameBuf = f.Append(v.frameBuf[:0])
	v.s.Write(v.frameBuf)
}
