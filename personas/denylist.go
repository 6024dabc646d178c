package personas

import (
	"bytes"
	"slices"
	"strings"
)

// Denied returns which of the values by which honeypots are recognised are in
// what a sensor sent: our own words in any case, published samples as they
// stand, and octets that no longer have a spelling (reference/personas.md §10,
// reference/conpot-behaviour.md §4.15). It returns nil where there is none.
//
// A real S7 says "Original Siemens Equipment" too, and real tanks hold DIESEL:
// what a device cannot do without is not denied.
func Denied(octets []byte) []string {
	var found []string
	lower := bytes.ToLower(octets)
	wide := bytes.ReplaceAll(lower, []byte{0}, nil) // UTF-16 of ASCII
	for _, w := range words() {
		if bytes.Contains(lower, []byte(w)) || bytes.Contains(wide, []byte(w)) {
			found = append(found, w)
		}
	}
	for _, s := range strings.Split(strings.TrimSpace(samples), "\n") {
		if bytes.Contains(octets, []byte(s)) {
			found = append(found, s)
		}
	}
	for _, b := range binaries() {
		if bytes.Contains(octets, b.octets) {
			found = append(found, b.name)
		}
	}
	return slices.Clip(found)
}

// words are denied in any case, also with a zero after each letter.
func words() []string {
	return []string{
		"sundew", "honeypot", "conpot", "honeyplc", "honeyd", "gaspot", "dionaea", "cowrie", "t-pot",
		"technodrome", "mouser factory", "evilpowerprovider", "snap7", "saap7-server", "softplc", "joineds7",
		"net-snmp", "pysnmp", "basehttp", "python/", "golang", "go-http", "goroutine ", "panic:", "let's encrypt",
		"twisted", "nginx", "apache/",
	}
}

// samples are denied as they stand.
const samples = `
88111222
Siemens, SIMATIC, S7-200
CP 443-1 EX40
Tue, 19 May 1993 09:00:00 GMT
Sat, 28 Apr 1984 07:30:00 GMT
Set-cookie: path=/
System uptime: 
timeticks (deciseconds)
/tests/unittest_
200 FTP server ready.
ftp_data.txt
7079450
006C061A
006c061a
1756-L61/B
LOGIX5561
VAV-DD Controller
Alerton
Compagnie Generale des Eaux
163.172.189.137
202.202.202.1
00:0E:8C:29:C5:1A
00:13:EA:00:00:00
15085488
STATOIL STATION
EXXON STATION
12 Fake St
Anytown
AMOCO FUELS
FUEL COOP
V364.200
0000112233
C2UR28922012
X4U421302009
B1U393142011
C6TW74882012
H3SF38492016
L3BG97742019
U2A203512011
ZVC5YU6038586
267FF11F
4A1AC019
2900FC1A
VPXO541642
PRODUCTION S7-
DoE Water Service
Central Pump
Stockholm Beer Factory
Party-drome
63426409
Dubai Factory
DromeTech
JJ Essex LLC
8675309
55566600
Power Generation One
Siemens-Server
PG[random
Win-99CB-D49D-5442-07BB
00ef2650065c
404 page not found
CN=localhost
`

// A binary is a denied run of octets.
type binary struct {
	name   string
	octets []byte
}

func binaries() []binary {
	return []binary{
		{"OID 1.3.6.1.4.1.20408 (BER)", []byte{0x2B, 0x06, 0x01, 0x04, 0x01, 0x81, 0x9F, 0x38}},
		{"OID 1.3.6.1.4.1.8072 (BER)", []byte{0x2B, 0x06, 0x01, 0x04, 0x01, 0xBF, 0x08}},
		{"SNMP engine 80004fb805", []byte{0x80, 0x00, 0x4F, 0xB8, 0x05}},
		{"MAC 00:0E:8C:29:C5:1A", []byte{0x00, 0x0E, 0x8C, 0x29, 0xC5, 0x1A}},
		{"MAC 00:13:EA:00:00:00", []byte{0x00, 0x13, 0xEA, 0x00, 0x00, 0x00}},
		{"CIP serial 006C061A", []byte{0x1A, 0x06, 0x6C, 0x00}},
		{"Modbus FC 17 answer 11 11 01 01 FF", []byte{0x11, 0x11, 0x01, 0x01, 0xFF}},
	}
}
