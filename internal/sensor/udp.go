package sensor

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/sundew-ics/sundew/internal/session"
)

const (
	maxFlows    = 4096 // per service; beyond it unproven flows are evicted first
	maxQueued   = 32   // datagrams waiting in a flow; more are lost, as in a device's buffer
	maxDatagram = 64 << 10
	newFlows    = 2000 // per second and socket; more are refused
	flowIdle    = 30 * time.Second
)

// udpListener is a bound UDP port and its flows. On a wildcard socket each
// datagram tells the address that it came to, and answers leave from there.
type udpListener struct {
	conn  *net.UDPConn
	local netip.AddrPort
	any   bool
	p4    *ipv4.PacketConn
	p6    *ipv6.PacketConn

	mu     sync.Mutex
	flows  map[flowKey]*flow
	second time.Time
	fresh  int
}

type flowKey struct {
	src netip.AddrPort
	dst netip.Addr
}

func listenUDP(a netip.AddrPort) ([]listener, error) {
	if !a.Addr().IsUnspecified() {
		l, err := newUDP("udp", a)
		return []listener{l}, err
	}
	l4, err := newUDP("udp4", netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port()))
	if err != nil {
		return nil, err
	}
	l6, err := newUDP("udp6", netip.AddrPortFrom(netip.IPv6Unspecified(), l4.local.Port()))
	if err != nil { // a host without IPv6
		return []listener{l4}, nil
	}
	return []listener{l4, l6}, nil
}

func newUDP(network string, a netip.AddrPort) (*udpListener, error) {
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(a))
	if err != nil {
		return nil, err
	}
	l := &udpListener{conn: c, local: unmap(c.LocalAddr().(*net.UDPAddr).AddrPort()), any: a.Addr().IsUnspecified(), flows: map[flowKey]*flow{}}
	switch {
	case l.any && network == "udp4":
		l.p4 = ipv4.NewPacketConn(c)
		err = l.p4.SetControlMessage(ipv4.FlagDst, true)
	case l.any:
		l.p6 = ipv6.NewPacketConn(c)
		err = l.p6.SetControlMessage(ipv6.FlagDst, true)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return l, nil
}

func (l *udpListener) addr() netip.AddrPort { return l.local }

func (l *udpListener) Close() error { return l.conn.Close() }

// receive returns the next datagram, where it came from and to.
func (l *udpListener) receive(buf []byte) (n int, src netip.AddrPort, dst netip.Addr, err error) {
	switch {
	case l.p4 != nil:
		var cm *ipv4.ControlMessage
		var from net.Addr
		if n, cm, from, err = l.p4.ReadFrom(buf); err != nil {
			return
		}
		src = from.(*net.UDPAddr).AddrPort()
		if cm != nil {
			dst, _ = netip.AddrFromSlice(cm.Dst)
		}
	case l.p6 != nil:
		var cm *ipv6.ControlMessage
		var from net.Addr
		if n, cm, from, err = l.p6.ReadFrom(buf); err != nil {
			return
		}
		src = from.(*net.UDPAddr).AddrPort()
		if cm != nil {
			dst, _ = netip.AddrFromSlice(cm.Dst)
		}
	default:
		n, src, err = l.conn.ReadFromUDPAddrPort(buf)
		dst = l.local.Addr()
	}
	return n, unmap(src), dst.Unmap(), err
}

// send answers from the address that the visitor came to.
func (l *udpListener) send(p []byte, k flowKey) (int, error) {
	to := net.UDPAddrFromAddrPort(k.src)
	switch {
	case l.p4 != nil:
		return l.p4.WriteTo(p, &ipv4.ControlMessage{Src: k.dst.AsSlice()}, to)
	case l.p6 != nil:
		return l.p6.WriteTo(p, &ipv6.ControlMessage{Src: k.dst.AsSlice()}, to)
	}
	return l.conn.WriteToUDPAddrPort(p, k.src)
}

func (l *udpListener) serve(ctx context.Context, s *Sensor, v *service) {
	buf := make([]byte, maxDatagram)
	for {
		n, src, dst, err := l.receive(buf)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil { // an ICMP error of an earlier answer
			continue
		}
		k := flowKey{src, dst}
		s.budget.earn(budgetPrefix(src.Addr()), n)
		l.mu.Lock()
		f := l.flows[k]
		l.mu.Unlock()
		if f == nil {
			if f = l.begin(ctx, s, v, k); f == nil {
				continue
			}
		}
		if !f.deliver(buf[:n]) {
			v.gate.refuse("flow_queue")
		}
	}
}

// begin makes a flow and starts its session; nil where it is refused.
func (l *udpListener) begin(ctx context.Context, s *Sensor, v *service, k flowKey) *flow {
	if !s.cfg.NoLimits && !l.mayBegin() {
		v.gate.refuse("flows")
		s.refused.Add(1)
		return nil
	}
	lv, ok := s.admit(v, k.src)
	if !ok {
		return nil
	}
	f := newFlow(l, k, &reply{budgets: s.budget, prefix: budgetPrefix(k.src.Addr())})
	cfg := s.sessionConfig(v, k.src, netip.AddrPortFrom(k.dst, l.local.Port()))
	cfg.Conn, cfg.Budget = f, f.reply
	cfg.Idle = min(cfg.Idle, flowIdle)
	f.session = session.Open(cfg)
	lv.session, lv.conn, lv.proven = f.session, f, f.reply.isProven
	l.mu.Lock()
	l.flows[k] = f
	l.mu.Unlock()
	v.gate.enter(lv)
	s.sessions.Add(1)
	go s.converse(ctx, v, lv)
	return f
}

// mayBegin keeps the rate of new flows within what the journal can tell.
func (l *udpListener) mayBegin() bool {
	now := time.Now()
	if now.Sub(l.second) >= time.Second {
		l.second, l.fresh = now, 0
	}
	l.fresh++
	return l.fresh <= newFlows
}

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

func (f *flow) deliver(p []byte) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) >= maxQueued || f.closed {
		return false
	}
	f.queue = append(f.queue, append([]byte(nil), p...))
	f.cond.Signal()
	return true
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
