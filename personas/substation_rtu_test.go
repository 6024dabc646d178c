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

// newSubstation is the shipped substation, with its tags changed by each of change.
func newSubstation(t *testing.T, tick time.Duration, change ...func(*process.Tag)) *plant {
	t.Helper()
	folder, err := fs.Sub(personas.FS(), "substation-rtu")
	if err != nil {
		t.Fatal(err)
	}
	p, err := persona.Load(folder, "substation-rtu", persona.Installation{Seed: []byte("a secret of tests"), Born: born()})
	if err != nil {
		t.Fatal(err)
	}
	p.Process.Tick = tick
	for i := range p.Process.Tags {
		for _, f := range change {
			f(&p.Process.Tags[i])
		}
	}
	sim, err := p.NewProcess()
	if err != nil {
		t.Fatal(err)
	}
	return &plant{Process: sim, t: t, now: born(), tick: tick, zone: p.Zone}
}

func feeders() []string { return []string{"f1", "f2", "f3", "f4", "f5"} }

// A week of normal operation: what comes in is what goes out and what is lost,
// in power at every moment and in energy over all; voltage within its band; more
// load by day than by night; sun by day only; no trip, no alarm but the overhead
// line's.
func TestSubstationBalance(t *testing.T) {
	t.Parallel()
	const tick = 10 * time.Second
	p := newSubstation(t, tick)
	p.run(time.Minute, nil)
	refs := map[string]process.Ref{}
	for _, n := range []string{"e1.power", "t1.power", "t1.losses", "station.power", "bus.voltage", "t1.load", "f3.power", "f5.power", "e1.trip", "t1.trip"} {
		refs[n] = p.ref(n)
	}
	energy := map[string]float64{}
	for _, n := range []string{"e1", "f1", "f2", "f3", "f4", "f5"} {
		energy[n] = p.float(n + ".energy")
	}
	var sum [5]process.Ref
	for i, f := range feeders() {
		sum[i] = p.ref(f + ".power")
	}
	var worst, other, work, rest, day, night float64 // MW, MWh
	p.run(7*24*time.Hour, func(v process.View) {
		out := v.Float(refs["station.power"]) + v.Float(refs["t1.losses"])
		for _, r := range sum {
			out += v.Float(r)
		}
		worst = max(worst, math.Abs(v.Float(refs["e1.power"])-out))
		other += (v.Float(refs["station.power"]) + v.Float(refs["t1.losses"])) * tick.Hours()
		if u := v.Float(refs["bus.voltage"]); u < 19.6 || u > 21.6 {
			t.Fatalf("%s: %.2f kV on the busbar", p.now, u)
		}
		if v.Bool(refs["e1.trip"]) || v.Bool(refs["t1.trip"]) || v.Float(refs["t1.load"]) > 1 {
			t.Fatalf("%s: trip or overload in normal operation", p.now)
		}
		at := p.now.In(p.zone)
		switch weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday; {
		case at.Hour() != 10:
		case weekend:
			rest += v.Float(refs["f3.power"]) / 2
		default:
			work += v.Float(refs["f3.power"]) / 5
		}
		switch at.Hour() {
		case 12:
			day += v.Float(refs["f5.power"])
		case 0:
			night += math.Abs(v.Float(refs["f5.power"]))
		}
	})
	if worst > 0.35 {
		t.Errorf("power is out of balance by %.3f MW at worst", worst)
	}
	in := (p.float("e1.energy") - energy["e1"]) / 1000
	out := other
	for _, f := range feeders() {
		d := (p.float(f+".energy") - energy[f]) / 1000
		if f == "f5" {
			d = -d
		}
		if d == 0 {
			t.Errorf("%s: no energy in a week", f)
		}
		out += d
	}
	if math.Abs(in-out) > 0.005*in {
		t.Errorf("energy: %.1f MWh in, %.1f MWh out", in, out)
	}
	if work < 2*rest {
		t.Errorf("the works take %.0f on weekdays and %.0f at the weekend", work, rest)
	}
	if day >= 0 || night/2520 > 0.02 {
		t.Errorf("the solar park: %.2f at noon, %.2f at midnight", day, night)
	}
	if n := p.Faults(); n != 0 {
		t.Errorf("%d values could not be computed: %v", n, p.Faulty())
	}
	if n := p.float("t1.tap.operations"); n == 0 {
		t.Error("the tap changer has not moved in a week")
	}
}

