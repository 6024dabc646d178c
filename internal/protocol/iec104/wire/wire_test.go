package wire

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestFrames(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Frame]{
		{Name: "STARTDT act, §5.3 figure 8", Hex: "68 04 07 00 00 00", Want: Frame{Format: FormatU, Function: StartAct}},
		{Name: "TESTFR con", Hex: "68 04 83 00 00 00", Want: Frame{Format: FormatU, Function: TestCon}},
		{Name: "S, §5 figure 7: acknowledges up to 41", Hex: "68 04 01 00 52 00", Want: Frame{Format: FormatS, Recv: 41}},
		{Name: "I, §5 figure 6: numbers beyond one octet", Hex: "68 0e 02 01 fe ff 64 01 06 00 01 00 00 00 00 14",
			Want: Frame{Format: FormatI, Send: 129, Recv: 32767, ASDU: []byte{0x64, 1, 6, 0, 1, 0, 0, 0, 0, 0x14}}},
	})
}

func TestFrameErrors(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"no start", "67 04 07 00 00 00", ErrStart},
		{"too short a length", "68 03 07 00 00", ErrLength},
		{"too long a length", "68 fe 00 00 00 00", ErrLength},
		{"a U frame with an ASDU", "68 05 07 00 00 00 00", ErrControl},
		{"a U frame with a number", "68 04 07 00 02 00", ErrControl},
		{"an S frame with N(S)", "68 04 05 00 02 00", ErrControl},
		{"an odd N(R)", "68 04 01 00 03 00", ErrControl},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse(octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestASDUs(t *testing.T) {
	octettest.Vectors(t, ParseASDU, []octettest.Vector[ASDU]{
		{Name: "C_IC_NA_1 to all stations, 101 §7.3.4.1", Hex: "64 01 06 00 ff ff 00 00 00 14",
			Want: ASDU{Type: Interrogation, Number: 1, Cause: Activation, Common: Broadcast, Objects: []Object{{Data: []byte{20}}}}},
		{Name: "negative C_SC_NA_1 with originator, 101 §7.2.3", Hex: "2d 01 6f 05 03 00 01 02 03 81",
			Want: ASDU{Type: SingleCommand, Number: 1, Cause: UnknownObject, Negative: true, Originator: 5, Common: 3, Objects: []Object{{0x030201, []byte{0x81}}}}},
		{Name: "M_SP_NA_1 with SQ, 101 §7.2.2.1", Hex: "01 83 94 00 1e 04 0a 00 00 01 00 81",
			Want: ASDU{Type: SinglePoint, Sequence: true, Number: 3, Cause: 20, Test: true, Common: 1054, Objects: []Object{{10, []byte{1}}, {11, []byte{0}}, {12, []byte{0x81}}}}},
		{Name: "C_RD_NA_1 has no element, 101 §7.3.4.3", Hex: "66 01 05 00 01 00 0a 00 00",
			Want: ASDU{Type: Read, Number: 1, Cause: Requested, Common: 1, Objects: []Object{{Address: 10}}}},
		{Name: "F_SG_NA_1, 101 §7.3.6.6", Hex: "7d 01 0d 00 01 00 01 00 00 02 00 01 03 aa bb cc",
			Want: ASDU{Type: Segment, Number: 1, Cause: FileTransfer, Common: 1, Objects: []Object{{1, []byte{2, 0, 1, 3, 0xaa, 0xbb, 0xcc}}}}},
	})
	octettest.Vectors(t, ParseASDU, []octettest.Vector[ASDU]{
		{Name: "a type of no standard", Hex: "c8 01 06 00 01 00 aa bb", Open: true,
			Want: ASDU{Type: 200, Number: 1, Cause: Activation, Common: 1, Raw: []byte{0xaa, 0xbb}}},
	})
}

func TestASDUErrors(t *testing.T) {
	for name, hex := range map[string]string{
		"no object":             "2d 00 06 00 01 00",
		"one object too few":    "2d 02 06 00 01 00 01 00 00 01",
		"octets left over":      "2d 01 06 00 01 00 01 00 00 01 00",
		"a segment that lies":   "7d 01 0d 00 01 00 01 00 00 02 00 01 04 aa bb cc",
		"a sequence of segment": "7d 81 0d 00 01 00 01 00 00 02 00 01 03 aa bb cc",
	} {
		t.Run(name, func(t *testing.T) {
			if a, err := ParseASDU(octettest.Hex(t, hex)); err == nil {
				t.Errorf("parses to %+v", a)
			}
		})
	}
}

func TestReadings(t *testing.T) {
	at := TimeOf(time.Date(2017, 7, 22, 1, 41, 30, 450e6, time.UTC))
	for _, c := range []struct {
		name string
		t    Type
		r    Reading
		hex  string
	}{
		{"single point, blocked", SinglePoint, Reading{Value: 1, Quality: Blocked}, "11"},
		{"double point on", DoublePoint, Reading{Value: 2}, "02"},
		{"step -3", StepPoint, Reading{Value: -3}, "7d 00"},
		{"bits", Bitstring, Reading{Value: 0xdeadbeef}, "ef be ad de 00"},
		{"normalized -0.5", Normalized, Reading{Value: -0.5, Quality: NotTopical}, "00 c0 40"},
		{"scaled -7", Scaled, Reading{Value: -7}, "f9 ff 00"},
		{"float 30", Float, Reading{Value: 30}, "00 00 f0 41 00"},
		{"total", Totals, Reading{Value: 100000, Counter: 0x43}, "a0 86 01 00 43"},
		{"scaled with CP56, as a recorded station sent it but for summer time", 35, Reading{Value: 30, Time: at}, "1e 00 00 f2 76 29 01 d6 07 11"},
		{"single with CP24, 101 §7.2.6.19", 2, Reading{Value: 1, Time: Time{0xf2, 0x76, 0x29}}, "01 f2 76 29"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := octettest.Hex(t, c.hex)
			if got, ok := ParseReading(c.t, b); !ok || got != c.r {
				t.Errorf("parse: %+v, %v, want %+v", got, ok, c.r)
			}
			if got := c.r.Append(nil, c.t); string(got) != string(b) {
				t.Errorf("append: % x, want % x", got, b)
			}
		})
	}
	if got := (Reading{Value: 40000}).Append(nil, Scaled); got[2] != byte(Overflow) || got[1] != 0x7f {
		t.Errorf("40000 as a scaled value: % x, want the greatest with the overflow bit", got)
	}
	if got := (Reading{Value: 1}).Append(nil, Normalized); got[1] != 0x7f {
		t.Errorf("1 as a normalized value: % x", got)
	}
	if _, ok := ParseReading(SingleCommand, []byte{1}); ok {
		t.Error("a command is no reading")
	}
}

