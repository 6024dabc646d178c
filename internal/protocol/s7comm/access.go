package s7comm

import (
	"bytes"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// span is a part of a region: octets from at, or one bit of it.
type span struct {
	where place
	at, n int
	bit   int // -1: whole octets
}

// find returns the part that an item addresses, or why there is none.
func (m *memory) find(i wire.Item) (span, wire.Return) {
	if i.Syntax != wire.SyntaxAny {
		return span{}, wire.RetMissing
	}
	size := wire.TypeSize(i.Type)
	if size == 0 || i.Count == 0 {
		return span{}, wire.RetType
	}
	s := span{where: place{Area: i.Area, DB: i.DB}, at: int(i.Addr >> 3), n: i.Size(), bit: -1}
	switch i.Area {
	case wire.AreaTimer, wire.AreaCounter, wire.AreaTimer200, wire.AreaCounter200:
		s.at, s.n = 2*int(i.Addr), 2*int(i.Count)
		s.where.DB = 0
	case wire.AreaDB:
	case wire.AreaDI:
		s.where.Area = wire.AreaDB
	case wire.AreaPeripheral:
		s.where = place{Area: wire.AreaInput}
	default:
		s.where.DB = 0
	}
	if i.Type == wire.TypeBit {
		if i.Count != 1 {
			return span{}, wire.RetType
		}
		s.bit = int(i.Addr & 7)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.regions[s.where]
	switch {
	case r == nil:
		return span{}, wire.RetMissing
	case s.at+s.n > len(r.octets):
		return span{}, wire.RetAddress
	}
	return s, wire.RetOK
}

// read returns what a part shows in view, and the tags that it touches.
func (m *memory) read(s span, view process.View) ([]byte, []binding) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.shown(s, view)
}

// shown is read under the lock. The octets are the caller's own.
func (m *memory) shown(s span, view process.View) ([]byte, []binding) {
	r := m.regions[s.where]
	if r == nil || s.at+s.n > len(r.octets) {
		return nil, nil
	}
	out := bytes.Clone(r.octets[s.at : s.at+s.n])
	var touched []binding
	for _, b := range r.rows {
		if !b.overlaps(s) {
			continue
		}
		touched = append(touched, b)
		b.show(out, s.at, view)
	}
	if s.bit >= 0 {
		out[0] = out[0] >> s.bit & 1
	}
	return out, touched
}

// A change is one tag that a write meets.
type change struct {
	tag             string
	value, previous string
}

// write stores data into a part and hands what is bound to the plant, in the
// name of by. Tags that take no writes keep their value: the program or the
// sensor overwrites them with the next scan.
func (m *memory) write(s span, data []byte, by string) (changes []change, previous []byte) {
	view := m.device.Process.View()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.regions[s.where]
	if r == nil || s.at+s.n > len(r.octets) || len(data) < s.n {
		return nil, nil
	}
	previous, touched := m.shown(s, view)
	old := make([]byte, len(r.octets))
	copy(old, r.octets)
	for _, b := range r.rows {
		b.show(old, 0, view)
	}
	if s.bit >= 0 {
		old[s.at] = old[s.at]&^(1<<s.bit) | data[0]&1<<s.bit
	} else {
		copy(old[s.at:], data[:s.n])
	}
	for _, b := range touched {
		v := b.value(old)
		changes = append(changes, change{b.name, v.Text(), view.Value(b.ref).Text()})
		_ = m.device.Process.Write(by, process.Write{Tag: b.ref, Value: v}) // refused: the next scan has the plant's own value
	}
	copy(r.octets, old)
	r.kept = true
	m.dirty[s.where] = true
	return changes, previous
}
