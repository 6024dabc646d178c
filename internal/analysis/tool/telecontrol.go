package tool

import (
	"encoding/binary"
	"fmt"
)

// dnp3: the master's address, how many outstations it asks, link functions, and
// application functions with the first objects (IEEE 1815 §9.2.4, §4.2).
func dnp3(frames []Frame) string {
	source, stations := -1, map[int]bool{}
	var parts []string
	for _, f := range frames {
		for b := f.Request; len(b) >= 10 && b[0] == 0x05 && b[1] == 0x64; {
			stations[int(binary.LittleEndian.Uint16(b[4:]))] = true
			source = int(binary.LittleEndian.Uint16(b[6:]))
			user := max(0, int(b[2])-5)
			part := fmt.Sprintf("l%d", b[3]&0x0F)
			if block := b[10:min(len(b), 10+min(user, 16))]; len(block) >= 3 {
				part = fmt.Sprintf("f%d.%x", block[2], block[3:min(len(block), 12)])
			}
			parts = append(parts, part)
			b = b[min(len(b), 10+user+2*((user+15)/16)):]
		}
	}
	many := "one"
	if len(stations) > 1 {
		many = "sweep"
	}
	return fmt.Sprintf("dnp3:src=%d;dst=%s;%s", source, many, joined(parts))
}

// iec104: U frames by their octet, ASDUs by type, cause, originator and common
// address: all stations, the first, or another, which may have been learned
// (IEC 60870-5-104 §5, 60870-5-101 §7.2).
func iec104(frames []Frame) string {
	var out []string
	for _, f := range frames {
		b := f.Request
		switch {
		case len(b) < 6 || b[0] != 0x68:
			out = append(out, fmt.Sprintf("octets/%d", f.Len))
		case b[2]&3 == 3:
			out = append(out, fmt.Sprintf("u%02x", b[2]))
		case b[2]&1 == 0 && len(b) >= 12:
			station := "n"
			switch binary.LittleEndian.Uint16(b[10:]) {
			case 0xFFFF:
				station = "all"
			case 1:
				station = "1"
			}
			out = append(out, fmt.Sprintf("i%d.%d.%d.%s", b[6], b[8]&0x3F, b[9], station))
		}
	}
	return "iec104:" + joined(out)
}

// bacnet: function of the virtual link, control of the network layer, how invoke
// identifiers go, and of the application layer type, service and what it names
// first (ANSI/ASHRAE 135 clause 20 and annex J). The instance of an object is
// left out unless it is the one that stands for any device.
func bacnet(frames []Frame) string {
	var out []string
	var ids []int
	for _, f := range frames {
		b := f.Request
		if len(b) < 6 || b[0] != 0x81 {
			out = append(out, fmt.Sprintf("octets/%d", f.Len))
			continue
		}
		part := fmt.Sprintf("%02x%02x", b[1], b[5])
		apdu := npduBody(b)
		switch {
		case len(apdu) >= 4 && apdu[0]>>4 == 0:
			ids = append(ids, int(apdu[2]))
			part += fmt.Sprintf(".%02x%02x.%d%s", apdu[0], apdu[1], apdu[3], bacnetObject(apdu[4:]))
		case len(apdu) >= 2:
			part += fmt.Sprintf(".%02x.%d/%d", apdu[0], apdu[1], len(apdu)-2)
		}
		out = append(out, part)
	}
	s := "bacnet:" + joined(out)
	if len(ids) > 0 {
		s += ";id=" + progress(ids, 2)
	}
	return s
}

// npduBody is what stands behind the network layer's addresses; nil of a message
// of the network layer itself.
func npduBody(b []byte) []byte {
	p := b[6:]
	control := b[5]
	if control&0x80 != 0 {
		return nil
	}
	hops := false
	for _, bit := range []byte{0x20, 0x08} {
		if control&bit == 0 {
			continue
		}
		if len(p) < 3 || len(p) < 3+int(p[2]) {
			return nil
		}
		p = p[3+int(p[2]):]
		hops = hops || bit == 0x20
	}
	if hops && len(p) > 0 {
		p = p[1:]
	}
	return p
}

func bacnetObject(b []byte) string {
	if len(b) < 5 || b[0] != 0x0C {
		return ""
	}
	id := binary.BigEndian.Uint32(b[1:])
	s := fmt.Sprintf(".%d", id>>22)
	if id&0x3FFFFF == 0x3FFFFF {
		s += "*"
	}
	if len(b) >= 7 && (b[5] == 0x19 || b[5] == 0x1E) {
		s += fmt.Sprintf(".%x", b[6])
	}
	return s
}
