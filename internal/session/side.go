package session

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// A Side is a second port of a session, made by the sensor: an FTP data port, a
// TFTP transfer port. It is locked to the visitor's address and capped; its
// sessions name their parent and hang up with it.
//
// Accept on a TCP side waits for the visitor to connect; on a UDP side it
// returns at once a flow to the visitor's own address and port, so that the
// first datagram may be ours. The room ends the session that it gets with End,
// and the side with Close.
type Side struct {
	Addr   netip.AddrPort // as announced to the visitor
	Accept func(context.Context) (*Session, error)
	Close  func() error
}

// A SideMaker opens a side port for a session; network is "tcp" or "udp".
type SideMaker func(ctx context.Context, s *Session, network string) (*Side, error)

// Side opens a second port for this visitor.
func (s *Session) Side(ctx context.Context, network string) (*Side, error) {
	if s.cfg.Sides == nil {
		return nil, errors.New("session: no side ports here")
	}
	side, err := s.cfg.Sides(ctx, s, network)
	if err != nil {
		return nil, err
	}
	shut := side.Close
	side.Close = func() error {
		s.disown(side)
		return shut()
	}
	s.adopt(side, func(string) { shut() })
	return side, nil
}

// Child returns the configuration of a session beside this one, on another
// connection: the same visitor, journal and limits, this session as its parent.
func (s *Session) Child() Config {
	c := s.cfg
	c.Conn, c.Sides, c.parent = nil, nil, s
	c.Open.Parent = s.ID()
	c.Open.Octets, c.Open.TLS = "", nil
	c.Envelope.Session = NewID(time.Now())
	return c
}

// NewID returns a UUIDv7 (RFC 9562 §5.7) of time t.
func NewID(t time.Time) string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	binary.BigEndian.PutUint64(b[:8], uint64(t.UnixMilli())<<16|0x7000|uint64(b[6]&0x0f)<<8|uint64(b[7]))
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
