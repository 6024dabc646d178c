package modbus

import (
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
)

// An areaKind is one of the four tables of the data model (V1.1b3 §4.3).
type areaKind uint8

const (
	coils areaKind = iota
	discrete
	input
	holding
	areaCount
)

func (k areaKind) String() string {
	return [areaCount]string{"coils", "discrete", "input", "holding"}[k]
}

// target returns the kind and the number of the first element in the notation
// that Modbus tools show: 1 to 9999 in the table's ten thousand.
func (k areaKind) target() (event.TargetKind, int) {
	switch k {
	case coils:
		return event.TargetCoil, 0
	case discrete:
		return event.TargetDiscrete, 1
	case input:
		return event.TargetInput, 3
	}
	return event.TargetRegister, 4
}

// What an address holds, besides the index of a cell.
const (
	unmapped = -1
	plain    = -2 // memory
)

// An area is one table: for each address what is there.
type area struct {
	kind  areaKind
	slots []int32
	cells []cell
	tags  []string // of the cells, in their order
	mem   []uint16 // by address; the server's lock guards it
}

// covers says whether all n addresses from at on are there.
func (a *area) covers(at, n int) bool {
	if n < 1 || at+n > len(a.slots) {
		return false
	}
	for _, s := range a.slots[at : at+n] {
		if s == unmapped {
			return false
		}
	}
	return true
}

// touched returns the names of the tags in a range, without copying.
func (a *area) touched(at, n int) []string {
	first, last := -1, 0
	for _, s := range a.slots[at : at+n] {
		if s >= 0 {
			if first < 0 {
				first = a.cells[s].first
			}
			last = a.cells[s].last
		}
	}
	if first < 0 {
		return nil
	}
	return a.tags[first:last:last]
}

// buildArea makes an area of its points and memory ranges.
func buildArea(k areaKind, p *process.Process, points []point, ranges []memoryRange, c *settings) (*area, error) {
	a := &area{kind: k}
	for _, m := range ranges {
		if err := a.addMemory(m); err != nil {
			return nil, err
		}
	}
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(x, y point) int { return x.At - y.At })
	for _, pt := range points {
		if err := a.addPoint(p, pt, c); err != nil {
			return nil, fmt.Errorf("at = %d: %w", pt.At, err)
		}
	}
	return a, nil
}

// grow makes sure that the addresses below end have a slot.
func (a *area) grow(end int) {
	for len(a.slots) < end {
		a.slots = append(a.slots, unmapped)
	}
	a.mem = append(a.mem, make([]uint16, max(0, end-len(a.mem)))...)
}

func (a *area) addMemory(m memoryRange) error {
	if m.At < 0 || m.Count < 1 || m.At+m.Count > 1<<16 || len(m.Values) > m.Count {
		return fmt.Errorf("at = %d, count = %d: not a range of addresses (0 to 65535) that holds its values", m.At, m.Count)
	}
	a.grow(m.At + m.Count)
	for i := range m.Count {
		a.slots[m.At+i] = plain
	}
	copy(a.mem[m.At:], m.Values)
	return nil
}

func (a *area) addPoint(p *process.Process, pt point, c *settings) error {
	cl, names, err := newCell(a.kind, p, pt, c)
	if err != nil {
		return err
	}
	if pt.At < 0 || pt.At+cl.n > 1<<16 {
		return fmt.Errorf("addresses end at 65535")
	}
	a.grow(pt.At + cl.n)
	for i := range cl.n {
		if a.slots[pt.At+i] >= 0 {
			return fmt.Errorf("another tag is at %d already", pt.At+i)
		}
		a.slots[pt.At+i] = int32(len(a.cells))
	}
	cl.first = len(a.tags)
	a.tags = append(a.tags, names...)
	cl.last = len(a.tags)
	a.cells = append(a.cells, cl)
	return nil
}
