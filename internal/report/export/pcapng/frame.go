package pcapng

import (
	"encoding/binary"
	"net/netip"
)

// Numbers of IANA's and the lengths of headers.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	protoTCP  = 6
	protoUDP  = 17
	hopLimit  = 64

	etherLen = 14
	ipv4Len  = 20
	ipv6Len  = 40
	tcpLen   = 20
	udpLen   = 8
)

// TCP's flags.
const (
	fin = 0x01
	syn = 0x02
	psh = 0x08
	ack = 0x10
)

// window is what both sides always offer.
const window = 65535

// ends are the two ends of a packet.
type ends struct{ from, to netip.AddrPort }

// segment is a TCP segment's part of a frame.
type segment struct {
	seq, ack uint32
	flags    byte
	mss      uint16 // the option, where it is not 0
}

// tcp makes a frame of length octets of payload, of which the first are here;
// where some are not, the frame is shorter than the size that it had.
func (e ends) tcp(id uint16, s segment, payload []byte, length int) (frame []byte, size int) {
	h := make([]byte, tcpLen, tcpLen+4+len(payload))
	binary.BigEndian.PutUint16(h[0:], e.from.Port())
	binary.BigEndian.PutUint16(h[2:], e.to.Port())
	binary.BigEndian.PutUint32(h[4:], s.seq)
	if s.flags&ack != 0 {
		binary.BigEndian.PutUint32(h[8:], s.ack)
	}
	h[13] = s.flags
	binary.BigEndian.PutUint16(h[14:], window)
	if s.mss != 0 {
		h = append(h, 2, 4, byte(s.mss>>8), byte(s.mss))
	}
	h[12] = byte(len(h)/4) << 4
	return e.frame(id, protoTCP, append(h, payload...), length-len(payload), 16)
}

// udp makes a frame.
func (e ends) udp(id uint16, payload []byte, length int) (frame []byte, size int) {
	h := make([]byte, udpLen, udpLen+len(payload))
	binary.BigEndian.PutUint16(h[0:], e.from.Port())
	binary.BigEndian.PutUint16(h[2:], e.to.Port())
	binary.BigEndian.PutUint16(h[4:], uint16(udpLen+length))
	return e.frame(id, protoUDP, append(h, payload...), length-len(payload), 6)
}

// frame puts link and network headers before a transport's, whose checksum is
// at the offset sum; missing octets at the end were on the wire and are not here.
func (e ends) frame(id uint16, proto byte, p []byte, missing, sum int) ([]byte, int) {
	v4 := e.from.Addr().Is4()
	total := len(p) + missing
	if missing == 0 { // else what it was summed over is not here either
		c := checksum(p, e.pseudo(proto, total))
		if c == 0 && proto == protoUDP {
			c = 0xffff
		}
		binary.BigEndian.PutUint16(p[sum:], c)
	}
	b := append(make([]byte, 0, etherLen+ipv6Len+len(p)), e.mac(e.to)...)
	b = append(b, e.mac(e.from)...)
	if v4 {
		b = binary.BigEndian.AppendUint16(b, etherIPv4)
		h := make([]byte, ipv4Len)
		h[0], h[8], h[9] = 4<<4|ipv4Len/4, hopLimit, proto
		binary.BigEndian.PutUint16(h[2:], uint16(ipv4Len+total))
		binary.BigEndian.PutUint16(h[4:], id)
		h[6] = 0x40 // not to be fragmented
		copy(h[12:], e.from.Addr().AsSlice())
		copy(h[16:], e.to.Addr().AsSlice())
		binary.BigEndian.PutUint16(h[10:], checksum(h, 0))
		b = append(b, h...)
	} else {
		b = binary.BigEndian.AppendUint16(b, etherIPv6)
		b = append(b, 6<<4, 0, 0, 0)
		b = binary.BigEndian.AppendUint16(b, uint16(total))
		b = append(b, proto, hopLimit)
		b = append(b, e.from.Addr().AsSlice()...)
		b = append(b, e.to.Addr().AsSlice()...)
	}
	return append(b, p...), len(b) + total
}

// mac is a locally administered address of an end: of its own IP address, so
// that each host has one.
func (e ends) mac(a netip.AddrPort) []byte {
	p := a.Addr().As16()
	return append([]byte{0x02, 0}, p[12:]...)
}

// pseudo sums the pseudo-header of RFC 9293 §3.1 and RFC 8200 §8.1.
func (e ends) pseudo(proto byte, n int) uint32 {
	return add(add(uint32(proto)+uint32(n), e.from.Addr().AsSlice()), e.to.Addr().AsSlice())
}

func add(sum uint32, p []byte) uint32 {
	for ; len(p) > 1; p = p[2:] {
		sum += uint32(p[0])<<8 | uint32(p[1])
	}
	if len(p) > 0 {
		sum += uint32(p[0]) << 8
	}
	return sum
}

// checksum is the Internet's (RFC 1071) over p, carrying on from sum.
func checksum(p []byte, sum uint32) uint16 {
	sum = add(sum, p)
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
