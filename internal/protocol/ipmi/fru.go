package ipmi

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// fruSize is the size of the inventory's memory, in octets.
const fruSize = 256

// buildFRU makes the inventory of FRU device 0 (Platform Management FRU
// Information Storage Definition v1.0).
func (b *bmc) buildFRU() error {
	f := b.set.FRU
	if f == (fruSettings{}) {
		return nil
	}
	for _, a := range []*fruArea{&f.Chassis, &f.Board, &f.Product} {
		for _, text := range []*string{&a.Date, &a.Maker, &a.Name, &a.Part, &a.Version, &a.Serial} {
			expanded, err := b.device.Identity.Expand(*text)
			if err != nil {
				return fmt.Errorf("fru: %w", err)
			}
			*text = expanded[:min(len(expanded), 63)]
		}
	}
	var made time.Time
	if f.Board.Date != "" {
		var err error
		if made, err = time.Parse(time.DateOnly, f.Board.Date); err != nil {
			return fmt.Errorf("fru: board: date: %q; write it as 2016-03-24", f.Board.Date)
		}
	}
	chassis := fruSection([]byte{f.Chassis.Type}, f.Chassis.Part, f.Chassis.Serial)
	head := octet.Builder{B: []byte{0x19}} // language: English
	head.U24LE(uint32(max(0, made.Sub(time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC))/time.Minute)))
	board := fruSection(head.B, f.Board.Maker, f.Board.Name, f.Board.Serial, f.Board.Part, "")
	product := fruSection([]byte{0x19}, f.Product.Maker, f.Product.Name, f.Product.Part, f.Product.Version, f.Product.Serial, "", "")
	at := uint8(1) // in units of 8 octets, behind the header
	header := []byte{0x01, 0x00, at, at + uint8(len(chassis)/8), at + uint8((len(chassis)+len(board))/8), 0x00, 0x00}
	b.fru = append(header, wire.Checksum(header))
	b.fru = append(append(append(b.fru, chassis...), board...), product...)
	if len(b.fru) > fruSize {
		return fmt.Errorf("fru: %d octets; the inventory has room for %d", len(b.fru), fruSize)
	}
	b.fru = append(b.fru, make([]byte, fruSize-len(b.fru))...)
	return nil
}

// fruSection makes an area: what stands before its fields, and the fields.
func fruSection(head []byte, fields ...string) []byte {
	b := octet.Builder{}
	b.U8(0x01, 0x00) // format; length, patched below
	b.Bytes(head)
	for _, s := range fields {
		if len(s) == 1 { // C1h would end the fields
			s += " "
		}
		if s == "" {
			b.U8(0x00)
			continue
		}
		b.U8(0xC0 | uint8(len(s)))
		b.Text(s)
	}
	b.U8(0xC1)
	for len(b.B)%8 != 7 {
		b.U8(0)
	}
	b.SetU8(1, uint8(len(b.B)/8+1))
	return append(b.B, wire.Checksum(b.B))
}

func (r *request) fruInfo() ([]byte, uint8) {
	if r.data[0] != 0 || len(r.fru) == 0 {
		return nil, codeAbsent
	}
	return append(binary.LittleEndian.AppendUint16(nil, uint16(len(r.fru))), 0x00), codeOK // accessed by octets
}

// readFRU reads a part of the inventory (§34.2).
func (r *request) readFRU() ([]byte, uint8) {
	off, n := int(binary.LittleEndian.Uint16(r.data[1:])), int(r.data[3])
	switch {
	case r.data[0] != 0 || len(r.fru) == 0:
		return nil, codeAbsent
	case off >= len(r.fru):
		return nil, codeRange
	}
	part := r.fru[off:min(off+n, len(r.fru))]
	return append([]byte{uint8(len(part))}, part...), codeOK
}

// writeFRU refuses: the inventory is protected (§34.3).
func (r *request) writeFRU() ([]byte, uint8) {
	r.act.Values = []string{hexText(r.data[3:])}
	if r.data[0] != 0 || len(r.fru) == 0 {
		return nil, codeAbsent
	}
	return nil, 0x80
}
