package iec104

import (
	"context"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// timers watches t1, t2 and t3 (§9.6), commands under way and what is reported
// periodically, until ctx ends.
func (v *visitor) timers(ctx context.Context) {
	t := time.NewTimer(time.Hour)
	defer t.Stop()
	for {
		wait, alive := v.tick(time.Now())
		t.Reset(wait)
		if !alive {
			v.s.HangUp("protocol")
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-v.wake:
		}
	}
}

// tick does what is due at now and returns how long the timers may sleep; false
// ends the connection.
func (v *visitor) tick(now time.Time) (time.Duration, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	alive := v.expire(now)
	v.sleeps = v.due()
	return time.Until(v.sleeps), alive
}

// due returns when the next timer runs out.
func (v *visitor) due() time.Time {
	at := v.heard.Add(time.Duration(v.T3))
	if !v.tested.IsZero() {
		at = v.tested.Add(time.Duration(v.T1))
	}
	earlier := func(t time.Time) {
		if t.Before(at) {
			at = t
		}
	}
	if len(v.sent) > 0 {
		earlier(v.sent[0].Add(time.Duration(v.T1)))
	}
	if v.owed > 0 {
		earlier(v.owedAt.Add(time.Duration(v.T2)))
	}
	if v.started {
		for _, t := range v.cycled {
			earlier(t)
		}
		for i := range v.running {
			earlier(v.running[i].until)
		}
	}
	return at
}

// expire does what is due at now; false ends the connection: t1 has run out.
func (v *visitor) expire(now time.Time) bool {
	t1 := time.Duration(v.T1)
	if len(v.sent) > 0 && now.Sub(v.sent[0]) >= t1 || !v.tested.IsZero() && now.Sub(v.tested) >= t1 {
		return false
	}
	if v.started {
		v.expireExecutions(now)
		v.reportCycles(now)
		v.pump(true)
	}
	if v.owed > 0 && now.Sub(v.owedAt) >= time.Duration(v.T2) {
		v.owed = 0
		v.send("supervisory", wire.Frame{Format: wire.FormatS, Recv: v.vr})
	}
	if v.tested.IsZero() && now.Sub(v.heard) >= time.Duration(v.T3) {
		v.tested = now
		v.send("testfr_act", wire.Frame{Format: wire.FormatU, Function: wire.TestAct})
	}
	return true
}

// send sends a frame that nobody asked for.
func (v *visitor) send(op string, f wire.Frame) {
	v.frameBuf = f.Append(v.frameBuf[:0])
	v.s.Send(event.Act{Op: op, Class: event.Report}, v.frameBuf)
}
