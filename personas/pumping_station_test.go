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

// A plant is the shipped pumping station, stepped by hand.
type plant struct {
	*process.Process
	t    *testing.T
	now  time.Time
	tick time.Duration
	zone *time.Location
}

func newPlant(t *testing.T, tick time.Duration) *plant {
	t.Helper()
	folder, err := fs.Sub(personas.FS(), "pumping-station")
	if err != nil {
		t.Fatal(err)
	}
	p, err := persona.Load(folder, "pumping-station", persona.Installation{Seed: []byte("a secret of tests"), Born: born()})
	if err != nil {
		t.Fatal(err)
	}
	p.Process.Tick = tick
	sim, err := p.NewProcess()
	if err != nil {
		t.Fatal(err)
	}
	return &plant{Process: sim, t: t, now: born(), tick: tick, zone: p.Zone}
}

func (p *plant) ref(name string) process.Ref {
	p.t.Helper()
	r, ok := p.Ref(name)
	if !ok {
		p.t.Fatalf("no tag %s", name)
	}
	return r
}

func (p *plant) float(name string) float64 { p.t.Helper(); return p.View().Float(p.ref(name)) }
func (p *plant) bool(name string) bool     { p.t.Helper(); return p.View().Bool(p.ref(name)) }

func (p *plant) write(name string, v process.Value) {
	p.t.Helper()
	if err := p.Write("", process.Write{Tag: p.ref(name), Value: v}); err != nil {
		p.t.Fatal(err)
	}
}

// run steps the plant and calls each, where there is one, after each step.
func (p *plant) run(d time.Duration, each func(v process.View)) {
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(p.tick)
		p.Step(p.now)
		if each != nil {
			each(p.View())
		}
	}
}

// balance says by how many m³ each tank holds more than went in and came out.
func (p *plant) balance(d time.Duration) (raw, clear float64) {
	const rawArea, clearArea = 38.5, 48
	level, stored := p.float("raw.level"), p.float("clear.level")
	names := []string{"raw.inflow", "raw.outflow", "raw.overflow", "outlet.flow", "clear.overflow"}
	refs, sum := make([]process.Ref, len(names)), make([]float64, len(names))
	for i, name := range names {
		refs[i] = p.ref(name)
	}
	p.run(d, func(v process.View) {
		for i, r := range refs {
			sum[i] += v.Float(r) * p.tick.Hours()
		}
	})
	raw = (p.float("raw.level")-level)*rawArea - (sum[0] - sum[1] - sum[2])
	clear = (p.float("clear.level")-stored)*clearArea - (sum[1] - sum[3] - sum[4])
	return raw, clear
}

// A month of normal operation: levels within their bands, no alarm, pumps that
// take turns and switch as pumps do, more water by day than by night.
func TestMonthOfOperation(t *testing.T) {
	t.Parallel()
	days := 30
	if testing.Short() {
		days = 7
	}
	p := newPlant(t, 10*time.Second)
	var night, day, nights, hours float64
	starts := [2]float64{p.float("pump1.starts"), p.float("pump2.starts")}
	ran := [2]float64{p.float("pump1.hours"), p.float("pump2.hours")}
	bands := []struct {
		tag    string
		lo, hi float64
	}{
		{"raw.level", 1.2, 3.75}, {"clear.level", 2.0, 4.3}, {"chlorine.residual", 0.3, 0.7},
		{"chlorine.tank", 25, 200}, {"outlet.pressure", 2.8, 4.2}, {"mains.voltage", 380, 420}, {"clear.turbidity", 0.02, 0.45},
	}
	outlet := p.ref("outlet.flow")
	for range days * 24 {
		p.run(time.Hour, func(v process.View) {
			switch h := p.now.In(p.zone).Hour(); {
			case h >= 2 && h < 4:
				night, nights = night+v.Float(outlet), nights+1
			case h >= 7 && h < 21:
				day, hours = day+v.Float(outlet), hours+1
			}
		})
		for _, b := range bands {
			if x := p.float(b.tag); x < b.lo || x > b.hi {
				t.Fatalf("%s: %s = %v, outside %v to %v", p.now, b.tag, x, b.lo, b.hi)
			}
		}
		if p.bool("alarm.active") {
			t.Fatalf("%s: an alarm in normal operation", p.now)
		}
	}
	if ratio := (day / hours) / (night / nights); !(ratio >= 2 && ratio <= 6) { // NaN too
		t.Errorf("demand by day is %.1f times that by night, want 2 to 6", ratio)
	}
	for i, name := range []string{"pump1", "pump2"} {
		perDay := (p.float(name+".starts") - starts[i]) / float64(days)
		if perDay < 2 || perDay > 12 {
			t.Errorf("%s: %.1f starts a day, want 2 to 12", name, perDay)
		}
		if share := (p.float(name+".hours") - ran[i]) / (24 * float64(days)); share < 0.15 || share > 0.5 {
			t.Errorf("%s ran %.0f %% of the time; the pumps should share the work", name, share*100)
		}
	}
	if n := p.Faults(); n != 0 {
		t.Errorf("%d expressions failed, of tags %v", n, p.Faulty())
	}
}

