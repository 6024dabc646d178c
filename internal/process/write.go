package process

import (
	"fmt"
	"slices"
	"time"
)

// A Write is a value for a tag.
type Write struct {
	Tag   Ref
	Value Value
}

// A touch is what a write did to a tag, until it drifts back.
type touch struct {
	on     bool
	age    float64 // s since the last write
	offset float64 // what writes added in all
}

// Write sets tags, all or none, for the source by; the next View shows them.
// Values are converted to the tag's type and brought into its limits; NaN and
// the infinities leave the tag as it is and are counted. The error wraps
// ErrNoTag, ErrReadOnly, ErrType or ErrRate. The source "" is the sensor itself
// and has no rate limit.
func (p *Process) Write(by string, writes ...Write) error {
	for _, w := range writes {
		if w.Tag < 0 || int(w.Tag) >= len(p.tags) {
			return fmt.Errorf("tag %d: %w", w.Tag, ErrNoTag)
		}
		tag := &p.tags[w.Tag]
		if !tag.Writable {
			return fmt.Errorf("tag %s: %w", tag.Name, ErrReadOnly)
		}
		if _, _, err := tag.accept(w.Value); err != nil {
			return fmt.Errorf("tag %s: %w", tag.Name, err)
		}
	}
	if len(writes) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if by != "" && !p.rate.allow(by, now) {
		return ErrRate
	}
	cells := slices.Clone(p.now.Load().cells)
	for _, w := range writes {
		p.touch(w, &cells[w.Tag], by, now)
	}
	p.publish(cells, now)
	return nil
}

// touch puts a visitor's value into a tag's cell.
func (p *Process) touch(w Write, c *cell, by string, now time.Time) {
	tag, m := &p.tags[w.Tag], &p.moving[w.Tag]
	x, text, _ := tag.accept(w.Value)
	if !finite(x) {
		m.faults++
		p.faults++
		return
	}
	m.touched = touch{on: true, offset: m.touched.offset + x - c.exact}
	c.exact = x
	shown := TextValue(text)
	if tag.Type != Text {
		shown = tag.show(x)
	}
	if shown != c.shown {
		c.shown, c.since, c.by = shown, now, by
	}
}

// relax lets a touched tag drift back, and says whether its motion is still suspended.
func (p *Process) relax(r Ref, dt float64, c *cell) bool {
	m := &p.moving[r]
	if !m.touched.on {
		return false
	}
	m.touched.age += dt
	drift := p.tags[r].Drift
	if drift == 0 {
		drift = p.drift
	}
	if drift > 0 && m.touched.age >= drift.Seconds()-instant {
		if m.motion.sums {
			c.exact -= m.touched.offset
		}
		m.touched = touch{}
		return false
	}
	return !m.motion.state
}
