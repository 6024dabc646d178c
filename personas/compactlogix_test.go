package personas_test

import (
	"math"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// A week of the filling line: it fills on working days and stands otherwise,
// vessels keep within their limits, and what leaves the mixer arrives in the
// hopper.
func TestFillingLineWeek(t *testing.T) {
	t.Parallel()
	p := plantOf(t, "compactlogix", 5*time.Second)
	bottles, batches := p.float("filler.total"), p.float("batch.count")
	var idle, runs int
	p.run(7*24*time.Hour, func(v process.View) {
		for _, name := range []string{"mixer.level", "hopper.level"} {
			if x := v.Float(p.ref(name)); x < 0 || x > 1300 {
				t.Fatalf("%s is %v", name, x)
			}
		}
		if v.Bool(p.ref("line.fault")) {
			t.Fatal("the undisturbed line trips")
		}
		if v.Float(p.ref("filler.speed")) > 40 {
			runs++
			if day := p.now.In(p.zone).Weekday(); day == time.Saturday || day == time.Sunday {
				t.Fatalf("the line fills on %s", day)
			}
		} else {
			idle++
		}
	})
	filled, mixed := p.float("filler.total")-bottles, p.float("batch.count")-batches
	t.Logf("%.0f bottles, %.0f batches, running %d h, idle %d h", filled, mixed, runs/720, idle/720)
	if filled < 150000 || filled > 450000 || mixed < 100 {
		t.Errorf("%v bottles and %v batches in a week", filled, mixed)
	}
	if used := 0.75 * filled; math.Abs(used-900*mixed) > 0.1*used {
		t.Errorf("%.0f l filled of some %.0f l mixed", used, 900*mixed)
	}
}

// An agitator that is driven too fast trips the line; reset brings it back.
func TestFillingLineTrips(t *testing.T) {
	p := plantOf(t, "compactlogix", time.Second)
	p.run(9*time.Hour, nil) // from midnight
	p.write("agitator.setpoint", process.FloatValue(160))
	p.run(10*time.Minute, nil)
	if !p.bool("line.fault") || p.bool("filler.run") {
		t.Fatalf("at %.0f rpm and %.1f A the line runs on", p.float("agitator.speed"), p.float("agitator.current"))
	}
	p.write("agitator.setpoint", process.FloatValue(92))
	p.run(time.Minute, nil)
	p.write("line.reset", process.BoolValue(true))
	p.run(time.Minute, nil)
	if p.bool("line.fault") {
		t.Error("the reset does nothing")
	}
}

// The dosing skid's UV lamp follows the flow, and its dose the lamp's power.
func TestUVReactor(t *testing.T) {
	p := newPlant(t, time.Second)
	for !p.bool("uv.lamp") {
		p.run(time.Minute, nil)
	}
	p.run(5*time.Minute, nil)
	dose := p.float("uv.dose")
	p.write("uv.power", process.FloatValue(50))
	p.run(5*time.Minute, nil)
	if p.bool("uv.lamp") && p.float("uv.dose") > 0.75*dose {
		t.Errorf("at half the power the dose falls from %.0f to %.0f only", dose, p.float("uv.dose"))
	}
	p.write("uv.auto", process.BoolValue(false))
	p.write("uv.command", process.BoolValue(false))
	p.run(time.Minute, nil)
	if p.bool("uv.lamp") {
		t.Error("the lamp burns without its command")
	}
}
