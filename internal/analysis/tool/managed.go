package tool

import (
	"bytes"
	"fmt"
	"strings"
)

// tlv reads one element of BER; what is left follows. ok is false at the end and
// of lengths that are none.
func tlv(b []byte) (tag byte, body, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, nil, false
	}
	n, head := int(b[1]), 2
	if n >= 0x80 {
		k := n & 0x7F
		if k == 0 || k > 3 || len(b) < 2+k {
			return 0, nil, nil, false
		}
		n, head = 0, 2+k
		for _, x := range b[2:head] {
			n = n<<8 | int(x)
		}
	}
	if len(b) < head+n {
		return b[0], b[head:], nil, true // cut off: the fingerprint keeps the beginning
	}
	return b[0], b[head : head+n], b[head+n:], true
}

func number(b []byte) int {
	n := 0
	for _, x := range b[:min(len(b), 7)] {
		n = n<<8 | int(x)
	}
	return n
}

// snmp: version, PDU types with the first name asked for, how request identifiers
// go, whether lengths are in the long form; of version 3 the greatest message and
// flags (RFC 3416 §3, RFC 3412 §6). The community is left out.
func snmp(frames []Frame) string {
	var pdus []string
	var ids []int
	version, form := -1, "short"
	for _, f := range frames {
		if len(f.Request) > 1 && f.Request[1] >= 0x80 && f.Len < 130 {
			form = "long"
		}
		_, body, _, _ := tlv(f.Request)
		_, v, rest, ok := tlv(body)
		if !ok {
			pdus = append(pdus, fmt.Sprintf("octets/%d", f.Len))
			continue
		}
		if version = number(v); version == 3 {
			_, global, _, _ := tlv(rest)
			_, id, global, _ := tlv(global)
			_, size, global, _ := tlv(global)
			_, flags, _, _ := tlv(global)
			ids = append(ids, number(id))
			pdus = append(pdus, fmt.Sprintf("max%d.%x", number(size), flags))
			continue
		}
		_, _, rest, _ = tlv(rest) // the community
		tag, pdu, _, _ := tlv(rest)
		_, id, pdu, _ := tlv(pdu)
		ids = append(ids, number(id))
		pdus = append(pdus, fmt.Sprintf("%02x.%s", tag, firstName(pdu)))
	}
	if len(pdus) > 3 { // what is walked is the device's, how it begins the program's
		pdus = pdus[:3]
	}
	return fmt.Sprintf("snmp:v=%d;len=%s;id=%s;%s", version, form, wide(ids), joined(pdus))
}

func firstName(pdu []byte) string {
	_, _, pdu, _ = tlv(pdu) // error status or non-repeaters
	_, _, pdu, _ = tlv(pdu)
	_, list, _, _ := tlv(pdu)
	_, bind, _, _ := tlv(list)
	_, oid, _, _ := tlv(bind)
	return fmt.Sprintf("%x", oid[:min(len(oid), 12)])
}

// ipmi: RMCP's sequence and class, authentication type, network function and
// command with what is asked at first, or the payload type and tag of RMCP+
// (IPMI 2.0 §13). Passwords and session identifiers are left out.
func ipmi(frames []Frame) string {
	var out []string
	for _, f := range frames {
		b := f.Request
		switch {
		case len(b) < 12:
			out = append(out, fmt.Sprintf("octets/%d", f.Len))
		case b[3]&0x1F == 6:
			out = append(out, fmt.Sprintf("asf%02x.%02x.tag%02x", b[2], b[8], b[9]))
		case b[4] == 6 && b[5]&0x3F == 0:
			out = append(out, fmt.Sprintf("plus00/%d", f.Len))
		case b[4] == 6 && len(b) >= 17:
			out = append(out, fmt.Sprintf("plus%02x.tag%02x/%d", b[5]&0x3F, b[16], f.Len))
		case len(b) >= 20 && b[4] == 0:
			out = append(out, fmt.Sprintf("lan%02x.seq%x.%02x/%02x.%x", b[2], b[5:9], b[15]>>2, b[19], b[20:max(20, min(len(b)-1, 22))]))
		default:
			out = append(out, fmt.Sprintf("auth%d/%d", b[4], f.Len))
		}
	}
	return "ipmi:" + joined(out)
}

// tftp: operation, mode as it was spelled, options, the first name, and whether
// others follow (RFC 1350 §5, RFC 2347).
func tftp(frames []Frame) string {
	names := map[string]bool{}
	head := ""
	for _, f := range frames {
		b := f.Request
		if len(b) < 4 || b[0] != 0 || b[1] != 1 && b[1] != 2 {
			continue
		}
		w := bytes.Split(b[2:], []byte{0})
		names[string(w[0])] = true
		if head != "" {
			continue
		}
		mode := ""
		var options []string
		for i, x := range w[1:] {
			if i == 0 {
				mode = text(x, 12)
			} else if i%2 == 1 && len(x) > 0 {
				options = append(options, text(x, 16))
			}
		}
		head = fmt.Sprintf("op%d;%s;opt=%s;name=%s", b[1], mode, strings.Join(options, ","), text(w[0], 48))
	}
	if head == "" {
		return fmt.Sprintf("tftp:octets/%d", frames[0].Len)
	}
	many := "one"
	if len(names) > 1 {
		many = "several"
	}
	return "tftp:" + head + ";" + many
}
