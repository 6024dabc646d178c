package session

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/event"
)

// wire is what a session's bufio.Reader reads: every read flushes what is due,
// waits within the limits, and captures what came.
type wire struct{ s *Session }

// Read implements io.Reader.
func (w wire) Read(p []byte) (int, error) {
	s := w.s
	if err := s.beforeRead(s.ahead()); err != nil {
		return 0, err
	}
	n, err := s.conn.Read(p)
	for n == 0 && s.expired(err) {
		n, err = s.conn.Read(p)
	}
	if n > 0 {
		s.capture(p[:n])
	}
	if err != nil {
		err = s.endRead(err)
	}
	return n, err
}

// awaitFirst waits until a socket can be read. What ends it the next read tells.
func (s *Session) awaitFirst() {
	c, ok := s.conn.(syscall.Conn)
	if !ok { // TLS, or a pipe
		return
	}
	raw, err := c.SyscallConn()
	if err != nil || s.beforeRead(0) != nil {
		return
	}
	var one [1]byte
	readable := func(fd uintptr) bool {
		_, _, err := unix.Recvfrom(int(fd), one[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return err != unix.EAGAIN
	}
	err = raw.Read(readable)
	for s.expired(err) {
		err = raw.Read(readable)
	}
	if err != nil {
		s.endRead(err)
	}
}

// ahead returns how many octets the reader holds that the room has not taken.
func (s *Session) ahead() int {
	if s.r == nil {
		return 0
	}
	return s.r.Buffered()
}

// Datagram flushes, then waits for the next datagram. The whole of it counts as
// the request of the next act. It is valid until the next call.
func (s *Session) Datagram() ([]byte, error) {
	if s.packet == nil {
		return nil, errors.New("session: Datagram on a TCP session")
	}
	if err := s.beforeRead(0); err != nil {
		return nil, err
	}
	p, err := s.packet.Datagram()
	for s.expired(err) {
		p, err = s.packet.Datagram()
	}
	if err != nil {
		return nil, s.endRead(err)
	}
	s.capture(p)
	return p, nil
}

// beforeRead flushes and sets the deadline of a blocking read; ahead is how
// many captured octets the room has not consumed.
func (s *Session) beforeRead(ahead int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flush() // a TCP connection that takes no more is stopped by it; a datagram may be lost
	if s.hung() {
		s.stop(ErrInterrupt, "")
	}
	if s.stopped != nil {
		return s.stopped
	}
	s.spill(s.captured() - ahead)
	if err := s.awaitUntil(s.deadline()); err != nil { // closed under us
		s.stop(io.EOF, "visitor")
	} else if s.hung() {
		s.stop(ErrInterrupt, "")
	}
	return s.stopped
}

// awaitUntil makes d the limit of the next read. A deadline that is set already
// and expires earlier may stay: expired then looks again, so that many quick
// requests cost no deadline each.
func (s *Session) awaitUntil(d time.Time) error {
	s.limit = d
	if !s.readBy.IsZero() && (d.IsZero() || !d.Before(s.readBy)) || s.readBy.IsZero() && d.IsZero() {
		return nil
	}
	return s.arm()
}

// arm sets the read deadline to the limit.
func (s *Session) arm() error {
	s.readBy = s.limit
	return s.conn.SetReadDeadline(s.limit)
}

// expired says whether a read ended only because an old deadline came before
// the limit; it has then set the deadline anew.
func (s *Session) expired(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil || s.hung() || !s.limit.IsZero() && !time.Now().Before(s.limit) {
		return false
	}
	return s.arm() == nil && !s.hung()
}

// endRead notes why a read failed and returns what the room sees.
func (s *Session) endRead(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && s.cfg.Total > 0 && s.since() >= s.cfg.Total:
		s.stop(ErrTotal, "total")
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.stop(ErrIdle, "idle")
	default: // a reset is how many visitors leave
		s.stop(io.EOF, "visitor")
		s.gone = true
	}
	return s.stopped
}

// capture keeps what was read off the wire.
func (s *Session) capture(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(p)
	if s.cfg.MaxOctets > 0 && s.stats.in > s.cfg.MaxOctets {
		s.stop(ErrOctets, "octets")
	}
}

// keep is capture under the lock, without the limit.
func (s *Session) keep(p []byte) {
	s.arrived.Store(int64(s.since()))
	s.stats.in += int64(len(p))
	if s.in == nil {
		s.in = s.cfg.Buffers.get()
	}
	*s.in = append(*s.in, p...)
}

func (s *Session) captured() int {
	if s.in == nil {
		return 0
	}
	return len(*s.in)
}

// An overflow stands for unclaimed octets beyond MaxRequest, which are hashed
// and let go.
type overflow struct {
	hash    hash.Hash // of all unclaimed octets so far
	dropped int       // those no longer in the buffer
}

// spill bounds the memory of a long request: of the consumed unclaimed octets
// (there is no pending act) all beyond MaxRequest go to a hash.
func (s *Session) spill(consumed int) {
	if s.pending != nil || consumed <= MaxRequest {
		return
	}
	b := *s.in
	if s.over == nil {
		s.over = &overflow{hash: sha256.New()}
		s.over.hash.Write(b[:MaxRequest])
	}
	s.over.hash.Write(b[MaxRequest:consumed])
	s.over.dropped += consumed - MaxRequest
	*s.in = append(b[:MaxRequest], b[consumed:]...)
}

// claim gives the consumed unclaimed octets to an act.
func (s *Session) claim(consumed int) event.Octets {
	if s.in == nil || consumed <= 0 {
		return event.Octets{}
	}
	b := (*s.in)[:consumed]
	switch {
	case s.over != nil:
		s.over.hash.Write(b[MaxRequest:])
		o := event.Octets{Kept: b[:MaxRequest], Len: consumed + s.over.dropped, SHA256: s.over.hash.Sum(nil)}
		s.over = nil
		return o
	case consumed > MaxRequest:
		sum := sha256.Sum256(b)
		return event.Octets{Kept: b[:MaxRequest], Len: consumed, SHA256: sum[:]}
	}
	return event.Octets{Kept: b, Len: consumed}
}

// release drops the claimed octets once their act is in the journal.
func (s *Session) release() {
	if s.in == nil {
		return
	}
	*s.in = append((*s.in)[:0], (*s.in)[s.claimed:]...)
	s.claimed = 0
	if len(*s.in) == 0 {
		s.cfg.Buffers.put(s.in)
		s.in = nil
	}
}

// Buffers is what all sessions of a sensor borrow their capture buffers from:
// an idle session holds none. The zero value is ready.
type Buffers struct{ pool sync.Pool }

func (b *Buffers) get() *[]byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, 0, 2048)
	return &p
}

func (b *Buffers) put(p *[]byte) {
	if cap(*p) > 2*MaxRequest {
		return
	}
	*p = (*p)[:0]
	b.pool.Put(p)
}
