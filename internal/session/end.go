package session

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// stats is what session.close tells of a stay.
type stats struct {
	in, out  int64
	acts     int
	folded   int // acts kept only as a count
	lost     int // lines that the journal dropped
	ops      map[string]int
	sequence []string
	lastOp   string
	reason   string
	cut      bool
}

const (
	maxOps      = 64 // distinct ops counted
	maxSequence = 64 // ops of the sequence, repeats folded
)

func (t *stats) count(op string) {
	t.acts++
	if t.ops == nil {
		t.ops = make(map[string]int, 4)
	}
	if _, known := t.ops[op]; known || len(t.ops) < maxOps {
		t.ops[op]++
	}
	if op != t.lastOp {
		if len(t.sequence) < maxSequence {
			t.sequence = append(t.sequence, op)
		} else {
			t.cut = true
		}
	}
	t.lastOp = op
}

// Leftovers of a stay, by the names that they are recorded under.
const (
	OpUnrecorded = "unrecorded"  // consumed by the room but claimed by no act: the room's fault
	OpPartial    = "partial"     // the beginning of a frame whose rest never came
	OpAfterClose = "after_close" // sent when the device had hung up
)

// End ends the session: what is due is flushed, what still comes is drained and
// recorded, session.close is written, the connection closed. It is called once,
// by the sensor, or by a room for the sessions of its Side. The error is
// Serve's; a nil error or io.EOF is no error.
func (s *Session) End(err error) {
	ahead := s.ahead()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.opener.Stop()
	s.flush()
	if s.hung() {
		s.stop(ErrInterrupt, "")
	}
	if n := s.captured() - ahead; n > 0 {
		if s.stopped != nil && s.packet == nil {
			s.leftover(OpPartial, event.Malformed, n)
		} else { // a datagram is never half there
			s.leftover(OpUnrecorded, event.Other, n)
		}
	}
	if s.packet != nil {
		s.drainPackets()
	} else {
		s.drain()
	}
	if n := s.captured(); n > 0 {
		s.leftover(OpAfterClose, event.Other, n)
	}
	if s.stats.acts == 0 && !s.opened {
		s.silent()
	}
	if s.opened || s.stats.folded == 0 { // a stay of folded acts alone is in their count
		s.ensureOpen()
		s.appendClose(err)
	}
	s.ended = true
	if s.broken != nil || s.hung() {
		s.cfg.Conn.Close() // first, since TLS would wait to say that it closes
	}
	s.conn.Close()
	if s.cfg.parent != nil {
		s.cfg.parent.disown(s)
	}
}

// silent counts a stay without an act against the source's quota, under which it
// folds like an act of class connect.
func (s *Session) silent() {
	a := event.Act{Op: "connect", Class: event.Connect, Outcome: event.Ignored}
	if s.admit(&a, 0, 0) && a.Count > 1 {
		s.ensureOpen()
		s.put(&a, event.Octets{}, event.Octets{})
	}
}

// leftover records n captured octets that no act claimed.
func (s *Session) leftover(op string, class event.Class, n int) {
	s.act, s.sending = event.Act{Op: op, Class: class, Outcome: event.Ignored}, false
	s.pending = &s.act
	s.request = s.claim(n)
	s.claimed = n
	s.commit()
}

const (
	drainOctets = 64 << 10
	drainTime   = time.Second
	drainPacket = time.Millisecond // for datagrams that have come already
)

// drain half-closes and reads what the visitor had under way, so that nothing
// that reached us is lost to a reset.
func (s *Session) drain() {
	if s.gone || s.broken != nil || s.hung() {
		return
	}
	if halfClose(s.conn) != nil || s.conn != s.cfg.Conn && halfClose(s.cfg.Conn) != nil {
		return
	}
	s.conn.SetReadDeadline(time.Now().Add(drainTime))
	if s.hung() {
		return
	}
	buf := make([]byte, 4096)
	for total := 0; total < drainOctets; {
		s.mu.Unlock() // HangUp may end the wait
		n, err := s.conn.Read(buf)
		s.mu.Lock()
		if n > 0 {
			s.keep(buf[:n])
			total += n
		}
		if err != nil || s.hung() {
			return
		}
	}
}

// halfClose ends our direction of c; under TLS the raw connection has one too.
func halfClose(c net.Conn) error {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

// drainPackets records the datagrams that wait in a flow whose room has ended.
func (s *Session) drainPackets() {
	if s.hung() {
		return
	}
	s.conn.SetReadDeadline(time.Now().Add(drainPacket))
	for total := 0; total < drainOctets; {
		s.mu.Unlock()
		p, err := s.packet.Datagram()
		s.mu.Lock()
		if err != nil || s.hung() {
			return
		}
		s.keep(p)
		s.leftover(OpAfterClose, event.Other, len(p))
		total += len(p)
	}
}

func (s *Session) appendClose(err error) {
	if errors.Is(err, io.EOF) || s.stopped != nil && follows(err, s.stopped) {
		err = nil
	}
	c := event.Close{
		Start: s.start.UTC(), End: time.Now().UTC(), DurationUS: s.since().Microseconds(),
		Reason: s.stats.reason, OctetsIn: s.stats.in, OctetsOut: s.stats.out,
		Acts: s.stats.acts, Ops: s.stats.ops, Sequence: s.stats.sequence,
		Truncated: s.stats.cut || s.stats.folded > 0 || s.stats.lost > 0,
	}
	switch {
	case err != nil:
		c.Error = event.Escape(err.Error()) // it may quote the visitor
		c.Reason = "error"
	case c.Reason == "":
		c.Reason = "protocol" // the device hung up
	}
	line := s.encoder().AppendClose(nil, s.stamp(s.since()), c)
	s.write(line, "") // no class: nobody waits for it
}

// follows says whether Serve's error only says again that reading had ended.
func follows(err, stopped error) bool {
	for _, target := range []error{stopped, io.ErrUnexpectedEOF, net.ErrClosed, os.ErrDeadlineExceeded, context.Canceled} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
