package iec104

import (
	"maps"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// clockSync answers type 103: it sets the device's clock. The confirmation has
// the time that the clock then shows.
func (c *call) clockSync() []outgoing {
	var asked wire.Time
	copy(asked[:], c.asdu.Objects[0].Data)
	t, ok := asked.At()
	if !ok {
		return c.deny("time")
	}
	c.act.Previous = []string{c.device.Clock.Now().Format(time.RFC3339Nano)}
	c.act.Values = []string{t.Format(time.RFC3339Nano)}
	if !c.asdu.Test {
		if err := c.device.Clock.Set(t); err != nil {
			c.s.Log.Warn("the device's clock is not kept over a restart", "err", err)
		}
	}
	now := wire.TimeOf(c.device.Clock.Now())
	c.asdu.Objects = []wire.Object{{Data: now[:]}}
	return c.confirm()
}

// test answers types 104 and 107; the pattern of 104 is 55AAh (101 §7.2.6.14).
func (c *call) test() []outgoing {
	if p := c.asdu.Objects[0].Data; c.asdu.Type == wire.Test && (p[0] != 0xAA || p[1] != 0x55) {
		return c.deny("pattern")
	}
	return c.confirm()
}

// Values of QRP (101 §7.2.6.27).
const (
	generalReset = 1
	clearEvents  = 2
)

// goodbye is how long the device still serves after it confirmed a reset.
const goodbye = 500 * time.Millisecond

// resetProcess answers type 105. After a general reset the device is away, and
// tells the end of initialisation to who comes first.
func (c *call) resetProcess() []outgoing {
	switch c.asdu.Objects[0].Data[0] {
	case generalReset:
		if !c.asdu.Test {
			c.after = c.restart
		}
	case clearEvents:
		c.after = func() { c.dropReports() }
	default:
		return c.deny("qualifier")
	}
	return c.confirm()
}

// restart ends the visitor's every connection in a moment.
func (c *call) restart() {
	d, by, now := c.server, c.s.Source(), time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away.Holds(by, now) {
		return
	}
	d.away.Begin(by, now.Add(goodbye+time.Duration(d.Restart)))
	maps.DeleteFunc(d.selected, func(_ *command, s selection) bool { return s.by.s.Source() == by })
	for _, ca := range d.stations {
		d.fresh[ca] = true
	}
	for v := range d.visitors {
		if v.s.Source() == by {
			v.work.Go(v.s.Guarded(v.part))
		}
	}
}

// part hangs up in a moment, unless the visit ends before.
func (v *visitor) part() {
	t := time.NewTimer(goodbye)
	defer t.Stop()
	select {
	case <-t.C:
		v.s.HangUp("protocol")
	case <-v.ctx.Done():
	}
}

// dropReports clears the buffer of events.
func (v *visitor) dropReports() {
	kept := v.queue[:0]
	for _, o := range v.queue {
		if !o.report {
			kept = append(kept, o)
		}
	}
	v.queue = kept
}

// delayAcquisition answers type 106: an activation is returned with the time
// that the device took, a spontaneous one loads the delay (101 §7.4.7.2).
func (c *call) delayAcquisition() []outgoing {
	p := c.asdu.Objects[0].Data
	if c.asdu.Cause == wire.Spontaneous {
		c.server.mu.Lock()
		c.delay = uint16(p[0]) | uint16(p[1])<<8
		c.server.mu.Unlock()
		return nil
	}
	return c.confirm()
}

// keptState is what the device keeps over restarts.
type keptState struct {
	Counts map[string]count   `json:"counts,omitempty"` // by address
	Bands  map[string]float64 `json:"deadbands,omitempty"`
}

const stateKey = "iec104.kept"

// load takes up what was kept.
func (d *server) load() error {
	var k keptState
	if err := d.state.Load(stateKey, &k); err != nil {
		return err
	}
	for _, p := range d.points {
		if n, ok := k.Counts[p.String()]; ok && p.kind == wire.Totals {
			d.counts[p.index] = n
		}
		if b, ok := k.Bands[p.String()]; ok && p.param != 0 {
			d.bands[p.index] = b
		}
	}
	return nil
}

// keep saves what visitors changed.
func (d *server) keep(s *session.Session) {
	k := keptState{Counts: map[string]count{}, Bands: map[string]float64{}}
	d.mu.Lock()
	for _, p := range d.points {
		if n := d.counts[p.index]; n != (count{}) {
			k.Counts[p.String()] = n
		}
		if b := d.bands[p.index]; b != p.deadband {
			k.Bands[p.String()] = b
		}
	}
	d.mu.Unlock()
	if err := d.state.Save(stateKey, k); err != nil {
		s.Log.Warn("IEC 104 counters and parameters are not kept over a restart", "err", err)
	}
}
