package alert

import (
	"context"
	"time"
)

// Times between two attempts, between two digests, and for which one gathers.
const (
	retryFirst  = time.Second
	retryMost   = time.Minute
	digestEvery = time.Minute
	gatherFor   = 10 * time.Second
)

// send delivers what is pending, as fast as the rate allows, until ctx is done.
// What fails is tried again, ever less often.
func (a *Alerter) send(ctx context.Context) {
	tokens, filled := float64(a.cfg.Burst), time.Now()
	var digested time.Time
	wait := retryFirst
	for ctx.Err() == nil {
		now := time.Now()
		tokens = min(float64(a.cfg.Burst), tokens+now.Sub(filled).Minutes()*float64(a.cfg.Minute))
		filled = now
		m := a.next(now, tokens >= 1, now.Sub(digested) >= digestEvery)
		if m == nil {
			pause(ctx, a.wake, 5*time.Second) // then a digest may be due
			continue
		}
		try, cancel := context.WithTimeout(ctx, time.Duration(a.cfg.Timeout))
		err := a.by.deliver(try, m)
		cancel()
		switch {
		case err == nil && m.Digest != nil:
			digested = time.Now()
		case err == nil:
			tokens--
		case ctx.Err() != nil:
			return
		default:
			a.cfg.Log.Warn("an alert cannot be delivered; it is tried again", "alert", a.cfg.Name, "after", wait.String(), "err", err)
			pause(ctx, nil, wait)
			wait = min(2*wait, retryMost)
			continue
		}
		if wait > retryFirst {
			a.cfg.Log.Info("alerts are delivered again", "alert", a.cfg.Name)
		}
		wait = retryFirst
		a.done(m)
	}
}

// pause waits for a time, for something to send, or for the end.
func pause(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// next is what to send now: an alert while the rate allows, else a digest of what
// it does not allow, when one is due. It stays the first that is pending.
func (a *Alerter) next(now time.Time, allowed, due bool) *Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.s.Pending) > 0 {
		m := a.s.Pending[0]
		if m.Digest != nil || allowed && now.Sub(m.At) <= late {
			return m
		}
		a.s.Pending = a.s.Pending[1:]
		a.s.summarise(m, now)
	}
	if a.s.Digest == nil || !due || now.Sub(a.s.began) < gatherFor {
		return nil
	}
	m := a.s.Digest
	a.s.Digest, a.s.Pending = nil, append([]*Message{m}, a.s.Pending...)
	return m
}

// done forgets what was delivered.
func (a *Alerter) done(m *Message) {
	a.mu.Lock()
	a.s.Pending = a.s.Pending[1:] // others come behind it
	a.s.Sent = append(a.s.Sent, m.ID)
	if n := len(a.s.Sent) - maxSent; n > 0 {
		a.s.Sent = append(a.s.Sent[:0], a.s.Sent[n:]...)
	}
	a.mu.Unlock()
	a.save()
}
