package process

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/expr-lang/expr/vm"
)

// catchUp is how many ticks late Run makes good; a machine that slept longer
// finds its plant where it left it.
const catchUp = 40

// A tick is what motions compute with.
type tick struct {
	now     time.Time
	dt      float64 // s
	week    float64 // seconds since Sunday 00:00, plant time
	number  uint64  // of the tick, counted from 1970: noise differs at each
	key     uint64  // of the tag's noise
	first   bool    // the plant is being placed, not moved
	env     map[string]any
	machine *vm.VM
}

// Run moves the plant until ctx ends, a tick at a time.
func (p *Process) Run(ctx context.Context) error {
	ticker := time.NewTicker(p.tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		last = p.stepUntil(time.Now(), last)
	}
}

// stepUntil does the ticks due between last and now, and returns the moment up
// to which ticks are done. Those beyond catchUp are left out.
func (p *Process) stepUntil(now, last time.Time) time.Time {
	due := now.Sub(last) / p.tick
	for n := min(due, catchUp); n > 0; n-- {
		p.Step(now.Add(-(n - 1) * p.tick))
	}
	return last.Add(due * p.tick)
}

// Step moves the plant by one tick to the moment now. Run calls it; tests and
// checks that cannot wait may.
func (p *Process) Step(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.now.Load()
	t := p.begin(old, now)
	cells := slices.Clone(old.cells)
	for i := range cells {
		p.advance(t, Ref(i), old, &cells[i])
	}
	p.publish(cells, now)
}

// begin gives the expressions the values of old.
func (p *Process) begin(old *snapshot, now time.Time) *tick {
	local := now.In(p.zone)
	t := &tick{
		now: now, dt: p.tick.Seconds(), week: secondOfWeek(local), number: uint64(now.UnixNano() / int64(p.tick)),
		env: p.env, machine: &p.machine,
	}
	for i := range p.moving {
		m := &p.moving[i]
		if v := p.read(Ref(i), &old.cells[i]); m.inEnv && v != m.env {
			m.env = v
			p.env[p.tags[i].Name] = v.Any()
		}
	}
	clock := [...]float64{t.dt, math.Mod(t.week, secondsADay) / 3600, float64(local.Weekday()), float64(local.YearDay())}
	for i, name := range clockNames() {
		if p.clock[i] {
			p.env[name] = clock[i]
		}
	}
	return t
}

// read returns a tag's value as expressions see it: a float32 without noise and
// rounding, so that sums lose nothing.
func (p *Process) read(r Ref, c *cell) Value {
	switch p.tags[r].Type {
	case Bool, Text:
		return c.shown
	case Float32:
		return FloatValue(c.exact)
	}
	return FloatValue(p.shown(r, c.exact).Float()) // expressions know one kind of number
}

// shown returns a number as services see it, noise aside. A register shows the
// whole units of a total only.
func (p *Process) shown(r Ref, x float64) Value {
	if tag := &p.tags[r]; p.moving[r].motion.rolls && tag.Type.whole() {
		return tag.show(tag.roll(math.Floor(x + instant)))
	}
	return p.tags[r].show(x)
}

// advance moves one tag from its value in old.
func (p *Process) advance(t *tick, r Ref, old *snapshot, c *cell) {
	m, tag := &p.moving[r], &p.tags[r]
	t.key = m.key
	if m.mode >= 0 && old.cells[m.mode].shown.text != ModeRun {
		if !tag.Stop.IsZero() {
			m.touched = touch{}
			x, text, _ := tag.accept(tag.Stop)
			p.set(t, r, c, x, text)
		}
		return
	}
	held := p.relax(r, t.dt, c)
	x, text := c.exact, c.shown.text
	if !held {
		var err error
		x, text, err = m.move(t, tag, x)
		if err != nil || !finite(x) {
			m.faults++
			p.faults++
			x, text = c.exact, c.shown.text
		}
	}
	p.set(t, r, c, x, text)
}

// move computes a tag's next value.
func (m *moving) move(t *tick, tag *Tag, x float64) (float64, string, error) {
	if tag.Type == Text {
		text, err := m.motion.words(t)
		return 0, text, err
	}
	x, err := m.motion.number(t, &m.memory, x)
	if m.memory.acted {
		m.memory.acted, m.touched = false, touch{}
	}
	return x, "", err
}

// set puts a value into a tag's cell, within the tag's limits.
func (p *Process) set(t *tick, r Ref, c *cell, x float64, text string) {
	m, tag := &p.moving[r], &p.tags[r]
	var shown Value
	switch {
	case tag.Type == Text:
		shown = TextValue(tag.cut(text))
	case m.motion.rolls:
		c.exact = tag.roll(x)
		shown = p.shown(r, c.exact)
	default:
		c.exact = tag.clamp(x)
		if x = c.exact; m.noise > 0 {
			x += m.noise * t.normal(saltNoise)
		}
		shown = tag.show(x)
	}
	if shown != c.shown {
		c.shown, c.since, c.by = shown, t.now, ""
	}
}

// publish makes cells the plant's present.
func (p *Process) publish(cells []cell, now time.Time) {
	old := p.now.Load()
	if old != nil && now.Before(old.at) {
		now = old.at
	}
	p.now.Store(&snapshot{at: now, cells: cells, next: make(chan struct{})})
	if old != nil {
		close(old.next)
	}
}

// start publishes the first snapshot: start values, and what follows from them.
func (p *Process) start(now time.Time) error {
	cells := make([]cell, len(p.tags))
	for i := range p.tags {
		tag := &p.tags[i]
		x, text, _ := tag.accept(tag.Start)
		cells[i] = cell{shown: tag.show(x), exact: tag.clamp(x), since: now}
		if tag.Type == Text {
			cells[i] = cell{shown: TextValue(text), since: now}
		}
	}
	p.publish(cells, now)
	for range settlePasses {
		if changed, err := p.settle(now); err != nil || !changed {
			return err
		}
	}
	return nil
}

// settlePasses bounds how long a chain of tags start finds values for.
const settlePasses = 16

// settle places the tags that follow others, and tries every motion once.
func (p *Process) settle(now time.Time) (changed bool, err error) {
	old := p.now.Load()
	t := p.begin(old, now)
	t.first = true
	cells := slices.Clone(old.cells)
	for i := range cells {
		m, tag := &p.moving[i], &p.tags[i]
		t.key = m.key
		x, text, err := m.move(t, tag, cells[i].exact)
		if err != nil {
			return false, fmt.Errorf("tag %s: motion: %w", tag.Name, err)
		}
		placed := tag.Start.IsZero() && (m.motion.follows || m.motion.lags)
		if placed && finite(x) {
			p.set(t, Ref(i), &cells[i], x, text)
		}
		changed = changed || cells[i].exact != old.cells[i].exact || tag.Type == Text && cells[i].shown != old.cells[i].shown
		m.memory = memory{}
	}
	p.publish(cells, now)
	return changed, nil
}

// Faults returns how many computed or written values were NaN, infinite or could
// not be computed; the tags kept their old ones.
func (p *Process) Faults() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// Faulty returns the names of the tags that Faults counts.
func (p *Process) Faulty() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for i := range p.moving {
		if p.moving[i].faults > 0 {
			names = append(names, p.tags[i].Name)
		}
	}
	return names
}
