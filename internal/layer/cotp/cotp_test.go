package cotp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestParse(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[TPDU]{
		{
			Name: "CR with TSAPs before the size, capture s7comm_program_blocklist_onlineview",
			Hex:  "11 e0 0000 000a 00 c1020100 c2020102 c0010a",
			Want: TPDU{Code: CR, Src: 0x0a, Params: []Param{{0xc1, []byte{1, 0}}, {0xc2, []byte{1, 2}}, {0xc0, []byte{10}}}},
		},
		{
			Name: "CC with the size first, same capture",
			Hex:  "11 d0 000a 0003 00 c0010a c1020100 c2020102",
			Want: TPDU{Code: CC, Dst: 0x0a, Src: 3, Params: []Param{{0xc0, []byte{10}}, {0xc1, []byte{1, 0}}, {0xc2, []byte{1, 2}}}},
		},
		{
			Name: "DR, ISO 8073 §13.5",
			Hex:  "06 80 0001 0000 03",
			Want: TPDU{Code: DR, Dst: 1, Reason: ReasonAddress},
		},
		{Name: "DC, ISO 8073 §13.6", Hex: "05 c0 0001 0002", Want: TPDU{Code: DC, Dst: 1, Src: 2}},
		{
			Name: "ER with the refused header, ISO 8073 §13.12",
			Hex:  "08 70 0001 02 c1 02 02f1",
			Want: TPDU{Code: ER, Dst: 1, Reason: 2, Params: []Param{{ParamInvalidTPDU, []byte{2, 0xf1}}}},
		},
	})
	octettest.Vectors(t, Parse, []octettest.Vector[TPDU]{
		{Name: "DT with the end mark, ISO 8073 §13.7", Hex: "02 f0 80 3201", Want: TPDU{Code: DT, EOT: true, Data: []byte{0x32, 1}}, Open: true},
		{Name: "DT in the middle", Hex: "02 f0 00 72", Want: TPDU{Code: DT, Data: []byte{0x72}}, Open: true},
		{Name: "ED, ISO 8073 §13.8", Hex: "02 10 80 07", Want: TPDU{Code: ED, EOT: true, Data: []byte{7}}, Open: true},
	})
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex string }{
		{"length indicator beyond the octets", "09 f0 80"},
		{"no header", "00"},
		{"parameter beyond the header", "09 e0 0000 0001 00 c1 05 01"},
		{"unknown code", "02 30 80"},
		{"CR without a class", "05 e0 0000 0001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Parse(octettest.Hex(t, c.hex)); err == nil {
				t.Errorf("parsed to %+v", got)
			}
		})
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		name  string
		value []byte
		want  int
	}{
		{"1024, the usual", []byte{10}, 1024},
		{"8192, the greatest", []byte{13}, 8192},
		{"not one of the standard", []byte{200}, 128},
		{"absent", nil, 128},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (TPDU{Params: []Param{{ParamTPDUSize, c.value}}}).Size(); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestAssembler(t *testing.T) {
	unit := []byte("0123456789abcdef")
	parts := Split(unit, 8)
	if len(parts) != 4 {
		t.Fatalf("%d parts of five octets", len(parts))
	}
	a := Assembler{Max: len(unit)}
	for i, p := range parts {
		got, err := a.Add(p)
		if err != nil {
			t.Fatal(err)
		}
		if last := i == len(parts)-1; last != bytes.Equal(got, unit) {
			t.Errorf("part %d gives %q", i, got)
		}
	}
	a.Max = 12
	var err error
	for _, p := range parts {
		if _, err = a.Add(p); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrTooLong) || a.Pending() != 0 {
		t.Errorf("beyond the bound: %v with %d octets kept", err, a.Pending())
	}
	if got, err := a.Add(TPDU{Code: DT, EOT: true}); got == nil || len(got) != 0 || err != nil {
		t.Errorf("an empty unit: %v, %v", got, err)
	}
}

func FuzzTPDU(f *testing.F) {
	octettest.Fuzz(f, Parse, "11e00000000a00c1020100c2020102c0010a", "06800001000003", "02f08032", "08700001 02c10202f1")
}
