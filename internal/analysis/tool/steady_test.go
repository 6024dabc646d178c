package tool

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// Two connections that order the same are equal, two that order otherwise are not.
func TestSteady(t *testing.T) {
	octets := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			return []byte(s)
		}
		return b
	}
	for _, c := range []struct{ protocol, a, same, other string }{
		{"modbus", "0001000000060106003c0005", "0207000000060106003c0005", "0001000000060106003c0006"},
		{"s7comm", "0300001902f08032010000040000080000290000000000", "0300001902f08032010000050000080000290000000000", "0300001902f08032010000040000080000280000000000"},
		{"iec104", "680e020004002d010600010001000001", "680e0a0008002d010600010001000001", "680e020004002d010600010001000000"},
		{"dnp3", "056412c40a000300aaaac0c1050c01170100810164aaaa", "056412c40b000400bbbbc1c2050c01170100810164bbbb", "056412c40a000300aaaac0c1050c01170100410164aaaa"},
		{"bacnet", "810a001701040005070f0c0040000219553e", "810a001701040005080f0c0040000219553e", "810a001701040005070f0c0040000319553e"},
		{"snmp", "301c02010104013aa3140202000102010002010030083006" + "06022b000500", "301c02010104013aa3140202777702010002010030083006" + "06022b000500", "301c02010104013aa3140202000102010002010030083006" + "06022b010500"},
		{"enip", "70000000" + "01020304" + "00000000" + "0102030405060708" + "00000000" + "000000000000" + "0200" + "a1000400" + "aabbccdd" + "b1000400" + "0100" + "4d00",
			"70000000" + "05060708" + "00000000" + "1112131415161718" + "00000000" + "000000000000" + "0200" + "a1000400" + "11223344" + "b1000400" + "0200" + "4d00",
			"70000000" + "01020304" + "00000000" + "0102030405060708" + "00000000" + "000000000000" + "0200" + "a1000400" + "aabbccdd" + "b1000400" + "0100" + "4c00"},
		{"http", "POST /x HTTP/1.1\r\nHost: a\r\nCookie: s=1\r\n\r\nv=1", "POST /x HTTP/1.1\r\nHost: b\r\ncookie: s=2\r\n\r\nv=1", "POST /x HTTP/1.1\r\nHost: a\r\n\r\nv=2"},
	} {
		a, same, other := Steady(c.protocol, octets(c.a)), Steady(c.protocol, octets(c.same)), Steady(c.protocol, octets(c.other))
		if !bytes.Equal(a, same) || bytes.Equal(a, other) {
			t.Errorf("%s:\n%x\n%x\n%x", c.protocol, a, same, other)
		}
		for n := range octets(c.a) {
			Steady(c.protocol, octets(c.a)[:n]) // whatever is cut off
		}
	}
}
