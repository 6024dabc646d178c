package s7comm

import (
	"fmt"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// A place names a region of memory: an area, and in it a data block.
type place struct {
	Area uint8
	DB   uint16
}

// A region is the octets of a place, with tags bound to parts of it. What is
// bound shows the plant; the rest keeps what visitors wrote.
type region struct {
	octets []byte
	rows   []binding
	kept   bool // in the device's state
}

// memory is the CPU's: it is safe for concurrent use.
type memory struct {
	device *device.Device
	state  protocol.State

	mu      sync.Mutex
	regions map[place]*region
	dirty   map[place]bool // written and not kept yet
	saved   time.Time
}

// saveEvery bounds how often what visitors write reaches the device's state.
const saveEvery = time.Second

// newMemory returns the regions that sizes and bindings call for.
func newMemory(s *settings, d *device.Device, state protocol.State) (*memory, error) {
	m := &memory{device: d, state: state, regions: map[place]*region{}, dirty: map[place]bool{}}
	for _, f := range []struct {
		area uint8
		size int
		rows []bindingSetting
	}{
		{wire.AreaInput, s.Sizes.Inputs, s.Inputs},
		{wire.AreaOutput, s.Sizes.Outputs, s.Outputs},
		{wire.AreaMerker, s.Sizes.Merker, s.Merker},
		{wire.AreaTimer, 2 * s.Sizes.Timers, nil},
		{wire.AreaCounter, 2 * s.Sizes.Counters, nil},
	} {
		m.regions[place{Area: f.area}] = &region{octets: make([]byte, f.size)}
		if err := m.bind(f.area, f.rows, false); err != nil {
			return nil, err
		}
	}
	if s.Family == family200 {
		if err := m.add200(s); err != nil {
			return nil, err
		}
	}
	if err := m.bind(wire.AreaDB, s.DB, true); err != nil {
		return nil, err
	}
	return m, nil
}

// add200 adds the areas that only an S7-200 has.
func (m *memory) add200(s *settings) error {
	m.regions[place{Area: wire.AreaSystem200}] = &region{octets: pad([]byte(s.SystemInfo), 64)}
	m.regions[place{Area: wire.AreaFlags200}] = &region{octets: pad([]byte{1}, 550)} // SMB0 to SMB549; SM0.0 is always on
	m.regions[place{Area: wire.AreaTimer200}] = &region{octets: make([]byte, 2*s.Sizes.Timers)}
	m.regions[place{Area: wire.AreaCounter200}] = &region{octets: make([]byte, 2*s.Sizes.Counters)}
	m.regions[place{Area: wire.AreaAnalogIn}] = &region{octets: make([]byte, 64)}
	m.regions[place{Area: wire.AreaAnalogOut}] = &region{octets: make([]byte, 64)}
	if err := m.bind(wire.AreaAnalogIn, s.AnalogIn, false); err != nil {
		return err
	}
	return m.bind(wire.AreaAnalogOut, s.AnalogOut, false)
}

// bind puts tags into the regions of an area; grow makes room for them.
func (m *memory) bind(area uint8, rows []bindingSetting, grow bool) error {
	for _, row := range rows {
		b, err := newBinding(row, m.device.Process)
		if err != nil {
			return fmt.Errorf("%s %d at %q: %w", wire.AreaName(area), row.N, row.At, err)
		}
		at := place{Area: area, DB: row.N}
		r := m.regions[at]
		if r == nil {
			r = &region{}
			m.regions[at] = r
		}
		if end := b.at + b.size; end > len(r.octets) {
			if !grow {
				return fmt.Errorf("%s at %q: the area has %d octets", wire.AreaName(area), row.At, len(r.octets))
			}
			r.octets = append(r.octets, make([]byte, (end+1)&^1-len(r.octets))...)
		}
		r.rows = append(r.rows, b)
	}
	return nil
}

// start gives a data block its first values, then what visitors wrote there.
func (m *memory) start(db uint16, values []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := place{wire.AreaDB, db}
	m.replace(db, values)
	return m.recall(at, m.regions[at])
}

// restore gives the areas that no block begins what visitors wrote there.
func (m *memory) restore() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for at, r := range m.regions {
		if err := m.recall(at, r); err != nil {
			return err
		}
	}
	return nil
}

// recall loads what visitors wrote into a region, if it is of the same length.
func (m *memory) recall(at place, r *region) error {
	var kept []byte
	if err := m.state.Load(at.key(), &kept); err != nil {
		return err
	}
	if len(kept) == len(r.octets) {
		copy(r.octets, kept)
		r.kept = true
	}
	return nil
}

// keep saves what visitors have written: at once where the last time is long
// enough ago, otherwise with a later write or at the end of a connection.
func (m *memory) keep(end bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if len(m.dirty) == 0 || !end && now.Sub(m.saved) < saveEvery {
		return
	}
	m.saved = now
	for at := range m.dirty {
		_ = m.state.Save(at.key(), m.regions[at].octets) // over quota: kept until the next start
	}
	clear(m.dirty)
}

// forget drops what visitors wrote into a region.
func (m *memory) forget(at place) {
	delete(m.dirty, at)
	if r := m.regions[at]; r != nil && r.kept {
		_ = m.state.Save(at.key(), nil) // over quota: nothing was kept
	}
}

// load gives a downloaded data block its values; what was written is lost.
func (m *memory) load(db uint16, values []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(place{wire.AreaDB, db})
	m.replace(db, values)
}

// replace is load under the lock. Bound rows beyond the new end are gone.
func (m *memory) replace(db uint16, values []byte) {
	at := place{wire.AreaDB, db}
	r := m.regions[at]
	if r == nil {
		r = &region{}
		m.regions[at] = r
	}
	n := len(values)
	for _, b := range r.rows {
		n = max(n, b.at+b.size)
	}
	r.octets = make([]byte, n)
	copy(r.octets, values)
	r.kept = false
}

// remove deletes a data block.
func (m *memory) remove(db uint16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(place{wire.AreaDB, db})
	delete(m.regions, place{wire.AreaDB, db})
}

// lengths returns the data blocks that tags are bound to, and how long they are.
func (m *memory) lengths() map[uint16]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[uint16]int{}
	for at, r := range m.regions {
		if at.Area == wire.AreaDB {
			out[at.DB] = len(r.octets)
		}
	}
	return out
}

// key names a place in the device's state.
func (p place) key() string { return fmt.Sprintf("s7comm.memory-%02x-%d", p.Area, p.DB) }
