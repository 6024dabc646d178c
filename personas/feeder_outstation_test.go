package personas_test

import (
	"io/fs"
	"math"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/persona"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/personas"
)

func newFeeder(t *testing.T, tick time.Duration) *plant {
	t.Helper()
	folder, err := fs.Sub(personas.FS(), "feeder-outstation")
	if err != nil {
		t.Fatal(err)
	}
	p, err := persona.Load(folder, "feeder-outstation", persona.Installation{Seed: []byte("a secret of tests"), Born: born()})
	if err != nil {
		t.Fatal(err)
	}
	p.Process.Tick = tick
	sim, err := p.NewProcess()
	if err != nil {
		t.Fatal(err)
	}
	f := &plant{Process: sim, t: t, now: born(), tick: tick, zone: p.Zone}
	f.run(time.Minute, nil) // until the expressions have followed one another
	return f
}

// Two weeks: everything within what a feeder does, and nothing trips.
func TestFeederFortnight(t *testing.T) {
	t.Parallel()
	days := 14
	if testing.Short() {
		days = 2
	}
	p := newFeeder(t, 10*time.Second)
	bands := []struct {
		tag    string
		lo, hi float64
	}{
		{"current.a", 50, 300}, {"current.b", 45, 290}, {"current.c", 45, 290}, {"line.voltage", 6.95, 7.55}, {"power.factor", 0.9, 1},
		{"regulator.voltage", 116, 126}, {"regulator.tap", -8, 8}, {"grid.frequency", 59.9, 60.1}, {"battery.voltage", 26.5, 28.2}, {"power.active", 1000, 5500},
	}
	caps, taps := p.float("capbank.operations"), p.float("regulator.operations")
	for range days * 24 {
		p.run(time.Hour, nil)
		for _, b := range bands {
			if x := p.float(b.tag); x < b.lo || x > b.hi {
				t.Fatalf("%s: %s = %v, outside %v to %v", p.now, b.tag, x, b.lo, b.hi)
			}
		}
		if p.bool("recloser.tripped") || !p.bool("recloser.closed") || p.bool("rtu.trouble") {
			t.Fatalf("%s: tripped %v, trouble %v in normal operation", p.now, p.bool("recloser.tripped"), p.bool("rtu.trouble"))
		}
	}
	if n := (p.float("capbank.operations") - caps) / float64(days); n < 1 || n > 6 {
		t.Errorf("%.1f capacitor operations a day, want 1 to 6", n)
	}
	if n := (p.float("regulator.operations") - taps) / float64(days); n > 60 {
		t.Errorf("%.1f tap changes a day, want at most 60", n)
	}
	if n := p.Faults(); n != 0 {
		t.Errorf("%d expressions failed, of tags %v", n, p.Faulty())
	}
}

// Power is in balance: phases add up to the whole, active and reactive to
// apparent, current times voltage to each phase, and the meter counts what flowed.
func TestFeederBalance(t *testing.T) {
	t.Parallel()
	p := newFeeder(t, time.Second)
	near := func(what string, got, want, by float64) {
		t.Helper()
		if math.Abs(got-want) > by {
			t.Fatalf("%s: %s = %.2f, want %.2f", p.now, what, got, want)
		}
	}
	begun, flowed := p.float("energy.active"), 0.0
	power := p.ref("power.active")
	for range 24 {
		p.run(time.Hour, func(v process.View) { flowed += v.Float(power) * p.tick.Hours() })
		// Resolution and noise leave some kilowatts; a tag follows one tick late.
		near("sum of phases", p.float("power.a")+p.float("power.b")+p.float("power.c"), p.float("power.active"), 8)
		near("apparent power", math.Hypot(p.float("power.active"), p.float("power.reactive")), p.float("power.apparent"), 8)
		near("reactive power", p.float("load.reactive")-p.float("capbank.reactive"), p.float("power.reactive"), 5)
		for _, phase := range []string{"a", "b", "c"} {
			s := math.Hypot(p.float("power."+phase), p.float("power.reactive")/3)
			near("current times voltage, phase "+phase, p.float("current."+phase)*p.float("line.voltage"), s, 12)
		}
	}
	near("energy", p.float("energy.active")-begun, flowed, 2)
}

