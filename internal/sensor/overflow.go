package sensor

import (
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// receiveBuffer is what a UDP socket asks the system to hold for us, so that a
// burst is not lost while the processor is busy.
const receiveBuffer = 4 << 20

// widen asks for the receive buffer; who may (root, CAP_NET_ADMIN) gets it
// whatever the system's limit.
func widen(c *net.UDPConn) (inode uint64) {
	c.SetReadBuffer(receiveBuffer)
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer)
		var st unix.Stat_t
		if unix.Fstat(int(fd), &st) == nil {
			inode = st.Ino
		}
	})
	return inode
}

// overflowed returns how many datagrams the kernel has dropped, by socket
// inode, because a socket's buffer was full (proc(5): the last column).
func overflowed() map[uint64]uint64 {
	out := map[uint64]uint64{}
	for _, file := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		b, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for l := range strings.Lines(string(b)) {
			f := strings.Fields(l)
			if len(f) < 13 {
				continue
			}
			inode, err1 := strconv.ParseUint(f[9], 10, 64)
			drops, err2 := strconv.ParseUint(f[len(f)-1], 10, 64)
			if err1 == nil && err2 == nil && drops > 0 {
				out[inode] = drops
			}
		}
	}
	return out
}

// reportOverflow counts as refused what the kernel dropped since the last report.
func (s *Sensor) reportOverflow() {
	var drops map[uint64]uint64
	for _, v := range s.services {
		for _, l := range v.listen {
			u, ok := l.(*udpListener)
			if !ok {
				continue
			}
			if drops == nil {
				drops = overflowed()
			}
			if n := drops[u.inode]; n > u.dropped {
				v.gate.refuse("socket_buffer", n-u.dropped)
				u.dropped = n
			}
		}
	}
}
