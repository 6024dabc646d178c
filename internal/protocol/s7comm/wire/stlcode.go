package wire

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// jumpCode returns the first two octets of a jump.
func jumpCode(op string) (first, second byte) {
	switch op {
	case "JU":
		return 0x70, 0x0b
	case "JC":
		return 0xff, 0xf8
	case "JCN":
		return 0xff, 0xb8
	case "JZ":
		return 0xff, 0x88
	}
	return 0xff, 0x68 // JN
}

// plainCode returns the code of a statement without an operand.
func plainCode(s string) (uint16, bool) {
	switch s {
	case "NOP 0":
		return 0x0000, true
	case "NOP 1":
		return 0xffff, true
	case "BE":
		return 0x6500, true
	case "BEU":
		return 0x6501, true
	case "BEC":
		return 0x0500, true
	case "SET":
		return 0x681d, true
	case "CLR":
		return 0x681c, true
	case "NOT":
		return 0x682d, true
	case "SAVE":
		return 0x682c, true
	case "ITD":
		return 0x681e, true
	case "DTR":
		return 0x6806, true
	case "RND":
		return 0x685c, true
	case "TRUNC":
		return 0x685f, true
	case "TAK":
		return 0x7002, true
	case "A(":
		return 0xba00, true
	case "O(":
		return 0xbb00, true
	case ")":
		return 0xbf00, true
	case "O":
		return 0xfb00, true
	case "+I":
		return 0x7900, true
	case "-I":
		return 0x5900, true
	}
	return compareCode(s)
}

// compareCode returns the code of a comparison or of arithmetic on two words.
func compareCode(s string) (uint16, bool) {
	arithmetic := map[string]uint16{
		"/I": 0x6000, "/R": 0x6003, "*I": 0x6004, "*R": 0x6007, "-D": 0x6009, "*D": 0x600a, "-R": 0x600b, "+D": 0x600d, "/D": 0x600e, "+R": 0x600f,
	}
	if code, ok := arithmetic[s]; ok {
		return code, true
	}
	if len(s) < 2 {
		return 0, false
	}
	base := map[byte]uint16{'I': 0x2100, 'R': 0x3100, 'D': 0x3900}[s[len(s)-1]]
	rel := map[string]uint16{">": 0x20, "<": 0x40, "<>": 0x60, "==": 0x80, ">=": 0xa0, "<=": 0xc0}[s[:len(s)-1]]
	return base | rel, base != 0 && rel != 0
}

// areaCode returns the octet of an area in four-octet statements.
func areaCode(area string) (byte, bool) {
	code, ok := map[string]byte{"I": 0x10, "Q": 0x20, "M": 0x30, "DBX": 0x40, "DB": 0x40, "DIX": 0x50, "DI": 0x50, "L": 0x60, "PI": 0x00, "PQ": 0x00}[area]
	return code, ok
}

// constant emits the load of a constant.
func (a *assembler) constant(s string) error {
	word := func(kind byte, v uint64) { a.emit(0x30, kind, byte(v>>8), byte(v)) }
	double := func(kind byte, v uint32) { a.emit(0x38, kind, byte(v>>24), byte(v>>16), byte(v>>8), byte(v)) }
	switch {
	case strings.HasPrefix(s, "W#16#"):
		v, err := strconv.ParseUint(s[5:], 16, 16)
		word(7, v)
		return err
	case strings.HasPrefix(s, "DW#16#"):
		v, err := strconv.ParseUint(s[6:], 16, 32)
		double(7, uint32(v))
		return err
	case strings.HasPrefix(s, "L#"):
		v, err := strconv.ParseInt(s[2:], 10, 32)
		double(3, uint32(v))
		return err
	case strings.HasPrefix(s, "S5T#"):
		v, err := S5Time(s[4:])
		word(0x0c, uint64(v))
		return err
	case strings.ContainsAny(s, ".eE"):
		v, err := strconv.ParseFloat(s, 32)
		double(1, math.Float32bits(float32(v)))
		return err
	}
	v, err := strconv.ParseInt(s, 10, 16)
	word(3, uint64(v))
	return err
}

// S5Time returns the SIMATIC time of a span such as "30s": a time base in bits
// 12 and 13 (10 ms, 100 ms, 1 s, 10 s) and three BCD digits.
func S5Time(span string) (uint16, error) {
	d, err := time.ParseDuration(strings.ToLower(span))
	if err != nil {
		return 0, err
	}
	base := 10 * time.Millisecond
	for k := uint16(0); k < 4; k, base = k+1, base*10 {
		if n := uint16(d / base); d%base == 0 && d/base <= 999 {
			return k<<12 | n/100<<8 | n/10%10<<4 | n%10, nil
		}
	}
	return 0, fmt.Errorf("%s does not fit S5TIME", span)
}
