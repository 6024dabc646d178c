package ipmi

import (
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// A stage is how far a session has come.
type stage uint8

const (
	challenged stage = iota // IPMI 1.5: a challenge was given
	opened                  // 2.0: algorithms are agreed
	named                   // 2.0: RAKP message 2 was sent
	active
)

// A console is a session of a remote console with the controller.
type console struct {
	id      uint32 // ours: the managed system's session id
	source  string // the address that it is bound to
	stage   stage
	handle  uint8
	port    uint16
	user    *account
	limit   privilege // the most that the session may have
	level   privilege // what it has
	used    time.Time
	in      window // authenticated datagrams, or all of IPMI 1.5
	inPlain window // of 2.0: unauthenticated ones
	out     uint32
	plain   uint32

	auth      uint8    // 1.5
	challenge [16]byte // 1.5
	suite     wire.Suite
	shake     wire.Handshake
	keys      wire.Keys
}

const (
	maxPending  = 64               // handshakes under way, of all visitors
	ownPending  = maxPending / 4   // of one
	pendingLife = 20 * time.Second // of a handshake that does not go on
)

// sweep forgets the sessions that are over, and says how many are active.
func (b *bmc) sweep(now time.Time) (live int) {
	for id, c := range b.consoles {
		life := time.Duration(b.set.Idle)
		if c.stage != active {
			life = pendingLife
		}
		switch {
		case now.Sub(c.used) > life:
			delete(b.consoles, id)
		case c.stage == active:
			live++
		}
	}
	return live
}

// open makes a session in its first stage, for the visitor alone: nobody else
// can go on with it.
func (v *visit) open(s stage) *console {
	v.sweep(v.now)
	pending, oldest := 0, (*console)(nil)
	mine, myOldest := 0, (*console)(nil)
	for _, c := range v.consoles {
		if c.stage == active {
			continue
		}
		pending++
		if oldest == nil || c.used.Before(oldest.used) {
			oldest = c
		}
		if c.source != v.s.Source() {
			continue
		}
		mine++
		if myOldest == nil || c.used.Before(myOldest.used) {
			myOldest = c
		}
	}
	switch {
	case mine >= ownPending: // he gives up his own before another's
		delete(v.consoles, myOldest.id)
	case pending >= maxPending:
		delete(v.consoles, oldest.id)
	}
	c := &console{source: v.s.Source(), port: v.s.Remote().Port(), stage: s, used: v.now}
	for c.id == 0 || v.consoles[c.id] != nil {
		c.id = v.s.Rand().Uint32()
	}
	v.consoles[c.id] = c
	return c
}

// find returns the visitor's session of an id, or nil.
func (v *visit) find(id uint32) *console {
	v.sweep(v.now)
	c := v.consoles[id]
	if c == nil || c.source != v.s.Source() {
		return nil
	}
	return c
}

// room says whether one more session can become active: the controller has so
// many, and a source at most a quarter of them, so that no visitor locks out the
// others. A source's own session that has been idle gives way.
func (v *visit) room() bool {
	live := v.sweep(v.now)
	own, idle := 0, (*console)(nil)
	for _, c := range v.consoles {
		if c.stage != active || c.source != v.s.Source() {
			continue
		}
		own++
		if idle == nil || c.used.Before(idle.used) {
			idle = c
		}
	}
	if live < v.set.Sessions && own < max(1, v.set.Sessions/4) {
		return true
	}
	if idle != nil && v.now.Sub(idle.used) >= 10*time.Second {
		delete(v.consoles, idle.id)
		return true
	}
	return false
}

// activate makes c a session that carries commands.
func (v *visit) activate(c *console, start privilege) {
	v.handles++
	if v.handles == 0 {
		v.handles++
	}
	c.handle, c.stage, c.level, c.used = v.handles, active, start, v.now
}

// A window takes each sequence number once, and none that is far from the
// greatest (§6.12.8 to §6.12.13). Its zero value expects 1.
type window struct {
	high uint32
	seen uint32 // bit n: high-n has come
}

// take says whether seq is fresh and at most ahead before, or behind after, the
// greatest number so far.
func (w *window) take(seq, ahead, behind uint32) bool {
	if seq == 0 {
		return false
	}
	if d := seq - w.high; d != 0 && d <= ahead {
		w.seen = w.seen<<d | 1
		w.high = seq
		return true
	}
	d := w.high - seq
	if d > behind || w.seen&(1<<d) != 0 {
		return false
	}
	w.seen |= 1 << d
	return true
}
