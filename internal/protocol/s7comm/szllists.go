package s7comm

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// identification is list 0011: order numbers and versions, 28 octets each.
func (c *cpu) identification() szlList {
	id := &c.device.Identity
	hardware, _ := strconv.ParseUint(id.Hardware, 10, 8)
	module := identRecord(1, id.Order, 0x00c0, [4]byte{0, byte(hardware), 0, 1})
	hard := identRecord(6, id.Order, 0x00c0, [4]byte{0, byte(hardware), 0, 1})
	blank := ""
	if c.set.Family == family1200 {
		blank = id.Order // a 1200 repeats it with the firmware (personas.md §1.10)
	}
	l := szlList{size: 28, records: [][]byte{module, hard, identRecord(7, blank, 0x00c0, version(id.Firmware))}}
	if c.set.Family == family300 {
		boot := version(strings.TrimPrefix(c.set.Boot, "A"))
		boot[0] = 'A'
		l.records = append(l.records, identRecord(0x81, "Boot Loader", 0, boot))
	}
	return l
}

// identRecord returns one record: index, text of 20 octets, type, version.
func identRecord(index uint16, text string, typ uint16, ver [4]byte) []byte {
	w := octet.Builder{}
	w.U16(index)
	w.Pad(text, 20, ' ')
	w.U16(typ)
	w.Bytes(ver[:])
	return w.B
}

// version returns "3.2.7" as 'V' and three octets.
func version(s string) [4]byte {
	out := [4]byte{'V'}
	for i, part := range strings.SplitN(strings.TrimPrefix(strings.TrimSpace(s), "V"), ".", 3) {
		n, _ := strconv.ParseUint(part, 10, 8)
		out[i+1] = byte(n)
	}
	return out
}

// component is list 001C: names and serial numbers, 34 octets each.
func (c *cpu) component() szlList {
	id := &c.device.Identity
	l := szlList{size: 34}
	for _, r := range []struct {
		index uint16
		text  string
	}{
		{1, id.Name},
		{2, cmp.Or(c.set.Module, id.Product)},
		{3, c.set.Plant},
		{4, "Original Siemens Equipment"},
		{5, id.Serial},
		{7, id.Product},
		{8, c.set.MMC},
		{9, "\x00\x2a\xf6\x00\x00\x01"}, // manufacturer 42, profile F600 (goOnline)
		{0x0a, ""},
		{0x0b, ""},
	} {
		w := octet.Builder{}
		w.U16(r.index)
		w.Pad(r.text, 32, 0)
		l.records = append(l.records, w.B)
	}
	return l
}

// memoryAreas is list 0013: work memory and load memory, with what is used.
func (c *cpu) memoryAreas() szlList {
	load, work := c.program.occupied()
	l := szlList{size: 36}
	for _, r := range []struct {
		index      uint16
		size, used int
	}{{1, c.set.Sizes.Work, work}, {2, 0, 0}, {3, c.set.Sizes.Load, load}, {4, c.set.Sizes.Load, load}, {5, 0, 0}} {
		w := octet.Builder{}
		w.U16(r.index)
		w.U16(1) // code: volatile memory; 2 for the card
		w.U32(uint32(r.size))
		w.U16(0)
		w.U16(0)
		w.U32(uint32(r.size))
		w.U32(uint32(r.used))
		w.U32(uint32(r.size - r.used)) // largest free part
		w.Bytes(make([]byte, 12))      // second area: none
		l.records = append(l.records, w.B)
	}
	return l
}

// leds is lists 0019 and 0074: number, on, flashing.
func (c *cpu) leds() szlList {
	run, stop := byte(1), byte(0)
	if c.mode() == process.ModeStop {
		run, stop = 0, 1
	}
	l := szlList{size: 4}
	for _, r := range [][2]byte{{1, 0}, {4, run}, {5, stop}, {6, 0}, {0x0b, 0}, {0x0c, 0}, {0x15, 0}} {
		l.records = append(l.records, []byte{0, r[0], r[1], 0})
	}
	return l
}

// modeList is list 0424: the mode, and since when.
func (c *cpu) modeList() szlList {
	mode := byte(0x08)
	switch c.mode() {
	case process.ModeStop:
		mode = 0x04
	case process.ModeStartup:
		mode = 0x06
	}
	c.mu.Lock()
	since := c.changed
	c.mu.Unlock()
	r := append([]byte{0x51, 0x44, 0xff, mode}, make([]byte, 8)...)
	return szlList{size: diagLen, records: [][]byte{wire.AppendTime(r, since)}}
}

// connections is list 0132 index 1: how many of each kind there are.
func (c *cpu) connections() []byte {
	pg, op, other := c.connected()
	w := octet.Builder{}
	for _, n := range []int{1, pg, op, 0, other, 0, 0} {
		w.U16(uint16(n))
	}
	return pad(w.B, 40)
}

// communication is list 0131 index 1: PDU size, connections, bit rates.
func (c *cpu) communication() []byte {
	w := octet.Builder{}
	w.U16(1)
	w.U16(c.set.PDU)
	w.U16(uint16(c.set.Connections))
	w.U32(187500)    // MPI
	w.U32(100000000) // K bus or Ethernet
	return pad(w.B, 40)
}

// ethernet is list 0037: address, mask, gateway and MAC of the interface.
func (c *cpu) ethernet() []byte {
	w := octet.Builder{}
	w.U16(0x07fe)
	ip := c.device.Identity.Address.As4()
	w.Bytes(ip[:])
	w.U8(255, 255, 255, 0)
	w.U8(ip[0], ip[1], ip[2], 1)
	w.Bytes(c.device.Identity.MAC[:])
	w.U8(1, 0) // the address is from the configuration
	return pad(w.B, 48)
}

// protection is lists 0132 and 0232 index 4: level by switch, parameters and
// both, the position of the switch, and the checksums.
func (c *cpu) protection(module bool) []byte {
	set, real := uint16(0), uint16(1)
	valid := uint16(0x5656)
	if c.set.Protection > 1 {
		set, real, valid = uint16(c.set.Protection), uint16(c.set.Protection), 0x5658 // capture AuthPassword
	}
	w := octet.Builder{}
	for _, n := range []uint16{4, 1, set, real, 2, 0, 0, valid} {
		w.U16(n)
	}
	hardware, user := c.program.checksums()
	w.U32(hardware)
	w.U32(user)
	w.U16(0x0200)
	if module {
		w.U16(0x0015)
	}
	return pad(w.B, 40)
}

// clockStatus is list 0132 index 8, with the time at octet 22 (personas.md §1.6).
func (c *cpu) clockStatus() []byte {
	return pad(wire.AppendTime(pad([]byte{0, 8}, 22), c.device.Clock.Now()), 40)
}

// startInfo is list 0222 index 1: the start information of OB 1 with the times
// of the last, the shortest and the longest cycle in ms, and when it began.
func (c *cpu) startInfo() []byte {
	w := octet.Builder{B: []byte{0x11, 3, 1, 1, 0xc8, 0x58}}
	c.mu.Lock()
	last := uint16(c.rand.UintN(2))
	c.mu.Unlock()
	for _, n := range []uint16{last, 0, 3} {
		w.U16(n)
	}
	w.B = wire.AppendTime(w.B, c.device.Clock.Now())
	return append(w.B, 0, 0x10, 0, 8, 0, 0, 0, 0)
}

// pad returns b filled with zeros to n octets.
func pad(b []byte, n int) []byte { return append(slices.Clip(b), make([]byte, max(0, n-len(b)))...) }
