package atg

import (
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/session"
)

// keyMemory is what the console keeps over restarts, in State.
const keyMemory = "atg.memory"

// memory is the console's battery-backed memory. Times are true ones; the
// console shows them by its own clock.
type memory struct {
	Set        map[string]setting `json:"set,omitempty"` // "602.01": what visitors set
	Begun      time.Time          `json:"begun"`         // when the console was first looked at
	Looked     time.Time          `json:"looked"`        // and last
	Deliveries []delivery         `json:"deliveries,omitempty"`
	Tests      []leakTest         `json:"tests,omitempty"`
	Active     []alarm            `json:"active,omitempty"`
	History    []alarmChange      `json:"history,omitempty"`

	dirty bool
}

// setting is a value that a visitor gave the console.
type setting struct {
	Value string    `json:"value"`
	At    time.Time `json:"at"`
	By    string    `json:"by,omitempty"` // his source
}

// delivery is a rise of a tank's volume.
type delivery struct {
	Tank       int       `json:"tank"`
	Start      time.Time `json:"start"`
	End        time.Time `json:"end"`
	Before     float64   `json:"before"`
	After      float64   `json:"after"`
	BeforeTemp float64   `json:"beforeTemp"`
	AfterTemp  float64   `json:"afterTemp"`
	Water      float64   `json:"water"`
}

// The longest histories that a console keeps.
const (
	maxDeliveries = 10 // of a tank
	maxTests      = 12 // started by visitors
	maxHistory    = 50
)

// look brings the memory up to what the tanks have done since it was last
// looked at. The console notices what happened in between; when is known of
// deliveries, and drawn for alarms.
func (c *console) look(v process.View, now time.Time) {
	m := &c.memory
	if m.Begun.IsZero() {
		m.Begun, m.Looked, m.dirty = now, now, true
		c.past(v, now)
	}
	c.revert(now)
	for i := range c.probes {
		c.delivered(v, i, now)
	}
	c.finish(v, now)
	c.notice(v, now)
	m.Looked = now
}

// revert lets the station's people set back what visitors set long ago.
func (c *console) revert(now time.Time) {
	for key, s := range c.memory.Set {
		if c.Revert > 0 && now.Sub(s.At) >= time.Duration(c.Revert) {
			delete(c.memory.Set, key)
			c.memory.dirty = true
		}
	}
}

// past fills in the deliveries before the console was first looked at: two of
// each tank, the last one so long ago as a tenth of the tank a day takes to bring
// it down to what it holds.
func (c *console) past(v process.View, now time.Time) {
	const day = 24 * float64(time.Hour)
	for i, b := range c.probes {
		capacity, end := v.Float(b.capacity), now
		holds := v.Float(b.volume)
		for k := range int64(2) {
			n := 10*int64(i+1) + k
			after := max(capacity*(0.80+0.04*c.draw("delivery after", n)), holds+0.02*capacity)
			end = end.Add(-time.Duration((after - holds) / (0.1 * capacity) * (0.8 + 0.4*c.draw("delivery age", n)) * day)).Truncate(time.Second)
			holds = capacity * (0.24 + 0.1*c.draw("delivery before", n))
			t := v.Float(b.temperature) - 1 + 2*c.draw("delivery warmth", n)
			c.memory.Deliveries = append(c.memory.Deliveries, delivery{
				Tank: i + 1, Start: end.Add(-time.Duration(9+14*c.draw("delivery time", n)) * time.Minute), End: end,
				Before: holds, After: after, BeforeTemp: t, AfterTemp: t + 1.4*c.draw("delivery heat", n) - 0.5,
				Water: v.Float(b.water),
			})
		}
	}
	slices.SortStableFunc(c.memory.Deliveries, func(a, b delivery) int { return a.End.Compare(b.End) })
}

// delivered notes tank i's last delivery once it is over.
func (c *console) delivered(v process.View, i int, now time.Time) {
	b := c.probes[i]
	before, after := v.Float(b.before), v.Float(b.after)
	start, end := v.Since(b.before), v.Since(b.after)
	if v.Bool(b.delivering) || before <= 0 || after <= before || !end.After(start) || end.After(now) {
		return
	}
	for _, d := range c.memory.Deliveries {
		if d.Tank == i+1 && !end.After(d.End) {
			return
		}
	}
	all := append(c.memory.Deliveries, delivery{
		Tank: i + 1, Start: start, End: end, Before: before, After: after,
		BeforeTemp: v.Float(b.beforeTemperature), AfterTemp: v.Float(b.afterTemp), Water: v.Float(b.water),
	})
	if first := slices.IndexFunc(all, func(d delivery) bool { return d.Tank == i+1 }); len(c.deliveries(i+1)) >= maxDeliveries {
		all = slices.Delete(all, first, first+1)
	}
	c.memory.Deliveries, c.memory.dirty = all, true
}

// deliveries returns a tank's deliveries, the last one first.
func (c *console) deliveries(n int) []delivery {
	var out []delivery
	for _, d := range slices.Backward(c.memory.Deliveries) {
		if d.Tank == n {
			out = append(out, d)
		}
	}
	return out
}

// keep saves the memory where it changed.
func (c *console) keep(s *session.Session) {
	if !c.memory.dirty {
		return
	}
	c.memory.dirty = false
	if err := c.state.Save(keyMemory, &c.memory); err != nil {
		s.Log.Warn("what visitors set on the tank gauge is not kept over a restart", "err", err)
	}
}
