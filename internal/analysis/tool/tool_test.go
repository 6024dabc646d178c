package tool

import (
	"encoding/hex"
	"strings"
	"testing"
)

func frames(ops string, hexes ...string) []Frame {
	names := strings.Fields(ops)
	var out []Frame
	for i, h := range hexes {
		b, err := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
		if err != nil {
			panic(err)
		}
		op := names[min(i, len(names)-1)]
		out = append(out, Frame{op, b, len(b)})
	}
	return out
}

// Octets of real tools (captured by the interop tests' clients, or from their
// sources) give the canonical string, and that the name.
func TestTools(t *testing.T) {
	tab, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) string { return hex.EncodeToString([]byte(s)) }
	for _, c := range []struct {
		protocol  string
		frames    []Frame
		canonical string
		tool      string
	}{
		{"modbus", frames("report_server_id", "000000000002 01 11"), "modbus:tid=const0000;unit=const01;fc=17", "nmap modbus-discover"},
		{"modbus", frames("read_device_identification", "5a4700000005 00 2b0e0100"), "modbus:tid=const5a47;unit=const00;fc=43/14", "zgrab2"},
		{"modbus", frames("read_input_registers", "210000000006 01 0400010000"), "modbus:tid=const2100;unit=const01;fc=4", "Metasploit modbus_findunitid"},
		{"modbus", frames("read_holding_registers", "000100000006 01 0300000004", "000200000006 01 0300040004"), "modbus:tid=seq0001;unit=const01;fc=3", "a library that counts from 1 (libmodbus, pymodbus)"},
		{"modbus", frames("a", "000700000006 01 0300000004", "000300000006 05 0300040004"), "modbus:tid=other;unit=other;fc=3", ""},
		{"s7comm", frames("connect_request setup_communication read_szl", "0300001611e00000001400c1020100c2020102c0010a", "0300001902f08032010000000000080000f0000001000101e0",
			"0300002102f080320700000000000800080001120411440100ff09000400110001"),
			"s7comm:cr:ref=0014;ord=c1c2c0;src=0100;dst=0102;sz=0a|setup:ref=0000;amq=1/1;pdu=480|szl:0011", "nmap s7-info"},
		{"s7comm", frames("connect_request", "0300000b06e00000000000"), "s7comm:cr:ref=0000;ord=;src=;dst=;sz=", "nmap -sV (TerminalServer)"},
		{"s7comm", frames("connect_request", "0300001611e00000010000c0010ac1020100c2020102"), "s7comm:cr:ref=0100;ord=c0c1c2;src=0100;dst=0102;sz=0a", "snap7"},
		{"enip", frames("list_identity", "630000000000000000000000c1debed10000000000000000"), "enip:cmd=63;ctx=c1debed100000000;ops=list_identity/24", "nmap enip-info"},
		{"iec104", frames("testfr_act startdt_act general_interrogation", "680443000000", "680407000000", "680e0000000064010600ffff00000014"), "iec104:u43,u07,i100.6.ffff", "nmap iec-identify"},
		{"bacnet", frames("read_property", "810a001101040005010c0c023fffff194b"), "bacnet:0a04.0005.id01.read_property/17", "nmap bacnet-info"},
		{"dnp3", frames("request_link_status", "056405c900000000364c", "056405c901000000de8e"), "dnp3:src=0;dst=sweep;ops=request_link_status", "dnp3-info (nmap, zgrab2)"},
		{"http", frames("get", text("GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n")), "http:GET / HTTP/1.1;h=Host,User-Agent,Accept;ua=curl/7.88.1", "curl"},
		{"http", frames("get", text("GET / HTTP/1.0\r\n\r\n")), "http:GET / HTTP/1.0;h=;ua=", "nmap -sV (GetRequest)"},
		{"ftp", frames("user pass", text("USER anonymous\r\n"), text("PASS IEUser@\r\n")), "ftp:USER anonymous,PASS", ""},
		{"snmp", frames("get_request", "3026"), "snmp:get_request/2", ""},
		{"tftp", frames("read_request", text("\x00\x01a\x00octet\x00")), "tftp:read_request ..a.octet.", ""},
		{"modbus", nil, "", ""},
	} {
		got := Canonical(c.protocol, c.frames)
		if got != c.canonical {
			t.Errorf("%s: %s, want %s", c.protocol, got, c.canonical)
		}
		if name, proof := tab.Find(c.protocol, got); name != c.tool || (name != "" && proof != "captured" && proof != "derived") {
			t.Errorf("%s is %q (%s), want %q", got, name, proof, c.tool)
		}
	}
	if Hash("") != "" || len(Hash("x")) != 12 {
		t.Error("a hash is twelve digits, of nothing none")
	}
}

// Whatever is sent, a string comes out that fits on a line.
func FuzzCanonical(f *testing.F) {
	f.Add("modbus", "op", []byte{0, 1, 0, 0, 0, 2, 1, 17})
	f.Add("s7comm", "connect_request", []byte("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x14\x00\xc1\x02\x01\x00"))
	f.Add("http", "get", []byte("GET / HTTP/1.0\r\nA: b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, protocol, op string, b []byte) {
		for _, p := range []string{protocol, "modbus", "s7comm", "enip", "http", "dnp3", "iec104", "bacnet", "ftp", "tftp"} {
			s := Canonical(p, []Frame{{"op", b, len(b)}, {"op", b, len(b)}})
			if strings.ContainsAny(s, "\r\n\x00\x1b") && p != protocol {
				t.Errorf("%q", s)
			}
		}
	})
}
