package tool

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Canonical is the string of a session's first frames; "" where there are none.
// It begins with the protocol that was spoken, which need not be the port's. ja4
// is of the TLS ClientHello, if there was one.
func Canonical(protocol, ja4 string, frames []Frame) string {
	var sent []Frame
	for _, f := range frames[:min(len(frames), Frames)] {
		if f.Len > 0 && len(f.Request) > 0 {
			sent = append(sent, f)
		}
	}
	s := ""
	if len(sent) > 0 {
		s = canonical(protocol, sent)
	}
	if ja4 == "" {
		return s
	}
	if s == "" {
		s = protocol + ":"
	}
	return s + ja4Mark + text([]byte(ja4), 48)
}

// ja4Mark stands before what TLS says in a canonical string.
const ja4Mark = ";ja4="

func canonical(protocol string, sent []Frame) string {
	if !plausible(protocol, sent[0].Request) {
		return stray(sent[0])
	}
	switch protocol {
	case "modbus":
		return modbus(sent)
	case "s7comm":
		return s7(sent)
	case "enip":
		return enip(sent)
	case "http":
		return http(sent[0].Request)
	case "dnp3":
		return dnp3(sent)
	case "iec104":
		return iec104(sent)
	case "bacnet":
		return bacnet(sent)
	case "snmp":
		return snmp(sent)
	case "ipmi":
		return ipmi(sent)
	case "tftp":
		return tftp(sent)
	case "atg":
		return atg(sent)
	case "kamstrup":
		return kamstrup(sent)
	}
	return lines(protocol, sent)
}

// plausible says whether a session's first octets are the port's protocol at all.
func plausible(protocol string, b []byte) bool {
	begins := func(head ...byte) bool { return bytes.HasPrefix(b, head[:min(len(head), len(b))]) }
	switch protocol {
	case "modbus":
		return len(b) < 4 || b[2] == 0 && b[3] == 0
	case "s7comm":
		return begins(3, 0) && !bytes.Contains(b, []byte("Cookie: "))
	case "enip":
		return len(b) >= 24 && bytes.IndexByte([]byte{0, 1, 4, 0x63, 0x64, 0x65, 0x66, 0x6F, 0x70, 0x72, 0x73}, b[0]) >= 0 && b[1] == 0 && b[3] < 0x10 && bytes.Equal(b[8:12], make([]byte, 4))
	case "dnp3":
		return begins(0x05, 0x64)
	case "iec104":
		return begins(0x68)
	case "bacnet":
		return begins(0x81)
	case "snmp":
		return begins(0x30)
	case "ipmi":
		return begins(6)
	case "kamstrup":
		return begins(0x80)
	case "http":
		return isHTTP(b)
	case "ftp", "kamstrup_management":
		return !isHTTP(b) && (b[0] >= ' ' && b[0] <= '~' || b[0] == '\r' || b[0] == '\n' || b[0] == 0xFF)
	case "atg":
		b = bytes.TrimPrefix(b, []byte{1})
		return len(b) >= 2 && (b[0]|0x20 >= 'a' && b[0]|0x20 <= 'z') && b[1] >= '0' && b[1] <= '9'
	}
	return true
}

// stray is the string of a session that speaks another protocol than the port's.
func stray(f Frame) string {
	b := f.Request
	if at := bytes.Index(b, []byte("Cookie: ")); at >= 0 && b[0] == 3 {
		l, _, _ := bytes.Cut(b[at:], []byte("\r\n"))
		return "rdp:" + text(l, 48)
	}
	switch {
	case isHTTP(b):
		return http(b)
	case len(b) > 5 && b[0] == 0x16 && b[1] == 3:
		return fmt.Sprintf("tls:record=%02x%02x", b[1], b[2])
	case printable(b):
		return fmt.Sprintf("text:%s/%d", text(b, 40), f.Len)
	}
	return fmt.Sprintf("octets:%x/%d", b[:min(len(b), 16)], f.Len)
}

// isHTTP says whether octets begin with a request line of HTTP or its kin.
func isHTTP(b []byte) bool {
	l, _, _ := bytes.Cut(b, []byte("\n"))
	w := bytes.Fields(l)
	if len(w) < 2 || len(w[0]) > 16 {
		return false
	}
	for _, c := range w[0] {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	v := string(w[len(w)-1])
	return strings.HasPrefix(v, "HTTP/") || strings.HasPrefix(v, "RTSP/") || w[1][0] == '/'
}

func printable(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return (c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t' })
}

// progress says how a number goes from frame to frame: always the same
// ("const"), one more each time ("seq"), or otherwise ("other"), with the first.
func progress(ns []int, digits int) string {
	if len(ns) == 0 {
		return "none"
	}
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

// wide is progress of numbers that many programs begin at random: a first one
// beyond 16 bits is not part of the string.
func wide(ns []int) string {
	p := progress(ns, 1)
	if len(ns) == 0 || p == "other" || ns[0] <= 0xFFFF {
		return p
	}
	if len(ns) == 1 {
		return "one"
	}
	return strings.TrimRight(p, "0123456789abcdef")
}

// text is the printable beginning of what was sent.
func text(b []byte, n int) string {
	if len(b) > n {
		b = b[:n]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, string(b))
}

// joined are parts in their order, repeats folded.
func joined(parts []string) string { return strings.Join(slices.Compact(parts), ",") }
