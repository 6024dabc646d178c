package modbus

import (
	"encoding/binary"
	"errors"
	"strconv"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// writeSingle answers functions 5 and 6 (§6.5, §6.6): the request's echo.
func (c *call) writeSingle() error {
	a, w := c.areas[holding], c.q.Value
	if c.q.Func == wire.WriteSingleCoil {
		a = c.areas[coils]
		w = c.q.Value >> 15 // FF00h is on
	}
	if err := c.write(a, int(c.q.Addr), []uint16{w}); err != nil {
		return err
	}
	c.out = append(c.out, c.frame.PDU...)
	return nil
}

// writeMultiple answers functions 15 and 16 (§6.11, §6.12).
func (c *call) writeMultiple() error {
	a := c.areas[holding]
	var words []uint16
	if c.q.Func == wire.WriteMultipleCoils {
		a = c.areas[coils]
		words = make([]uint16, c.q.Count)
		for i := range words {
			words[i] = uint16(c.q.Data[i/8] >> (i % 8) & 1)
		}
	} else {
		words = registers(c.q.Data)
	}
	if err := c.write(a, int(c.q.Addr), words); err != nil {
		return err
	}
	c.out = append(c.out, c.frame.PDU[:5]...) // function, address, quantity
	return nil
}

// maskWrite answers function 22 (§6.16).
func (c *call) maskWrite() error {
	at := int(c.q.Addr)
	if !c.areas[holding].covers(at, 1) {
		return wire.IllegalAddress
	}
	w := c.register(at)&c.q.And | c.q.Or&^c.q.And
	if err := c.write(c.areas[holding], at, []uint16{w}); err != nil {
		return err
	}
	c.out = append(c.out, c.frame.PDU...)
	return nil
}

// readWrite answers function 23 (§6.17): the write comes before the read.
func (c *call) readWrite() error {
	a := c.areas[holding]
	at, n := int(c.q.Addr), int(c.q.Count)
	if !a.covers(at, n) {
		return wire.IllegalAddress
	}
	if err := c.write(a, int(c.q.WriteAddr), registers(c.q.Data)); err != nil {
		return err
	}
	c.view = c.device.Process.View()
	c.out = append(c.out, byte(c.q.Func), byte(2*n))
	c.appendRegisters(a, at, n)
	return nil
}

// registers reads big-endian registers.
func registers(p []byte) []uint16 {
	words := make([]uint16, len(p)/2)
	for i := range words {
		words[i] = binary.BigEndian.Uint16(p[2*i:])
	}
	return words
}

// write sets elements of an area from at on, all or none. A register pair of
// which only one half is written keeps the other half's present value.
func (c *call) write(a *area, at int, words []uint16) error {
	if !a.covers(at, len(words)) {
		return wire.IllegalAddress
	}
	writes, err := c.plan(a, at, words)
	if err != nil {
		c.act.Values = texts(words)
		return err
	}
	c.note(a, at, words, writes)
	if err := c.device.Process.Write(c.s.Source(), writes...); err != nil {
		return c.refusal(err)
	}
	c.mu.Lock()
	for i, w := range words {
		if a.slots[at+i] == plain {
			a.mem[at+i] = w
			c.dirty.Store(true)
		}
	}
	c.mu.Unlock()
	c.keep(c.s, false)
	return nil
}

// plan returns what is to be written to the process.
func (c *call) plan(a *area, at int, words []uint16) ([]process.Write, error) {
	var writes []process.Write
	for i := 0; i < len(words); i++ {
		s := a.slots[at+i]
		if s < 0 {
			continue
		}
		cl := &a.cells[s]
		if !cl.writable {
			if c.ReadOnly == "overwrite" { // taken, and written over by the program's next scan
				continue
			}
			return nil, c.refusal(process.ErrReadOnly)
		}
		w := cl.load(c.view)
		for off := at + i - cl.at; off < cl.n && i < len(words); off++ {
			w[off] = words[i]
			i++
		}
		i--
		writes = cl.store(c.device.Process, w, writes)
	}
	return writes, nil
}

// refusal is the exception for a write that the process does not take.
func (c *call) refusal(err error) error {
	switch {
	case errors.Is(err, process.ErrRate):
		return wire.DeviceBusy
	case errors.Is(err, process.ErrReadOnly) && c.ReadOnly == "address":
		return wire.IllegalAddress
	case errors.Is(err, process.ErrType):
		return wire.IllegalValue
	}
	return wire.DeviceFailure
}

// texts writes words out.
func texts(words []uint16) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strconv.Itoa(int(w))
	}
	return out
}

// note puts what is written into the act: tags where there are any, else the
// plain elements.
func (c *call) note(a *area, at int, words []uint16, writes []process.Write) {
	if len(writes) > 0 {
		for _, w := range writes {
			c.act.Tags = append(c.act.Tags, c.device.Process.Tag(w.Tag).Name)
			c.act.Values = append(c.act.Values, w.Value.Text())
			c.act.Previous = append(c.act.Previous, c.view.Text(w.Tag))
		}
		return
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i, w := range words {
		if a.slots[at+i] == plain {
			c.act.Values = append(c.act.Values, strconv.Itoa(int(w)))
			c.act.Previous = append(c.act.Previous, strconv.Itoa(int(a.mem[at+i])))
		}
	}
	if c.act.Values == nil { // all of it is what the program writes over
		c.act.Values = texts(words)
	}
}
