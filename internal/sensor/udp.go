package sensor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"

	"github.com/sundew-ics/sundew/internal/session"
)

const (
	maxFlows    = 4096     // per service; beyond it unproven flows are evicted first
	maxQueued   = 128      // datagrams waiting in a flow; more are lost, as in a device's buffer
	maxWaiting  = 16 << 20 // octets waiting in all flows of a socket
	maxDatagram = 64 << 10
	newFlows    = 2000 // per second and socket; more are refused
	flowIdle    = 30 * time.Second
)

// udpListener is a bound UDP port and its flows. On a wildcard socket each
// datagram tells the address that it came to, and answers leave from there.
type udpListener struct {
	conn    *net.UDPConn
	local   netip.AddrPort
	any     bool
	inode   uint64 // of the socket, by which the kernel counts what it drops
	dropped uint64 // of those, reported
	p4      *ipv4.PacketConn
	p6      *ipv6.PacketConn

	waiting atomic.Int64 // octets in the flows' queues

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
		if err != nil {
			return nil, err
		}
		return []listener{l}, nil
	}
	l4, err := newUDP("udp4", netip.AddrPortFrom(netip.IPv4Unspecified(), a.Port()))
	if err != nil {
		return nil, err
	}
	l6, err := newUDP("udp6", netip.AddrPortFrom(netip.IPv6Unspecified(), l4.local.Port()))
	if taken := errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EACCES); taken && a.Port() != 0 {
		l4.Close()
		return nil, err
	}
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
	l.inode = widen(c)
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
func (l *udpListener) send(p []byte, k flowKey) (n int, err error) {
	to := net.UDPAddrFromAddrPort(k.src)
	switch {
	case l.p4 != nil:
		n, err = l.p4.WriteTo(p, &ipv4.ControlMessage{Src: k.dst.AsSlice()}, to)
	case l.p6 != nil:
		n, err = l.p6.WriteTo(p, &ipv6.ControlMessage{Src: k.dst.AsSlice()}, to)
	default:
		return l.conn.WriteToUDPAddrPort(p, k.src)
	}
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENETUNREACH) { // he came to a broadcast address, from which nothing can leave
		return l.conn.WriteToUDPAddrPort(p, k.src)
	}
	return n, err
}

func (l *udpListener) serve(ctx context.Context, s *Sensor, v *service) {
	buf := make([]byte, maxDatagram)
	for {
		n, src, dst, err := l.receive(buf)
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil { // an ICMP error of an earlier answer, or the system is out of memory
			time.Sleep(time.Millisecond)
			continue
		}
		k := flowKey{src, dst}
		s.budget.earn(budgetPrefix(src.Addr()), n)
		l.mu.Lock()
		f := l.flows[k]
		l.mu.Unlock()
		err = net.ErrClosed
		if f != nil {
			err = f.deliver(buf[:n])
		}
		if err == net.ErrClosed { // no flow, or one that has ended
			if f = l.begin(ctx, s, v, k); f == nil {
				continue
			}
			err = f.deliver(buf[:n])
		}
		if err != nil {
			v.gate.refuse("flow_queue", 1)
		}
	}
}

// begin makes a flow and starts its session; nil where it is refused.
func (l *udpListener) begin(ctx context.Context, s *Sensor, v *service, k flowKey) *flow {
	if !s.cfg.NoLimits && !l.mayBegin() {
		v.gate.refuse("flows", 1)
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
	f.reply.proven = cfg.Open.Probe != "" // the operator's own, from a source that he named
	f.session = session.Open(cfg)
	lv.session, lv.conn, lv.proven, lv.probe = f.session, f, f.reply.isProven, cfg.Open.Probe != ""
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
