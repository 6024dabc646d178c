package enip

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

// tcpipAttributes are those of volume 2, 5-4. What a visitor sets is kept and
// shown; the device goes on where it is.
func (d *server) tcpipAttributes() []attribute {
	kept := func(id uint16, first []byte, length func([]byte) int, single bool) attribute {
		return attribute{
			id: id, length: length, single: single,
			get: func(c *call) []byte { return c.preserved(tcpipObject, 1, id, first) },
			set: func(c *call, p []byte) cip.Status { return c.preserve(tcpipObject, 1, id, p) },
		}
	}
	path := cip.Object(linkObject, 1).Append(nil)
	return []attribute{
		constant(1, u32(1)),    // configured
		constant(2, u32(0x14)), // DHCP, settable
		kept(3, u32(0), fixed(4), false),
		constant(4, append(u16(uint16(len(path)/2)), path...)),
		kept(5, d.interfaceConfig(), configLength, false),
		kept(6, text16(d.host), textLength, false),
		{id: 8, get: func(*call) []byte { return []byte{1} }, single: true}, // TTL of multicasts
		kept(13, u16(uint16(time.Duration(d.Inactivity)/time.Second)), fixed(2), true),
	}
}

// interfaceConfig is attribute 5: address, mask, gateway, name servers, domain.
// The addresses are little-endian like all else.
func (d *server) interfaceConfig() []byte {
	o := octet.Builder{}
	ip := func(a netip.Addr) {
		b := a.As4()
		o.U32LE(binary.BigEndian.Uint32(b[:]))
	}
	ip(d.address)
	o.U32LE(^uint32(0) << (32 - d.Network.Prefix))
	ip(d.gateway)
	o.U32LE(0)
	o.U32LE(0)
	o.B = append(o.B, text16(d.Network.Domain)...)
	if len(d.Network.Domain)&1 == 1 {
		o.U8(0)
	}
	return o.B
}

// textLength is how many octets a STRING takes, its pad octet included where
// there is one.
func textLength(p []byte) int {
	if len(p) < 2 {
		return -1
	}
	n := 2 + int(binary.LittleEndian.Uint16(p))
	if n&1 == 1 && len(p) > n {
		n++
	}
	return n
}

func configLength(p []byte) int {
	if len(p) < 20 {
		return -1
	}
	n := textLength(p[20:])
	if n < 0 {
		return -1
	}
	return 20 + n
}

// linkAttributes are those of one port of the switch (volume 2, 5-5).
func (d *server) linkAttributes(i int) []attribute {
	mac := d.device.Identity.MAC
	control := attribute{id: 6, length: fixed(4), single: true,
		get: func(c *call) []byte { return c.preserved(linkObject, uint32(i+1), 6, []byte{1, 0, 0, 0}) }, // negotiates
		set: func(c *call, p []byte) cip.Status { return c.preserve(linkObject, uint32(i+1), 6, p) }}
	flags, speed := uint32(0x0f), uint32(100) // link up, full duplex, negotiated
	state := byte(1)
	if i > 0 { // nothing is plugged into the second port
		flags, speed, state = 0, 0, 2
	}
	return []attribute{
		constant(1, u32(speed)), constant(2, u32(flags)), constant(3, mac[:]),
		{id: 4, get: func(c *call) []byte { return c.interfaceCounters(i) }, single: true},
		{id: 5, get: func(*call) []byte { return make([]byte, 12*4) }, single: true}, // no errors of the medium
		control,
		constantSingle(7, []byte{2}), // twisted pair
		constantSingle(8, []byte{state}),
		constantSingle(9, []byte{1}), // enabled
		constantSingle(10, text8([]string{"Port 1", "Port 2"}[i])),
	}
}

func constantSingle(id uint16, value []byte) attribute {
	a := constant(id, value)
	a.single = true
	return a
}

// interfaceCounters is attribute 4: octets, unicast and other packets, discards
// and errors in, and the same out. They follow from how long the device has
// been running in a cell network's steady traffic, and grow by whole packets.
func (c *call) interfaceCounters(port int) []byte {
	if port > 0 {
		return make([]byte, 11*4)
	}
	up := time.Since(c.device.Identity.Boot).Milliseconds()
	in, other, out := up/52, up/1900, up/61 // packets
	o := octet.Builder{}
	for _, n := range []int64{in*93 + other*78, in, other, 0, 0, 0, out * 101, out, up / 30000, 0, 0} {
		o.U32LE(uint32(n))
	}
	return o.B
}

// ports are the instances of the Port object (volume 1, 3-7): the backplane and
// the network, each with its type, number, link object, name and node.
func (d *server) ports() []instance {
	port := func(id uint32, kind uint16, link cip.Path, name string, node cip.Segment) instance {
		p := link.Append(nil)
		n := cip.Path{node}.Append(nil)
		return instance{id, []attribute{
			constant(1, u16(kind)), constant(2, u16(uint16(id))),
			constant(3, append(u16(uint16(len(p)/2)), p...)),
			constant(4, text8(name)), constant(7, n),
		}}
	}
	return []instance{
		port(1, 1, cip.Object(0x66, 1), "Backplane", cip.Segment{Kind: cip.Port, Value: 1, Text: string(rune(d.Slot))}),
		port(2, 4, cip.Object(tcpipObject, 1), "EtherNet/IP", cip.Segment{Kind: cip.Port, Value: 2, Text: d.address.String()}),
	}
}
