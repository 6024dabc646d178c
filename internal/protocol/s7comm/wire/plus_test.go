package wire

import (
	"bytes"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

// exploreRequest has the layout of the first fields of capture modbusBig's.
const exploreRequest = "72 02 001c 31 0000 04bb 0000 0aa6 000003b4 340000000c00010100000000000000 72020000"

func TestPlus(t *testing.T) {
	octettest.Vectors(t, ParsePlus, []octettest.Vector[Plus]{
		{
			Name: "explore, ITI capture modbusBig",
			Hex:  exploreRequest,
			Want: Plus{Version: 2, Opcode: PlusRequest, Function: PlusExplore, Seq: 0x0aa6, Body: octettest.Hex(t, "000003b4 340000000c00010100000000000000")},
		},
	})
}

func TestPlusIdentity(t *testing.T) {
	const text = "1;6ES7 214-1AG40-0XB0 ;V4.2"
	body := PlusIdentity(0x3a0, text)
	if !bytes.Contains(body, append([]byte{0x82, 0x3f, 0, 0x15, byte(len(text))}, text...)) {
		t.Errorf("no version text behind attribute 319 in % x", body)
	}
	if p, err := ParsePlus(Plus{Version: 1, Opcode: PlusResponse, Function: PlusCreateObject, Body: body}.Append(nil)); err != nil || !bytes.Equal(p.Body, body) {
		t.Errorf("does not read back: %v", err)
	}
}

func TestVLQ(t *testing.T) {
	for _, c := range []struct {
		v    uint32
		want string
	}{{0, "00"}, {0x7f, "7f"}, {287, "821f"}, {0x900000, "84 c0 80 00"}, {0xffffffff, "8f ff ff ff 7f"}} {
		w := octet.Builder{}
		if vlq(&w, c.v); !bytes.Equal(w.B, octettest.Hex(t, c.want)) {
			t.Errorf("%#x gives %x, want %s", c.v, w.B, c.want)
		}
	}
}

func FuzzPlus(f *testing.F) { octettest.Fuzz(f, ParsePlus, exploreRequest) }
