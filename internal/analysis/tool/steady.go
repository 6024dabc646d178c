package tool

import (
	"bytes"
	"slices"
)

// Steady is a request without what changes from one connection or device to the
// next (transaction identifiers, references, handles, sequence numbers, checks,
// the name of the host), so that the same order of two visitors is equal.
func Steady(protocol string, b []byte) []byte {
	b = slices.Clone(b)
	blank := func(from, to int) {
		if len(b) >= to {
			clear(b[from:to])
		}
	}
	switch protocol {
	case "modbus":
		blank(0, 2)
	case "s7comm":
		blank(11, 13) // behind TPKT and COTP, the PDU reference
	case "enip":
		blank(4, 8)   // session handle
		blank(12, 20) // sender context
		if len(b) > 0 && b[0] == 0x70 {
			blank(36, 40) // connection
			blank(44, 46) // its sequence
		}
	case "iec104":
		blank(2, 6) // N(S), N(R)
	case "dnp3":
		return dnp3User(b)
	case "bacnet":
		blank(8, 9) // invoke identifier
	case "ipmi":
		blank(5, 14)
	case "snmp":
		blankRequestID(b)
	case "http":
		return withoutHost(b)
	}
	return b
}

// dnp3User is what a frame carries, without addresses, sequences and checks.
func dnp3User(b []byte) []byte {
	if len(b) < 13 || b[0] != 0x05 || b[1] != 0x64 {
		return b
	}
	out := []byte{b[3]}
	for p := b[10:]; len(p) > 2; p = p[min(len(p), 18):] {
		out = append(out, p[:min(16, len(p)-2)]...)
	}
	if len(out) > 2 {
		out[1], out[2] = 0, 0 // transport, application control
	}
	return out
}

func blankRequestID(b []byte) {
	_, body, _, _ := tlv(b)
	_, version, rest, ok := tlv(body)
	if !ok || number(version) > 1 {
		return
	}
	_, _, rest, _ = tlv(rest) // the community
	_, pdu, _, _ := tlv(rest)
	if _, id, _, ok := tlv(pdu); ok {
		clear(id)
	}
}

// withoutHost leaves out the fields of HTTP that name whom or whose session.
func withoutHost(b []byte) []byte {
	head, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	var out []byte
	for l := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, _, _ := bytes.Cut(bytes.ToLower(l), []byte(":"))
		switch string(name) {
		case "host", "cookie", "referer", "origin", "content-length":
			continue
		}
		out = append(append(out, l...), '\n')
	}
	return append(out, body...)
}
