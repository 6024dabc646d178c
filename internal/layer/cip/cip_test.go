package cip

import (
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestPath(t *testing.T) {
	octettest.Vectors(t, ParsePath, []octettest.Vector[Path]{
		{Name: "Identity, volume 1 C-1.4.2", Hex: "2001 2401", Want: Object(1, 1), Open: true},
		{Name: "16-bit instance and attribute", Hex: "206b 2500 e803 3002", Open: true,
			Want: Path{{Kind: Class, Value: 0x6b, Size: 1}, {Kind: Instance, Value: 1000, Size: 2}, {Kind: Attribute, Value: 2, Size: 1}}},
		{Name: "32-bit element, 1756-PM020 Access data by tag", Hex: "9104 5465 7374 2a00 00000100", Open: true,
			Want: Path{{Kind: Symbol, Text: "Test"}, {Kind: Member, Value: 65536, Size: 4}}},
		{Name: "odd symbol is padded", Hex: "9103 4142 4300", Want: Path{{Kind: Symbol, Text: "ABC"}}, Open: true},
		{Name: "backplane, slot 3", Hex: "0103", Want: Path{{Kind: Port, Value: 1, Text: "\x03"}}, Open: true},
		{Name: "port 2, address as text, C-1.4.1", Hex: "120a 3139 322e 302e 322e 3735", Open: true,
			Want: Path{{Kind: Port, Value: 2, Text: "192.0.2.75"}}},
		{Name: "extended port", Hex: "0f1200 05", Want: Path{{Kind: Port, Value: 18, Text: "\x05"}}, Open: true},
		{Name: "electronic key, C-1.4.2.5", Hex: "3404 0100 0e00 9a00 1e0b", Want: Path{{Kind: Key, Text: "\x01\x00\x0e\x00\x9a\x00\x1e\x0b"}}, Open: true},
		{Name: "production inhibit and data", Hex: "4305 8001 1234", Want: Path{{Kind: Network, Value: 0x43, Text: "\x05"}, {Kind: SimpleData, Text: "\x12\x34"}}, Open: true},
		{Name: "point", Hex: "2c65", Want: Path{{Kind: Point, Value: 101, Size: 1}}, Open: true},
	})
	for _, hex := range []string{"e0", "2301", "3c00", "24", "9105 4142", "3405 00", "5003 00"} {
		if p, err := ParsePath(octettest.Hex(t, hex)); err == nil {
			t.Errorf("%s parses to %v", hex, p)
		}
	}
}

func TestPathText(t *testing.T) {
	for hex, want := range map[string]string{
		"2001 2401 3007":                     "0x01/1/7",
		"9104 50756d70 2803 9103 52756e00":   "Pump[3].Run",
		"0100 2002 2401":                     "1:0/0x02/1",
		"1207 31302e302e302e00":              "2:10.0.0.",
		"3404 0100 0e00 9a00 1e0b 8001 1234": "key 01000e009a001e0b/data 1234",
	} {
		p, err := ParsePath(octettest.Hex(t, hex))
		if err != nil || p.String() != want {
			t.Errorf("%s is %q (%v), want %q", hex, p, err, want)
		}
	}
}

func TestMessage(t *testing.T) {
	octettest.Vectors(t, ParseRequest, []octettest.Vector[Request]{
		{Name: "read tag, 1756-PM020", Hex: "4c 02 9102 4142 0100", Open: true,
			Want: Request{Service: 0x4c, Path: []byte{0x91, 2, 'A', 'B'}, Data: []byte{1, 0}}},
	})
	octettest.Vectors(t, ParseReply, []octettest.Vector[Reply]{
		{Name: "success", Hex: "cc 00 00 00 c400 2a000000", Open: true, Want: Reply{Service: 0xcc, Data: []byte{0xc4, 0, 0x2a, 0, 0, 0}}},
		{Name: "beyond the end, 1756-PM020", Hex: "cc 00 ff 01 0521", Open: true, Want: Reply{Service: 0xcc, Status: Vendor, Extended: []uint16{0x2105}, Data: []byte{}}},
	})
	octettest.Vectors(t, ParseBundle, []octettest.Vector[Bundle]{
		{Name: "two services, volume 1 A-4.10", Hex: "0200 0600 0a00 01022001 0e032001", Open: true,
			Want: Bundle{{1, 2, 0x20, 1}, {0x0e, 3, 0x20, 1}}},
	})
	for _, hex := range []string{"f4f0 0909 8804", "0100 0000", "0200 0600 0500", "0100 0900"} {
		if u, err := ParseBundle(octettest.Hex(t, hex)); err == nil {
			t.Errorf("%s parses to %v", hex, u)
		}
	}
}

const (
	openHex      = "0a05 00000020 66000100 6600 3713 2a000000 01 000000 80841e00 f443 80841e00 f443 a3 03 0100 2002 2401"
	largeOpenHex = "0a05 00000020 66000100 6600 3713 2a000000 01 000000 80841e00 a00f0042 80841e00 a00f0042 a3 03 0100 2002 2401"
	closeHex     = "0a05 6600 3713 2a000000 03 00 0100 2002 2401"
	errandHex    = "0a05 0700 4c 02 9102 4142 01 00 01 00 0100"
)

func open(large bool) ForwardOpen {
	o := ForwardOpen{
		Large: large, Ticks: Ticks{10, 5}, OT: Flow{0x20000000, 2000000, 0x43f4}, TO: Flow{0x10066, 2000000, 0x43f4},
		Triad: Triad{0x66, 0x1337, 42}, Multiplier: 1, Trigger: 0xa3, Path: []byte{1, 0, 0x20, 2, 0x24, 1},
	}
	if large {
		o.OT.Parameters, o.TO.Parameters = 0x42000fa0, 0x42000fa0
	}
	return o
}

func TestConnect(t *testing.T) {
	octettest.Vectors(t, ParseForwardOpen, []octettest.Vector[ForwardOpen]{{Name: "class 3, volume 1 3-5.5.2", Hex: openHex, Want: open(false)}})
	octettest.Vectors(t, ParseLargeForwardOpen, []octettest.Vector[ForwardOpen]{{Name: "class 3", Hex: largeOpenHex, Want: open(true)}})
	octettest.Vectors(t, ParseForwardClose, []octettest.Vector[ForwardClose]{
		{Name: "volume 1 3-5.5.3", Hex: closeHex, Want: ForwardClose{Ticks{10, 5}, Triad{0x66, 0x1337, 42}, []byte{1, 0, 0x20, 2, 0x24, 1}}},
	})
	octettest.Vectors(t, ParseErrand, []octettest.Vector[Errand]{
		{Name: "odd message is padded, volume 1 3-5.5.4", Hex: errandHex, Want: Errand{Ticks{10, 5}, []byte{0x4c, 2, 0x91, 2, 'A', 'B', 1}, []byte{1, 0}}},
	})
	for _, large := range []bool{false, true} {
		o := open(large)
		want := 500
		if large {
			want = 4000
		}
		if o.OT.Size(large) != want || o.OT.Type(large) != 2 || o.Class() != 3 {
			t.Errorf("large %v: size %d, type %d, class %d", large, o.OT.Size(large), o.OT.Type(large), o.Class())
		}
		if o.Timeout() != 16*time.Second || o.Duration() != 5120*time.Millisecond {
			t.Errorf("timeouts %v and %v", o.Timeout(), o.Duration())
		}
	}
}

func FuzzPath(f *testing.F) {
	octettest.Fuzz(f, ParsePath, "2001 2401", "9103 414243 00 2a00 00000100", "120a 3139322e302e322e3735", "3404 0100 0e00 9a00 1e0b", "4305 8001 1234", "0f1200 05")
}
func FuzzRequest(f *testing.F)      { octettest.Fuzz(f, ParseRequest, "4c 02 9102 4142 0100") }
func FuzzReply(f *testing.F)        { octettest.Fuzz(f, ParseReply, "cc 00 ff 01 0521") }
func FuzzBundle(f *testing.F)       { octettest.Fuzz(f, ParseBundle, "0200 0600 0a00 01022001 0e032001") }
func FuzzForwardOpen(f *testing.F)  { octettest.Fuzz(f, ParseForwardOpen, openHex) }
func FuzzLargeOpen(f *testing.F)    { octettest.Fuzz(f, ParseLargeForwardOpen, largeOpenHex) }
func FuzzForwardClose(f *testing.F) { octettest.Fuzz(f, ParseForwardClose, closeHex) }
func FuzzErrand(f *testing.F)       { octettest.Fuzz(f, ParseErrand, errandHex) }
