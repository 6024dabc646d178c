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
	s.act = a
	s.pending = &s.act
	consumed := s.captured() - ahead
	s.request = s.claim(consumed)
	s.claimed = max(consumed, 0)
}

// Write queues an answer; it leaves at the next flush. On UDP each Write is one
// datagram, and one that the reply budget does not allow is not sent:
// ErrAllowance, and the act's outcome becomes "dropped".
func (s *Session) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packet != nil {
		return s.queueDatagram(p)
	}
	for rest := p; len(rest) > 0; {
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
	if err := s.flush(); err != nil {
		return err
	}
	s.act = a
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
	if s.out == nil {
		s.delay = 0
		return nil
	}
	if d := s.delay; d > 0 {
		s.delay = 0
		time.Sleep(d)
	}
	err := s.send()
	s.cfg.Buffers.put(s.out)
	s.out, s.bounds, s.held = nil, s.bounds[:0], 0
	return err
}

// send puts the queue on the wire.
func (s *Session) send() error {
	s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
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
		s.act = s.unasked()
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

// unasked is the act of octets that we sent with no act pending: a greeting, or
// the rest of an answer of more than 64 KiB.
func (s *Session) unasked() event.Act {
	a := event.Act{Op: "greeting", Class: event.Report}
	if s.stats.lastOp != "" {
		a.Op = s.stats.lastOp
		a.Detail = continuation{s.seq - 1}
	}
	return a
}

// continuation is the detail of an act that carries on an earlier one's answer.
type continuation struct{ seq int }

// AppendJSON implements event.Detail.
func (c continuation) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("continues", int64(c.seq))
	return o.End()
}

// foldedDetail is the detail of a line that stands for several acts of a source
// over its daily budget: octet totals, and the last act's own detail.
type foldedDetail struct {
	Folded
	Last any `json:"last,omitempty"`
}

// cut keeps the first MaxResponse octets of an answer.
func cut(p []byte) event.Octets {
	if len(p) <= MaxResponse {
		return event.Octets{Kept: p, Len: len(p)}
	}
	sum := sha256.Sum256(p)
	return event.Octets{Kept: p[:MaxResponse], Len: len(p), SHA256: sum[:]}
}

// append writes one act's line, session.open before the first.
func (s *Session) append(a *event.Act, req, resp event.Octets) {
	s.stats.count(a.Op)
	if s.cfg.Quota != nil {
		keep, f := s.cfg.Quota.Admit(a.Class, req.Len, resp.Len)
		if !keep {
			s.stats.folded++
			return
		}
		if f.Count > 1 {
			a.Count, a.Detail = f.Count, foldedDetail{f, a.Detail}
		}
	}
	s.ensureOpen()
	line := s.cfg.Buffers.get()
	at := s.since()
	*line = s.enc.AppendAct((*line)[:0], s.stamp(at), a, req, resp, at-time.Duration(s.arrived.Load()))
	s.write(*line, a.Class)
	s.cfg.Buffers.put(line)
}

func (s *Session) stamp(at time.Duration) event.Stamp {
	t := event.Stamp{Time: time.Now(), At: at, Seq: s.seq}
	s.seq++
	return t
}

// ensureOpen writes session.open once.
func (s *Session) ensureOpen() {
	if s.opened || s.ended {
		return
	}
	s.opened = true
	s.opener.Stop()
	seq := s.seq
	s.seq++
	line := s.enc.AppendOpen(nil, event.Stamp{Time: s.start, Seq: seq}, s.cfg.Open)
	s.write(line, event.Connect)
}

// write appends to the journal. A line that the journal drops is counted there
// and leaves a gap in seq; the visitor is served all the same.
func (s *Session) write(line []byte, class event.Class) {
	if err := s.cfg.Journal.Append(line, class); err != nil {
		s.stats.lost++
	}
}
