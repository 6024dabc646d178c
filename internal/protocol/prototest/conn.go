package prototest

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// A Conn is one end of an in-memory connection with buffers, deadlines and half
// close, so that nothing a test does blocks the other side. With Packets every
// Write is one datagram.
type Conn struct {
	local, remote netip.AddrPort
	packets       bool
	recv, send    *queue
	last          []byte
}

// NewConn returns the two ends of a connection between a visitor and a service.
func NewConn(visitor, service netip.AddrPort, packets bool) (v, s *Conn) {
	a, b := newQueue(), newQueue()
	return &Conn{visitor, service, packets, a, b, nil}, &Conn{service, visitor, packets, b, a, nil}
}

// A queue is one direction: chunks as they were written.
type queue struct {
	mu       sync.Mutex
	cond     *sync.Cond
	chunks   [][]byte
	closed   bool // by the writer: EOF after what is queued
	deaf     bool // the reader is gone
	deadline time.Time
	timer    *time.Timer
}

func newQueue() *queue {
	q := &queue{}
	q.cond = sync.NewCond(&q.mu)
	return q
}

// wait returns with the lock held once a chunk is there.
func (q *queue) wait() error {
	q.mu.Lock()
	for {
		switch {
		case q.deaf:
			return net.ErrClosed
		case !q.deadline.IsZero() && !time.Now().Before(q.deadline):
			return os.ErrDeadlineExceeded
		case len(q.chunks) > 0:
			return nil
		case q.closed:
			return io.EOF
		}
		q.cond.Wait()
	}
}

func (q *queue) setDeadline(t time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deadline = t
	if q.timer != nil {
		q.timer.Stop()
	}
	if d := time.Until(t); !t.IsZero() && d > 0 {
		q.timer = time.AfterFunc(d, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.cond.Broadcast()
		})
	}
	q.cond.Broadcast()
}

// Read yields octets, at most one chunk at a time.
func (c *Conn) Read(p []byte) (int, error) {
	q := c.recv
	err := q.wait()
	defer q.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n := copy(p, q.chunks[0])
	if n == len(q.chunks[0]) || c.packets {
		q.chunks = q.chunks[1:]
	} else {
		q.chunks[0] = q.chunks[0][n:]
	}
	return n, nil
}

// Datagram yields one datagram.
func (c *Conn) Datagram() ([]byte, error) {
	q := c.recv
	err := q.wait()
	defer q.mu.Unlock()
	if err != nil {
		return nil, err
	}
	c.last = q.chunks[0]
	q.chunks = q.chunks[1:]
	return c.last, nil
}

// Write queues p for the other end.
func (c *Conn) Write(p []byte) (int, error) {
	q := c.send
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.deaf {
		return 0, net.ErrClosed
	}
	q.chunks = append(q.chunks, append([]byte(nil), p...))
	q.cond.Broadcast()
	return len(p), nil
}

// CloseWrite lets the other end read EOF after what is queued.
func (c *Conn) CloseWrite() error {
	c.send.mu.Lock()
	defer c.send.mu.Unlock()
	c.send.closed = true
	c.send.cond.Broadcast()
	return nil
}

// Close ends both directions.
func (c *Conn) Close() error {
	c.CloseWrite()
	c.recv.mu.Lock()
	defer c.recv.mu.Unlock()
	c.recv.deaf = true
	if c.recv.timer != nil {
		c.recv.timer.Stop()
	}
	c.recv.cond.Broadcast()
	return nil
}

// drain takes all that has come so far.
func (c *Conn) drain() [][]byte {
	c.recv.mu.Lock()
	defer c.recv.mu.Unlock()
	out := c.recv.chunks
	c.recv.chunks = nil
	return out
}

// ended says whether the other end has closed its direction and all is read.
func (c *Conn) ended() bool {
	c.recv.mu.Lock()
	defer c.recv.mu.Unlock()
	return c.recv.closed && len(c.recv.chunks) == 0
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { c.recv.setDeadline(t); return nil }

// SetWriteDeadline implements net.Conn; writes never block.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.addr(c.local) }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.addr(c.remote) }

func (c *Conn) addr(a netip.AddrPort) net.Addr {
	if c.packets {
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}
