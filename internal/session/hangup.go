package session

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// HangUp makes reading fail from now on, cuts short a Delay and soon any write,
// so that Serve returns; it never waits, and any goroutine may call it. Reason
// is one of event.CloseReasons. The session's side sessions hang up with it.
func (s *Session) HangUp(reason string) {
	s.hang.Do(func() {
		s.hangReason = reason
		close(s.quit)
		s.cfg.Conn.SetReadDeadline(time.Unix(1, 0))
		s.cfg.Conn.SetWriteDeadline(time.Now().Add(lastWrite))
		for _, kid := range s.kids.list() {
			kid.HangUp(reason)
		}
	})
}

// hung says whether HangUp was called. Whoever sets a deadline of the connection
// asks afterwards, since HangUp takes no lock.
func (s *Session) hung() bool {
	select {
	case <-s.quit:
		return true
	default:
		return false
	}
}

// wait sleeps for d or until HangUp.
func (s *Session) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.quit:
	}
}

// stop notes why reading is over; the first reason stays, and HangUp's goes
// before one that only follows from it.
func (s *Session) stop(err error, reason string) {
	if s.stopped != nil {
		return
	}
	if s.hung() {
		err, reason = ErrInterrupt, s.hangReason
	}
	s.stopped, s.stats.reason = err, reason
}

// kids are the side sessions of a session under way.
type kids struct {
	mu  sync.Mutex
	set map[*Session]struct{}
}

func (k *kids) list() []*Session {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Collect(maps.Keys(k.set))
}

func (s *Session) adopt(kid *Session) {
	s.kids.mu.Lock()
	if s.kids.set == nil {
		s.kids.set = map[*Session]struct{}{}
	}
	s.kids.set[kid] = struct{}{}
	s.kids.mu.Unlock()
	if s.hung() {
		kid.HangUp(s.hangReason)
	}
}

func (s *Session) disown(kid *Session) {
	s.kids.mu.Lock()
	delete(s.kids.set, kid)
	s.kids.mu.Unlock()
}
