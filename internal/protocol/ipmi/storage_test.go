package ipmi

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

func le(n uint16) []byte { return binary.LittleEndian.AppendUint16(nil, n) }

// walk reads all records of a repository by its Get command, n octets at a time.
func (c *remote) walk(cmd uint8, reservation []byte, n int) [][]byte {
	c.t.Helper()
	var all [][]byte
	for id := uint16(0); id != 0xFFFF; {
		var rec []byte
		next := id
		for size := 1 << 10; len(rec) < size; {
			part := c.must(wire.NetFnStorage, cmd, append(append(append([]byte{}, reservation...), le(id)...), byte(len(rec)), byte(n))...)
			next = binary.LittleEndian.Uint16(part)
			rec = append(rec, part[2:]...)
			if size = 16; cmd == 0x23 && len(rec) >= 5 {
				size = 5 + int(rec[4])
			} else if cmd == 0x23 {
				size = 5
			}
		}
		all = append(all, rec)
		id = next
	}
	return all
}

func TestSDRRepository(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		info := c.must(wire.NetFnStorage, 0x20)
		reservation := c.must(wire.NetFnStorage, 0x22)
		whole, parts := c.walk(0x23, reservation, 0xFF), c.walk(0x23, reservation, 5)
		if len(whole) != int(binary.LittleEndian.Uint16(info[1:])) || len(whole) != 7 {
			t.Errorf("%d records, the repository says % x", len(whole), info)
		}
		for i, rec := range whole {
			if !bytes.Equal(rec, parts[i]) {
				t.Errorf("record %d in parts is % x, whole % x", i, parts[i], rec)
			}
		}
		// Table 43-1: a fan of 100 RPM a count; thresholds from upper non-recoverable down.
		want := append([]byte{2, 0, 0x51, sdrFull, 47, 0x20, 0, 0x41, 29, 1, 0x7F, 0x68, typeFan, 1, 0x95, 0x7A, 0x95, 0x7A, 0x3F, 0x3F, 0, unitRPM, 0, 0,
			100, 0, 0, 0, 0, 0, 0, 21, 0, 0, 255, 0, 255, 254, 253, 3, 5, 7, 2, 2, 0, 0, 0, 0xC4}, "FAN1"...)
		if !bytes.Equal(whole[1], want) {
			t.Errorf("fan's record\n got % x\nwant % x", whole[1], want)
		}
		if whole[4][3] != sdrCompact || whole[5][3] != sdrMCLocator || whole[6][3] != sdrFRULocator {
			t.Errorf("types %x %x %x", whole[4][3], whole[5][3], whole[6][3])
		}
		if code, _ := c.do(wire.NetFnStorage, 0x23, 0xAA, 0xAA, 1, 0, 5, 5); code != codeReservation {
			t.Errorf("a part without a reservation: %02x", code)
		}
		if code, _ := c.do(wire.NetFnStorage, 0x23, 0, 0, 99, 0, 0, 5); code != codeAbsent {
			t.Errorf("no such record: %02x", code)
		}
	})
}

