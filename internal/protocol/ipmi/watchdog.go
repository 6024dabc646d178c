package ipmi

import (
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A watchdog is the timer that acts on a host that does not reset it (§27).
type watchdog struct {
	use, actions, before, flags uint8
	count                       uint16 // in 100 ms
	started                     time.Time
}

func (r *request) setWatchdog() ([]byte, uint8) {
	d := octet.NewReader(r.data)
	w := watchdog{use: d.U8(), actions: d.U8(), before: d.U8(), flags: r.watchdog.flags &^ d.U8(), count: d.U16LE()}
	r.note.int("timer_use", int64(w.use&7))
	r.note.int("timeout_action", int64(w.actions&7))
	r.note.int("countdown", int64(w.count))
	if w.use&0x40 != 0 && !r.watchdog.started.IsZero() { // don't stop
		w.started = r.now
	}
	w.use &^= 0x40
	r.watchdog = w
	return nil, codeOK
}

func (r *request) resetWatchdog() ([]byte, uint8) {
	if r.watchdog.use&7 == 0 {
		return nil, 0x80 // never set
	}
	r.watchdog.started = r.now
	return nil, codeOK
}

func (r *request) getWatchdog() ([]byte, uint8) {
	w := &r.watchdog
	left, use := w.count, w.use
	if !w.started.IsZero() {
		use |= 0x40 // running
		left -= min(left, uint16(min(r.now.Sub(w.started)/(100*time.Millisecond), 0xFFFF)))
	}
	b := octet.Builder{}
	b.U8(use, w.actions, w.before, w.flags)
	b.U16LE(w.count)
	b.U16LE(left)
	return b.B, codeOK
}

// expire lets the watchdog act once its time is over. It is asked at each
// datagram.
func (v *visit) expire() {
	w := &v.watchdog
	if w.started.IsZero() || v.now.Sub(w.started) < time.Duration(w.count)*100*time.Millisecond {
		return
	}
	w.started = time.Time{}
	w.flags |= 1 << (w.use & 7)
	action, ok := map[uint8]uint8{1: controlReset, 2: controlOff, 3: controlCycle}[w.actions&7]
	if ok && v.on() {
		v.kept.Cause = 0x04 // watchdog expiration
		if err := v.control(action); err != nil {
			v.s.Log.Debug("watchdog cannot act", "err", err)
		}
	}
}
