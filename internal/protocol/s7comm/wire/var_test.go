package wire

import (
	"bytes"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const (
	readSixItems = "04 06" +
		"120a10010001000184000010 120a10080001000184000040 120a10060001000184000020" +
		"120a10040001000184000000 120a10010001000083000008 120a10010001000083000009"
	readDBParts = "04 01 12 11 b0 03 02 004a006c 04 004c0194 02 0051003c"
)

func TestVars(t *testing.T) {
	any := func(typ uint8, count, db uint16, area uint8, addr uint32) Item {
		return Item{Syntax: SyntaxAny, Type: typ, Count: count, DB: db, Area: area, Addr: addr}
	}
	octettest.Vectors(t, ParseVars, []octettest.Vector[Vars]{
		{
			Name: "64 octets of DB 1, capture libnodave",
			Hex:  "0401 120a10020040000184000000",
			Want: Vars{Function: FnRead, Items: []Item{any(TypeByte, 64, 1, AreaDB, 0)}},
		},
		{
			Name: "four octets of M from M4, capture libnodave",
			Hex:  "0501 120a10020004000083000020",
			Want: Vars{Function: FnWrite, Items: []Item{any(TypeByte, 4, 0, AreaMerker, 32)}},
		},
		{
			Name: "several types, capture wincc300",
			Hex:  readSixItems,
			Want: Vars{Function: FnRead, Items: []Item{
				any(TypeBit, 1, 1, AreaDB, 0x10), any(TypeReal, 1, 1, AreaDB, 0x40), any(TypeDWord, 1, 1, AreaDB, 0x20),
				any(TypeWord, 1, 1, AreaDB, 0), any(TypeBit, 1, 0, AreaMerker, 8), any(TypeBit, 1, 0, AreaMerker, 9),
			}},
		},
		{
			Name: "parts of data blocks, capture wincc400",
			Hex:  readDBParts,
			Want: Vars{Function: FnRead, Items: []Item{{Syntax: SyntaxDBRead, Raw: octettest.Hex(t, "03 02 004a006c 04 004c0194 02 0051003c")}}},
		},
		{
			Name: "an item of odd length is filled",
			Hex:  "0402 1201 13 00 120a10020001000083000000",
			Want: Vars{Function: FnRead, Items: []Item{{Syntax: SyntaxPBCID}, any(TypeByte, 1, 0, AreaMerker, 0)}},
		},
	})
}

func TestVarsRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex string }{
		{"fewer items than counted", "0402 120a10020040000184000000"},
		{"more items than counted", "0401 120a10020040000184000000 120a10020040000184000000"},
		{"an item without its type", "0401 130a10020040000184000000"},
		{"a short address", "0401 120910020040000184000000"},
		{"another function", "0601 120a10020040000184000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v, err := ParseVars(octettest.Hex(t, c.hex)); err == nil {
				t.Errorf("parsed to %+v", v)
			}
		})
	}
}

func TestValues(t *testing.T) {
	const data = "ff03 0001 01 00 ff07 0004 aabbccdd ff04 0020 feadbeef ff04 0010 babe ff03 0001 01 00 ff03 0001 01"
	b := octettest.Hex(t, data)
	v, err := ParseValues(b, 6)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(v[1].Data, []byte{0xaa, 0xbb, 0xcc, 0xdd}) || v[5].Data[0] != 1 {
		t.Errorf("capture wincc300 parses to %+v", v)
	}
	if out := v.Append(nil); !bytes.Equal(out, b) {
		t.Errorf("append\n got % x\nwant % x", out, b)
	}
	for n := range b {
		if _, err := ParseValues(b[:n], 6); err == nil {
			t.Errorf("prefix of %d octets parses", n)
		}
	}
}

func TestItemString(t *testing.T) {
	for _, c := range []struct {
		item Item
		want string
	}{
		{Item{Syntax: SyntaxAny, Type: TypeByte, Count: 64, DB: 1, Area: AreaDB, Addr: 8}, "DB1.DBX1.0 BYTE 64"},
		{Item{Syntax: SyntaxAny, Type: TypeBit, Count: 1, Area: AreaMerker, Addr: 9}, "M1.1 BIT 1"},
		{Item{Syntax: SyntaxAny, Type: TypeTimer, Count: 2, Area: AreaTimer, Addr: 5}, "T5 2"},
		{Item{Syntax: SyntaxAny, Type: 0x77, Count: 2, Area: 0x99, Addr: 0}, "area0x990.0 type0x77 2"},
	} {
		if got := c.item.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestSymbol(t *testing.T) {
	octettest.Vectors(t, ParseSymbol, []octettest.Vector[Symbol]{{
		Name: "area M, own example",
		Hex:  "ff 00000052 1234abcd 40000009",
		Want: Symbol{Fill: 0xff, Root: 0x52, Check: 0x1234abcd, Path: []uint32{0x40000009}},
		Open: true,
	}})
	octettest.Vectors(t, ParseDBParts, []octettest.Vector[DBParts]{{
		Name: "capture wincc400",
		Hex:  "03 02 004a006c 04 004c0194 02 0051003c",
		Want: DBParts{{2, 0x4a, 0x6c}, {4, 0x4c, 0x194}, {2, 0x51, 0x3c}},
	}})
}

func FuzzVars(f *testing.F) {
	octettest.Fuzz(f, ParseVars, "0401120a10020040000184000000", readSixItems, readDBParts, "0402 1201 13 00 120a10020001000083000000")
}

func FuzzSymbol(f *testing.F)  { octettest.Fuzz(f, ParseSymbol, "ff 00000052 1234abcd 40000009") }
func FuzzDBParts(f *testing.F) { octettest.Fuzz(f, ParseDBParts, "0102004a006c") }

func FuzzValues(f *testing.F) {
	f.Add(2, []byte{0xff, 3, 0, 1, 1, 0, 0xff, 4, 0, 16, 1, 2})
	f.Fuzz(func(t *testing.T, n int, b []byte) {
		v, err := ParseValues(b, n)
		if err != nil {
			return
		}
		if again, err := ParseValues(v.Append(nil), len(v)); err != nil || len(again) != len(v) {
			t.Fatalf("own encoding of % x refused: %v", b, err)
		}
	})
}
