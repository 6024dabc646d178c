package session

import (
	"crypto/sha256"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// Record says what the visitor just did: the act takes the octets consumed
// since the last act, and the answers written until the next.
func (s *Session) Record(a event.Act) {
	ahead := s.ahead()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit()
	s.act, s.sending = a, false
	s.pending = &s.act
	consumed := s.captured() - ahead
	s.request = s.claim(consumed)
	s.claimed = max(consumed, 0)
}

// Write queues an answer; it leaves at the next flush. On UDP each Write is one
// datagram, and one that the reply budget does not allow is not sent:
// ErrAllowance, and the act's outcome becomes "dropped". On TCP an error means
// that the connection takes nothing any more.
func (s *Session) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packet != nil {
		return s.queueDatagram(p)
	}
	for rest := p; len(rest) > 0; {
		if s.broken != nil {
			return len(p) - len(rest), s.broken
		}
		if s.queued() >= maxQueue {
			if err := s.flush(); err != nil {
				return len(p) - len(rest), err
			}
		}
		n := min(len(rest), maxQueue-s.queued())
		s.enqueue(rest[:n])
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *Session) queueDatagram(p []byte) (int, error) {
	if s.cfg.Budget != nil && !s.cfg.Budget.Spend(len(p)) {
		if s.pending != nil {
			s.pending.Outcome = event.Dropped
		}
		return 0, ErrAllowance
	}
	s.enqueue(p)
	s.bounds = append(s.bounds, s.queued())
	return len(p), nil
}

func (s *Session) queued() int {
	if s.out == nil {
		return 0
	}
	return len(*s.out)
}

func (s *Session) enqueue(p []byte) {
	if s.out == nil {
		s.out = s.cfg.Buffers.get()
	}
	*s.out = append(*s.out, p...)
}

// Flush puts the pending act into the journal and then the queued octets on the
// wire. It runs by itself before a blocking read, at 64 KiB queued and at the end.
func (s *Session) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush()
}

// Delay makes the next flush wait for d between the journal and the wire, as a
// device of this latency would.
func (s *Session) Delay(d time.Duration) {
	if s.cfg.Instant || d <= 0 {
		return
	}
	s.mu.Lock()
	s.delay += d
	s.mu.Unlock()
}

// Send records an act of ours and sends p unasked. It is the only call allowed
// from other goroutines; p is one whole frame or datagram.
func (s *Session) Send(a event.Act, p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return ErrInterrupt
	}
	if err := s.flush(); err != nil && s.broken != nil {
		return err
	}
	s.act, s.sending = a, true
	s.pending = &s.act
	s.request = event.Octets{}
	var err error
	if s.packet != nil {
		_, err = s.queueDatagram(p)
	} else {
		s.enqueue(p)
	}
	if ferr := s.flush(); err == nil {
		err = ferr
	}
	return err
}

// flush is Flush under the lock.
func (s *Session) flush() error {
	s.commit()
	d := s.delay
	s.delay = 0
	if s.out == nil {
		return s.broken
	}
	if d > 0 {
		s.wait(d)
	}
	err := s.send()
	if err != nil && s.packet == nil {
		s.stop(err, "visitor")
		s.broken = err
	}
	s.cfg.Buffers.put(s.out)
	s.out, s.bounds, s.held = nil, s.bounds[:0], 0
	return err
}

// send puts the queue on the wire.
func (s *Session) send() error {
	if now := time.Now(); s.writeBy.Sub(now) < writeTimeout/2 {
		s.writeBy = now.Add(writeTimeout)
		s.conn.SetWriteDeadline(s.writeBy)
	}
	if s.hung() {
		s.conn.SetWriteDeadline(time.Now().Add(lastWrite))
	}
	if s.packet == nil {
		n, err := s.conn.Write(*s.out)
		s.stats.out += int64(n)
		return err
	}
	start := 0
	for _, end := range s.bounds {
		n, err := s.conn.Write((*s.out)[start:end])
		s.stats.out += int64(n)
		if err != nil {
			return err
		}
		start = end
	}
	return nil
}

// commit puts the pending act into the journal with the octets queued since it
// was recorded. Queued octets of no act become an act of their own.
func (s *Session) commit() {
	response := s.unheld()
	if s.pending == nil {
		if len(response) == 0 {
			return
		}
		s.act, s.sending = s.unasked(), true
		s.pending = &s.act
		s.request = event.Octets{}
	}
	s.append(s.pending, s.request, cut(response))
	s.pending = nil
	s.act = event.Act{}
	s.request = event.Octets{}
	s.held = s.queued()
	s.release()
}

// unheld returns the queued octets that belong to no act in the journal.
func (s *Session) unheld() []byte {
	if s.out == nil {
		return nil
	}
	return (*s.out)[s.held:]
}

// cut keeps the first MaxResponse octets of an answer.
func cut(p []byte) event.Octets {
	if len(p) <= MaxResponse {
		return event.Octets{Kept: p, Len: len(p)}
	}
	sum := sha256.Sum256(p)
	return event.Octets{Kept: p[:MaxResponse], Len: len(p), SHA256: sum[:]}
}