func TestSensors(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		for _, s := range []struct {
			name   string
			number byte
			want   []byte
		}{
			{"36.4 degrees, signed", 1, []byte{36, 0xC0, 0xC0}},
			{"2140 RPM", 0x41, []byte{21, 0xC0, 0xC0}},
			{"5.0 V: (5000-8)/26", 0x38, []byte{192, 0xC0, 0xC0}},
			{"a fan that is not there", 0x42, []byte{0, 0xE0, 0}},
			{"case open", 0xaa, []byte{0, 0xC0, 1, 0x80}},
		} {
			if got := c.must(wire.NetFnSensor, 0x2D, s.number); !bytes.Equal(got, s.want) {
				t.Errorf("%s: % x, want % x", s.name, got, s.want)
			}
		}
		if got := c.must(wire.NetFnSensor, 0x27, 1); !bytes.Equal(got, []byte{0x3F, 0xFB, 0xF9, 0xF7, 80, 85, 90}) {
			t.Errorf("thresholds % x", got)
		}
		c.must(wire.NetFnSensor, 0x26, 1, 0x08, 0, 0, 0, 30, 0, 0) // upper non-critical: 30
		if got := c.must(wire.NetFnSensor, 0x2D, 1); got[2] != 0xC8 {
			t.Errorf("state % x above its threshold", got)
		}
		if got := c.must(wire.NetFnSensor, 0x2B, 1); !bytes.Equal(got, []byte{0xC0, 0x80, 0, 0, 0}) {
			t.Errorf("event status % x", got)
		}
		for name, step := range map[string]struct {
			cmd  byte
			data []byte
			want uint8
		}{
			"no such sensor":               {0x2D, []byte{9}, codeAbsent},
			"thresholds of a discrete one": {0x27, []byte{0xaa}, codeIllegal},
			"a threshold that it has not":  {0x26, []byte{0x38, 1, 0, 0, 0, 0, 0, 0}, codeField},
			"PEF parameter":                {0x13, []byte{1, 0, 0}, 0x80},
			"alert":                        {0x16, []byte{1, 1, 0}, 0x82},
		} {
			if code, _ := c.do(wire.NetFnSensor, step.cmd, step.data...); code != step.want {
				t.Errorf("%s: %02x, want %02x", name, code, step.want)
			}
		}
	})
}

func TestEventLog(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		log := c.walk(0x43, []byte{0, 0}, 0xFF)
		// Table 32-1: record 1, type 02, 1999-11-30 22:00 UTC, generator 0020, revision 04.
		if want := append([]byte{1, 0, 2}, 0xe0, 0x48, 0x44, 0x38, 0x20, 0, 4, 5, 0xaa, 0x6f, 0, 0xff, 0xff); len(log) != 2 || !bytes.Equal(log[0], want) {
			t.Errorf("log % x, want % x first", log, want)
		}
		c.must(wire.NetFnSensor, 0x02, 4, 1, 0x30, 1, 0x59, 0, 0)
		id := c.must(wire.NetFnStorage, 0x44, append([]byte{0, 0, 0xE0}, bytes.Repeat([]byte{7}, 13)...)...)
		if !bytes.Equal(id, le(4)) {
			t.Errorf("added as % x", id)
		}
		reservation := c.must(wire.NetFnStorage, 0x42)
		if got := c.walk(0x43, reservation, 3); len(got) != 4 || !bytes.Equal(got[3][2:], append([]byte{0xE0}, bytes.Repeat([]byte{7}, 13)...)) {
			t.Errorf("log in parts % x", got)
		}
		if code, _ := c.do(wire.NetFnStorage, 0x46, append(le(0x7777), le(1)...)...); code != codeReservation {
			t.Errorf("delete without a reservation: %02x", code)
		}
		c.must(wire.NetFnStorage, 0x46, append(append([]byte{}, reservation...), le(1)...)...)
		if code, _ := c.do(wire.NetFnStorage, 0x43, 0, 0, 1, 0, 0, 0xFF); code != codeAbsent {
			t.Errorf("a deleted record: %02x", code)
		}
		reservation = c.must(wire.NetFnStorage, 0x42)
		if got := c.must(wire.NetFnStorage, 0x47, append(append([]byte{}, reservation...), 'C', 'L', 'R', 0xAA)...); got[0] != 1 {
			t.Errorf("erasure % x", got)
		}
		if got := c.walk(0x43, []byte{0, 0}, 0xFF); len(got) != 1 || got[0][10] != 0x10 || got[0][13] != 2 {
			t.Errorf("after the erasure % x, want that the log was cleared", got)
		}
		for range maxRecords {
			c.do(wire.NetFnSensor, 0x02, 4, 1, 0x30, 1, 0x59, 0, 0)
		}
		if code, _ := c.do(wire.NetFnSensor, 0x02, 4, 1, 0x30, 1, 0x59, 0, 0); code != codeSpace {
			t.Errorf("into a full log: %02x", code)
		}
	})
}

