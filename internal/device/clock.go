package device

import (
	"sync/atomic"
	"time"
)

// A Clock is a device's own idea of the time: the true time, plus what a
// visitor set it wrong by, plus a slow drift since then. It is safe for
// concurrent use.
type Clock struct {
	drift float64 // parts per million
	state atomic.Pointer[ClockState]
	keep  func(ClockState) error
}

// ClockState is what a device keeps of its clock over restarts.
type ClockState struct {
	Offset time.Duration `json:"offset"` // device minus true time at Since
	Since  time.Time     `json:"since"`
}

// NewClock returns a clock in the given state that drifts by ppm. Where keep is
// not nil it is called with each state that a visitor sets.
func NewClock(state ClockState, ppm float64, keep func(ClockState) error) *Clock {
	c := &Clock{drift: ppm, keep: keep}
	c.state.Store(&state)
	return c
}

// Now returns the device's time, in UTC.
func (c *Clock) Now() time.Time { return c.At(time.Now()) }

// At returns the device's time when the true time is t, in UTC.
func (c *Clock) At(t time.Time) time.Time {
	s := c.state.Load()
	if s.Since.IsZero() {
		return t.Add(s.Offset).UTC()
	}
	drift := time.Duration(float64(t.Sub(s.Since)) * c.drift / 1e6)
	return t.Add(s.Offset).Add(drift).UTC() // in two steps: an offset may be as long as a Duration can
}

// Set makes the device's time t from now on.
func (c *Clock) Set(t time.Time) error {
	now := time.Now()
	s := ClockState{Offset: t.Sub(now), Since: now.Round(0)}
	c.state.Store(&s)
	if c.keep == nil {
		return nil
	}
	return c.keep(s)
}