// No water is made or lost, in normal operation and when both tanks spill.
func TestMassBalance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		upset func(p *plant)
	}{
		{"normal operation", func(*plant) {}},
		{"manual, inlet open, pumps off", func(p *plant) {
			p.write("plant.auto", process.BoolValue(false))
			p.write("inlet.command", process.FloatValue(100))
			p.write("pump1.command", process.BoolValue(false))
			p.write("pump2.command", process.BoolValue(false))
		}},
		{"manual, inlet open, pumps on", func(p *plant) {
			p.write("plant.auto", process.BoolValue(false))
			p.write("inlet.command", process.FloatValue(100))
			p.write("pump1.command", process.BoolValue(true))
			p.write("pump2.command", process.BoolValue(true))
		}},
		{"manual, inlet closed", func(p *plant) {
			p.write("plant.auto", process.BoolValue(false))
			p.write("inlet.command", process.FloatValue(0))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlant(t, 2*time.Second)
			c.upset(p)
			raw, clear := p.balance(6 * time.Hour)
			// Some 500 m³ pass; levels are shown to 1 mm with 1.5 mm of noise.
			if math.Abs(raw) > 0.5 || math.Abs(clear) > 0.6 {
				t.Errorf("raw tank %+.2f m³, clear tank %+.2f m³ from nowhere", raw, clear)
			}
		})
	}
}

// The valve moves the level within the tank: to the weir and no further.
func TestInletValveMovesLevel(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 2*time.Second)
	before := p.float("raw.level")
	p.write("inlet.command", process.FloatValue(100))
	p.run(20*time.Minute, nil)
	if rise := p.float("raw.level") - before; rise < 0.2 {
		t.Errorf("in automatic, the valve opened raised the level by %.2f m", rise)
	}
	p.write("plant.auto", process.BoolValue(false))
	p.write("pump1.command", process.BoolValue(false))
	p.write("pump2.command", process.BoolValue(false))
	p.write("inlet.command", process.FloatValue(100))
	p.run(2*time.Hour, nil)
	if level := p.float("raw.level"); level < 4.0 || level > 4.2 {
		t.Errorf("raw tank %.2f m with the valve open and no pump, want it at its weir", level)
	}
	if !p.bool("alarm.raw_high") || p.float("raw.overflow") < 50 {
		t.Errorf("high alarm %v, overflow %.1f m³/h", p.bool("alarm.raw_high"), p.float("raw.overflow"))
	}
}

// A pump without water trips, and what visitors did passes.
func TestDryRunTripsAndRecovers(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 2*time.Second)
	p.write("plant.auto", process.BoolValue(false))
	p.write("inlet.command", process.FloatValue(0))
	p.write("pump1.command", process.BoolValue(true))
	p.write("pump2.command", process.BoolValue(true))
	p.run(2*time.Hour, nil)
	if !p.bool("pump1.fault") || !p.bool("pump2.fault") || p.bool("pump1.run") || !p.bool("alarm.active") {
		t.Errorf("no trip at %.2f m", p.float("raw.level"))
	}
	p.run(20*time.Hour, nil)
	if p.bool("pump1.fault") || p.bool("pump2.fault") || !p.bool("plant.auto") || p.bool("alarm.active") {
		t.Errorf("a day later: faults %v %v, auto %v, alarm %v, raw %.2f m, clear %.2f m", p.bool("pump1.fault"), p.bool("pump2.fault"),
			p.bool("plant.auto"), p.bool("alarm.active"), p.float("raw.level"), p.float("clear.level"))
	}
}

// Without its controller the plant runs on: pumps stop, tanks follow.
func TestStoppedController(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 2*time.Second)
	p.run(10*time.Minute, nil)
	p.write("plc.mode", process.TextValue("stop"))
	p.run(5*time.Hour, nil)
	if p.bool("pump1.run") || p.bool("pump2.run") || p.float("chlorine.dose") != 0 {
		t.Error("pumps or dosing run without their controller")
	}
	if level := p.float("clear.level"); level > 1.5 || !p.bool("alarm.clear_low") {
		t.Errorf("clear tank %.2f m, low alarm %v, after five hours of demand", level, p.bool("alarm.clear_low"))
	}
}

// Chlorine follows its setpoint, slowly.
func TestChlorineLags(t *testing.T) {
	t.Parallel()
	p := newPlant(t, 2*time.Second)
	p.write("chlorine.setpoint", process.FloatValue(1.5))
	p.run(2*time.Minute, nil)
	if x := p.float("chlorine.residual"); x > 0.8 {
		t.Errorf("residual %.2f mg/l two minutes after the setpoint", x)
	}
	p.run(6*time.Hour, nil)
	if x := p.float("chlorine.residual"); x < 1.2 || x > 1.7 || !p.bool("alarm.chlorine_high") {
		t.Errorf("residual %.2f mg/l six hours after the setpoint 1.5, alarm %v", x, p.bool("alarm.chlorine_high"))
	}
}

// A page or a panel can label every tag.
func TestTagsAreLabelled(t *testing.T) {
	for _, tag := range newPlant(t, 2*time.Second).Tags() {
		if tag.Title == "" {
			t.Errorf("tag %s has no title", tag.Name)
		}
		if tag.Type == process.Float32 && tag.Unit == "" && tag.Name != "demand.trim" {
			t.Errorf("tag %s has no unit", tag.Name)
		}
	}
}
