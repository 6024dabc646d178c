package device

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var kept []ClockState
		c := NewClock(ClockState{Offset: -90 * time.Second, Since: start}, 50, func(s ClockState) error {
			kept = append(kept, s)
			return nil
		})
		if got := c.Now(); !got.Equal(start.Add(-90*time.Second)) || got.Location() != time.UTC {
			t.Errorf("at the start the device says %v, true is %v", got, start)
		}
		time.Sleep(24 * time.Hour)
		// 50 ppm of a day are 4.32 s (86,400 s × 50e-6)
		if off := time.Until(c.Now()); off != -90*time.Second+4320*time.Millisecond {
			t.Errorf("after a day the device is off by %v", off)
		}
		set := time.Date(1994, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))
		if err := c.Set(set); err != nil || !c.Now().Equal(set) {
			t.Errorf("set to %v the device says %v (%v)", set, c.Now(), err)
		}
		time.Sleep(1_000_000 * time.Second)
		if got := c.Now().Sub(set); got != 1_000_050*time.Second {
			t.Errorf("1,000,000 s later the device has counted %v", got)
		}
		if len(kept) != 1 || kept[0].Offset != set.Sub(start.Add(24*time.Hour)) || !kept[0].Since.Equal(start.Add(24*time.Hour)) {
			t.Errorf("kept %+v", kept)
		}
		if again := NewClock(kept[0], 50, nil); !again.Now().Equal(c.Now()) {
			t.Errorf("after a restart the device says %v, before %v", again.Now(), c.Now())
		}
	})
}

func TestClockThatCannotBeKept(t *testing.T) {
	full := errors.New("quota")
	c := NewClock(ClockState{}, 0, func(ClockState) error { return full })
	set := time.Now().Add(time.Hour)
	if err := c.Set(set); !errors.Is(err, full) {
		t.Errorf("Set: %v", err)
	}
	if d := c.Now().Sub(set); d < 0 || d > time.Minute {
		t.Errorf("the clock runs %v beside what it was set to", d)
	}
}

// IEC 60870-5-104 and DNP3 can carry years that an offset in nanoseconds cannot:
// the clock stops at the longest offset, and drift does not take it round.
func TestClockSetFarAway(t *testing.T) {
	for name, c := range map[string]struct {
		set   time.Time
		drift float64
		limit time.Duration
	}{
		"future": {time.Date(10889, 8, 2, 5, 31, 50, 655e6, time.UTC), 100, math.MaxInt64},
		"past":   {time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), -100, math.MinInt64},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				clock := NewClock(ClockState{}, c.drift, nil)
				want := time.Now().Add(c.limit).UTC()
				clock.Set(c.set)
				later := time.Now().Add(100 * time.Hour)
				if got := clock.At(later); got.Sub(want).Abs() > 101*time.Hour {
					t.Errorf("a hundred hours later the device says %v, want about %v", got, want)
				}
			})
		})
	}
}
