package wire

import (
	"bytes"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func vectors() []octettest.Vector[Packet] {
	return []octettest.Vector[Packet]{
		{Name: "RRQ (RFC 1350 §5)", Hex: "0001 61 00 6f63746574 00", Want: Packet{Op: RRQ, File: "a", Mode: "octet"}},
		{Name: "WRQ with options (RFC 2347)", Hex: "0002 61 00 6f63746574 00 626c6b73697a65 00 31343238 00 7473697a65 00 30 00", Open: true,
			Want: Packet{Op: WRQ, File: "a", Mode: "octet", Options: []Option{{"blksize", "1428"}, {"tsize", "0"}}}},
		{Name: "DATA", Hex: "0003 0001 0102", Open: true, Want: Packet{Op: DATA, Block: 1, Data: []byte{1, 2}}},
		{Name: "ACK", Hex: "0004 ffff", Want: Packet{Op: ACK, Block: 65535}},
		{Name: "ERROR", Hex: "0005 0001 46 00", Want: Packet{Op: ERROR, Code: 1, Message: "F"}},
		{Name: "OACK (RFC 2348)", Hex: "0006 626c6b73697a65 00 31343332 00", Open: true, Want: Packet{Op: OACK, Options: []Option{{"blksize", "1432"}}}},
	}
}

func TestPackets(t *testing.T) { octettest.Vectors(t, Parse, vectors()) }

func TestNoPacket(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty": {}, "one octet": {0}, "opcode 0": {0, 0}, "opcode 7": {0, 7, 0, 0}, "no mode": []byte("\x00\x01a\x00"),
		"mode without end": []byte("\x00\x01a\x00octet"), "option without value": []byte("\x00\x01a\x00octet\x00tsize\x00"),
		"ACK too long": {0, 4, 0, 1, 0}, "too long": append([]byte{0, 3, 0, 1}, make([]byte, MaxBlock+1)...),
	} {
		if p, err := Parse(b); err == nil {
			t.Errorf("%s parses to %+v", name, p)
		}
	}
}

func FuzzPacket(f *testing.F) {
	var seeds []string
	for _, v := range vectors() {
		seeds = append(seeds, v.Hex)
	}
	octettest.Fuzz(f, Parse, seeds...)
}

// Text comes back the same, wherever blocks cut it.
func FuzzNetascii(f *testing.F) {
	f.Add([]byte("a\nb\rc\r\n"), 3)
	f.Fuzz(func(t *testing.T, p []byte, cut int) {
		net := ToNet(nil, p)
		if cut < 0 || cut > len(net) {
			return
		}
		a, held := FromNet(net[:cut], false)
		b, held := FromNet(net[cut:], held)
		if got := append(a, b...); held || !bytes.Equal(got, p) {
			t.Fatalf("%q as %q cut at %d comes back as %q", p, net, cut, got)
		}
	})
}
