package process

import (
	"math"
	"testing"
	"time"
)

// waterPlant is a small pumping station: a raw tank filled through a valve, a
// pump that a latch runs, and a clear tank that the town empties.
func waterPlant() Config {
	return Config{Programs: map[string]string{"plc": "plc.mode"}, Tick: time.Second, Tags: []Tag{
		{Name: "plc.mode", Type: Text, Start: TextValue(ModeRun), Writable: true},
		{Name: "valve.set", Type: Float32, Max: 100, Start: FloatValue(43.5), Writable: true},
		{Name: "valve.pos", Type: Float32, Max: 100, Motion: MotionSpec{Lag: "valve.set", Rate: 5}},
		{Name: "raw.inflow", Type: Float32, Motion: MotionSpec{Expr: "0.04 * valve.pos / 100"}},
		{Name: "raw.level", Type: Float32, Max: 4.2, Start: FloatValue(2.6),
			Motion: MotionSpec{Integrate: "(raw.inflow - pump1.flow) / 38.5"}},
		{Name: "pump1.run", Type: Bool, Start: BoolValue(false), Stop: BoolValue(false), Program: "plc",
			Motion: MotionSpec{Set: "raw.level > 3.0", Reset: "raw.level < 1.0 || clear.level > 4.5"}},
		{Name: "pump1.flow", Type: Float32, Motion: MotionSpec{Lag: "pump1.run ? 0.03 : 0.0", Tau: seconds(4)}},
		{Name: "clear.level", Type: Float32, Max: 5, Start: FloatValue(3),
			Motion: MotionSpec{Integrate: "(pump1.flow - demand) / 60"}},
		{Name: "demand", Type: Float32, Motion: MotionSpec{Schedule: []Point{
			{At: "03:00", Value: 0.008}, {At: "08:00", Value: 0.022}, {At: "19:00", Value: 0.02},
		}}},
		{Name: "raw.high", Type: Bool, Motion: MotionSpec{Expr: "raw.level > 4.0"}},
		{Name: "inflow.volume", Type: Float32, Motion: MotionSpec{Total: "raw.inflow", Per: seconds(1)}},
		{Name: "outflow.volume", Type: Float32, Motion: MotionSpec{Total: "demand", Per: seconds(1)}},
	}}
}

// What is in the two tanks more is what came in less what went out.
func TestMassBalance(t *testing.T) {
	b := newBenchOf(t, waterPlant())
	exact := func(name string) float64 { return b.Process.now.Load().cells[b.ref(name)].exact }
	stored := func() float64 { return exact("raw.level")*38.5 + exact("clear.level")*60 }
	before, starts, was := stored(), 0, false
	for n := range 24 * 3600 {
		b.run(1)
		if run := b.View().Bool(b.ref("pump1.run")); run != was {
			was = run
			starts++
		}
		if level := exact("raw.level"); level <= 0 || level >= 4.2 {
			t.Fatalf("the raw tank is at its limit after %d s", n)
		}
		if level := exact("clear.level"); level <= 0 || level >= 5 {
			t.Fatalf("the clear tank is at its limit after %d s", n)
		}
	}
	gained, passed := stored()-before, exact("inflow.volume")-exact("outflow.volume")
	if math.Abs(gained-passed) > 1e-6 {
		t.Errorf("the tanks gained %v m³, but %v m³ came in more than went out", gained, passed)
	}
	if starts < 4 || b.Faults() > 0 {
		t.Errorf("the pump switched %d times, %d faults", starts, b.Faults())
	}
}

// A visitor opens the valve and stops the PLC: the level rises to its limit and the alarm goes true.
func TestVisitorFloodsTheTank(t *testing.T) {
	b := newBenchOf(t, waterPlant())
	b.run(60)
	b.want("raw.high", "false")
	b.write("valve.set", FloatValue(900))
	b.write("plc.mode", TextValue(ModeStop))
	b.run(2 * 3600)
	b.want("valve.pos", "100")
	b.want("raw.level", "4.2")
	b.want("raw.high", "true")
	b.want("pump1.run", "false")
	b.near("pump1.flow", 0, 1e-6)
}
