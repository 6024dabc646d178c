package modbus

import (
	"encoding/binary"
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// readFile answers function 20 (§6.14).
func (c *call) readFile() error {
	records, err := wire.ParseFileRead(c.q.Data)
	if err != nil {
		return wire.IllegalValue
	}
	c.aim(records)
	if err := c.checkRecords(records); err != nil {
		return err
	}
	size := 0
	for _, r := range records {
		size += 2 + 2*int(r.Count)
	}
	if size > wire.MaxPDU-2 {
		return wire.IllegalValue
	}
	c.out = append(c.out, byte(c.q.Func), byte(size))
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, r := range records {
		c.out = append(c.out, byte(1+2*r.Count), wire.FileReference)
		for _, w := range c.files[r.File][r.Record : r.Record+r.Count] {
			c.out = binary.BigEndian.AppendUint16(c.out, w)
		}
	}
	return nil
}

// writeFile answers function 21 (§6.15): the request's echo.
func (c *call) writeFile() error {
	records, err := wire.ParseFileWrite(c.q.Data)
	if err != nil {
		return wire.IllegalValue
	}
	c.aim(records)
	if err := c.checkRecords(records); err != nil {
		return err
	}
	c.mu.Lock()
	for _, r := range records {
		copy(c.files[r.File][r.Record:], registers(r.Data))
	}
	c.mu.Unlock()
	c.dirty.Store(true)
	c.keep(c.s, false)
	c.out = append(c.out, c.frame.PDU...)
	return nil
}

// checkRecords says whether all records are there.
func (c *call) checkRecords(records []wire.FileRecord) error {
	for _, r := range records {
		if r.Reference != wire.FileReference || r.Count == 0 || int(r.Record)+int(r.Count) > len(c.files[r.File]) {
			return wire.IllegalAddress
		}
	}
	return nil
}

// aim puts the records into the act: the first file as its target, all in its detail.
func (c *call) aim(records []wire.FileRecord) {
	for i, r := range records {
		if i == 0 {
			c.act.Target = event.Target{Kind: event.TargetFile, Ref: fmt.Sprint(r.File)}
		}
		c.detail.records = append(c.detail.records, fmt.Sprintf("%d:%d+%d", r.File, r.Record, r.Count))
	}
}
