package session

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// HangUp makes reading fail from now on, cuts short a Delay and soon any write,
// so that Serve returns; it never waits, and any goroutine may call it. Reason
// is one of event.CloseReasons. Its side ports close and
// their sessions hang up with it.
func (s *Session) HangUp(reason string) {
	s.hang.Do(func() {
		s.hangReason = reason
		close(s.quit)
		s.cfg.Conn.SetReadDeadline(time.Unix(1, 0))
		s.cfg.Conn.SetWriteDeadline(time.Now().Add(lastWrite))
		s.kids.each(func(hangUp func(string)) { hangUp(reason) })
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

// Guarded is f for a goroutine of a room's own: a panic of f, which nobody else
// would catch, ends this session and not the sensor.
func (s *Session) Guarded(f func()) func() {
	return func() {
		defer func() {
			r := recover()
			switch {
			case r == nil:
				return
			case s.cfg.Panicked != nil:
				s.cfg.Panicked(r)
			default:
				s.Log.Error("a room's goroutine panicked; its session ends", "session", s.ID(), "panic", fmt.Sprint(r))
			}
			s.HangUp("error")
		}()
		f()
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

// kids are what hangs up with a session: its side ports and their sessions.
type kids struct {
	mu  sync.Mutex
	set map[any]func(reason string)
}

// each calls f for sessions first: one whose port closes under it would take that for
// the visitor's leaving.
func (k *kids) each(f func(hangUp func(string))) {
	var sessions, ports []func(string)
	k.mu.Lock()
	for key, hangUp := range k.set {
		if _, ok := key.(*Session); ok {
			sessions = append(sessions, hangUp)
		} else {
			ports = append(ports, hangUp)
		}
	}
	k.mu.Unlock()
	for _, hangUp := range slices.Concat(sessions, ports) {
		f(hangUp)
	}
}

// adopt makes hangUp, known by key, part of HangUp.
func (s *Session) adopt(key any, hangUp func(reason string)) {
	s.kids.mu.Lock()
	if s.kids.set == nil {
		s.kids.set = map[any]func(string){}
	}
	s.kids.set[key] = hangUp
	s.kids.mu.Unlock()
	if s.hung() {
		hangUp(s.hangReason)
	}
}

func (s *Session) disown(key any) {
	s.kids.mu.Lock()
	delete(s.kids.set, key)
	s.kids.mu.Unlock()
}
