package tool

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// modbus: how transaction and unit identifiers go, function codes with the MEI
// type, the first request up to its fifth octet (MODBUS Messaging on TCP/IP §3.1.3).
func modbus(frames []Frame) string {
	var tids, units []int
	var fcs []string
	first := ""
	for _, f := range frames {
		b := f.Request
		if len(b) < 8 {
			fcs = append(fcs, fmt.Sprintf("short%d", len(b)))
			continue
		}
		tids, units = append(tids, int(binary.BigEndian.Uint16(b))), append(units, int(b[6]))
		fc := fmt.Sprintf("%d", b[7])
		if b[7] == 43 && len(b) > 8 {
			fc += fmt.Sprintf("/%d", b[8])
		}
		if first == "" {
			first = fmt.Sprintf("%x", b[7:min(len(b), 12)])
		}
		fcs = append(fcs, fc)
	}
	if len(tids) == 0 {
		return "modbus:" + joined(fcs)
	}
	return fmt.Sprintf("modbus:tid=%s;unit=%s;fc=%s;first=%s", progress(tids, 4), progress(units, 2), joined(fcs), first)
}

// s7: the connection request's source reference, order of parameters, TSAPs and
// size (RFC 905 §13.3), the setup's reference, jobs and size, what is asked next,
// and how the PDU references go.
func s7(frames []Frame) string {
	var out []string
	var refs []int
	for _, f := range frames {
		b := f.Request
		if len(b) < 7 || b[0] != 3 {
			out = append(out, fmt.Sprintf("octets/%d", f.Len))
			continue
		}
		switch b = b[4:]; {
		case b[1]&0xF0 == 0xE0 && len(b) >= 7:
			out = append(out, cotp(b))
		case b[1] == 0xF0 && len(b) > 12 && b[3] == 0x32:
			out = append(out, s7Job(b[3:]))
			refs = append(refs, int(binary.BigEndian.Uint16(b[7:])))
		case b[1] == 0xF0 && len(b) > 4 && b[3] == 0x72:
			out = append(out, fmt.Sprintf("plus%02x", b[4]))
		default:
			out = append(out, fmt.Sprintf("tpdu%02x", b[1]))
		}
	}
	s := "s7comm:" + strings.Join(slices.Compact(out), "|")
	if len(refs) > 1 {
		s += "|refs=" + strings.TrimRight(progress(refs, 1), "0123456789abdf") // "const", "seq", "other"
	}
	return s
}

func cotp(b []byte) string {
	var order, src, dst, size string
	for p := b[7:]; len(p) >= 2 && len(p) >= 2+int(p[1]); p = p[2+int(p[1]):] {
		v := fmt.Sprintf("%x", p[2:2+int(p[1])])
		order += fmt.Sprintf("%02x", p[0])
		switch p[0] {
		case 0xC0:
			size = v
		case 0xC1:
			src = v
		case 0xC2:
			dst = v
		}
	}
	return fmt.Sprintf("cr:ref=%x;ord=%s;src=%s;dst=%s;sz=%s", b[4:6], order, src, dst, size)
}

// s7Job names a PDU: a setup by its numbers, a job by its function, user data by
// its group and subfunction, a system status list by its number.
func s7Job(b []byte) string {
	if b[1] == 1 && len(b) >= 18 && b[10] == 0xF0 {
		return fmt.Sprintf("setup:ref=%04x;amq=%d/%d;pdu=%d", binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[12:]), binary.BigEndian.Uint16(b[14:]), binary.BigEndian.Uint16(b[16:]))
	}
	if b[1] == 7 && len(b) >= 17 {
		if b[15]&0x0F == 4 && b[16] == 1 && len(b) >= 26 {
			return fmt.Sprintf("szl:%x", b[len(b)-4:len(b)-2])
		}
		return fmt.Sprintf("user:%d/%d", b[15]&0x0F, b[16])
	}
	return fmt.Sprintf("job:%02x", b[10])
}

// enip: commands, CIP services, whether the sender context is the same in all
// frames, and who a Forward_Open says that he is (CIP volume 2, 2-3.1; volume 1, 3-5).
func enip(frames []Frame) string {
	var cmds []string
	context, originator := "", ""
	for _, f := range frames {
		b := f.Request
		if len(b) < 24 {
			cmds = append(cmds, fmt.Sprintf("short%d", f.Len))
			continue
		}
		c := fmt.Sprintf("%x", b[12:20])
		if context == "" {
			context = c
		} else if context != c {
			context = "varies"
		}
		cmd := fmt.Sprintf("%02x", binary.LittleEndian.Uint16(b))
		if service := cipService(b); service >= 0 {
			cmd += fmt.Sprintf("/%02x", service)
			if (service == 0x54 || service == 0x5B) && len(b) >= 68 && originator == "" {
				originator = forwardOpen(b)
			}
		}
		cmds = append(cmds, cmd)
	}
	s := fmt.Sprintf("enip:cmd=%s;ctx=%s", joined(cmds), context)
	if originator != "" {
		s += ";orig=" + originator
	}
	return s
}

// cipService is the service in a SendRRData or SendUnitData frame, or -1.
func cipService(b []byte) int {
	if len(b) < 32 || b[0] != 0x6F && b[0] != 0x70 {
		return -1
	}
	p := b[30:]
	for n := int(binary.LittleEndian.Uint16(p)); n > 0 && len(p) >= 6; n-- {
		p = p[2:]
		if len(p) < 4 {
			return -1
		}
		kind, size := binary.LittleEndian.Uint16(p), int(binary.LittleEndian.Uint16(p[2:]))
		switch {
		case kind == 0xB2 && len(p) > 4:
			return int(p[4])
		case kind == 0xB1 && len(p) > 6:
			return int(p[6])
		case len(p) < 4+size:
			return -1
		}
		p = p[2+size:]
	}
	return -1
}

// forwardOpen is the originator's vendor and serial number, where it came in the
// usual frame: a null address, then the request to the connection manager. A
// serial number beyond 16 bits is taken for random.
func forwardOpen(b []byte) string {
	serial := binary.LittleEndian.Uint32(b[60:])
	if serial > 0xFFFF {
		return fmt.Sprintf("%x/wide", b[58:60])
	}
	return fmt.Sprintf("%x/%x", b[58:60], serial)
}
