package ipmi

import (
	"encoding/binary"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// SDR types (§43).
const (
	sdrFull       = 0x01
	sdrCompact    = 0x02
	sdrFRULocator = 0x11
	sdrMCLocator  = 0x12
)

// storageCommand returns a command of network function Storage (appendix G).
func storageCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x10:
		return command{"get_fru_inventory_area_info", event.Read, user, 1, (*request).fruInfo}, true
	case 0x11:
		return command{"read_fru_data", event.Read, user, 4, (*request).readFRU}, true
	case 0x12:
		return command{"write_fru_data", event.Config, operator, 3, (*request).writeFRU}, true
	case 0x20:
		return command{"get_sdr_repository_info", event.Read, user, 0, (*request).sdrInfo}, true
	case 0x21:
		return command{"get_sdr_repository_allocation_info", event.Read, user, 0, (*request).sdrAllocation}, true
	case 0x22:
		return command{"reserve_sdr_repository", event.Read, user, 0, (*request).reserveSDR}, true
	case 0x23:
		return command{"get_sdr", event.Enumerate, user, 6, (*request).getSDR}, true
	case 0x27:
		return command{"clear_sdr_repository", event.Config, operator, 6, (*request).clearSDR}, true
	case 0x28:
		return command{"get_sdr_repository_time", event.Read, user, 0, (*request).getTime}, true
	}
	return logCommand(cmd)
}

// buildSDR makes the repository: the sensors, then what they are on.
func (b *bmc) buildSDR() {
	for _, x := range b.sensors {
		kind, body := uint8(sdrFull), x.full()
		if x.discrete {
			kind, body = sdrCompact, x.compact()
		}
		b.addSDR(kind, body)
	}
	if name := b.set.Device.Name; name != "" { // entity 7: system board
		body := []byte{wire.BMCAddress, 0x00, 0x00, b.set.Device.Support, 0, 0, 0, 7, 1, 0}
		b.addSDR(sdrMCLocator, appendName(body, name))
		if len(b.fru) > 0 {
			body = []byte{wire.BMCAddress, 0x00, 0x80, 0x00, 0, 0x10, 0x00, 7, 1, 0}
			b.addSDR(sdrFRULocator, appendName(body, "Builtin FRU"))
		}
	}
}

// addSDR appends a record with its header.
func (b *bmc) addSDR(kind uint8, body []byte) {
	h := octet.Builder{}
	h.U16LE(uint16(len(b.sdr) + 1))
	h.U8(0x51, kind, uint8(len(body)))
	b.sdr = append(b.sdr, append(h.B, body...))
}

// appendName appends a type/length octet for 8-bit ASCII, and the name.
func appendName(b []byte, name string) []byte {
	name = name[:min(len(name), 16)]
	return append(append(b, 0xC0|uint8(len(name))), name...)
}

// factors are M, B, tolerance, accuracy and the exponents as the SDR has them.
func (x *sensor) factors() []byte {
	m, b := uint16(x.M), uint16(x.B)
	return []byte{
		uint8(m), uint8(m>>8&3) << 6, uint8(b), uint8(b>>8&3) << 6, 0x00,
		uint8(x.RExp&0x0F)<<4 | uint8(x.BExp&0x0F),
	}
}

// full is the body of a full sensor record (table 43-1).
func (x *sensor) full() []byte {
	b := octet.Builder{}
	b.U8(wire.BMCAddress, 0x00, x.Number, x.Entity[0], x.Entity[1])
	b.U8(0x7F, 0x68, x.kind, x.eventType()) // initialized on; re-arms itself, hysteresis and thresholds settable
	b.U16LE(x.events() | uint16(x.mask&0x07)<<12)
	b.U16LE(x.events() | uint16(x.mask>>3&0x07)<<12)
	b.U8(x.mask, x.mask) // readable, settable
	units := uint8(0)
	if x.signed {
		units = 0x80
	}
	b.U8(units, x.unit, 0x00, 0x00) // base unit, no modifier, linear
	b.Bytes(x.factors())
	greatest, least := uint8(0xFF), uint8(0x00)
	if x.signed {
		greatest, least = 0x7F, 0x80
	}
	b.U8(0x00, x.nominal, 0x00, 0x00, greatest, least) // no normal range
	t := x.limits
	b.U8(t[upperNonRecoverable], t[upperCritical], t[upperNonCritical])
	b.U8(t[lowerNonRecoverable], t[lowerCritical], t[lowerNonCritical])
	b.U8(0x02, 0x02, 0x00, 0x00, 0x00) // hysteresis, reserved, OEM
	return appendName(b.B, x.Name)
}

// compact is the body of a compact sensor record (table 43-2).
func (x *sensor) compact() []byte {
	b := octet.Builder{}
	b.U8(wire.BMCAddress, 0x00, x.Number, x.Entity[0], x.Entity[1])
	b.U8(0x7F, 0x40, x.kind, x.eventType())
	for range 3 { // asserted, deasserted, readable
		b.U16LE(x.events())
	}
	b.U8(0xC0, 0x00, 0x00) // no analogue reading
	b.U8(0x01, 0x00)       // not shared
	b.U8(0x00, 0x00, 0x00, 0x00, 0x00, 0x00)
	return appendName(b.B, x.Name)
}

func (r *request) sdrInfo() ([]byte, uint8) {
	used := 0
	for _, rec := range r.sdr {
		used += len(rec)
	}
	b := octet.Builder{}
	b.U8(0x51)
	b.U16LE(uint16(len(r.sdr)))
	b.U16LE(uint16(max(0, 0x2000-used)))
	b.U32LE(uint32(r.boot.Unix())) // built at start
	b.U32LE(0xFFFFFFFF)            // never erased
	b.U8(0x22)                     // non-modal update, reserve is supported
	return b.B, codeOK
}

func (r *request) sdrAllocation() ([]byte, uint8) {
	b := octet.Builder{}
	free := uint16(128 - len(r.sdr))
	for _, n := range []uint16{128, 64, free, free} {
		b.U16LE(n)
	}
	b.U8(1)
	return b.B, codeOK
}

func (r *request) reserveSDR() ([]byte, uint8) {
	r.reserve.sdr = uint16(r.s.Rand().Uint32()) | 1
	return binary.LittleEndian.AppendUint16(nil, r.reserve.sdr), codeOK
}

// getSDR reads a record or a part of it (§33.12).
func (r *request) getSDR() ([]byte, uint8) {
	d := octet.NewReader(r.data)
	reservation, id := d.U16LE(), int(d.U16LE())
	off, n := int(d.U8()), int(d.U8())
	r.note.int("record", int64(id))
	switch {
	case id == 0:
		id = 1
	case id == 0xFFFF:
		id = len(r.sdr)
	}
	switch {
	case id < 1 || id > len(r.sdr):
		return nil, codeAbsent
	case off != 0 && reservation != r.reserve.sdr:
		return nil, codeReservation
	case off >= len(r.sdr[id-1]):
		return nil, codeField
	}
	next := uint16(0xFFFF)
	if id < len(r.sdr) {
		next = uint16(id + 1)
	}
	rec := r.sdr[id-1]
	b := octet.Builder{}
	b.U16LE(next)
	b.Bytes(rec[off:min(off+n, len(rec))])
	return b.B, codeOK
}

// clearSDR refuses: the repository is the firmware's.
func (r *request) clearSDR() ([]byte, uint8) { return nil, codeState }
