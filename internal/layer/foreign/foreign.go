// Package foreign names the protocol that a visitor speaks by the first octets
// that he sends: what comes to the wrong port is a finding, not noise.
//
// The names are those of this project's rooms where there is one (modbus,
// s7comm, dnp3 …), else the names that Wireshark and nmap use.
package foreign

import (
	"bytes"
	"encoding/binary"
)

// Name returns the protocol that first begins with, or "" where nothing fits.
// A few octets are enough for most; more of them never make an answer worse.
// Where octets fit several, the signature that is harder to hit by chance wins.
func Name(first []byte) string {
	if len(first) == 0 {
		return ""
	}
	if name := text(first); name != "" {
		return name
	}
	if name := isoTransport(first); name != "" {
		return name
	}
	if name := magic(first); name != "" {
		return name
	}
	return shaped(first)
}

// Printable says whether p is text as terminals and line protocols send it:
// printable ASCII, tabs and line ends.
func Printable(p []byte) bool {
	for _, c := range p {
		if (c < 0x20 || c > 0x7e) && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// magic knows protocols by constant octets.
func magic(p []byte) string {
	for _, m := range [...]struct{ name, prefix string }{
		{"dnp3", "\x05\x64"},                     // IEEE 1815 §9.2.4.1: start octets
		{"smb", "\x00\x00\x00"},                  // checked further below
		{"sunrpc", "\x80\x00\x00"},               // RFC 5531 §11: last fragment; checked below
		{"dcerpc", "\x05\x00\x0b\x03"},           // C706 §12.6: bind, version 5.0
		{"mqtt", "\x10"},                         // checked below
		{"java-rmi", "JRMI"},                     // Java RMI wire protocol §10.2
		{"amqp", "AMQP"},                         // AMQP 0-9-1 §2.2.4
		{"vnc", "RFB 0"},                         // RFC 6143 §7.1.1
		{"opcua", "HELF"},                        // OPC 10000-6 §7.1.2.2
		{"rdp", "\x03\x00\x00\x13\x0e\xe0"},      // [MS-RDPBCGR] 2.2.1.1, negotiation without a cookie
		{"bacnet", "\x81\x0a"},                   // ASHRAE 135 J.2: BVLC, original unicast
		{"bacnet", "\x81\x0b"},                   // original broadcast
		{"enip", "\x65\x00\x04\x00\x00\x00\x00"}, // CIP vol 2 §2-4.4: RegisterSession
		{"enip", "\x63\x00\x00\x00\x00\x00\x00"}, // ListIdentity
		{"fins", "FINS\x00\x00"},                 // Omron W342: FINS/TCP header
		{"ipmi", "\x06\x00\xff\x07"},             // IPMI 2.0 §13.1.3: RMCP, class IPMI
		{"ads", "\x00\x00\x2c\x00\x00\x00"},      // Beckhoff AMS/TCP, device info with 44 octets
	} {
		if bytes.HasPrefix(p, []byte(m.prefix)) && confirmed(m.name, p) {
			return m.name
		}
	}
	return ""
}

// confirmed looks further where a prefix alone is weak.
func confirmed(name string, p []byte) bool {
	at := func(off int, want string) bool {
		return len(p) >= off+len(want) && string(p[off:off+len(want)]) == want
	}
	switch name {
	case "smb": // NetBIOS session header, then the SMB 1 or 2 magic ([MS-SMB2] 2.1)
		return at(4, "\xffSMB") || at(4, "\xfeSMB")
	case "sunrpc": // record mark, xid, message type 0: call, RPC version 2
		return at(8, "\x00\x00\x00\x00\x00\x00\x00\x02")
	case "mqtt": // CONNECT with the protocol's name
		i := bytes.Index(p[:min(len(p), 12)], []byte("\x00\x04MQTT"))
		return i >= 2 || bytes.Contains(p[:min(len(p), 14)], []byte("\x00\x06MQIsdp"))
	}
	return true
}

// isoTransport knows what speaks over TPKT (RFC 1006): the connect request
// tells RDP, S7 and MMS apart.
func isoTransport(p []byte) string {
	if len(p) < 4 || p[0] != 3 || p[1] != 0 || binary.BigEndian.Uint16(p[2:]) < 7 {
		return ""
	}
	body := p[4:]
	if len(body) < 2 {
		return "tpkt"
	}
	switch body[1] {
	case 0xe0: // X.224 connection request
		return connectRequest(body)
	case 0xf0: // X.224 data
		if len(body) > 3 && body[3] == 0x32 {
			return "s7comm"
		}
		if len(body) > 3 && body[3] == 0x72 {
			return "s7comm-plus"
		}
	}
	return "tpkt"
}

// connectRequest tells by an X.224 connection request who is calling.
func connectRequest(body []byte) string {
	switch {
	case bytes.Contains(body, []byte("Cookie: ")): // mstshash= or msts=
		return "rdp"
	case len(body) >= 15 && body[7] == 1 && body[9] == 8 && body[10] == 0: // RDP_NEG_REQ, 8 octets
		return "rdp"
	case bytes.Contains(body, []byte("SIMATIC-ROOT-")):
		return "s7comm-plus"
	}
	i := bytes.Index(body, []byte{0xc2, 2}) // called TSAP of two octets
	if i < 0 || len(body) < i+4 {
		return "tpkt"
	}
	if called := binary.BigEndian.Uint16(body[i+2:]); called == 1 {
		return "mms"
	} else if called >= 0x0100 {
		return "s7comm"
	}
	return "tpkt"
}

// shaped knows protocols whose beginning has a shape rather than a constant.
func shaped(p []byte) string {
	switch {
	case isTLS(p):
		return "tls"
	case len(p) >= 3 && p[0] == 0xff && p[1] >= 0xfa && p[1] <= 0xfe: // RFC 854: IAC and a command
		return "telnet"
	case isIEC104(p):
		return "iec104"
	case isPostgres(p):
		return "postgresql"
	case isMySQL(p):
		return "mysql"
	case isModbus(p):
		return "modbus"
	case len(p) >= 7 && p[0] == 0x30 && p[2] == 2 && p[3] == 1 && p[5] == 0x60: // RFC 4511 §4.2: bind request
		return "ldap"
	case len(p) >= 8 && (p[0] == 4 || p[0] == 5) && isSOCKS(p):
		return "socks"
	}
	return ""
}

// isTLS wants a handshake record of version 3.x, not empty, with a ClientHello
// (RFC 8446 §5.1), or the hello of SSL 2.
func isTLS(p []byte) bool {
	if len(p) >= 6 && p[0] == 0x16 && p[1] == 3 && p[2] <= 4 {
		return binary.BigEndian.Uint16(p[3:]) >= 4 && p[5] == 1
	}
	return len(p) >= 5 && p[0]&0x80 != 0 && p[2] == 1 && (p[3] == 3 || p[3] == 0 && p[4] == 2) &&
		int(p[0]&0x7f)<<8|int(p[1]) >= 9 && p[1] != 0
}

// isIEC104 wants an APCI of IEC 60870-5-104 §5: 68h, length, and a U frame or
// an I frame; 68h is also the letter h, so that text is none.
func isIEC104(p []byte) bool {
	if len(p) < 6 || p[0] != 0x68 || p[1] < 4 || p[1] > 253 || Printable(p[:6]) {
		return false
	}
	if p[2]&3 == 3 {
		return p[1] == 4 && p[3] == 0 && p[4] == 0 && p[5] == 0
	}
	return p[1] >= 12 && p[2]&1 == 0 && p[4]&1 == 0
}

// isPostgres wants a start-up message or an SSLRequest (PostgreSQL protocol §55.7).
func isPostgres(p []byte) bool {
	if len(p) < 8 || p[0] != 0 || p[1] != 0 {
		return false
	}
	code := binary.BigEndian.Uint32(p[4:])
	return code == 0x00030000 || code == 80877103
}

// isMySQL wants a HandshakeResponse41 or, from a server, a protocol 10 greeting.
func isMySQL(p []byte) bool {
	if len(p) < 6 || p[2] != 0 || int(p[0])|int(p[1])<<8 < 32 {
		return false
	}
	return p[3] == 1 && len(p) >= 13 && p[5]&0x02 != 0 && p[8] == 0 && p[11] <= 1 && p[4]&1 != 0 ||
		p[3] == 0 && p[4] == 10 && p[5] >= '3' && p[5] <= '9'
}

// isModbus wants an MBAP header (Messaging Guide §3.1.3): protocol 0, a length
// that a PDU can have, and a function code.
func isModbus(p []byte) bool {
	if len(p) < 8 || p[2] != 0 || p[3] != 0 || p[4] != 0 {
		return false
	}
	return p[5] >= 2 && p[5] <= 254 && p[7] >= 1 && p[7] < 0x80
}

// isSOCKS wants a version 4 CONNECT or a version 5 greeting that fits its count.
func isSOCKS(p []byte) bool {
	if p[0] == 4 {
		return (p[1] == 1 || p[1] == 2) && len(p) >= 9 && (p[2] != 0 || p[3] != 0)
	}
	return int(p[1]) == len(p)-2 && p[1] > 0
}
