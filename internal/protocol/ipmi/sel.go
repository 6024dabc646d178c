package ipmi

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
)

// maxRecords is how many records the log has room for.
const maxRecords = 512

// A record is one of the system event log: type to the last data octet, without
// the record id in front (§32.1).
type record struct {
	ID   uint16 `json:"id"`
	Data []byte `json:"data"`
}

// logCommand returns a command of network function Storage about the log.
func logCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x40:
		return command{"get_sel_info", event.Read, user, 0, (*request).logInfo}, true
	case 0x41:
		return command{"get_sel_allocation_info", event.Read, user, 0, (*request).logAllocation}, true
	case 0x42:
		return command{"reserve_sel", event.Read, user, 0, (*request).reserveLog}, true
	case 0x43:
		return command{"get_sel_entry", event.Read, user, 6, (*request).getRecord}, true
	case 0x44:
		return command{"add_sel_entry", event.Write, operator, 16, (*request).addRecord}, true
	case 0x46:
		return command{"delete_sel_entry", event.Write, operator, 4, (*request).deleteRecord}, true
	case 0x47:
		return command{"clear_sel", event.Write, operator, 6, (*request).clearLog}, true
	case 0x48:
		return command{"get_sel_time", event.Read, user, 0, (*request).getTime}, true
	case 0x49:
		return command{"set_sel_time", event.Config, operator, 4, (*request).setTime}, true
	case 0x5C:
		return command{"get_sel_time_utc_offset", event.Read, user, 0, (*request).getOffset}, true
	case 0x5D:
		return command{"set_sel_time_utc_offset", event.Config, operator, 2, (*request).setOffset}, true
	}
	return command{}, false
}

// clock returns the controller's time.
func (v *visit) clock() time.Time { return v.device.Clock.At(v.now) }

// system makes the data of a system event record (type 02h): from the
// controller itself, generator 0020h, event message revision 04.
func system(at time.Time, kind, sensor uint8, ev []byte) []byte {
	b := octet.Builder{}
	b.U8(0x02)
	b.U32LE(uint32(at.Unix()))
	b.U16LE(0x0020)
	b.U8(0x04, kind, sensor)
	b.Bytes(ev[:4])
	return b.B
}

// firstLog fills the log with what happened before any visitor.
func (b *bmc) firstLog() error {
	for i, e := range b.set.Events {
		ev, err := hex.DecodeString(e.Event)
		if err != nil || len(ev) != 4 {
			return fmt.Errorf("events: %q: write event type and three data octets, as in 6f00ffff", e.Event)
		}
		at := b.device.Identity.Boot.Add(-time.Duration(e.Before)).Add(time.Duration(e.After))
		b.kept.Log = append(b.kept.Log, record{uint16(i + 1), system(at, e.Type, e.Sensor, ev)})
		b.kept.Added = at.Unix()
	}
	return nil
}

// append adds a record to the log.
func (v *visit) append(data []byte) (uint16, uint8) {
	log := &v.kept.Log
	if len(*log) >= maxRecords {
		return 0, codeSpace
	}
	id := uint16(1)
	if n := len(*log); n > 0 {
		id = (*log)[n-1].ID + 1
	}
	if id == 0 || id == 0xFFFF {
		return 0, codeSpace
	}
	*log = append(*log, record{id, data})
	v.kept.Added = v.clock().Unix()
	v.reserve.sel = 0 // an addition ends reservations (§31.4)
	v.dirty = true
	return id, codeOK
}

func (r *request) logInfo() ([]byte, uint8) {
	b := octet.Builder{}
	b.U8(0x51) // SEL version 1.5
	b.U16LE(uint16(len(r.kept.Log)))
	b.U16LE(uint16((maxRecords - len(r.kept.Log)) * 16))
	b.U32LE(stamp(r.kept.Added))
	b.U32LE(stamp(r.kept.Erased))
	b.U8(0x0B) // reserve, allocation info and delete are supported
	return b.B, codeOK
}

// stamp is a time of the log; none is all ones (§37.1).
func stamp(unix int64) uint32 {
	if unix == 0 {
		return 0xFFFFFFFF
	}
	return uint32(unix)
}

func (r *request) logAllocation() ([]byte, uint8) {
	free := uint16(maxRecords - len(r.kept.Log))
	b := octet.Builder{}
	for _, n := range []uint16{maxRecords, 16, free, free} { // units, size, free, largest free block
		b.U16LE(n)
	}
	b.U8(1) // largest record, in units
	return b.B, codeOK
}

func (r *request) reserveLog() ([]byte, uint8) {
	r.reserve.sel = uint16(r.s.Rand().Uint32()) | 1
	return binary.LittleEndian.AppendUint16(nil, r.reserve.sel), codeOK
}

