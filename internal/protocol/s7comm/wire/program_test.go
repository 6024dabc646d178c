package wire

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const (
	infoOB1 = "0100004a 2200 7070 01 01 03 08 0001 00000144 00000000 05083874 2d97 03a16383 21a7 001c 0012 001a 00ce" +
		"0000000000000000 0000000000000000 0000000000000000 10 00 0c00 0000000000000000"
	infoSFC0 = "0100004a 4230 7070 01 09 01 0d 0000 0000005a 00000000 02c1aac8 0f76 02c1aac8 0f76 000c 0004 0000 0002" +
		"53494d4154494300 434c4b5f46554e43 5345545f434c4b00 10 00 c5a0 0000000000000000"
	downloadJob = "1a 00 0100 00000000 09 5f3038303030303150 0d 31303030333234303030323036"
)

func TestBlockLists(t *testing.T) {
	octettest.Vectors(t, ParseBlockEntries, []octettest.Vector[BlockEntries]{{
		Name: "data blocks, capture goOnline",
		Hex:  "0001 2205 0002 2205",
		Want: BlockEntries{{1, FlagUser, LangDB}, {2, FlagUser, LangDB}}, Open: true,
	}})
	octettest.Vectors(t, ParseBlockCounts, []octettest.Vector[BlockCounts]{{
		Name: "capture goOnline",
		Hex:  "3038 0001 3045 0001 3043 0000 3041 0002 3042 0008 3044 004d 3046 000f",
		Want: BlockCounts{{OB, 1}, {FB, 1}, {FC, 0}, {DB, 2}, {SDB, 8}, {SFC, 77}, {SFB, 15}}, Open: true,
	}})
}

func TestInfo(t *testing.T) {
	octettest.Vectors(t, ParseInfo, []octettest.Vector[Info]{
		{
			Name: "SFC 0, capture blocklist",
			Hex:  infoSFC0,
			Want: Info{
				Flags: FlagSystem, Fill: 0x30,
				Header: Header{
					Format: 1, Flags: 9, Language: LangSTL, Type: SFC, Length: 0x5a,
					Code: Stamp{0x02c1aac8, 0x0f76}, Interface: Stamp{0x02c1aac8, 0x0f76},
					InterfLen: 12, ExtraLen: 4, CodeLen: 2,
				},
				Footer: Footer{Author: "SIMATIC", Family: "CLK_FUNC", Name: "SET_CLK", Version: 0x10, Checksum: 0xc5a0},
			},
		},
		{
			Name: "OB 1, capture goOnline",
			Hex:  infoOB1,
			Want: Info{
				Flags: FlagUser,
				Header: Header{
					Format: 1, Flags: 1, Language: LangFBD, Type: OB, Number: 1, Length: 324,
					Code: Stamp{0x05083874, 0x2d97}, Interface: Stamp{0x03a16383, 0x21a7},
					InterfLen: 28, ExtraLen: 18, LocalLen: 26, CodeLen: 206,
				},
				Footer: Footer{Version: 0x10, Checksum: 0x0c00},
			},
		},
	})
}

func TestStamp(t *testing.T) {
	s := Stamp{0x05083874, 0x2d97} // OB 1 of capture goOnline, made in December 2015
	want := time.Date(2015, 12, 15, 23, 27, 4, 820e6, time.UTC)
	if !s.Time().Equal(want) || StampOf(want) != s {
		t.Errorf("got %v and %v", s.Time(), StampOf(want))
	}
}

func TestBlock(t *testing.T) {
	k := Block{
		Header:    Header{Format: 1, Flags: 1, Language: LangSTL, Type: FC, Number: 7, LocalLen: 4},
		Code:      []byte{0x70, 0x0b, 0, 2, 0x65, 0},
		Interface: []byte{1, 2, 3},
		Footer:    Footer{Author: "WERK2", Version: 0x10},
	}.Seal()
	b := k.Append(nil)
	if len(b) != int(k.Header.Length) || len(b) != HeaderLen+6+3+FooterLen {
		t.Fatalf("length %d, header says %d", len(b), k.Header.Length)
	}
	got, err := ParseBlock(b)
	if err != nil || !reflect.DeepEqual(got, k) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, k)
	}
	for n := range b {
		if _, err := ParseBlock(b[:n]); err == nil {
			t.Errorf("prefix of %d octets parses", n)
		}
	}
	if h, err := ParseHeader(b[:50]); err != nil || h != k.Header {
		t.Errorf("header of a cut block: %+v, %v", h, err)
	}
	if again := k.Seal(); again.Footer.Checksum != k.Footer.Checksum {
		t.Error("sealing twice changes the checksum")
	}
}

func TestBlockRef(t *testing.T) {
	ref, err := ParseFilename("_0A00012P")
	if err != nil || ref != (BlockRef{DB, 12, 'P'}) || ref.Name() != "0A00012P" || ref.String() != "DB12" {
		t.Errorf("got %v, %v", ref, err)
	}
	for _, bad := range []string{"", "_0A0001P", "_0X00012P", "_0A99999P", "_0A-0001P", "_0A00012PP"} {
		if ref, err := ParseFilename(bad); err == nil {
			t.Errorf("%q parses to %v", bad, ref)
		}
	}
}

