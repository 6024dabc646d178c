package s7comm

import (
	"bytes"
	"encoding/binary"

	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// An SZL id is a module class, the number of a partial list extract and the
// number of a list: 0x0111 is extract 1 (the record of an index) of list 0x11.
const (
	szlExtract = 0x0f00
	szlHeader  = 0x0f00 // extract F: the header alone
)

// szl returns the part of the system status list that q asks for; false where
// the CPU has none.
func (c *cpu) szl(q wire.SZLRequest) (wire.SZL, bool) {
	if !c.lists.has(q.ID) {
		return wire.SZL{}, false
	}
	if l, ok := c.lists[szlKey{id: q.ID, index: q.Index}]; ok {
		return list(q.ID, q.Index, l), true
	}
	if l, ok := c.status(q); ok {
		return l, true
	}
	if l, ok := c.whole(q.ID); ok {
		return list(q.ID, 0, l), true
	}
	base := q.ID &^ szlExtract
	l, ok := c.whole(base)
	if !ok {
		return wire.SZL{}, false
	}
	switch q.ID & szlExtract {
	case szlHeader:
		return wire.SZL{ID: q.ID, RecordLen: l.size, Count: uint16(len(l.records))}, true
	case 0x0100:
		return extract(q, l)
	}
	return wire.SZL{}, false
}

// list returns a list as it is answered.
func list(id, index uint16, l szlList) wire.SZL {
	return wire.SZL{ID: id, Index: index, RecordLen: l.size, Count: uint16(len(l.records)), Records: bytes.Join(l.records, nil)}
}

// extract returns the record that begins with the index; of a list of
// characteristics, those of its group.
func extract(q wire.SZLRequest, l szlList) (wire.SZL, bool) {
	mask := uint16(0xffff)
	if l.size == 2 {
		mask = 0xff00
	}
	hits := szlList{size: l.size}
	for _, r := range l.records {
		if binary.BigEndian.Uint16(r)&mask == q.Index&mask {
			hits.records = append(hits.records, r)
		}
	}
	if hits.records == nil {
		return wire.SZL{ID: q.ID, Index: q.Index}, l.size == 2 // 0112/0200: length and count 0 (personas.md §1.6)
	}
	return list(q.ID, q.Index, hits), true
}

// whole returns a list that takes no index.
func (c *cpu) whole(id uint16) (szlList, bool) {
	if l, ok := c.lists[szlKey{id: id, any: true}]; ok {
		return l, true
	}
	switch id {
	case 0x0011:
		return c.identification(), true
	case 0x001c:
		return c.component(), c.set.Family == family300
	case 0x0013:
		return c.memoryAreas(), true
	case 0x0019, 0x0074:
		return c.leds(), true
	case 0x00a0:
		return szlList{size: diagLen, records: c.diag.last(diagVisible)}, true
	case 0x0424:
		return c.modeList(), true
	case 0x0124:
		return szlList{size: diagLen, records: [][]byte{c.diag.transition()}}, true
	}
	return szlList{}, false
}

// status returns lists that are computed for one index.
func (c *cpu) status(q wire.SZLRequest) (wire.SZL, bool) {
	one := func(record []byte) (wire.SZL, bool) {
		return list(q.ID, q.Index, szlList{size: uint16(len(record)), records: [][]byte{record}}), true
	}
	switch {
	case q.ID == 0x0132 && q.Index == 1:
		return one(c.connections())
	case (q.ID == 0x0132 || q.ID == 0x0232) && q.Index == 4:
		return one(c.protection(q.ID == 0x0232))
	case q.ID == 0x0132 && q.Index == 8:
		return one(c.clockStatus())
	case q.ID == 0x0131 && q.Index == 1:
		return one(c.communication())
	case (q.ID == 0x0037 || q.ID == 0x0137 && q.Index == 0x07fe) && c.device.Identity.Address.Is4():
		return one(c.ethernet())
	case q.ID == 0x0222 && q.Index == 1:
		return one(c.startInfo())
	case q.ID == 0x01a0:
		return list(q.ID, q.Index, szlList{size: diagLen, records: c.diag.last(min(int(q.Index), diagVisible))}), true
	case q.ID == 0x0fa0:
		return wire.SZL{ID: q.ID, RecordLen: diagLen, Count: diagSize}, true
	}
	return wire.SZL{}, false
}
