package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

// The frames are those of reference/conpot-behaviour.md §2.12, of which the
// requests are what kmp clients send, and of the KMP commands in personas.md §7.4.
func TestFrames(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Frame]{
		{Name: "register 1033", Hex: "80 3F 10 01 04 09 18 6D 0D", Want: Frame{Request, Meter, GetRegister, []byte{1, 4, 9}}},
		{Name: "voltage of phase 1", Hex: "80 3F 10 01 04 1E 7A BB 0D", Want: Frame{Request, Meter, GetRegister, []byte{1, 4, 0x1e}}},
		{Name: "no known register", Hex: "40 3F 10 07 9A 0D", Want: Frame{Reply, Meter, GetRegister, []byte{}}},
		{Name: "228 V", Hex: "40 3F 10 04 1E 21 02 00 00 E4 F8 24 0D", Want: Frame{Reply, Meter, GetRegister, []byte{4, 0x1e, 0x21, 2, 0, 0, 0xe4}}},
	})
}

func TestStuffing(t *testing.T) {
	f := Frame{Start: Request, Address: Meter, Command: PutRegister, Body: []byte{0x06, 0x0d, 0x1b, 0x40, 0x80, 0x7f}}
	b := f.Append(nil)
	if !bytes.Contains(b, []byte{0x1b, 0xf9, 0x1b, 0xf2, 0x1b, 0xe4, 0x1b, 0xbf, 0x1b, 0x7f, 0x7f}) { // personas.md §7.4: ESC and the octet xor FF
		t.Errorf("stuffed to % x", b)
	}
	if got, err := Parse(b); err != nil || !bytes.Equal(got.Body, f.Body) {
		t.Errorf("back: %+v, %v", got, err)
	}
}

func TestNoFrames(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"wrong CRC", "80 3F 10 01 04 09 18 6E 0D", ErrCRC},
		{"no stop", "80 3F 10 01 04 09 18 6D", ErrFrame},
		{"nothing in it", "80 00 00 0D", ErrFrame},
		{"escape before the stop", "80 3F 10 01 04 1B 0D", ErrFrame},
		{"escaped for nothing", "80 3F 1B EF 01 04 09 18 6D 0D", ErrFrame},
		{"a start octet within", "80 3F 10 80 04 09 18 6D 0D", ErrFrame},
	} {
		if _, err := Parse(octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestCRC(t *testing.T) {
	if got := CRC([]byte("123456789")); got != 0x31c3 { // the check value of CRC-16/XMODEM
		t.Errorf("CRC of 123456789 = %04x, want 31c3", got)
	}
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name            string
		number          uint16
		unit            uint8
		value           float64
		exponent, size  int
		hex             string
		decoded, within float64
	}{
		// conpot-behaviour.md §2.12: units 21h and 16h are volt and kilowatt.
		{"voltage", 1054, 0x21, 228, 0, 2, "041e 21 02 00 00e4", 228, 0},
		{"power", 1033, 0x16, 1234, -3, 4, "0409 16 04 43 000004d2", 1.234, 1e-9},
		{"below zero", 1, 2, -5, -1, 4, "0001 02 04 c1 00000005", -0.5, 1e-9},
		{"held at the largest", 2, 0, 70000, 0, 2, "0002 00 02 00 ffff", 65535, 0},
		{"a power of ten", 3, 0, 7, 2, 1, "0003 00 01 02 07", 700, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, scale := Encode(c.value, c.exponent, c.size)
			b := Record{c.number, c.unit, scale, v}.Append(nil)
			if want := octettest.Hex(t, c.hex); !bytes.Equal(b, want) {
				t.Fatalf("% x, want % x", b, want)
			}
			r, rest, err := ParseRecord(append(b, 0xaa))
			if err != nil || len(rest) != 1 {
				t.Fatalf("%v, rest % x", err, rest)
			}
			if d := r.Decode() - c.decoded; d > c.within || -d > c.within {
				t.Errorf("decoded to %v, want %v", r.Decode(), c.decoded)
			}
			for n := range b {
				if _, _, err := ParseRecord(b[:n]); err == nil {
					t.Errorf("prefix of %d octets parses", n)
				}
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		hex  string
		want int
	}{{"01 041e", 1}, {"08 0001 0002 0003 0004 0005 0006 0007 0008", 8}, {"00", -1}, {"09 0001 0002 0003 0004 0005 0006 0007 0008 0009", -1}, {"02 0001", -1}, {"01 0001 00", -1}, {"", -1}} {
		got, err := Numbers(octettest.Hex(t, c.hex))
		if (err == nil) != (c.want >= 0) || err == nil && len(got) != c.want {
			t.Errorf("%s: %v, %v", c.hex, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	octettest.Fuzz(f, Parse, "80 3F 10 01 04 09 18 6D 0D", "40 3F 10 07 9A 0D", "80 3F 10 01 04 1E 7A BB 0D")
}

func FuzzParseRecord(f *testing.F) {
	f.Add(octettest.Hex(f, "041e 21 02 00 00e4"))
	f.Fuzz(func(t *testing.T, p []byte) {
		r, rest, err := ParseRecord(p)
		if err != nil {
			return
		}
		if b := append(r.Append(nil), rest...); !bytes.Equal(b, p) {
			t.Errorf("% x came back as % x", p, b)
		}
	})
}
