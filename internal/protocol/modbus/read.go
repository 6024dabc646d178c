package modbus

import (
	"encoding/binary"
	"slices"

	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// readBits answers functions 1 and 2 (§6.1, §6.2).
func (c *call) readBits(a *area) error {
	at, n := int(c.q.Addr), int(c.q.Count)
	if !a.covers(at, n) {
		return wire.IllegalAddress
	}
	c.act.Tags = a.touched(at, n)
	size := (n + 7) / 8
	out := append(c.out, byte(c.q.Func), byte(size))
	bits := len(out)
	out = append(out, make([]byte, size)...)
	c.mu.RLock()
	for i, s := range a.slots[at : at+n] {
		bit := s >= 0 && a.cells[s].load(c.view)[0] != 0 || s == plain && a.mem[at+i] != 0
		if bit {
			out[bits+i/8] |= 1 << (i % 8) // the first bit is the least significant
		}
	}
	c.mu.RUnlock()
	c.out = out
	return nil
}

// readRegisters answers functions 3 and 4 (§6.3, §6.4).
func (c *call) readRegisters(a *area) error {
	at, n := int(c.q.Addr), int(c.q.Count)
	if !a.covers(at, n) {
		return wire.IllegalAddress
	}
	c.act.Tags = a.touched(at, n)
	c.out = append(c.out, byte(c.q.Func), byte(2*n))
	c.appendRegisters(a, at, n)
	return nil
}

// appendRegisters appends n registers that are there.
func (c *call) appendRegisters(a *area, at, n int) {
	out := c.out
	c.mu.RLock()
	for end := at + n; at < end; {
		s := a.slots[at]
		if s == plain {
			out = binary.BigEndian.AppendUint16(out, a.mem[at])
			at++
			continue
		}
		cl := &a.cells[s]
		w := cl.load(c.view)
		for ; at < end && at < cl.at+cl.n; at++ {
			out = binary.BigEndian.AppendUint16(out, w[at-cl.at])
		}
	}
	c.mu.RUnlock()
	c.out = out
}

// register returns one holding register that is there.
func (c *call) register(at int) uint16 {
	a := c.areas[holding]
	if s := a.slots[at]; s >= 0 {
		return a.cells[s].load(c.view)[at-a.cells[s].at]
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return a.mem[at]
}

// readFIFO answers function 24 (§6.18): the register at the FIFO's address
// counts the registers behind it. Reading leaves the queue as it is.
func (c *call) readFIFO() error {
	at := int(c.q.Addr)
	if !slices.Contains(c.FIFO, at) {
		return wire.IllegalAddress
	}
	n := int(c.register(at))
	if n > wire.MaxFIFO {
		return wire.IllegalValue
	}
	a := c.areas[holding]
	if !a.covers(at, 1+n) {
		return wire.IllegalAddress
	}
	c.act.Tags = a.touched(at, 1+n)
	c.out = append(c.out, byte(c.q.Func))
	c.out = binary.BigEndian.AppendUint16(c.out, uint16(2+2*n))
	c.appendRegisters(a, at, 1+n)
	return nil
}