func TestFileJob(t *testing.T) {
	octettest.Vectors(t, ParseFileJob, []octettest.Vector[FileJob]{
		{
			Name: "start upload of DB 1, as snap7 sends it",
			Hex:  "1d 00 0000 00000000 09 5f3041303030303141",
			Want: FileJob{Function: FnStartUpload, Texts: []string{"_0A00001A"}}, Open: true,
		},
		{
			Name: "its answer, personas.md §1.5",
			Hex:  "1d 00 0100 00000007 07 30303030343336",
			Want: FileJob{Function: FnStartUpload, Error: 0x100, ID: 7, Texts: []string{UploadLength(436)}}, Open: true,
		},
		{Name: "end upload", Hex: "1f 00 0000 00000007", Want: FileJob{Function: FnEndUpload, ID: 7}},
		{
			Name: "request download of OB 1", Hex: downloadJob,
			Want: FileJob{Function: FnDownload, Error: 0x100, Texts: []string{"_0800001P", "1000324000206"}}, Open: true,
		},
	})
	j, _ := ParseFileJob(octettest.Hex(t, downloadJob))
	if load, code, err := j.DownloadLengths(); load != 324 || code != 206 || err != nil {
		t.Errorf("lengths %d, %d, %v", load, code, err)
	}
	j.Texts[1] = "1000-24000206"
	if _, _, err := j.DownloadLengths(); err == nil {
		t.Error("a negative length is accepted")
	}
}

func TestPart(t *testing.T) {
	octettest.Vectors(t, ParsePart, []octettest.Vector[Part]{
		{Name: "two octets", Hex: "0002 00fb 7070", Want: Part{Data: []byte{0x70, 0x70}}},
	})
}

func TestInvocation(t *testing.T) {
	head := [7]byte{6: 0xfd}
	octettest.Vectors(t, ParseInvocation, []octettest.Vector[Invocation]{
		{
			Name: "copy RAM to ROM, capture step7_s300_copyRamToRom",
			Hex:  "28 000000000000fd 0002 4550 05 5f4d4f4455",
			Want: Invocation{Head: head, Block: []byte("EP"), Service: PIModule},
		},
		{
			Name: "insert OB 1",
			Hex:  "28 000000000000fd 000a 0100 3038303030303150 05 5f494e5345",
			Want: Invocation{Head: head, Block: []byte("\x01\x000800001P"), Service: PIInsert},
		},
	})
	refs, err := Invocation{Block: []byte("\x02\x000800001P0A00007P")}.Blocks()
	if err != nil || !reflect.DeepEqual(refs, []BlockRef{{OB, 1, 'P'}, {DB, 7, 'P'}}) {
		t.Errorf("blocks %v, %v", refs, err)
	}
	octettest.Vectors(t, ParseStop, []octettest.Vector[Stop]{
		{Name: "capture snap7_s300_stop", Hex: "29 0000000000 09 505f50524f4752414d", Want: Stop{Service: PIProgram}},
	})
}

func TestClock(t *testing.T) {
	octettest.Vectors(t, ParseClock, []octettest.Vector[Clock]{{
		Name: "read, capture time: a Wednesday",
		Hex:  "00 19 14 08 20 11 59 43 91 24",
		Want: Clock{Century: 0x19, Time: time.Date(2014, 8, 20, 11, 59, 43, 912e6, time.UTC)},
	}})
	for _, bad := range []string{"0019140820115943912", "00191a08201159439124", "00191413201159439124", "00191402301159439124", "00191408202559439124"} {
		if len(bad)%2 != 0 {
			bad += "a"
		}
		if c, err := ParseClock(octettest.Hex(t, bad)); err == nil && bad != "0019140820115943912a" {
			t.Errorf("%s parses to %v", bad, c.Time)
		}
	}
}

func TestPassword(t *testing.T) {
	if got := DecodePassword(EncodePassword("pumpe1")); got != "pumpe1" {
		t.Errorf("got %q", got)
	}
	if b := EncodePassword("AB"); !bytes.Equal(b[:2], []byte{'A' ^ 0x55, 'B' ^ 0x55}) || b[2] != ' '^0x55^b[0] {
		t.Errorf("encoding % x", b)
	}
}

func FuzzFileJob(f *testing.F) {
	octettest.Fuzz(f, ParseFileJob, downloadJob, "1f00000000000007")
}
func FuzzInvocation(f *testing.F) {
	octettest.Fuzz(f, ParseInvocation, "28 000000000000fd 0002 4550 05 5f4d4f4455")
}
func FuzzStop(f *testing.F)  { octettest.Fuzz(f, ParseStop, "29 0000000000 09 505f50524f4752414d") }
func FuzzPart(f *testing.F)  { octettest.Fuzz(f, ParsePart, "000200fb7070") }
func FuzzClock(f *testing.F) { octettest.Fuzz(f, ParseClock, "00191408201159439124") }
func FuzzInfo(f *testing.F)  { octettest.Fuzz(f, ParseInfo, infoOB1, infoSFC0) }
func FuzzBlock(f *testing.F) {
	f.Add(Block{Header: Header{Type: OB, Number: 1}, Code: []byte{0x65, 0}}.Seal().Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ParseBlock(b)
		if err != nil {
			return
		}
		if again, err := ParseBlock(k.Append(nil)); err != nil || !reflect.DeepEqual(k, again) {
			t.Fatalf("own encoding of % x: %v", b, err)
		}
	})
}