func TestCommands(t *testing.T) {
	for _, c := range []struct {
		name string
		t    Type
		hex  string
		want Command
	}{
		{"select on, long pulse", SingleCommand, "89", Command{Value: 1, Select: true, Qualifier: 2}},
		{"double off", DoubleCommand, "01", Command{Value: 1}},
		{"step up", StepCommand, "02", Command{Value: 2}},
		{"scaled set-point", SetScaled, "9c ff 80", Command{Value: -100, Select: true}},
		{"float set-point", SetFloat, "00 00 80 40 05", Command{Value: 4, Qualifier: 5}},
		{"bits", SetBitstring, "01 00 00 80", Command{Value: 0x80000001}},
		{"normalized with time", 61, "00 40 00 01 00 02 03 04 05 06", Command{Value: 0.5, Time: Time{1, 0, 2, 3, 4, 5, 6}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := ParseCommand(c.t, octettest.Hex(t, c.hex)); !ok || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, ok, c.want)
			}
		})
	}
	if c, ok := ParseCommand(SetFloat, octettest.Hex(t, "00 00 c0 7f 00")); !ok || !math.IsNaN(c.Value) {
		t.Errorf("NaN: %+v, %v", c, ok)
	}
}

func TestTime(t *testing.T) {
	for _, c := range []struct {
		name string
		time Time
		ok   bool
	}{
		{"February 29 of a leap year", Time{0, 0, 0, 0, 29, 2, 24}, true},
		{"February 29 of no leap year", Time{0, 0, 0, 0, 29, 2, 23}, false},
		{"marked invalid", Time{0, 0, 0x80, 0, 1, 1, 24}, false},
		{"minute 60", Time{0, 0, 60, 0, 1, 1, 24}, false},
		{"60 seconds", Time{0x60, 0xea, 0, 0, 1, 1, 24}, false},
		{"month 0", Time{0, 0, 0, 0, 1, 0, 24}, false},
	} {
		if _, ok := c.time.At(); ok != c.ok {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
	now := time.Date(2026, 11, 22, 23, 59, 58, 123e6, time.UTC)
	if got, ok := TimeOf(now).At(); !ok || !got.Equal(now) {
		t.Errorf("%v comes back as %v", now, got)
	}
	if day := TimeOf(now)[4] >> 5; day != 7 {
		t.Errorf("a Sunday is day %d", day)
	}
}

func FuzzFrame(f *testing.F) {
	octettest.Fuzz(f, Parse, "680407000000", "680401005200", "680e0000000064010600010000000014", "68fd")
}

func FuzzASDU(f *testing.F) {
	octettest.Fuzz(f, ParseASDU, "640106000100000000 14", "018394001e040a0000010081", "7d010d00010001000002000103aabbcc", "c80106000100aabb", "66010500010 00a0000")
}

// FuzzElements wants that what an element parses to encodes to the same value.
func FuzzElements(f *testing.F) {
	f.Add(uint8(1), []byte{1})
	f.Add(uint8(35), octettest.Hex(f, "1e0000f2762901b6070b"))
	f.Add(uint8(120), octettest.Hex(f, "010000010000"))
	f.Add(uint8(63), octettest.Hex(f, "0000804005 01000203040506"))
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		typ := Type(kind)
		ParseCommand(typ, data)
		if r, ok := ParseReading(typ, data); ok && !math.IsNaN(r.Value) {
			again, ok := ParseReading(typ, r.Append(nil, typ))
			if !ok || again != r {
				t.Errorf("%v % x: %+v comes back as %+v", typ, data, r, again)
			}
		}
		if p, ok := ParseFilePart(typ, data); ok {
			if out := p.Append(nil, typ); string(out) != string(data) {
				t.Errorf("%v % x comes back as % x", typ, data, out)
			}
		}
	})
}
