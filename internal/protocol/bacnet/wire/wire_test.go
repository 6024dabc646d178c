package wire

import (
	"net/netip"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestBVLC(t *testing.T) {
	octettest.Vectors(t, ParseBVLC, []octettest.Vector[BVLC]{
		{Name: "result, J.2.1", Hex: "81 00 0006 0030", Want: BVLC{FuncResult, []byte{0, 0x30}}},
		{Name: "register foreign device, J.2.6", Hex: "81 05 0006 003c", Want: BVLC{FuncRegisterForeign, []byte{0, 60}}},
		{Name: "read BDT, J.2.3", Hex: "81 02 0004", Want: BVLC{FuncReadBDT, []byte{}}},
	})
}

func TestNPDU(t *testing.T) {
	octettest.Vectors(t, ParseNPDU, []octettest.Vector[NPDU]{
		{Name: "local, a reply awaited, 6.2.2", Hex: "01 04 00", Want: NPDU{Expecting: true, Body: []byte{0}}, Open: true},
		{Name: "global broadcast, 6.2.2", Hex: "01 20 ffff 00 ff 10", Want: NPDU{Dest: &Address{0xFFFF, []byte{}}, Hops: 255, Body: []byte{0x10}}, Open: true},
		{Name: "from behind a router, 6.2.2", Hex: "01 08 000a 01 07 10", Want: NPDU{Src: &Address{10, []byte{7}}, Body: []byte{0x10}}, Open: true},
		{Name: "who-is-router-to-network, 6.4.1", Hex: "01 80 00 0005", Want: NPDU{Network: true, Body: []byte{0, 5}}, Open: true},
	})
	for _, bad := range []string{"02 00 10", "01 50 10", "01 08 ffff 01 01 10", "01 08 0001 00 10"} {
		if n, err := ParseNPDU(octettest.Hex(t, bad)); err == nil {
			t.Errorf("%s parses to %+v", bad, n)
		}
	}
}

func TestAPDU(t *testing.T) {
	octettest.Vectors(t, ParseAPDU, []octettest.Vector[APDU]{
		{Name: "confirmed request, 20.1.2", Hex: "00 04 59 0c aa", Open: true,
			Want: APDU{Type: Confirmed, MaxAPDU: 4, ID: 0x59, Service: ReadProperty, Body: []byte{0xAA}}},
		{Name: "segmented request that takes a segmented answer, 20.1.2", Hex: "0e 75 01 02 04 0e aa", Open: true,
			Want: APDU{Type: Confirmed, Segmented: true, More: true, Accepts: true, MaxSegments: 7, MaxAPDU: 5, ID: 1, Sequence: 2, Window: 4, Service: 14, Body: []byte{0xAA}}},
		{Name: "unconfirmed request, 20.1.3", Hex: "10 08", Want: APDU{Type: Unconfirmed, Service: WhoIs, Body: []byte{}}},
		{Name: "simple ack, 20.1.4", Hex: "20 09 0f", Want: APDU{Type: SimpleAck, ID: 9, Service: 15, Body: []byte{}}},
		{Name: "segmented complex ack, 20.1.5", Hex: "3c 09 00 04 0e", Want: APDU{Type: ComplexAck, Segmented: true, More: true, ID: 9, Window: 4, Service: 14, Body: []byte{}}},
		{Name: "negative segment ack of the server, 20.1.6", Hex: "43 09 01 04", Want: APDU{Type: SegmentAck, Negative: true, Server: true, ID: 9, Sequence: 1, Window: 4, Body: []byte{}}},
		{Name: "error, 20.1.7", Hex: "50 09 0c 91 02 91 20", Open: true, Want: APDU{Type: ErrorPDU, ID: 9, Service: 12, Body: []byte{0x91, 2, 0x91, 0x20}}},
		{Name: "reject, 20.1.8", Hex: "60 01 09", Want: APDU{Type: Reject, ID: 1, Service: 9, Body: []byte{}}},
		{Name: "abort of the server, 20.1.9", Hex: "71 01 04", Want: APDU{Type: Abort, Server: true, ID: 1, Service: 4, Body: []byte{}}},
	})
}

func TestValue(t *testing.T) {
	octettest.Vectors(t, ParseValue, []octettest.Vector[Value]{
		{Name: "Null, 20.2.2", Hex: "00", Want: NullValue()},
		{Name: "BOOLEAN false, 20.2.3", Hex: "10", Want: BoolValue(false)},
		{Name: "Unsigned 72, 20.2.4", Hex: "21 48", Want: UnsignedValue(72)},
		{Name: "INTEGER 72, 20.2.5", Hex: "31 48", Want: SignedValue(72)},
		{Name: "INTEGER -129, 20.2.5", Hex: "32 ff7f", Want: SignedValue(-129)},
		{Name: "REAL 72.0, 20.2.6", Hex: "44 42900000", Want: RealValue(72)},
		{Name: "Double 72.0, 20.2.7", Hex: "55 08 4052000000000000", Want: Value{Type: Double, Num: 0x4052000000000000}},
		{Name: "OCTET STRING, 20.2.8", Hex: "63 1234ff", Want: OctetsValue([]byte{0x12, 0x34, 0xFF})},
		{Name: "CharacterString in UTF-8, 20.2.9", Hex: "75 19 00 546869732069732061204241436e657420737472696e6721", Want: TextValue("This is a BACnet string!", UTF8)},
		{Name: "CharacterString in UCS-2 of a JCI NAE", Hex: "75 07 04 004a 0043 0049", Want: TextValue("JCI", UCS2)},
		{Name: "BIT STRING 10101, 20.2.10", Hex: "82 03 a8", Want: BitsValue(true, false, true, false, true)},
		{Name: "ENUMERATED analog-input, 20.2.11", Hex: "91 00", Want: EnumValue(0)},
		{Name: "Date 24 January 1991, 20.2.12", Hex: "a4 5b 01 18 05", Want: Value{Type: Date, Num: 0x5B011805}},
		{Name: "Time 17:35:45.17, 20.2.13", Hex: "b4 11 23 2d 11", Want: Value{Type: Time, Num: 0x11232D11}},
		{Name: "BACnetObjectIdentifier binary-input 15, 20.2.14", Hex: "c4 00c0000f", Want: ObjectValue(NewObjectID(3, 15))},
	})
}

func TestTables(t *testing.T) {
	b := octettest.Hex(t, "c0a8010a bac0 ffffffff  0a000001 bac1 ffffff00")
	rows, err := ParseBDT(b)
	want := []BDTEntry{{netip.MustParseAddrPort("192.168.1.10:47808"), [4]byte{255, 255, 255, 255}}, {netip.MustParseAddrPort("10.0.0.1:47809"), [4]byte{255, 255, 255, 0}}}
	if err != nil || len(rows) != 2 || rows[0] != want[0] || rows[1] != want[1] {
		t.Errorf("%v %v", rows, err)
	}
	if _, err := ParseBDT(b[:13]); err == nil {
		t.Error("a row that is cut off parses")
	}
}

func TestNames(t *testing.T) {
	if id, ok := ParseObjectID("trend-log,12"); !ok || id != NewObjectID(20, 12) || id.String() != "trend-log,12" {
		t.Errorf("trend-log,12 is %v", id)
	}
	for _, bad := range []string{"trend-log", "trend,1", "analog-input,4194303", ",1"} {
		if id, ok := ParseObjectID(bad); ok {
			t.Errorf("%q is %v", bad, id)
		}
	}
	if p, ok := ParseProperty("present-value"); !ok || p != 85 || PropertyName(85) != "present-value" || PropertyName(9999) != "9999" {
		t.Errorf("present-value is %d, 85 is %s", p, PropertyName(85))
	}
	if u, ok := ParseUnit("cubic-meters-per-hour"); !ok || u != 135 || UnitName(62) != "degrees-celsius" {
		t.Errorf("cubic-meters-per-hour is %d", u)
	}
	if ErrorClassName(2)+"/"+ErrorCodeName(32) != "property/unknown-property" {
		t.Error(ErrorClassName(2), ErrorCodeName(32))
	}
}

func TestServices(t *testing.T) {
	w, err := ParseWriteProperty(octettest.Hex(t, "0c 00800001 19 55 3e 44 42900000 3f 49 08")) // F.3.5's form
	if err != nil || w.Object != NewObjectID(2, 1) || w.Property != 85 || w.Priority != 8 || len(w.Value) != 5 {
		t.Errorf("WriteProperty %+v %v", w, err)
	}
	list, err := ParseReadPropertyMultiple(octettest.Hex(t, "0c 00000010 1e 09 55 09 67 1f 0c 00000021 1e 09 57 19 03 1f"))
	if err != nil || len(list) != 3 || list[1].Property != 103 || !list[2].Indexed || list[2].Index != 3 {
		t.Errorf("ReadPropertyMultiple %+v %v", list, err)
	}
	s, err := ParseSubscription(octettest.Hex(t, "09 12 1c 0000000a 29 01 39 00"), false) // F.1.8's form
	if err != nil || s.Process != 18 || !s.Confirmed || s.Cancel {
		t.Errorf("SubscribeCOV %+v %v", s, err)
	}
	f, err := ParseFile(octettest.Hex(t, "c4 02800001 0e 31 00 21 1b 0f"), false) // F.2.1's form
	if err != nil || f.Object != NewObjectID(10, 1) || f.Count != 27 || f.Records {
		t.Errorf("AtomicReadFile %+v %v", f, err)
	}
	c, err := ParseCommunicationControl(octettest.Hex(t, "09 05 19 01 2d 08 00 23656762646622")) // F.4.1's form
	if err != nil || c.Minutes != 5 || c.State != 1 || c.Password != `#egbdf"` {
		t.Errorf("DeviceCommunicationControl %+v %v", c, err)
	}
}

func FuzzBVLC(f *testing.F) {
	octettest.Fuzz(f, ParseBVLC, "81020004", "810b000c0120ffff00ff1008", "8104001200000000bac00120ffff00ff1008")
}

func FuzzNPDU(f *testing.F) {
	octettest.Fuzz(f, ParseNPDU, "0120ffff00ff1008", "0108000a010710", "0180000005", "01a000010001ff8000ff")
}

func FuzzAPDU(f *testing.F) {
	octettest.Fuzz(f, ParseAPDU, "0004590c0c0200000119", "0e7501020400", "3c0900040e", "43090104", "710104")
}

func FuzzValue(f *testing.F) {
	octettest.Fuzz(f, ParseValue, "4442900000", "7507040044004a0043", "8203a8", "32ff7f", "550840520000000000", "650400010203")
}

// Whatever the parameters are, reading them ends and does not panic.
func FuzzServices(f *testing.F) {
	for _, s := range []string{"0c0080000119553e44429000003f4908", "0c000000101e095509671f", "09121c0000000a29013900", "c4028000010e3100211b0f", "090519012d080023656762646622"} {
		f.Add(octettest.Hex(f, s))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = ParseWhoIs(b)
		_, _ = ParseWhoHas(b)
		_, _ = ParseReadProperty(b)
		_, _ = ParseReadPropertyMultiple(b)
		_, _ = ParseWriteProperty(b)
		_, _ = ParseWritePropertyMultiple(b)
		_, _ = ParseSubscription(b, true)
		_, _ = ParseReadRange(b)
		_, _ = ParseFile(b, true)
		_, _ = ParseFile(b, false)
		_, _ = ParseCommunicationControl(b)
		_, _ = ParseReinitialize(b)
		_, _, _ = ParseTime(b)
		_, _ = ParseIAm(b)
		_, _ = Values(b)
		_, _ = ParseBDT(b)
	})
}
