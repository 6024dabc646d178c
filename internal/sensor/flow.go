package sensor

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/session"
)

// flow is one visitor's datagrams: a session.PacketConn.
type flow struct {
	listener *udpListener
	key      flowKey
	reply    *reply
	session  *session.Session

	mu       sync.Mutex
	cond     *sync.Cond
	queue    [][]byte
	deadline time.Time
	timer    *time.Timer
	closed   bool
}

func newFlow(l *udpListener, k flowKey, r *reply) *flow {
	f := &flow{listener: l, key: k, reply: r}
	f.cond = sync.NewCond(&f.mu)
	return f
}

var errQueue = errors.New("sensor: too many datagrams wait")

// deliver queues a copy of p for the session. net.ErrClosed: the flow has ended
// and p may begin a new one; errQueue: p is lost.
func (f *flow) deliver(p []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return net.ErrClosed
	}
	if len(f.queue) >= maxQueued || f.listener.waiting.Load() > maxWaiting {
		return errQueue
	}
	f.listener.waiting.Add(int64(len(p)))
	f.queue = append(f.queue, bytes.Clone(p))
	f.cond.Signal()
	return nil
}

// Datagram implements session.PacketConn.
func (f *flow) Datagram() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.closed:
			return nil, net.ErrClosed
		case !f.deadline.IsZero() && !time.Now().Before(f.deadline):
			return nil, os.ErrDeadlineExceeded
		case len(f.queue) > 0:
			p := f.queue[0]
			f.queue = f.queue[1:]
			f.listener.waiting.Add(-int64(len(p)))
			return p, nil
		}
		f.cond.Wait()
	}
}

// Read implements net.Conn by way of Datagram.
func (f *flow) Read(p []byte) (int, error) {
	d, err := f.Datagram()
	if err == nil && len(d) > len(p) {
		err = io.ErrShortBuffer
	}
	return copy(p, d), err
}

// Write sends one datagram.
func (f *flow) Write(p []byte) (int, error) { return f.listener.send(p, f.key) }

// SetReadDeadline implements net.Conn.
func (f *flow) SetReadDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deadline = t
	d := time.Until(t)
	switch {
	case t.IsZero() || d <= 0:
		if f.timer != nil {
			f.timer.Stop()
		}
		f.cond.Broadcast()
	case f.timer == nil:
		f.timer = time.AfterFunc(d, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.cond.Broadcast()
		})
	default:
		f.timer.Reset(d)
	}
	return nil
}

// Close takes the flow out of the table.
func (f *flow) Close() error {
	f.listener.mu.Lock()
	if f.listener.flows[f.key] == f {
		delete(f.listener.flows, f.key)
	}
	f.listener.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, p := range f.queue {
		f.listener.waiting.Add(-int64(len(p)))
	}
	f.queue = nil
	if f.timer != nil {
		f.timer.Stop()
	}
	f.cond.Broadcast()
	return nil
}

// SetDeadline implements net.Conn.
func (f *flow) SetDeadline(t time.Time) error { return f.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn; a datagram never waits for its receiver.
func (f *flow) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr implements net.Conn.
func (f *flow) LocalAddr() net.Addr {
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(f.key.dst, f.listener.local.Port()))
}

// RemoteAddr implements net.Conn.
func (f *flow) RemoteAddr() net.Addr { return net.UDPAddrFromAddrPort(f.key.src) }
