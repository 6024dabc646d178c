package wire

import (
	"reflect"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestProgrammer(t *testing.T) {
	octettest.Vectors(t, ParseProgrammer, []octettest.Vector[Programmer]{
		{
			Name: "force request, capture goOnline",
			Hex:  "0014 0004 0000000000010000000100010001000100010000 00000000",
			Want: Programmer{Head: octettest.Hex(t, "0000000000010000000100010001000100010000"), Body: []byte{0, 0, 0, 0}},
		},
		{Name: "its answer", Hex: "0004 0004 01000001 10030000", Want: Programmer{Head: []byte{1, 0, 0, 1}, Body: []byte{0x10, 3, 0, 0}}},
	})
}

func TestTabRows(t *testing.T) {
	want := TabRows{{Area: 0x01, Repeat: 2, Addr: 4}, {Area: 0x72, Repeat: 1, DB: 7, Addr: 20}, {Area: 0x54, Repeat: 1, Addr: 3}}
	b := want.Append(nil)
	got, rest, err := ParseTabRows(append(b, 0xff, 4))
	if err != nil || !reflect.DeepEqual(got, want) || len(rest) != 2 {
		t.Fatalf("got %v and % x, %v", got, rest, err)
	}
	var names []string
	for _, row := range got {
		names = append(names, row.String())
	}
	if !reflect.DeepEqual(names, []string{"M4.0 BYTE 2", "DB7.DBX20.0 WORD 1", "T3 1"}) {
		t.Errorf("rows read %q", names)
	}
	if _, ok := (TabRow{Area: 0x99}).Item(); ok {
		t.Error("an unknown area becomes an item")
	}
	if _, _, err := ParseTabRows([]byte{0xff, 0xff, 1}); err == nil {
		t.Error("65535 rows in one octet parse")
	}
}

func TestCyclic(t *testing.T) {
	octettest.Vectors(t, ParseCyclic, []octettest.Vector[Cyclic]{
		{
			Name: "changes of parts of data blocks every two seconds, as capture wincc400 subscribes",
			Hex:  "0001 01 02 12 07 b0 01 01 0051 0172",
			Want: Cyclic{Base: 1, Factor: 2, Items: []Item{{Syntax: SyntaxDBRead, Raw: octettest.Hex(t, "01 01 0051 0172")}}},
		},
		{
			Name: "two octets of M",
			Hex:  "0001 00 05 120a10020002000083000010",
			Want: Cyclic{Factor: 5, Items: []Item{{Syntax: SyntaxAny, Type: TypeByte, Count: 2, Area: AreaMerker, Addr: 16}}},
		},
	})
}

func FuzzProgrammer(f *testing.F) { octettest.Fuzz(f, ParseProgrammer, "00040004 01000001 10030000") }
func FuzzCyclic(f *testing.F)     { octettest.Fuzz(f, ParseCyclic, "0001 01 02 1207b00101 00510172") }
