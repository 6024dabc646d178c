package tool

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// progress says how a number goes from frame to frame: always the same
// ("const"), one more each time ("seq"), or otherwise ("other"), with the first.
func progress(ns []int, digits int) string {
	kind := "const"
	for i := 1; i < len(ns); i++ {
		switch {
		case ns[i] == ns[i-1] && kind == "const":
		case ns[i] == ns[i-1]+1 && (kind == "seq" || i == 1):
			kind = "seq"
		default:
			return "other"
		}
	}
	return fmt.Sprintf("%s%0*x", kind, digits, ns[0])
}

// modbus: transaction and unit identifiers, function codes with the MEI type and
// the first address (MODBUS Messaging on TCP/IP §3.1.3).
func modbus(frames []Frame) string {
	var tids, units []int
	var fcs []string
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
		if len(fcs) == 0 || fcs[len(fcs)-1] != fc {
			fcs = append(fcs, fc)
		}
	}
	if len(tids) == 0 {
		return "modbus:" + strings.Join(fcs, ",")
	}
	return fmt.Sprintf("modbus:tid=%s;unit=%s;fc=%s", progress(tids, 4), progress(units, 2), strings.Join(fcs, ","))
}

// s7: the connection request's source reference, order of parameters, TSAPs and
// size (RFC 905 §13.3), the setup's reference, jobs and size, what is asked first.
func s7(frames []Frame) string {
	var out []string
	for _, f := range frames {
		b := f.Request
		if len(b) < 7 || b[0] != 3 {
			out = append(out, fmt.Sprintf("%s/%d", f.Op, f.Len))
			continue
		}
		switch b = b[4:]; {
		case b[1]&0xF0 == 0xE0 && len(b) >= 7:
			out = append(out, cotp(b))
		case b[1] == 0xF0 && len(b) > 12 && b[3] == 0x32:
			out = append(out, s7Job(b[3:], f.Op))
		default:
			out = append(out, f.Op)
		}
	}
	return "s7comm:" + strings.Join(slices.Compact(out), "|")
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

func s7Job(b []byte, op string) string {
	ref := binary.BigEndian.Uint16(b[4:])
	if b[1] == 1 && len(b) >= 18 && b[10] == 0xF0 {
		return fmt.Sprintf("setup:ref=%04x;amq=%d/%d;pdu=%d", ref, binary.BigEndian.Uint16(b[12:]), binary.BigEndian.Uint16(b[14:]), binary.BigEndian.Uint16(b[16:]))
	}
	if op == "read_szl" && len(b) >= 26 {
		return fmt.Sprintf("szl:%x", b[len(b)-4:len(b)-2])
	}
	return op
}

// enip: commands, and whether the sender context is the same in all frames
// (CIP volume 2, 2-3.1).
func enip(frames []Frame) string {
	var cmds []string
	context := ""
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
		cmds = append(cmds, fmt.Sprintf("%02x", binary.LittleEndian.Uint16(b)))
	}
	return fmt.Sprintf("enip:cmd=%s;ctx=%s;ops=%s", strings.Join(slices.Compact(cmds), ","), context, ops(frames))
}

// http: method, path, version, names of the fields in their order and case, the
// User-Agent.
func http(f Frame) string {
	head, _, _ := strings.Cut(string(f.Request), "\r\n\r\n")
	all := strings.Split(strings.ReplaceAll(head, "\r\n", "\n"), "\n")
	var names []string
	agent := ""
	for _, l := range all[1:] {
		name, v, ok := strings.Cut(l, ":")
		if !ok {
			continue
		}
		names = append(names, text([]byte(name), 32))
		if strings.EqualFold(name, "User-Agent") {
			agent = text([]byte(strings.TrimSpace(v)), 160)
		}
	}
	return fmt.Sprintf("http:%s;h=%s;ua=%s", text([]byte(all[0]), 80), strings.Join(names, ","), agent)
}

// dnp3: the master's address, how many outstations it asks, what it asks
// (IEEE 1815 §9.2.4).
func dnp3(frames []Frame) string {
	source, stations := -1, map[int]bool{}
	var names []string
	for _, f := range frames {
		b := f.Request
		if len(b) >= 8 && b[0] == 0x05 && b[1] == 0x64 {
			stations[int(binary.LittleEndian.Uint16(b[4:]))] = true
			source = int(binary.LittleEndian.Uint16(b[6:]))
		}
		names = append(names, f.Op)
	}
	many := "one"
	if len(stations) > 1 {
		many = "sweep"
	}
	return fmt.Sprintf("dnp3:src=%d;dst=%s;ops=%s", source, many, strings.Join(slices.Compact(names), ","))
}

// iec104: U frames by their octet, ASDUs by type, cause and common address
// (IEC 60870-5-104 §5, 60870-5-101 §7.2).
func iec104(frames []Frame) string {
	var out []string
	for _, f := range frames {
		b := f.Request
		switch {
		case len(b) < 6 || b[0] != 0x68:
			out = append(out, fmt.Sprintf("%s/%d", f.Op, f.Len))
		case b[2]&3 == 3:
			out = append(out, fmt.Sprintf("u%02x", b[2]))
		case b[2]&1 == 0 && len(b) >= 12:
			out = append(out, fmt.Sprintf("i%d.%d.%x", b[6], b[8]&0x3F, b[10:12]))
		}
	}
	return "iec104:" + strings.Join(slices.Compact(out), ",")
}

// bacnet: function of the virtual link, and of the application layer type,
// service, invoke identifier and what follows up to the property (ANSI/ASHRAE
// 135 clause 20 and annex J).
func bacnet(frames []Frame) string {
	var out []string
	for _, f := range frames {
		b := f.Request
		if len(b) < 8 || b[0] != 0x81 {
			out = append(out, fmt.Sprintf("%s/%d", f.Op, f.Len))
			continue
		}
		npdu := fmt.Sprintf("%02x%02x", b[1], b[5])
		if b[5] == 4 && len(b) >= 10 { // unsegmented, expecting a reply: no addresses before the APDU
			out = append(out, fmt.Sprintf("%s.%02x%02x.id%02x.%s/%d", npdu, b[6], b[7], b[8], f.Op, f.Len))
			continue
		}
		out = append(out, fmt.Sprintf("%s.%s/%d", npdu, f.Op, f.Len))
	}
	return "bacnet:" + strings.Join(slices.Compact(out), ",")
}
