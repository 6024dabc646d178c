package wire

import (
	"net/netip"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const (
	registerHex = "6500 0400 00000000 00000000 0102030405060708 00000000 0100 0000"
	transferHex = "00000000 0a00 0200 0000 0000 b200 0400 01022001"
	identityHex = "0100 0002af12c0a80a070000000000000000 0100 0e00 9a00 1e0b 6030 4d3c2b60 19 313736392d4c313845522f42204c4f47495835333138455200 03"
)

func TestFrame(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Frame]{
		{Name: "RegisterSession, volume 2 2-4.4", Hex: registerHex,
			Want: Frame{Command: RegisterSession, Context: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}, Data: []byte{1, 0, 0, 0}}},
		{Name: "ListIdentity as nmap's enip-info sends it", Hex: "6300 0000 00000000 00000000 c1debed100000000 00000000",
			Want: Frame{Command: ListIdentity, Context: [8]byte{0xc1, 0xde, 0xbe, 0xd1}, Data: []byte{}}},
	})
	if n := Length([]byte{0x6f, 0, 0x10, 1}); n != 24+0x110 {
		t.Errorf("Length = %d", n)
	}
}

func TestTransfer(t *testing.T) {
	octettest.Vectors(t, ParseTransfer, []octettest.Vector[Transfer]{
		{Name: "unconnected, volume 2 2-4.7", Hex: transferHex,
			Want: Transfer{Timeout: 10, Packet: Packet{{NullAddress, []byte{}}, {UnconnectedData, []byte{1, 2, 0x20, 1}}}}},
	})
}

func TestIdentity(t *testing.T) {
	octettest.Vectors(t, ParseIdentity, []octettest.Vector[Identity]{
		{Name: "volume 2 2-4.2.3", Hex: identityHex, Want: Identity{
			Socket: netip.MustParseAddrPort("192.168.10.7:44818"), Vendor: 1, Type: 14, Code: 154, Major: 30, Minor: 11,
			Status: 0x3060, Serial: 0x602b3c4d, Name: "1769-L18ER/B LOGIX5318ER\x00", State: 3,
		}},
	})
}

func TestSocket(t *testing.T) {
	b := octettest.Hex(t, "0002 08ae c0000207 0000000000000000")
	a, err := ParseSocket(b)
	if err != nil || a != netip.MustParseAddrPort("192.0.2.7:2222") {
		t.Errorf("%v, %v", a, err)
	}
	if _, err := ParseSocket(b[:15]); err == nil {
		t.Error("a short address parses")
	}
	if got := AppendSocket(nil, netip.MustParseAddrPort("[2001:db8::1]:5")); got[4]|got[5]|got[6]|got[7] != 0 {
		t.Errorf("IPv6 became % x", got)
	}
}

func FuzzFrame(f *testing.F)    { octettest.Fuzz(f, Parse, registerHex) }
func FuzzTransfer(f *testing.F) { octettest.Fuzz(f, ParseTransfer, transferHex) }
func FuzzIdentity(f *testing.F) { octettest.Fuzz(f, ParseIdentity, identityHex) }
