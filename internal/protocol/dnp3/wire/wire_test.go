package wire

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

// Captures are those of ITI/ICS-Security-Tools, pcaps/bro/dnp3.
func TestFrames(t *testing.T) {
	octettest.Vectors(t, ParseFrame, []octettest.Vector[Frame]{
		{Name: "request link status to 0, as zgrab2 sends it", Hex: "0564 05c9 0000 0000 364c", Want: Frame{Control: 0xC9}},
		{Name: "dnp3_read.pcap, class poll", Hex: "0564 14c4 0200 0300 4503 c7c8013c02063c03063c04063c010642ac",
			Want: Frame{Control: 0xC4, Dest: 2, Src: 3, UserData: octettest.Hex(t, "c7c8013c02063c03063c04063c0106")}},
		{Name: "dnp3_rec_time.pcap, record current time", Hex: "0564 08c4 0200 0300 36ac e0c11814 90",
			Want: Frame{Control: 0xC4, Dest: 2, Src: 3, UserData: []byte{0xE0, 0xC1, 0x18}}},
	})
}

func TestFrameErrors(t *testing.T) {
	good := Frame{Control: 0xC4, Dest: 2, Src: 3, UserData: bytes.Repeat([]byte{7}, 40)}.Append(nil)
	change := func(at int) []byte {
		p := bytes.Clone(good)
		p[at] ^= 1
		return p
	}
	for _, c := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"start", change(1), ErrStart},
		{"header check", change(4), ErrCRC},
		{"first block", change(12), ErrCRC},
		{"last block", change(len(good) - 1), ErrCRC},
		{"length 4", Frame{}.short(), ErrLength},
		{"cut", good[:20], ErrShort},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseFrame(c.frame); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	longest := Frame{UserData: make([]byte, 300)}.Append(nil)
	if len(longest) != MaxFrame {
		t.Errorf("the longest frame has %d octets, want %d", len(longest), MaxFrame)
	}
}

// short is a header whose length counts less than itself.
func (f Frame) short() []byte {
	p := f.Append(nil)
	p[2] = 4
	c := crc(p[:8])
	return append(p[:8], byte(c), byte(c>>8))
}

func TestAssembler(t *testing.T) {
	whole := make([]byte, 600)
	for i := range whole {
		whole[i] = byte(i)
	}
	a := Assembler{Limit: MaxFragment}
	var got []byte
	n := 0
	next := Segments(whole, 62, func(s []byte) {
		p, err := a.Add(s)
		if err != nil {
			t.Fatal(err)
		}
		n++
		got = append(got, p...)
	})
	if n != 3 || next != 1 || !bytes.Equal(got, whole) {
		t.Errorf("%d segments, next %d, %d octets", n, next, len(got))
	}
	for _, c := range []struct {
		name     string
		segments [][]byte
		want     error
	}{
		{"empty", [][]byte{{}}, ErrEmptySegment},
		{"not the first", [][]byte{{0x81, 1}}, ErrNotFirst},
		{"out of sequence", [][]byte{{0x41, 1}, {0x83, 1}}, ErrSequence},
		{"too long", [][]byte{append([]byte{0x40}, make([]byte, 200)...), append([]byte{0x81}, make([]byte, 200)...)}, ErrTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := Assembler{Limit: 300}
			var err error
			for _, s := range c.segments {
				_, err = a.Add(s)
			}
			if !errors.Is(err, c.want) || a.Pending() {
				t.Errorf("got %v, pending %v, want %v", err, a.Pending(), c.want)
			}
		})
	}
}

func TestFragments(t *testing.T) {
	octettest.Vectors(t, ParseFragment, []octettest.Vector[Fragment]{
		{Name: "read class 2", Hex: "c8013c0306", Want: Fragment{Control: 0xC8, Function: Read, Objects: []byte{0x3C, 3, 6}}, Open: true},
		{Name: "null response, restart and need time", Hex: "c1819000", Want: Fragment{Control: 0xC1, Function: Response, IIN: DeviceRestart | NeedTime}},
	})
}