// record returns the place of a record; 0000h is the first, FFFFh the last.
func (b *bmc) record(id uint16) int {
	n := len(b.kept.Log)
	switch {
	case n == 0:
		return -1
	case id == 0:
		return 0
	case id == 0xFFFF:
		return n - 1
	}
	for i := range b.kept.Log {
		if b.kept.Log[i].ID == id {
			return i
		}
	}
	return -1
}

// getRecord reads a record or a part of it (§31.5).
func (r *request) getRecord() ([]byte, uint8) {
	d := octet.NewReader(r.data)
	reservation, id := d.U16LE(), d.U16LE()
	off, n := int(d.U8()), int(d.U8())
	r.note.int("record", int64(id))
	i := r.record(id)
	switch {
	case i < 0:
		return nil, codeAbsent
	case off != 0 && reservation != r.reserve.sel:
		return nil, codeReservation
	case off >= 16:
		return nil, codeField
	}
	next := uint16(0xFFFF)
	if i+1 < len(r.kept.Log) {
		next = r.kept.Log[i+1].ID
	}
	whole := binary.LittleEndian.AppendUint16(nil, r.kept.Log[i].ID)
	whole = append(whole, r.kept.Log[i].Data...)
	if n == 0xFF {
		n = 16
	}
	b := octet.Builder{}
	b.U16LE(next)
	b.Bytes(whole[off:min(off+n, len(whole))])
	return b.B, codeOK
}

// addRecord appends what the visitor made up; the controller stamps it unless it
// is of a type without a time (§31.6).
func (r *request) addRecord() ([]byte, uint8) {
	data := append([]byte(nil), r.data[2:16]...)
	r.act.Values = []string{hexText(data)}
	if data[0] < 0xE0 {
		binary.LittleEndian.PutUint32(data[1:], uint32(r.clock().Unix()))
	}
	id, code := r.append(data)
	if code != codeOK {
		return nil, code
	}
	return binary.LittleEndian.AppendUint16(nil, id), codeOK
}

func (r *request) deleteRecord() ([]byte, uint8) {
	d := octet.NewReader(r.data)
	reservation, id := d.U16LE(), d.U16LE()
	r.note.int("record", int64(id))
	i := r.record(id)
	switch {
	case reservation != r.reserve.sel || reservation == 0:
		return nil, codeReservation
	case i < 0:
		return nil, codeAbsent
	}
	gone := r.kept.Log[i].ID
	r.kept.Log = append(r.kept.Log[:i:i], r.kept.Log[i+1:]...)
	r.kept.Erased = r.clock().Unix()
	r.reserve.sel = 0
	r.dirty = true
	return binary.LittleEndian.AppendUint16(nil, gone), codeOK
}

// clearLog erases the log, which then says so (§31.9).
func (r *request) clearLog() ([]byte, uint8) {
	d := octet.NewReader(r.data)
	reservation, word, action := d.U16LE(), string(d.Bytes(3)), d.U8()
	switch {
	case reservation != r.reserve.sel || reservation == 0:
		return nil, codeReservation
	case word != "CLR":
		return nil, codeField
	case action == 0x00: // how far is it
		return []byte{0x01}, codeOK
	case action != 0xAA:
		return nil, codeField
	}
	r.note.int("records", int64(len(r.kept.Log)))
	r.kept.Log, r.kept.Erased = nil, r.clock().Unix()
	r.reserve.sel = 0
	r.append(system(r.clock(), 0x10, 0x00, []byte{0x6F, 0x02, 0xFF, 0xFF})) // event logging disabled: log area cleared
	return []byte{0x01}, codeOK
}

func (r *request) getTime() ([]byte, uint8) {
	return binary.LittleEndian.AppendUint32(nil, uint32(r.clock().Unix())), codeOK
}

// setTime sets the controller's clock (§31.11).
func (r *request) setTime() ([]byte, uint8) {
	at := time.Unix(int64(binary.LittleEndian.Uint32(r.data)), 0).UTC()
	r.act.Values, r.act.Previous = []string{at.Format(time.RFC3339)}, []string{r.clock().Format(time.RFC3339)}
	if err := r.device.Clock.Set(at); err != nil {
		r.s.Log.Debug("clock not kept", "err", err)
	}
	return nil, codeOK
}

func (r *request) getOffset() ([]byte, uint8) {
	return binary.LittleEndian.AppendUint16(nil, uint16(r.kept.UTC)), codeOK
}

func (r *request) setOffset() ([]byte, uint8) {
	minutes := int16(binary.LittleEndian.Uint16(r.data))
	if (minutes < -1440 || minutes > 1440) && minutes != 0x07FF { // 07FFh: not specified
		return nil, codeField
	}
	r.act.Values, r.act.Previous = []string{fmt.Sprint(minutes)}, []string{fmt.Sprint(r.kept.UTC)}
	r.kept.UTC = minutes
	r.dirty = true
	return nil, codeOK
}
