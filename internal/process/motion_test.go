package process

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

// monday is a moment whose hour and weekday the schedules below know.
func monday() time.Time { return time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC) }

// A bench steps a plant by hand, one second a tick.
type bench struct {
	t *testing.T
	*Process
	now time.Time
}

func newBench(t *testing.T, tags ...Tag) *bench {
	t.Helper()
	return newBenchOf(t, Config{Tags: tags})
}

func newBenchOf(t *testing.T, cfg Config) *bench {
	t.Helper()
	if cfg.Tick == 0 {
		cfg.Tick = time.Second
	}
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, p, monday()}
}

// run steps n seconds on.
func (b *bench) run(n int) {
	for range n {
		b.now = b.now.Add(b.tick)
		b.Step(b.now)
	}
}

func (b *bench) ref(name string) Ref {
	b.t.Helper()
	r, ok := b.Ref(name)
	if !ok {
		b.t.Fatalf("no tag %s", name)
	}
	return r
}

func (b *bench) write(name string, v Value) {
	b.t.Helper()
	if err := b.Write("visitor", Write{b.ref(name), v}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) want(name, text string) {
	b.t.Helper()
	if got := b.View().Text(b.ref(name)); got != text {
		b.t.Errorf("%s is %s, want %s", name, got, text)
	}
}

func (b *bench) near(name string, want, by float64) {
	b.t.Helper()
	if got := b.View().Float(b.ref(name)); math.Abs(got-want) > by {
		b.t.Errorf("%s is %v, want %v ± %v", name, got, want, by)
	}
}

func number(name string, start float64, m MotionSpec) Tag {
	return Tag{Name: name, Type: Float32, Start: FloatValue(start), Writable: true, Motion: m}
}

func boolean(name string, m MotionSpec) Tag {
	return Tag{Name: name, Type: Bool, Start: BoolValue(false), Writable: true, Motion: m}
}

func seconds(n float64) Duration { return Duration(n * float64(time.Second)) }

func TestConstant(t *testing.T) {
	b := newBench(t, number("a.b", 1.5, MotionSpec{}))
	b.run(3)
	b.want("a.b", "1.5")
	b.write("a.b", FloatValue(7))
	b.want("a.b", "7")
	b.run(1000)
	b.want("a.b", "7")
}

func TestExpr(t *testing.T) {
	b := newBench(t,
		number("raw.level", 2.5, MotionSpec{}),
		Tag{Name: "raw.high", Type: Bool, Motion: MotionSpec{Expr: "raw.level > 4"}},
		Tag{Name: "raw.mm", Type: Int16, Motion: MotionSpec{Expr: "clamp(raw.level * 1000, 0, 1e9)"}},
		Tag{Name: "raw.state", Type: Text, Motion: MotionSpec{Expr: `raw.high ? "HIGH" : "OK"`}},
		Tag{Name: "raw.count", Type: Uint32, Start: IntValue(0), Motion: MotionSpec{Expr: "let step = 1; self + step"}},
	)
	b.want("raw.mm", "2500") // New has placed what follows
	b.want("raw.state", "OK")
	b.write("raw.level", FloatValue(40))
	b.run(1)
	b.want("raw.high", "true")
	b.want("raw.mm", "32767") // an int16 ends there
	b.want("raw.state", "OK") // computed from the snapshot before
	b.run(1)
	b.want("raw.state", "HIGH")
	b.want("raw.count", "2")
}

func TestSchedule(t *testing.T) {
	demand := []Point{
		{At: "06:00", Value: int64(10), Days: "mon-fri"},
		{At: "18:00", Value: 30.0, Days: "mon-fri"},
		{At: "12:00", Value: 5.0, Days: "sat,sun"},
	}
	b := newBench(t,
		number("demand", 0, MotionSpec{Schedule: demand}),
		number("held", 0, MotionSpec{Schedule: demand, Hold: true}),
		Tag{Name: "shift", Type: Text, Motion: MotionSpec{Schedule: []Point{{At: "06:00", Value: "day"}, {At: "22:00", Value: "night"}}}},
	)
	for _, c := range []struct {
		day, hour    int
		demand, held float64
		shift        string
	}{
		{0, 6, 10, 10, "day"}, {0, 12, 20, 10, "day"}, {0, 18, 30, 30, "day"}, {1, 0, 20, 30, "night"},
		{5, 12, 5, 5, "day"}, {6, 0, 5, 5, "night"},
		{7, 0, 5 + 5.0*12/18, 5, "night"}, // from Sunday noon to Monday six
	} {
		b.Step(monday().AddDate(0, 0, c.day).Add(time.Duration(c.hour) * time.Hour))
		b.near("demand", c.demand, 1e-5)
		b.near("held", c.held, 0)
		b.want("shift", c.shift)
	}
}

func TestNoise(t *testing.T) {
	b := newBench(t,
		number("t", 20, MotionSpec{Noise: 0.5}),
		number("twice", 0, MotionSpec{Expr: "t * 2"}),
	)
	sum, squares, n := 0.0, 0.0, 20000
	for range n {
		b.run(1)
		x := b.View().Float(b.ref("t")) - 20
		sum += x
		squares += x * x
	}
	if mean, sd := sum/float64(n), math.Sqrt(squares/float64(n)); math.Abs(mean) > 0.02 || math.Abs(sd-0.5) > 0.02 {
		t.Errorf("noise has mean %v and deviation %v, want 0 and 0.5", mean, sd)
	}
	b.want("twice", "40") // physics sees no noise
}

func TestWalk(t *testing.T) {
	b := newBench(t, number("ph", 7.2, MotionSpec{Walk: 0.02, Tau: seconds(60)}))
	squares, n := 0.0, 50000
	for range n {
		b.run(1)
		x := b.View().Float(b.ref("ph")) - 7.2
		squares += x * x
	}
	// The stationary deviation of an Ornstein-Uhlenbeck process: walk·√(τ/2).
	if sd, want := math.Sqrt(squares/float64(n)), 0.02*math.Sqrt(30); math.Abs(sd-want) > want/8 {
		t.Errorf("walk has deviation %v, want %v", sd, want)
	}
	b.write("ph", FloatValue(14))
	b.run(600)
	b.near("ph", 7.2, 0.6)
}

func TestLag(t *testing.T) {
	b := newBench(t,
		number("set", 10, MotionSpec{}),
		Tag{Name: "flow", Type: Float32, Motion: MotionSpec{Lag: "set", Tau: seconds(30)}},
		Tag{Name: "valve", Type: Float32, Motion: MotionSpec{Lag: "set", Rate: 2}},
	)
	b.want("flow", "10") // begins at its target
	b.write("set", FloatValue(20))
	b.run(3)
	b.want("valve", "16")
	b.run(27)
	b.near("flow", 20-10/math.E, 1e-4)
	b.want("valve", "20")
}

func TestIntegrate(t *testing.T) {
	b := newBench(t, Tag{Name: "level", Type: Float32, Max: 4.2, Start: FloatValue(2), Writable: true,
		Motion: MotionSpec{Integrate: "0.1"}})
	b.run(10)
	b.near("level", 3, 1e-6)
	b.write("level", FloatValue(0.5)) // sets the state; physics goes on
	b.run(10)
	b.near("level", 1.5, 1e-6)
	b.run(1000)
	b.near("level", 4.2, 1e-6)
}

func TestIntegrateKeepsSmallSteps(t *testing.T) {
	b := newBench(t, number("big", 1e6, MotionSpec{Integrate: "0.001"}))
	b.run(1000) // each step is far below float32's resolution at 1e6
	b.near("big", 1e6+1, 1e-3)
}

func TestLatch(t *testing.T) {
	b := newBench(t,
		number("level", 2, MotionSpec{}),
		boolean("pump", MotionSpec{Set: "level > 3", Reset: "level < 1"}),
	)
	for _, c := range []struct {
		level float64
		pump  string
	}{{2, "false"}, {3.5, "true"}, {2, "true"}, {0.5, "false"}, {2, "false"}} {
		b.write("level", FloatValue(c.level))
		b.run(1)
		b.want("pump", c.pump)
	}
	b.write("pump", BoolValue(true))
	b.run(50)
	b.want("pump", "true")
	b.write("level", FloatValue(0))
	b.run(1)
	b.want("pump", "false")
}

func TestDelay(t *testing.T) {
	b := newBench(t, boolean("inlet", MotionSpec{}), boolean("out", MotionSpec{Delay: "inlet", On: seconds(3), Off: seconds(1)}))
	b.write("inlet", BoolValue(true))
	b.run(3)
	b.want("out", "false")
	b.run(1) // seen at the first tick, three seconds ago
	b.want("out", "true")
	b.write("inlet", BoolValue(false))
	b.run(1)
	b.want("out", "true")
	b.run(1)
	b.want("out", "false")
	b.write("inlet", BoolValue(true))
	b.run(2)
	b.write("inlet", BoolValue(false)) // too short
	b.run(5)
	b.want("out", "false")
}

func TestTotal(t *testing.T) {
	b := newBench(t,
		boolean("run", MotionSpec{}), number("flow", 36, MotionSpec{}),
		Tag{Name: "hours", Type: Uint16, Start: IntValue(65535), Writable: true, Motion: MotionSpec{Total: "run"}},
		Tag{Name: "volume", Type: Float32, Max: 100, Start: FloatValue(99.9), Motion: MotionSpec{Total: "flow"}},
		Tag{Name: "litres", Type: Uint32, Motion: MotionSpec{Total: "flow", Per: seconds(1)}},
	)
	b.run(5)
	b.want("hours", "65535")
	b.want("litres", "180")
	b.run(10)
	b.near("volume", 0.05, 1e-5) // past 100 the register begins again
	b.write("run", BoolValue(true))
	b.run(3599)
	b.want("hours", "65535")
	b.run(1)
	b.want("hours", "0")
	b.write("flow", FloatValue(-5))
	b.run(10)
	litres := b.View().Text(b.ref("litres"))
	b.run(100)
	b.want("litres", litres)
}

func TestEdge(t *testing.T) {
	b := newBench(t,
		Tag{Name: "inlet", Type: Bool, Start: BoolValue(true), Writable: true},
		Tag{Name: "starts", Type: Uint16, Motion: MotionSpec{Edge: "inlet"}},
		Tag{Name: "stops", Type: Uint16, Motion: MotionSpec{Edge: "inlet", When: "fall"}},
		Tag{Name: "both", Type: Uint16, Motion: MotionSpec{Edge: "inlet", When: "both"}},
		Tag{Name: "pulse", Type: Bool, Motion: MotionSpec{Edge: "inlet", Width: seconds(2)}},
	)
	b.run(2)
	b.want("starts", "0") // true from the first is no edge
	b.write("inlet", BoolValue(false))
	b.run(2)
	b.want("stops", "1")
	b.want("pulse", "false")
	b.write("inlet", BoolValue(true))
	b.run(1)
	b.want("pulse", "true")
	b.run(1)
	b.want("pulse", "true")
	b.run(1)
	b.want("pulse", "false")
	b.want("starts", "1")
	b.want("both", "2")
}

func TestResolution(t *testing.T) {
	b := newBench(t, Tag{Name: "p", Type: Float32, Resolution: 0.05, Start: FloatValue(0), Motion: MotionSpec{Integrate: "0.02"}})
	for _, want := range []string{"0", "0.05", "0.05", "0.1", "0.1"} {
		b.run(1)
		b.want("p", want)
	}
}

func TestNotANumberKeepsTheOldValue(t *testing.T) {
	b := newBench(t,
		number("a", 1, MotionSpec{}),
		number("bad", 5, MotionSpec{Expr: "a > 0 ? a : a / (a - a)"}),
		number("sum", 5, MotionSpec{Integrate: "1 / a"}),
	)
	b.run(1)
	b.write("a", FloatValue(0))
	b.run(2)
	b.want("bad", "1")
	b.want("sum", "6")
	if got := b.Faults(); got != 4 {
		t.Errorf("%d faults, want 4", got)
	}
	b.write("a", FloatValue(math.Inf(1)))
	b.write("a", FloatValue(math.NaN()))
	b.want("a", "0")
	if got := strings.Join(b.Faulty(), " "); b.Faults() != 6 || got != "a bad sum" {
		t.Errorf("%d faults of %s", b.Faults(), got)
	}
}

func TestNewRefuses(t *testing.T) {
	level := number("raw.level", 1, MotionSpec{})
	for _, c := range []struct {
		name string
		tag  Tag
		want string
	}{
		{"unknown tag", number("x", 0, MotionSpec{Expr: "raw.levl * 2"}), `tag x: motion: expr = "raw.levl * 2": no such tag named raw.levl: did you mean raw.level?`},
		{"bool for number", number("x", 0, MotionSpec{Expr: "raw.level > 2"}), "condition ? 1 : 0"},
		{"number for bool", boolean("x", MotionSpec{Set: "raw.level", Reset: "false"}), "true or false"},
		{"number for text", Tag{Name: "x", Type: Text, Motion: MotionSpec{Expr: "raw.level"}}, "string(…)"},
		{"syntax", number("x", 0, MotionSpec{Integrate: "raw.level +"}), "tag x: motion: integrate"},
		{"two motions", number("x", 0, MotionSpec{Expr: "1", Lag: "2", Tau: 1}), "both expr and lag"},
		{"stray key", number("x", 0, MotionSpec{Expr: "1", Tau: 1}), "tau belongs to walk and lag"},
		{"lag without tau", number("x", 0, MotionSpec{Lag: "1"}), "lag needs tau"},
		{"half a latch", boolean("x", MotionSpec{Set: "true"}), "needs both set and reset"},
		{"bool that integrates", boolean("x", MotionSpec{Integrate: "1"}), "a bool cannot move by integrate"},
		{"keyword", number("not.x", 0, MotionSpec{}), "rename"},
		{"clock's name", number("hour", 0, MotionSpec{}), "rename"},
		{"odd letter", number("a-b", 0, MotionSpec{}), "letters, digits"},
		{"twice", level, "declared twice"},
		{"start outside", Tag{Name: "x", Type: Uint16, Start: IntValue(-1)}, "outside the tag's range"},
		{"no program", Tag{Name: "x", Type: Bool, Program: "plc"}, "mode = "},
		{"stop without program", Tag{Name: "x", Type: Bool, Stop: BoolValue(false)}, "needs program"},
		{"time of day", number("x", 0, MotionSpec{Schedule: []Point{{At: "25:00", Value: 1.0}}}), `"25:00" is not a time`},
		{"weekday", number("x", 0, MotionSpec{Schedule: []Point{{At: "05:00", Days: "mo", Value: 1.0}}}), `days = "mo"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := New(Config{Tags: []Tag{level, c.tag}})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "tag "+c.tag.Name) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	_, err := New(Config{Tags: []Tag{number("x", 0, MotionSpec{Expr: "y.z"})}})
	if !errors.Is(err, ErrNoTag) {
		t.Errorf("error %v does not wrap ErrNoTag", err)
	}
}