// The measured values of a bay agree: I = S / (√3 U).
func TestSubstationCurrents(t *testing.T) {
	t.Parallel()
	p := newSubstation(t, 500*time.Millisecond)
	p.run(10*time.Minute, nil)
	for _, f := range append(feeders(), "t1") {
		s := math.Hypot(p.float(f+".power"), p.float(f+".reactive"))
		want := s / (math.Sqrt(3) * p.float("bus.voltage")) * 1000
		if got := p.float(f + ".current"); math.Abs(got-want) > 4 {
			t.Errorf("%s: %.1f A, P, Q and U make %.1f A", f, got, want)
		}
	}
}

// A feeder's breaker opens: its current goes, the transformer's falls by as
// much; forty minutes later it is back.
func TestSubstationFeederOpens(t *testing.T) {
	t.Parallel()
	p := newSubstation(t, 500*time.Millisecond)
	p.run(5*time.Minute, nil)
	before, load := p.float("t1.power"), p.float("f1.power")
	p.write("f1.q0.order", process.BoolValue(false))
	p.run(10*time.Second, nil)
	if p.bool("f1.q0.closed") || p.float("f1.current") > 2 || p.float("f1.q0.operations") == 0 {
		t.Errorf("opened: closed %v, %.1f A", p.bool("f1.q0.closed"), p.float("f1.current"))
	}
	if fell := before - p.float("t1.power"); math.Abs(fell-load) > 0.3 {
		t.Errorf("the transformer's load fell by %.2f MW, the feeder's was %.2f", fell, load)
	}
	p.run(42*time.Minute, nil)
	if !p.bool("f1.q0.closed") || p.float("f1.current") < 5 {
		t.Error("the feeder is not back after 42 minutes")
	}
}

// The busbar dies with the 110 kV breaker: no voltage, the alarm rises, the
// battery carries the station and is charged afterwards.
func TestSubstationBlackout(t *testing.T) {
	t.Parallel()
	p := newSubstation(t, 500*time.Millisecond)
	p.run(time.Minute, nil)
	p.write("e1.q0.order", process.BoolValue(false))
	p.run(30*time.Second, nil)
	for _, n := range []string{"bus.voltage", "f1.power", "f5.power", "e1.current", "t1.losses"} {
		if x := p.float(n); math.Abs(x) > 0.5 {
			t.Errorf("%s = %v without a source", n, x)
		}
	}
	if !p.bool("bus.undervoltage") || !p.bool("station.alarm") || p.bool("station.live") {
		t.Error("no alarm, or auxiliary supply from nowhere")
	}
	full := p.float("station.battery")
	p.run(30*time.Minute, nil)
	if sag := full - p.float("station.battery"); sag < 0.5 {
		t.Errorf("the battery fell by %.2f V in half an hour", sag)
	}
	p.run(4*time.Hour, nil)
	if !p.bool("bus.live") || p.bool("station.alarm") || p.float("station.battery") < 121 {
		t.Errorf("four hours later: live %v, alarm %v, battery %.1f V", p.bool("bus.live"), p.bool("station.alarm"), p.float("station.battery"))
	}
}

