package wire

import (
	"errors"
	"reflect"
	"testing"

	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

// What the tools of net-snmp 5.9.3 send, captured on loopback.
const (
	get       = "302902010004067075626c6963a01c020401883ff9020100020100300e300c06082b060102010101000500"
	getBulk   = "303702010104067075626c6963a52a0204583bfc98020101020108301c300b06072b0601020101030500300d06092b060102010202010a0500"
	set       = "306e020101040770726976617465a36002041e07910b0201000201003052300f06082b0601020101060004036c6162300f060a2b060102010202010702020102301006082b0601040101010040040a010203300d06082b06010401010200420105300d06082b06010401010300430163"
	trap      = "303602010004067075626c6963a42906062b060104010340040a000001020106020111430204d2300f300d06082b06010201010500040178"
	discovery = "303e0201033011020402393e17020300ffe30401040201030410300e0400020100020100040004000400301404000400a00e020461e1d12b0201000201003000"
)

func oid(t testing.TB, s string) ber.OID {
	t.Helper()
	o, err := ber.OIDFromText(s)
	if err != nil {
		t.Fatalf("OID %s: %v", s, err)
	}
	return o
}

func TestMessages(t *testing.T) {
	null := Value{Type: ber.Null}
	octettest.Vectors(t, Parse, []octettest.Vector[Message]{
		{Name: "GetRequest version 1, RFC 1157 §4.1.2, snmpget", Hex: get, Want: Message{
			Community: []byte("public"),
			PDU:       PDU{Type: GetRequest, RequestID: 0x01883ff9, Varbinds: []Varbind{{oid(t, "1.3.6.1.2.1.1.1.0"), null}}},
		}},
		{Name: "GetBulkRequest, RFC 3416 §4.2.3, snmpbulkget -Cn1 -Cr8", Hex: getBulk, Want: Message{
			Version: V2c, Community: []byte("public"),
			PDU: PDU{Type: GetBulkRequest, RequestID: 0x583bfc98, Status: 1, Index: 8,
				Varbinds: []Varbind{{oid(t, "1.3.6.1.2.1.1.3"), null}, {oid(t, "1.3.6.1.2.1.2.2.1.10"), null}}},
		}},
		{Name: "SetRequest of five types, RFC 3416 §4.2.5, snmpset", Hex: set, Want: Message{
			Version: V2c, Community: []byte("private"),
			PDU: PDU{Type: SetRequest, RequestID: 0x1e07910b, Varbinds: []Varbind{
				{oid(t, "1.3.6.1.2.1.1.6.0"), Value{Type: ber.OctetString, Octets: []byte("lab")}},
				{oid(t, "1.3.6.1.2.1.2.2.1.7.2"), Value{Type: ber.Integer, Int: 2}},
				{oid(t, "1.3.6.1.4.1.1.1.0"), Value{Type: IPAddress, Octets: []byte{10, 1, 2, 3}}},
				{oid(t, "1.3.6.1.4.1.1.2.0"), Value{Type: Gauge32, Int: 5}},
				{oid(t, "1.3.6.1.4.1.1.3.0"), Value{Type: TimeTicks, Int: 99}},
			}},
		}},
		{Name: "Trap version 1, RFC 1157 §4.1.6, snmptrap", Hex: trap, Want: Message{
			Community: []byte("public"),
			PDU: PDU{Type: TrapV1, Trap: &Trap{Enterprise: oid(t, "1.3.6.1.4.1.3"), Agent: []byte{10, 0, 0, 1}, Generic: 6, Specific: 17, Time: 1234},
				Varbinds: []Varbind{{oid(t, "1.3.6.1.2.1.1.5.0"), Value{Type: ber.OctetString, Octets: []byte("x")}}}},
		}},
		{Name: "engine discovery, RFC 3414 §4, snmpget -v3", Hex: discovery, Want: Message{
			Version: V3, Three: &Three{ID: 0x02393e17, MaxSize: 65507, Flags: FlagReportable, Model: ModelUSM,
				Security: octettest.Hex(t, "300e0400020100020100040004000400"),
				Scoped:   Scoped{Engine: []byte{}, Context: []byte{}, PDU: PDU{Type: GetRequest, RequestID: 0x61e1d12b, Varbinds: []Varbind{}}}},
		}},
	})
}

func TestParseTolerates(t *testing.T) {
	want, err := Parse(octettest.Hex(t, get))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, hex string }{
		{"long lengths", "30820032 0282000100 04067075626c6963 a0820021 020401883ff9 020100 020100 3083000010 300e 068200082b06010201010100 0500"},
		{"padded integers", "302e 0203000000 04067075626c6963 a01f 0206000001883ff9 02020000 020100 300e 300c 06082b06010201010100 0500"},
		{"octets behind the message", get + "deadbeef"},
		{"a padded arc", "302a 020100 04067075626c6963 a01d 020401883ff9 020100 020100 300f 300d 06092b0601020101018000 0500"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(octettest.Hex(t, c.hex))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
			}
		})
	}
}

func TestNegativeRequestID(t *testing.T) {
	m, err := Parse(octettest.Hex(t, "3026 020101 04067075626c6963 a019 0201ff 020100 020100 300e 300c 06082b06010201010100 0500"))
	if err != nil || m.PDU.RequestID != -1 {
		t.Errorf("request id %d, %v", m.PDU.RequestID, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"60 00, which stops Conpot", "6000", ber.ErrTag},
		{"version 2 of the party era", "3003 020102", ErrVersion},
		{"a response without a list", "3014 020101 04067075626c6963 a207 020101 020100", ber.ErrShort},
		{"no PDU", "3010 020101 04067075626c6963 af03 020101", ErrPDU},
		{"an address of three octets", "3022 020101 04067075626c6963 a015 020101 020100 020100 300a 3008 06012b 4003 0a0000", ber.ErrValue},
		{"a value of no type", "301f 020101 04067075626c6963 a012 020101 020100 020100 3007 3005 06012b 4900", ErrType},
	} {
		t.Run(c.name, func(t *testing.T) {
			if m, err := Parse(octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v: %+v", err, c.want, m)
			}
		})
	}
}

func FuzzMessage(f *testing.F) {
	octettest.Fuzz(f, Parse, get, getBulk, set, trap, discovery)
}

func FuzzUSM(f *testing.F) {
	octettest.Fuzz(f, ParseUSM, "300e0400020100020100040004000400")
}

func FuzzScoped(f *testing.F) {
	octettest.Fuzz(f, ParseScoped, "301404000400a00e020461e1d12b0201000201003000")
}
