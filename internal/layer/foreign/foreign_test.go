package foreign

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	for _, c := range []struct{ want, about, octets string }{
		{"http", "nmap GetRequest", `"GET / HTTP/1.0\r\n\r\n`},
		{"http", "HTTP/2 preface, RFC 9113 §3.4", `"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`},
		{"rtsp", "nmap RTSPRequest", `"OPTIONS / RTSP/1.0\r\n\r\n`},
		{"sip", "nmap SIPOptions", `"OPTIONS sip:nm SIP/2.0\r\n`},
		{"ssh", "RFC 4253 §4.2", `"SSH-2.0-Go\r\n`},
		{"redis", "RESP array", `"*1\r\n$4\r\nINFO\r\n`},
		{"redis", "inline command", `"PING\r\n`},
		{"fox", "Niagara Fox hello", `"fox a 1 -1 fox hello\n{\n`},
		{"vnc", "RFC 6143 §7.1.1", `"RFB 003.008\n`},
		{"mglndd", "scanner's greeting, capture modbus-and-non-modbus-p502", `"MGLNDD_192.0.2.36_502\n`},
		{"tls", "ClientHello, RFC 8446", "1603010085 010000810303"},
		{"tls", "nmap SSLSessionReq, SSL 3.0", "1603000053 0100004f0300"},
		{"rdp", "connection request with a cookie", "0300002b26e00000000000 436f6f6b69653a206d737473686173683d61646d696e0d0a 0100080001000000"},
		{"rdp", "[MS-RDPBCGR] 2.2.1.1 without a cookie", "030000130ee000000000000100080003000000"},
		{"s7comm", "connect request, capture s7comm_program_blocklist_onlineview", "0300001611e00000000a00c1020100c2020102c0010a"},
		{"mms", "connect request, called TSAP 1", "0300001611e00000000100c0010ac2020001c1020001"},
		{"s7comm", "setup communication", "0300001902f08032010000"},
		{"s7comm-plus", "hello", "0300001902f08072010000"},
		{"tpkt", "an empty data TPDU, RFC 1006 §6", "0300000702f080"},
		{"smb", "negotiate", "00000054ff534d4272000000"},
		{"dcerpc", "bind, capture modbus-and-non-modbus-p502", "05000b0310000000480000000100"},
		{"sunrpc", "nmap RPCCheck", "8000002872fe1d130000000000000002000186a0"},
		{"telnet", "IAC DO", "fffd18fffd20"},
		{"modbus", "read holding registers, V1.1b3 §6.3", "0001000000061103006b0003"},
		{"dnp3", "request link status", "056405c90100000 4e921"},
		{"iec104", "STARTDT act", "680407000000"},
		{"iec104", "general interrogation", "680e0000000064010600010000000014"},
		{"enip", "RegisterSession", "65000400000000000000000000000000000000000000000001000000"},
		{"enip", "ListIdentity", "630000000000000000000000000000000000000000000000"},
		{"bacnet", "who-is", "810b000c0120ffff00ff1008"},
		{"opcua", "hello", "48454c464e000000"},
		{"fins", "node address request", "46494e530000000c0000000000000000"},
		{"mqtt", "connect 3.1.1", "100c00044d5154540402003c0000"},
		{"ldap", "bind request, RFC 4511 §4.2", "300c020101600702010304008000"},
		{"postgresql", "SSLRequest", "0000000804d2162f"},
		{"mysql", "greeting of protocol 10", "4a0000000a352e372e3430"},
		{"ipmi", "get channel authentication capabilities", "0600ff07000000000000000000092018c88100388e04b5"},
		{"", "nothing", ""},
		{"", "empty lines", `"\r\n\r\n`},
		{"", "a Modbus frame that states 1 octet", "00010000000101"},
		{"", "a Modbus transaction 1603h is no TLS", "160300000001010300000001"},
		{"", "a word that is no command", `"hello\r\n`},
	} {
		t.Run(c.want+" "+c.about, func(t *testing.T) {
			if got := Name(octets(t, c.octets)); got != c.want {
				t.Errorf("Name = %q, want %q", got, c.want)
			}
		})
	}
}

func octets(t *testing.T, s string) []byte {
	t.Helper()
	if text, ok := strings.CutPrefix(s, `"`); ok {
		return []byte(strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(text))
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzName checks that no octets make Name panic and that what is named by a
// prefix of 64 octets keeps its name with those octets alone.
func FuzzName(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"))
	f.Add([]byte("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x0a\x00\xc1\x02\x01\x00\xc2\x02\x01\x02"))
	f.Add([]byte("\x16\x03\x01\x00\x85\x01"))
	f.Fuzz(func(t *testing.T, p []byte) {
		name := Name(p)
		if len(p) > 0 && Printable(p[:1]) && name == "tls" {
			t.Errorf("% x begins with text and is named %s", p, name)
		}
		if again := Name(append([]byte(nil), p...)); again != name {
			t.Errorf("Name is not stable: %q, then %q", name, again)
		}
	})
}