// Interlocks: a truck moves only with its breaker open, an earth switch only
// behind an open truck, a breaker closes only when both are right. Left so, the
// bay comes back in order.
func TestSubstationInterlocks(t *testing.T) {
	t.Parallel()
	p := newSubstation(t, 500*time.Millisecond)
	p.run(10*time.Second, nil)
	want := func(when string, truck, earth, ready bool) {
		t.Helper()
		if p.bool("f2.q1.permit") != truck || p.bool("f2.q8.permit") != earth || p.bool("f2.q0.ready") != ready {
			t.Errorf("%s: truck %v, earth switch %v, breaker %v; want %v, %v, %v", when, p.bool("f2.q1.permit"), p.bool("f2.q8.permit"), p.bool("f2.q0.ready"), truck, earth, ready)
		}
	}
	want("in service", false, false, true)
	p.write("f2.q0.order", process.BoolValue(false))
	p.run(5*time.Second, nil)
	want("opened", true, false, true)
	p.write("f2.q1.order", process.BoolValue(false))
	p.run(3*time.Second, nil)
	if x := p.float("f2.q1.position"); x != 0 {
		t.Errorf("position %v while the truck travels, want 0", x)
	}
	p.run(10*time.Second, nil)
	want("withdrawn", true, true, false)
	p.write("f2.q8.order", process.BoolValue(true))
	p.run(15*time.Second, nil)
	want("earthed", false, true, false)
	p.run(time.Hour, nil)
	want("put back", false, false, true)
	if !p.bool("f2.q0.closed") || p.float("f2.q8.position") != 1 {
		t.Error("the bay is not back in service")
	}
}

// The regulator holds the voltage, and in manual the tap stays where it is put.
func TestSubstationTapChanger(t *testing.T) {
	t.Parallel()
	p := newSubstation(t, 500*time.Millisecond)
	p.run(20*time.Minute, nil)
	if d := math.Abs(p.float("bus.voltage") - 20.6); d > 0.45 {
		t.Errorf("regulated voltage is off by %.2f kV", d)
	}
	p.write("t1.regulator", process.BoolValue(false))
	u, tap := p.float("bus.voltage"), p.float("t1.tap")
	p.write("t1.tap.order", process.FloatValue(tap-3))
	p.run(2*time.Minute, nil)
	if p.float("t1.tap") != tap-3 || u-p.float("bus.voltage") < 0.6 {
		t.Errorf("tap %v, %.2f kV lower", p.float("t1.tap"), u-p.float("bus.voltage"))
	}
	p.run(3*time.Hour, nil)
	if d := math.Abs(p.float("bus.voltage") - 20.6); !p.bool("t1.regulator") || d > 0.45 {
		t.Errorf("three hours later: regulator %v, off by %.2f kV", p.bool("t1.regulator"), d)
	}
}

// A storm on the overhead line trips its feeder and no other, and the feeder is
// put back when it has passed.
func TestSubstationFault(t *testing.T) {
	t.Parallel()
	p := newSubstation(t, 500*time.Millisecond, func(tag *process.Tag) {
		if tag.Name == "f4.storm" {
			tag.Start = process.FloatValue(8)
			tag.Motion = process.MotionSpec{Lag: "0", Tau: process.Duration(20 * time.Minute)}
		}
	})
	p.run(4*time.Second, nil)
	if !p.bool("f4.trip") || !p.bool("station.alarm") || p.float("station.word") == 0 {
		t.Errorf("short circuit: %.0f A, trip %v, alarm %v", p.float("f4.current"), p.bool("f4.trip"), p.bool("station.alarm"))
	}
	p.run(20*time.Second, nil)
	if p.bool("f4.q0.closed") || p.float("f4.current") > 2 || p.bool("f4.trip") {
		t.Errorf("tripped: closed %v, %.0f A", p.bool("f4.q0.closed"), p.float("f4.current"))
	}
	for _, other := range []string{"e1", "t1", "f1", "f2", "f3", "f5"} {
		if !p.bool(other + ".q0.closed") {
			t.Errorf("%s tripped with feeder 4", other)
		}
	}
	p.run(time.Hour, nil)
	if !p.bool("f4.q0.closed") || p.bool("station.alarm") {
		t.Errorf("an hour later: closed %v, alarm %v", p.bool("f4.q0.closed"), p.bool("station.alarm"))
	}
}