func TestFRU(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		if got := c.must(wire.NetFnStorage, 0x10, 0); !bytes.Equal(got, []byte{0, 1, 0}) {
			t.Errorf("area info % x", got)
		}
		var all []byte
		for off := 0; off < fruSize; off += 20 {
			got := c.must(wire.NetFnStorage, 0x11, append(append([]byte{0}, le(uint16(off))...), 20)...)
			all = append(all, got[1:]...)
		}
		if !bytes.Equal(all, r.bmc.fru) || wire.Checksum(all[:8]) != 0 {
			t.Errorf("inventory % x", all)
		}
		board := all[int(all[3])*8:][:int(all[int(all[3])*8+1])*8]
		if wire.Checksum(board) != 0 || !bytes.Contains(board, []byte("\xCASupermicro\xC3X10\xD0"+"T C-X4U421302009")) {
			t.Errorf("board area % x", board)
		}
		if code, _ := c.do(wire.NetFnStorage, 0x12, 0, 0, 0, 1); code != 0x80 {
			t.Errorf("write: %02x", code)
		}
		if code, _ := c.do(wire.NetFnStorage, 0x11, 0, 0, 1, 1); code != codeRange {
			t.Errorf("beyond its end: %02x", code)
		}
	})
}

func TestLANParameters(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("ADMIN", "ADMIN", admin)
		for n, want := range map[byte][]byte{
			lanAddress: {192, 168, 10, 7}, lanMAC: {0, 0x1b, 0x1b, 0x12, 0x34, 0x56}, lanMask: {255, 255, 255, 0}, lanGateway: {192, 168, 10, 1},
			lanSuiteCount: {12}, lanSuites: {0, 0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17, 0, 0, 0, 0},
		} {
			if got := c.must(wire.NetFnTransport, 0x02, 1, n, 0, 0); !bytes.Equal(got, append([]byte{0x11}, want...)) {
				t.Errorf("parameter %d: % x", n, got)
			}
		}
		c.must(wire.NetFnTransport, 0x01, 1, lanGateway, 10, 0, 0, 1)
		if got := c.must(wire.NetFnTransport, 0x02, 1, lanGateway, 0, 0); !bytes.Equal(got, []byte{0x11, 10, 0, 0, 1}) {
			t.Errorf("written gateway % x", got)
		}
		for name, step := range map[string]struct {
			cmd  byte
			data []byte
			want uint8
		}{
			"no such parameter":  {0x02, []byte{1, 99, 0, 0}, 0x80},
			"read only":          {0x01, []byte{1, lanAuthSupport, 0}, 0x82},
			"wrong length":       {0x01, []byte{1, lanGateway, 1}, codeLength},
			"another channel":    {0x02, []byte{5, lanAddress, 0, 0}, codeField},
			"SOL cannot be on":   {0x21, []byte{1, 1, 1}, 0x82},
			"SOL parameter here": {0x22, []byte{1, 1, 0, 0}, codeOK},
		} {
			if code, _ := c.do(wire.NetFnTransport, step.cmd, step.data...); code != step.want {
				t.Errorf("%s: %02x, want %02x", name, code, step.want)
			}
		}
	})
}

func TestBootOptions(t *testing.T) {
	with(t, "", func(r *rig) {
		c := r.visit("198.51.100.7").as("operator", "op-3-secret", operator)
		c.must(wire.NetFnChassis, 0x08, 5, 0x80, 0x04, 0, 0, 0)
		if got := c.must(wire.NetFnChassis, 0x09, 5, 0, 0); !bytes.Equal(got, []byte{1, 5, 0x80, 4, 0, 0, 0}) {
			t.Errorf("boot flags % x", got)
		}
		c.must(wire.NetFnChassis, 0x02, controlReset)
		if got := c.must(wire.NetFnChassis, 0x09, 5, 0, 0); got[2]&0x80 != 0 {
			t.Errorf("boot flags % x after they were used", got)
		}
		if code, _ := c.do(wire.NetFnChassis, 0x09, 99, 0, 0); code != 0x80 {
			t.Errorf("no such option: %02x", code)
		}
		if a := r.acts("set_system_boot_options"); a[0].Target.Ref != "pxe" {
			t.Errorf("recorded as %+v", a[0].Target)
		}
	})
}