// An open recloser: no current, no power, no energy; the source keeps its voltage.
func TestFeederRecloserOpens(t *testing.T) {
	t.Parallel()
	p := newFeeder(t, 500*time.Millisecond)
	count, volts := p.float("recloser.operations"), p.float("line.voltage")
	p.write("recloser.command", process.BoolValue(false))
	p.run(10*time.Second, nil)
	energy := p.float("energy.active")
	p.run(time.Hour, nil)
	for _, tag := range []string{"current.a", "current.b", "current.c", "power.active", "power.reactive", "power.apparent"} {
		if x := p.float(tag); x != 0 {
			t.Errorf("%s = %v behind an open recloser", tag, x)
		}
	}
	if p.bool("recloser.closed") || !p.bool("recloser.open") || p.float("recloser.operations") != count+1 {
		t.Errorf("closed %v, open %v, %v operations after %v", p.bool("recloser.closed"), p.bool("recloser.open"), p.float("recloser.operations"), count)
	}
	if e := p.float("energy.active"); e != energy {
		t.Errorf("the meter counted %v kWh", e-energy)
	}
	if x := p.float("line.voltage"); math.Abs(x-volts) > 0.4 || p.bool("ac.lost") {
		t.Errorf("source side %.2f kV, before %.2f", x, volts)
	}
	p.run(3*time.Hour, nil) // the dispatcher closes it again
	if !p.bool("recloser.closed") || p.float("current.a") < 50 {
		t.Errorf("four hours later: closed %v, %.0f A", p.bool("recloser.closed"), p.float("current.a"))
	}
}

// A pickup below the load trips the recloser; the crew puts it right.
func TestFeederPickupTrips(t *testing.T) {
	t.Parallel()
	p := newFeeder(t, 500*time.Millisecond)
	p.write("recloser.pickup", process.FloatValue(50))
	p.run(10*time.Second, nil)
	if !p.bool("recloser.tripped") || p.bool("recloser.closed") || p.float("current.a") != 0 {
		t.Errorf("tripped %v, closed %v, %.0f A", p.bool("recloser.tripped"), p.bool("recloser.closed"), p.float("current.a"))
	}
	p.run(7*time.Hour, nil)
	if p.bool("recloser.tripped") || !p.bool("recloser.closed") {
		t.Error("seven hours later nobody has been there")
	}
}

// A step of the regulator is 5/8 %; the capacitors take 600 kvar off the line.
func TestFeederRegulatorAndCapacitors(t *testing.T) {
	t.Parallel()
	p := newFeeder(t, 500*time.Millisecond)
	p.write("regulator.auto", process.BoolValue(false))
	p.run(5*time.Second, nil)
	tap, volts := p.float("regulator.tap"), p.float("line.voltage")
	for range 4 {
		p.write("regulator.raise", process.BoolValue(true))
		p.run(10*time.Second, nil)
	}
	steps := p.float("regulator.tap") - tap
	if steps < 3 || steps > 5 {
		t.Errorf("four raises made %v steps", steps)
	}
	if got, want := p.float("line.voltage")/volts, 1+0.00625*steps; math.Abs(got-want) > 0.004 {
		t.Errorf("%v steps changed the voltage by %.4f, want %.4f", steps, got, want)
	}
	p.write("capbank.auto", process.BoolValue(false))
	for _, on := range []bool{true, false} {
		p.write("capbank.command", process.BoolValue(on))
		p.run(10*time.Second, nil)
		want := 0.0
		if on {
			want = 600 * math.Pow(p.float("line.voltage")/7.2, 2)
		}
		if got := p.float("load.reactive") - p.float("power.reactive"); math.Abs(got-want) > 6 {
			t.Errorf("capacitors on %v: %.0f kvar, want %.0f", on, got, want)
		}
	}
}

// The battery sags under test and recovers.
func TestFeederBatteryTest(t *testing.T) {
	t.Parallel()
	p := newFeeder(t, 500*time.Millisecond)
	before := p.float("battery.voltage")
	p.write("battery.test", process.BoolValue(true))
	p.run(25*time.Second, nil)
	if x := p.float("battery.voltage"); before-x < 0.5 || x < 23 {
		t.Errorf("%.2f V under test, before %.2f", x, before)
	}
	p.run(10*time.Minute, nil)
	if x := p.float("battery.voltage"); math.Abs(x-before) > 0.2 || p.bool("battery.test") {
		t.Errorf("%.2f V ten minutes later, before %.2f", x, before)
	}
}

func TestFeederTagsAreLabelled(t *testing.T) {
	for _, tag := range newFeeder(t, 500*time.Millisecond).Tags() {
		if tag.Title == "" || tag.Type == process.Float32 && tag.Unit == "" {
			t.Errorf("tag %s has no title or no unit", tag.Name)
		}
	}
}
