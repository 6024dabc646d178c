package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

func TestFrame(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Frame]{
		{Name: "read holding registers, Guide annex A and §6.3", Hex: "1501 0000 0006 ff 03 0004 0001",
			Want: Frame{Txn: 0x1501, Unit: 0xff, PDU: []byte{3, 0, 4, 0, 1}}},
		{Name: "shortest: a function code, capture modbus_test_data_part1", Hex: "0000 0000 0002 0a 11",
			Want: Frame{Unit: 0x0a, PDU: []byte{0x11}}},
		{Name: "another protocol identifier is kept", Hex: "0500 0b03 0003 00 80 01",
			Want: Frame{Txn: 0x0500, Protocol: 0x0b03, PDU: []byte{0x80, 1}}},
	})
}

func TestLength(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      int
		bad       bool
	}{
		{"unit and function", "000000000002", 8, false},
		{"longest", "0000000000fe", 260, false},
		{"no unit", "000000000000", 6, true},
		{"no function", "000000000001", 7, true},
		{"one too long", "0000000000ff", 261, true},
		{"text", "474554202f20", 6 + 0x2f20, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := Length(octettest.Hex(t, c.hex))
			if n != c.want || errors.Is(err, ErrLength) != c.bad {
				t.Errorf("got %d, %v", n, err)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	octettest.Vectors(t, ParseRequest, []octettest.Vector[Request]{
		{Name: "read coils, §6.1 example", Hex: "01 0013 0013", Want: Request{Func: 1, Addr: 0x13, Count: 0x13}},
		{Name: "read discrete inputs, §6.2 example", Hex: "02 00c4 0016", Want: Request{Func: 2, Addr: 0xc4, Count: 0x16}},
		{Name: "read holding registers, §6.3 example", Hex: "03 006b 0003", Want: Request{Func: 3, Addr: 0x6b, Count: 3}},
		{Name: "read input registers, §6.4 example", Hex: "04 0008 0001", Want: Request{Func: 4, Addr: 8, Count: 1}},
		{Name: "write single coil, §6.5 example", Hex: "05 00ac ff00", Want: Request{Func: 5, Addr: 0xac, Value: 0xff00}},
		{Name: "write single register, §6.6 example", Hex: "06 0001 0003", Want: Request{Func: 6, Addr: 1, Value: 3}},
		{Name: "read exception status, §6.7", Hex: "07", Want: Request{Func: 7}},
		{Name: "diagnostics, return query data, §6.8 example", Hex: "08 0000 a537", Open: true,
			Want: Request{Func: 8, Data: []byte{0xa5, 0x37}}},
		{Name: "write multiple coils, §6.11 example", Hex: "0f 0013 000a 02 cd01",
			Want: Request{Func: 15, Addr: 0x13, Count: 10, Data: []byte{0xcd, 1}}},
		{Name: "write multiple registers, §6.12 example", Hex: "10 0001 0002 04 000a 0102",
			Want: Request{Func: 16, Addr: 1, Count: 2, Data: []byte{0, 10, 1, 2}}},
		{Name: "read file record, §6.14 example", Hex: "14 0e 06 0004 0001 0002 06 0003 0009 0002",
			Want: Request{Func: 20, Data: octettest.Hex(t, "06 0004 0001 0002 06 0003 0009 0002")}},
		{Name: "write file record, §6.15 example", Hex: "15 0d 06 0004 0007 0003 06af 04be 100d",
			Want: Request{Func: 21, Data: octettest.Hex(t, "06 0004 0007 0003 06af 04be 100d")}},
		{Name: "mask write register, §6.16 example", Hex: "16 0004 00f2 0025", Want: Request{Func: 22, Addr: 4, And: 0xf2, Or: 0x25}},
		{Name: "read/write multiple registers, §6.17 example", Hex: "17 0003 0006 000e 0003 06 00ff 00ff 00ff",
			Want: Request{Func: 23, Addr: 3, Count: 6, WriteAddr: 14, WriteCount: 3, Data: octettest.Hex(t, "00ff00ff00ff")}},
		{Name: "read FIFO queue, §6.18 example", Hex: "18 04de", Want: Request{Func: 24, Addr: 0x4de}},
		{Name: "read device identification, §6.21 example", Hex: "2b 0e 01 00", Want: Request{Func: 43, MEI: 14, Code: 1}},
		{Name: "CANopen reference, §6.20", Hex: "2b 0d 0011", Open: true, Want: Request{Func: 43, MEI: 13, Data: []byte{0, 0x11}}},
		{Name: "function 90, capture of a Quantum", Hex: "5a 0002", Open: true, Want: Request{Func: 90, Data: []byte{0, 2}}},
	})
}

func TestParseRequestRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex string }{
		{"nothing", ""},
		{"octets behind a read", "03 0000 0001 00"},
		{"octets behind a function without data", "11 00000000"},
		{"a byte count too large", "10 0000 0001 03 0001"},
		{"a byte count too small", "10 0000 0001 01 0001"},
		{"half a diagnostic value", "08 0000 a5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if q, err := ParseRequest(octettest.Hex(t, c.hex)); err == nil {
				t.Errorf("parses to %+v", q)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		ok        bool
	}{
		{"2000 coils", "01 0000 07d0", true},
		{"2001 coils", "01 0000 07d1", false},
		{"no coil", "02 0000 0000", false},
		{"125 registers", "03 0000 007d", true},
		{"126 registers", "04 0000 007e", false},
		{"coil on", "05 0000 ff00", true},
		{"coil neither on nor off", "05 0000 0001", false},
		{"ten coils in two octets", "0f 0000 000a 02 ffff", true},
		{"ten coils in one octet", "0f 0000 000a 01 ff", false},
		{"no register", "10 0000 0000 00", false},
		{"two registers in two octets", "10 0000 0002 02 0001", false},
		{"swap reads nothing", "17 0000 0000 0000 0001 02 0001", false},
		{"swap writes nothing", "17 0000 0001 0000 0000 00", false},
		{"file sub-request cut", "14 06 06 0001 0000 00", false},
		{"identification code 0", "2b 0e 00 00", false},
		{"identification code 5", "2b 0e 05 00", false},
		{"another MEI is no matter of value", "2b 0d 00", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := ParseRequest(octettest.Hex(t, c.hex))
			if err != nil {
				t.Fatal(err)
			}
			if err := q.Check(); (err == nil) != c.ok {
				t.Errorf("Check = %v", err)
			}
		})
	}
}

