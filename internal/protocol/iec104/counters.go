package iec104

import (
	"math"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// Values of FRZ, bits 7 and 8 of QCC (101 §7.2.6.23).
const (
	readCounters   = 0
	freezeCounters = 1
	freezeAndReset = 2
	resetCounters  = 3
	generalRequest = 5 // of RQT
)

// count is what the device keeps of a counter: what it stood at when it was set
// to zero, and what was frozen.
type count struct {
	Base     float64 `json:"base,omitempty"`
	Frozen   float64 `json:"frozen,omitempty"`
	IsFrozen bool    `json:"is_frozen,omitempty"`
	Number   uint8   `json:"number,omitempty"` // sequence number of the freezing, 0 to 31
	Reset    bool    `json:"reset,omitempty"`  // since the last reading: CA
}

// total is a counter's reading: the frozen one where there is one.
func (d *server) total(view process.View, p *point) wire.Reading {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.counts[p.index]
	r := wire.Reading{Value: p.value(view.Value(p.tag)) - c.Base, Counter: c.Number}
	if c.IsFrozen {
		r.Value = c.Frozen
	}
	if c.Reset {
		r.Counter |= 0x40 // CA: set since the last reading
	}
	if r.Value = math.Mod(math.Floor(r.Value), 1<<31); r.Value < 0 {
		r.Value = 0
	}
	return r
}

// counterInterrogation answers type 101: reading, freezing and resetting.
func (c *call) counterInterrogation() []outgoing {
	qcc := c.asdu.Objects[0].Data[0]
	request, freeze := qcc&0x3F, qcc>>6
	if request < 1 || request > generalRequest {
		return c.deny("qualifier")
	}
	var asked []*point
	for _, p := range c.points {
		if p.kind == wire.Totals && p.common == c.asdu.Common && (request == generalRequest || p.groups&(1<<request) != 0) {
			asked = append(asked, p)
		}
	}
	if freeze != readCounters && !c.asdu.Test {
		c.freeze(asked, freeze)
		return append(c.confirm(), c.terminate())
	}
	out := c.confirm()
	cause := wire.CountersAsked
	if request < generalRequest {
		cause += wire.Cause(request)
	}
	for _, asdu := range c.pack(c.view, asked, wire.ASDU{Cause: cause, Originator: c.asdu.Originator}) {
		out = append(out, outgoing{asdu: asdu})
	}
	c.readOut(asked)
	return append(out, c.terminate())
}

// freeze does what FRZ says with counters.
func (c *call) freeze(points []*point, how byte) {
	c.server.mu.Lock()
	for _, p := range points {
		n := &c.counts[p.index]
		now := p.value(c.view.Value(p.tag))
		if how == freezeCounters || how == freezeAndReset {
			n.Frozen, n.IsFrozen, n.Number = now-n.Base, true, (n.Number+1)&31
		}
		if how == freezeAndReset || how == resetCounters {
			n.Base, n.Reset = now, true
		}
	}
	c.server.mu.Unlock()
	c.keep(c.s)
}

// readOut notes that counters were read.
func (c *call) readOut(points []*point) {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	for _, p := range points {
		c.counts[p.index].Reset = false
	}
}
