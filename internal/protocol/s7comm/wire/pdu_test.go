package wire

import (
	"errors"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const (
	setupJob  = "32 01 0000 0200 0008 0000 f0000001000101e0"
	readJob   = "32 01 0000 0000 000e 0000 0401 120a10020040000184000000"
	szlAnswer = "32 07 0000 0600 000c 0028 000112081284010100000000 ff090024" +
		"0111 0001 001c 0001 0001 36455337203135312d38414230312d304142302000c000030001"
	stopJob = "32 01 0000 0002 0010 0000 29 0000000000 09 505f50524f4752414d"
)

func TestPDU(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[PDU]{
		{
			Name: "setup communication, capture goOnline",
			Hex:  setupJob,
			Want: PDU{ROSCTR: Job, Ref: 0x200, Param: octettest.Hex(t, "f0000001000101e0")},
		},
		{
			Name: "its answer",
			Hex:  "32 03 0000 0200 0008 0000 0000 f0000001000100f0",
			Want: PDU{ROSCTR: AckData, Ref: 0x200, Param: octettest.Hex(t, "f0000001000100f0")},
		},
		{
			Name: "a refusal without parts, personas.md §1.11",
			Hex:  "32 02 0000 0500 0000 0000 d20c",
			Want: PDU{ROSCTR: Ack, Ref: 0x500, Class: 0xd2, Code: 0x0c},
		},
		{
			Name: "write answer, capture libnodave",
			Hex:  "32 03 0000 0002 0002 0001 0000 0501 ff",
			Want: PDU{ROSCTR: AckData, Ref: 2, Param: []byte{5, 1}, Data: []byte{0xff}},
		},
	})
}

func TestPDURefuses(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"S7comm-plus", "72 01 0000 0200 0008 0000 f0000001000101e0", ErrPDU},
		{"unknown kind", "32 04 0000 0200 0000 0000", ErrPDU},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse(octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("lengths beyond the octets do not allocate", func(t *testing.T) {
		b := octettest.Hex(t, "32 01 0000 0200 ffff ffff 04")
		if n := testing.AllocsPerRun(10, func() { _, _ = Parse(b) }); n > 2 {
			t.Errorf("%v allocations", n)
		}
	})
}

func TestSetup(t *testing.T) {
	octettest.Vectors(t, ParseSetup, []octettest.Vector[Setup]{
		{Name: "asked, capture goOnline", Hex: "f0000001000101e0", Want: Setup{Calling: 1, Called: 1, PDU: 480}},
		{Name: "answered, capture wincc300", Hex: "f0000001000200f0", Want: Setup{Calling: 1, Called: 2, PDU: 240}},
	})
}

func TestUserdata(t *testing.T) {
	octettest.Vectors(t, ParseUD, []octettest.Vector[UD]{
		{
			Name: "read SZL, capture goOnline",
			Hex:  "000112 04 11 44 01 00",
			Want: UD{Method: MethodRequest, Kind: KindRequest, Group: GroupCPU, Sub: CPUReadSZL},
		},
		{
			Name: "first part of the answer, capture goOnline",
			Hex:  "000112 08 12 84 01 03 d6 01 0000",
			Want: UD{Method: MethodResponse, Kind: KindResponse, Group: GroupCPU, Sub: CPUReadSZL, Sequence: 3, Unit: 0xd6, More: true},
		},
		{
			Name: "block not found, capture blocklist",
			Hex:  "000112 08 12 83 03 00 00 00 d209",
			Want: UD{Method: MethodResponse, Kind: KindResponse, Group: GroupBlock, Sub: BlockInfo, Error: 0xd209},
		},
	})
}

func TestDataItem(t *testing.T) {
	octettest.Vectors(t, ParseDataItem, []octettest.Vector[DataItem]{
		{Name: "SZL request, capture goOnline", Hex: "ff09 0004 04240000", Want: NewDataItem(SizeOctets, []byte{4, 0x24, 0, 0})},
		{Name: "no data, capture time", Hex: "0a00 0000", Want: NoData()},
		{Name: "four octets counted in bits", Hex: "ff04 0020 a9100001", Want: NewDataItem(SizeByte, []byte{0xa9, 0x10, 0, 1})},
	})
}

func TestSZL(t *testing.T) {
	octettest.Vectors(t, ParseSZLRequest, []octettest.Vector[SZLRequest]{
		{Name: "capture goOnline", Hex: "0232 0004", Want: SZLRequest{ID: 0x232, Index: 4}},
	})
	octettest.Vectors(t, ParseSZL, []octettest.Vector[SZL]{
		{
			Name: "header only, capture blocklist",
			Hex:  "0f74 0000 0004 0007",
			Want: SZL{ID: 0xf74, RecordLen: 4, Count: 7},
		},
	})
	octettest.Vectors(t, ParseSZL, []octettest.Vector[SZL]{{
		Name: "mode, capture blocklist",
		Hex:  "0424 0000 0014 0001 5142ff0800000000000000001408201200495484",
		Want: SZL{ID: 0x424, RecordLen: 20, Count: 1, Records: octettest.Hex(t, "5142ff0800000000000000001408201200495484")},
		Open: true,
	}})
}

func FuzzPDU(f *testing.F)   { octettest.Fuzz(f, Parse, setupJob, readJob, szlAnswer, stopJob) }
func FuzzSetup(f *testing.F) { octettest.Fuzz(f, ParseSetup, "f0000001000101e0") }
func FuzzUD(f *testing.F)    { octettest.Fuzz(f, ParseUD, "0001120411440100", "000112081284010300000000") }
func FuzzDataItem(f *testing.F) {
	octettest.Fuzz(f, ParseDataItem, "ff09000404240000", "0a000000", "ff040020a9100001")
}
func FuzzSZL(f *testing.F) { octettest.Fuzz(f, ParseSZL, "0f74000000040007", "04240000000200010102") }