func TestFileRecords(t *testing.T) {
	reads, err := ParseFileRead(octettest.Hex(t, "06 0004 0001 0002 06 0003 0009 0002"))
	if err != nil || len(reads) != 2 || reads[1].File != 3 || reads[1].Record != 9 || reads[1].Count != 2 {
		t.Errorf("got %+v, %v", reads, err)
	}
	writes, err := ParseFileWrite(octettest.Hex(t, "06 0004 0007 0003 06af 04be 100d"))
	if err != nil || len(writes) != 1 || writes[0].Count != 3 || len(writes[0].Data) != 6 {
		t.Errorf("got %+v, %v", writes, err)
	}
	if _, err := ParseFileWrite(octettest.Hex(t, "06 0004 0007 ffff 06af")); err == nil {
		t.Error("a count beyond the octets parses")
	}
}

func TestIdentification(t *testing.T) {
	octettest.Vectors(t, ParseIdentification, []octettest.Vector[Identification]{
		{Name: "basic stream, §6.21 example's shape", Hex: "2b 0e 01 01 00 00 02 00 02 4142 01 01 43",
			Want: Identification{Code: 1, Conformity: 1, Objects: []Object{{0, "AB"}, {1, "C"}}}},
		{Name: "more follows", Hex: "2b 0e 03 83 ff 80 01 03 01 41",
			Want: Identification{Code: 3, Conformity: 0x83, More: true, Next: 0x80, Objects: []Object{{3, "A"}}}},
	})
}

func TestIdentify(t *testing.T) {
	long := strings.Repeat("x", 200)
	objects := []Object{{0, "V"}, {1, "P"}, {2, "R"}, {3, "U"}, {5, long}, {0x80, long}, {0x81, "Z"}}
	ids := func(id Identification) (out []uint8) {
		for _, o := range id.Objects {
			out = append(out, o.ID)
		}
		return out
	}
	for _, c := range []struct {
		name                   string
		conformity, code, from uint8
		want                   []uint8
		next                   uint8
		err                    error
	}{
		{"basic", 0x83, 1, 0, []uint8{0, 1, 2}, 0, nil},
		{"basic from 1", 0x83, 1, 1, []uint8{1, 2}, 0, nil},
		{"basic from an unknown object begins anew", 0x83, 1, 0x40, []uint8{0, 1, 2}, 0, nil},
		{"regular", 0x83, 2, 0, []uint8{0, 1, 2, 3, 5}, 0, nil},
		{"extended, first part", 0x83, 3, 0, []uint8{0, 1, 2, 3, 5}, 0x80, nil},
		{"extended, rest", 0x83, 3, 0x80, []uint8{0x80, 0x81}, 0, nil},
		{"asked for more than it conforms to", 0x81, 3, 0, []uint8{0, 1, 2}, 0, nil},
		{"individual", 0x83, 4, 0x81, []uint8{0x81}, 0, nil},
		{"individual, unknown", 0x83, 4, 4, nil, 0, IllegalAddress},
		{"individual, not supported", 0x01, 4, 0, nil, 0, IllegalAddress},
	} {
		t.Run(c.name, func(t *testing.T) {
			id, err := Identify(objects, c.conformity, c.code, c.from)
			if !errors.Is(err, c.err) || !slices.Equal(ids(id), c.want) || id.Next != c.next || id.More != (c.next != 0) {
				t.Errorf("got %v next %#x more %v, %v", ids(id), id.Next, id.More, err)
			}
			if n := len(id.Append(nil)); n > MaxPDU {
				t.Errorf("the PDU has %d octets", n)
			}
		})
	}
}

func TestExceptionNames(t *testing.T) {
	if s := AppendException(nil, ReadCoils, IllegalAddress); s[0] != 0x81 || s[1] != 2 {
		t.Errorf("§7: got % x", s)
	}
	if Exception(0x0b).Error() != "gateway target device failed to respond" || Exception(9).Error() != "exception 9" {
		t.Error("names differ")
	}
	for _, f := range Functions() {
		if f.Name() == "" {
			t.Errorf("function %d has no name", uint8(f))
		}
	}
}

func FuzzFrame(f *testing.F) {
	octettest.Fuzz(f, Parse, "1501 0000 0006 ff 03 0004 0001", "0000 0000 0002 0a 11")
}

func FuzzRequest(f *testing.F) {
	octettest.Fuzz(f, ParseRequest, "03 006b 0003", "10 0001 0002 04 000a 0102", "14 07 06 0004 0001 0002", "2b0e0100", "08 0000 a537")
}

func FuzzIdentification(f *testing.F) {
	octettest.Fuzz(f, ParseIdentification, "2b 0e 01 01 00 00 02 00 02 4142 01 01 43")
}

func BenchmarkFrame(b *testing.B) {
	in := []byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10}
	out := make([]byte, 0, MaxFrame)
	b.ReportAllocs()
	for b.Loop() {
		f, err := Parse(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseRequest(f.PDU); err != nil {
			b.Fatal(err)
		}
		out = f.Append(out[:0])
	}
}