func TestObjects(t *testing.T) {
	parse := func(f Function) func([]byte) (Objects, error) {
		return func(p []byte) (Objects, error) { return ParseObjects(f, p) }
	}
	octettest.Vectors(t, parse(DirectOperate), []octettest.Vector[Objects]{
		{Name: "CROB, 17", Hex: "0c01 17 01 05 4101640000006400000000", Open: true,
			Want: Objects{{Header{Group: 12, Variation: 1, Qualifier: 0x17, Count: 1}, octettest.Hex(t, "054101640000006400000000")}}},
		{Name: "AOB, 28", Hex: "2902 28 0100 0500 0a0000", Open: true,
			Want: Objects{{Header{Group: 41, Variation: 2, Qualifier: 0x28, Count: 1}, octettest.Hex(t, "05000a0000")}}},
	})
	octettest.Vectors(t, parse(Write), []octettest.Vector[Objects]{
		{Name: "clear restart", Hex: "5001 00 0707 00", Open: true, Want: Objects{{Header{Group: 80, Variation: 1, Start: 7, Stop: 7}, []byte{0}}}},
		{Name: "time", Hex: "3201 07 01 010203040506", Open: true, Want: Objects{{Header{Group: 50, Variation: 1, Qualifier: 7, Count: 1}, []byte{1, 2, 3, 4, 5, 6}}}},
		{Name: "file block", Hex: "4605 5b 01 0900 0100000000000000 41", Open: true,
			Want: Objects{{Header{Group: 70, Variation: 5, Qualifier: 0x5B, Count: 1}, octettest.Hex(t, "0900010000000000000041")}}},
		{Name: "attribute", Hex: "00f7 00 0000 01 02 4142", Open: true, Want: Objects{{Header{Group: 0, Variation: 247}, octettest.Hex(t, "01024142")}}},
	})
	octettest.Vectors(t, parse(Read), []octettest.Vector[Objects]{
		{Name: "three headers", Hex: "3c02 06 1e01 01 0000 ff00 0102 28 0100 0700", Open: true, Want: Objects{
			{Header{Group: 60, Variation: 2, Qualifier: 6}, nil},
			{Header{Group: 30, Variation: 1, Qualifier: 1, Stop: 255}, nil},
			{Header{Group: 1, Variation: 2, Qualifier: 0x28, Count: 1}, []byte{7, 0}},
		}},
	})
	for _, c := range []struct {
		name string
		f    Function
		hex  string
		want error
	}{
		{"a qualifier of no meaning", Read, "0102 a6", ErrQualifier},
		{"backwards", Read, "0102 00 05 01", ErrBackwards},
		{"four milliards of outputs", DirectOperate, "0c01 29 ffffffff 00", ErrCut},
		{"every index of 32 bits", Write, "0102 02 00000000 ffffffff 00", ErrCut},
		{"255 objects without their sizes", Write, "4605 5b ff 0100", ErrCut},
		{"an object of no size", DirectOperate, "0c09 17 01 00", ErrObject},
		{"a prefix before a range", Read, "0102 10 00 01", ErrQualifier},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := ParseObjects(c.f, octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// Sizes of IEEE 1815 annex A, one of each shape.
func TestBits(t *testing.T) {
	for _, c := range []struct {
		group, variation uint8
		want             int
	}{
		{1, 1, 1}, {3, 1, 2}, {2, 2, 56}, {4, 3, 24}, {12, 1, 88}, {20, 6, 16}, {21, 5, 88}, {22, 6, 72}, {30, 6, 72}, {32, 8, 120}, {32, 3, 88}, {41, 4, 72}, {50, 2, 80}, {52, 2, 16}, {110, 9, 72}, {80, 1, 1},
	} {
		if got, ok := Bits(c.group, c.variation); !ok || got != c.want {
			t.Errorf("g%dv%d: %d bits (%v), want %d", c.group, c.variation, got, ok, c.want)
		}
	}
	for _, c := range [][2]uint8{{1, 3}, {12, 0}, {99, 1}, {110, 0}, {20, 9}} {
		if n, ok := Bits(c[0], c[1]); ok {
			t.Errorf("g%dv%d has %d bits", c[0], c[1], n)
		}
	}
}

// What AppendValue makes of every group and variation is as long as Bits says.
func TestValuesHaveTheirSize(t *testing.T) {
	for group := range uint8(120) {
		for variation := range uint8(20) {
			p, ok := AppendValue(nil, group, variation, Value{Flags: Online | State, Number: 1e12, Time: 1 << 47})
			if !ok {
				continue
			}
			if bits, known := Bits(group, variation); !known || bits != 8*len(p) {
				t.Errorf("g%dv%d: %d octets, but %d bits (%v)", group, variation, len(p), bits, known)
			}
		}
	}
}

func TestValues(t *testing.T) {
	v := Value{Flags: Online, Number: 70000.4, Time: 0x0102030405}
	for _, c := range []struct {
		name             string
		group, variation uint8
		hex              string
	}{
		{"counter, 32 bits", 20, 1, "01 70110100"},
		{"counter, 16 bits, rolled over", 20, 2, "01 7011"},
		{"analog, 32 bits", 30, 1, "01 70110100"},
		{"analog, 16 bits: over range", 30, 2, "21 ff7f"},
		{"analog event, single, time", 32, 7, "01 33b88847 050403020100"},
		{"frozen counter, time", 21, 5, "01 70110100 050403020100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := AppendValue(nil, c.group, c.variation, v)
			if want := octettest.Hex(t, c.hex); !ok || !bytes.Equal(got, want) {
				t.Errorf("got % x (%v), want % x", got, ok, want)
			}
		})
	}
	if x := ParseOutput(4, octettest.Hex(t, "0000000000407f40")); x != 500 {
		t.Errorf("double precision 500 is %v", x)
	}
	if x := ParseOutput(2, []byte{0xFF, 0xFF}); x != -1 || !math.IsNaN(ParseOutput(3, octettest.Hex(t, "0000c07f"))) {
		t.Errorf("16 bits -1 is %v", x)
	}
}

func TestCROB(t *testing.T) {
	octettest.Vectors(t, ParseCROB, []octettest.Vector[CROB]{
		{Name: "close, IEEE 1815 §A.8.1", Hex: "41 01 64000000 c8000000 04", Want: CROB{Code: 0x41, Count: 1, On: 100, Off: 200, Status: ControlUnsupported}},
	})
	for code, want := range map[uint8]string{0x41: "close", 0x81: "trip", 0x03: "latch_on", 0x04: "latch_off", 0x01: "pulse_on", 0x02: "pulse_off", 0: "nul", 9: "reserved"} {
		if got := (CROB{Code: code}).Name(); got != want {
			t.Errorf("%#02x is %s, want %s", code, got, want)
		}
	}
}

func TestFiles(t *testing.T) {
	octettest.Vectors(t, ParseFileCommand, []octettest.Vector[FileCommand]{
		{Name: "dnp3_file_del.pcap", Hex: "1a00 0300 000000000000 0000 00000000 ffffffff 0000 0000 0000 433a2f", Open: true,
			Want: FileCommand{Name: "C:/", Size: math.MaxUint32}},
	})
	octettest.Vectors(t, ParseFileAuth, []octettest.Vector[FileAuth]{
		{Name: "IEEE 1815 §A.28.2", Hex: "0c00 0100 0d00 0200 05000000 41 4243", Want: FileAuth{"A", "BC", 5}},
	})
	octettest.Vectors(t, ParseFileDescriptor, []octettest.Vector[FileDescriptor]{
		{Name: "IEEE 1815 §A.28.7", Hex: "1400 0100 0100 10000000 010000000000 ff01 0700 41", Want: FileDescriptor{Name: "A", Size: 16, Created: 1, Permissions: 0x1FF, Request: 7}},
	})
	if _, err := ParseFileCommand(octettest.Hex(t, "ff00 0500 000000000000 0000 00000000 00000000 0100 0000 0000")); !errors.Is(err, ErrName) {
		t.Errorf("a name outside its object: %v", err)
	}
}

func FuzzFrame(f *testing.F) {
	octettest.Fuzz(f, ParseFrame, "056405c900000000364c", "056414c4020003004503c7c8013c02063c03063c04063c010642ac")
}

func FuzzObjects(f *testing.F) {
	for _, fn := range []Function{Read, Write, DirectOperate, FreezeAtTime, Response, OpenFile} {
		f.Add(uint8(fn), []byte{0x0C, 1, 0x17, 1, 5, 0x41, 1, 100, 0, 0, 0, 100, 0, 0, 0, 0})
		f.Add(uint8(fn), []byte{0x46, 5, 0x5B, 1, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x41})
		f.Add(uint8(fn), []byte{60, 2, 6, 1, 1, 0, 0, 9, 0xFF, 3})
	}
	f.Fuzz(func(t *testing.T, fn uint8, p []byte) {
		list, err := ParseObjects(Function(fn), p)
		for _, o := range list {
			n := 0
			for range o.Items {
				n++
			}
			for range o.Indices {
				n++
			}
			if n > 8*len(p) {
				t.Fatalf("%d items in %d octets", n, len(p))
			}
		}
		if out := list.Append(nil); err == nil && !bytes.Equal(out, p) {
			t.Fatalf("% x came back as % x", p, out)
		}
	})
}

func FuzzAssembler(f *testing.F) {
	f.Add([]byte{3, 0x40, 1, 2, 3, 0x81, 3, 4})
	f.Fuzz(func(t *testing.T, p []byte) {
		a := Assembler{Limit: 64}
		for len(p) > 0 {
			n := min(int(p[0]), len(p)-1)
			whole, _ := a.Add(p[1 : 1+n])
			if len(whole) > 64 {
				t.Fatalf("%d octets in a buffer of 64", len(whole))
			}
			p = p[1+n:]
		}
	})
}

func FuzzFileObjects(f *testing.F) {
	f.Add([]byte("\x1a\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00A"))
	f.Fuzz(func(t *testing.T, p []byte) {
		ParseFileAuth(p)
		ParseFileCommandStatus(p)
		ParseFileBlock(p)
		ParseFileDescriptor(p)
		c, err := ParseFileCommand(p)
		if err != nil {
			return
		}
		if again, err := ParseFileCommand(c.Append(nil)); err != nil || again != c {
			t.Fatalf("%+v came back as %+v (%v)", c, again, err)
		}
	})
}
