package wire

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const sourceText = `
FUNCTION FC 4 : VOID
TITLE = Level
AUTHOR : KLEIN
FAMILY : PUMP
NAME : LEVEL
VERSION : 1.2
LANGUAGE : FBD
DATE : 2016-03-08 14:02:11
VAR_TEMP
  raw : INT;
  ok : BOOL;
END_VAR
BEGIN
  L PIW 288      // the transmitter
  T LW 0
END_FUNCTION

DATA_BLOCK DB 1
STRUCT
  level : REAL := 2.5;
  run : BOOL := TRUE;
  fault : BOOL;
  hours : DINT := L#100000;
  spare : ARRAY [1..3] OF BYTE;
END_STRUCT;
BEGIN
END_DATA_BLOCK

SYSTEM_DATA_BLOCK SDB 0
BEGIN
  0102 03
  04
END_SYSTEM_DATA_BLOCK
`

func TestParseSource(t *testing.T) {
	blocks, err := ParseSource(sourceText)
	if err != nil || len(blocks) != 3 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	fc, db, sdb := blocks[0], blocks[1], blocks[2]
	if h := fc.Header; h.Type != FC || h.Number != 4 || h.Language != LangFBD || h.LocalLen != 4 ||
		!h.Code.Time().Equal(time.Date(2016, 3, 8, 14, 2, 11, 0, time.UTC)) {
		t.Errorf("FC 4 has header %+v", h)
	}
	if f := fc.Footer; f.Author != "KLEIN" || f.Family != "PUMP" || f.Name != "LEVEL" || f.Version != 0x12 {
		t.Errorf("FC 4 has footer %+v", f)
	}
	if want := octettest.Hex(t, "7e02 0120 7e66 0000"); !bytes.Equal(fc.Code, want) || len(fc.Interface) != 12 {
		t.Errorf("FC 4 has code %x and interface %x", fc.Code, fc.Interface)
	}
	if want := octettest.Hex(t, "40200000 0100 000186a0 000000 00"); !bytes.Equal(db.Code, want) {
		t.Errorf("DB 1 has values %x, want %x", db.Code, want)
	}
	if sdb.Header.Language != LangSDB || !bytes.Equal(sdb.Code, []byte{1, 2, 3, 4}) {
		t.Errorf("SDB 0 is %+v", sdb)
	}
	for _, b := range blocks {
		if again, err := ParseBlock(b.Append(nil)); err != nil || again.Header != b.Header {
			t.Errorf("%v%d does not read back: %v", b.Header.Type, b.Header.Number, err)
		}
	}
}

func TestParseSourceRefuses(t *testing.T) {
	for _, bad := range []string{
		"BEGIN", "FUNCTION OB 1", "DATA_BLOCK DB x", "FUNCTION FC 1\nBEGIN\nBE", "FUNCTION FC 1\nAUTHOR : ABCDEFGHI\nEND_FUNCTION",
		"DATA_BLOCK DB 1\nSTRUCT\nx : LREAL;\nEND_STRUCT\nEND_DATA_BLOCK", "DATA_BLOCK DB 1\nSTRUCT\nx : ARRAY [1..99999] OF BYTE;\nEND_STRUCT\nEND_DATA_BLOCK",
		"FUNCTION FC 1\nDATE : yesterday\nEND_FUNCTION", "FUNCTION FC 1\nLANGUAGE : BASIC\nEND_FUNCTION", "FUNCTION FC 1\nhello\nEND_FUNCTION",
	} {
		if _, err := ParseSource(bad); !errors.Is(err, ErrSource) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := ParseSource("FUNCTION FC 1\nBEGIN\nFOO\nEND_FUNCTION"); err == nil {
		t.Error("an unknown statement is accepted")
	}
}

func FuzzSource(f *testing.F) {
	f.Add(sourceText)
	f.Fuzz(func(t *testing.T, s string) {
		blocks, err := ParseSource(s)
		if err != nil {
			return
		}
		for _, b := range blocks {
			if _, err := ParseBlock(b.Append(nil)); err != nil {
				t.Fatalf("%v%d of %q does not read back: %v", b.Header.Type, b.Header.Number, s, err)
			}
		}
	})
}
