package tftp

import (
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// retrier sends the last packet again until the visitor answers it.
type retrier struct {
	kid *session.Session

	mu     sync.Mutex
	timer  *time.Timer
	packet []byte
	wait   time.Duration
	left   int
	over   bool
}

// arm makes packet the one that is sent again.
func (r *retrier) arm(packet []byte, wait time.Duration, retries int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return
	}
	r.packet, r.wait, r.left = packet, wait, retries
	if r.timer == nil {
		r.timer = time.AfterFunc(wait, r.fire)
		return
	}
	r.timer.Reset(wait)
}

// fire sends again, or ends the transfer.
func (r *retrier) fire() {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		return
	case r.left == 0:
		r.over = true
		r.kid.HangUp("idle")
		return
	}
	r.left--
	r.kid.Send(event.Act{Op: "retransmission", Class: event.Report}, r.packet)
	r.timer.Reset(r.wait)
}

// stop waits for what is under way; nothing is sent afterwards.
func (r *retrier) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	if r.timer != nil {
		r.timer.Stop()
	}
}

// A visitor who has not shown that he hears us gets little, and not for long:
// his request may be forged.
const (
	unprovenRetries = 2
	unprovenWait    = time.Second
)
