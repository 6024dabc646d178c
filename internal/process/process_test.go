package process

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWriteConverts(t *testing.T) {
	for _, c := range []struct {
		tag   Tag
		value Value
		want  string
	}{
		{Tag{Type: Int16}, FloatValue(1e9), "32767"},
		{Tag{Type: Int16}, FloatValue(-2.5), "-3"},
		{Tag{Type: Uint16}, IntValue(-5), "0"},
		{Tag{Type: Int32}, IntValue(1 << 40), "2147483647"},
		{Tag{Type: Uint32}, TextValue(" 12.4 "), "12"},
		{Tag{Type: Float32}, FloatValue(0.1), "0.1"},
		{Tag{Type: Float32}, FloatValue(1e300), "340282350000000000000000000000000000000"},
		{Tag{Type: Float32, Min: -1, Max: 4.2}, IntValue(50), "4.2"},
		{Tag{Type: Float32}, BoolValue(true), "1"},
		{Tag{Type: Bool}, IntValue(255), "true"},
		{Tag{Type: Bool}, TextValue("Off"), "false"},
		{Tag{Type: Text}, FloatValue(2.5), "2.5"},
		{Tag{Type: Text, Max: 3}, TextValue("abcdef"), "abc"},
	} {
		c.tag.Name, c.tag.Writable = "x", true
		b := newBench(t, c.tag)
		b.write("x", c.value)
		b.want("x", c.want)
	}
}

func TestWriteAllOrNone(t *testing.T) {
	b := newBench(t, number("a", 1, MotionSpec{}), Tag{Name: "fixed", Type: Bool}, boolean("c", MotionSpec{}))
	a, fixed, c := b.ref("a"), b.ref("fixed"), b.ref("c")
	for _, w := range []struct {
		bad  Write
		want error
	}{
		{Write{fixed, BoolValue(true)}, ErrReadOnly},
		{Write{-1, BoolValue(true)}, ErrNoTag},
		{Write{3, BoolValue(true)}, ErrNoTag},
		{Write{c, TextValue("perhaps")}, ErrType},
	} {
		if err := b.Write("v", Write{a, FloatValue(9)}, w.bad); !errors.Is(err, w.want) {
			t.Errorf("error %v, want %v", err, w.want)
		}
	}
	b.want("a", "1")
	if err := b.Write("v", Write{a, FloatValue(9)}, Write{c, BoolValue(true)}); err != nil {
		t.Fatal(err)
	}
	b.want("a", "9")
	b.want("c", "true")
}

// Writers set a pair of tags to the same number; no view may see them differ.
func TestViewsAreCoherent(t *testing.T) {
	p, err := New(Config{Rate: -1, Tick: time.Millisecond, Tags: []Tag{
		{Name: "a", Type: Int32, Writable: true}, {Name: "b", Type: Int32, Writable: true},
		{Name: "diff", Type: Int32, Motion: MotionSpec{Expr: "a - b"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.Run(ctx) })
	wg.Go(func() {
		for range p.Changes(ctx) {
		}
	})
	for w := range 3 {
		wg.Go(func() {
			for n := int64(w); ctx.Err() == nil; n += 3 {
				if err := p.Write(strconv.Itoa(w), Write{0, IntValue(n)}, Write{1, IntValue(n)}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for ctx.Err() == nil {
				if v := p.View(); v.Int(0) != v.Int(1) || v.Int(2) != 0 {
					t.Errorf("a %v, b %v, diff %v", v.Value(0), v.Value(1), v.Value(2))
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestDrift(t *testing.T) {
	b := newBenchOf(t, Config{Drift: time.Minute, Rate: -1, Tags: []Tag{
		number("setpoint", 2.5, MotionSpec{}),
		boolean("alarm", MotionSpec{Expr: "setpoint > 100"}),
		boolean("pump", MotionSpec{Set: "false", Reset: "false"}),
		{Name: "hours", Type: Float32, Start: FloatValue(100), Writable: true, Motion: MotionSpec{Total: "1", Per: seconds(1)}},
		{Name: "mode", Type: Text, Start: TextValue("run"), Writable: true, Drift: 10 * time.Second},
		{Name: "note", Type: Text, Writable: true, Drift: -1},
	}})
	for name, v := range map[string]Value{
		"setpoint": FloatValue(9), "alarm": BoolValue(true), "pump": BoolValue(true), "hours": FloatValue(0),
		"mode": TextValue("stop"), "note": TextValue("was here"),
	} {
		b.write(name, v)
	}
	b.run(9)
	b.want("mode", "stop")
	b.run(1)
	b.want("mode", "run")
	b.run(40)
	b.write("hours", FloatValue(10)) // begins its minute again
	b.run(9)
	b.want("setpoint", "9")
	b.want("alarm", "true")
	b.want("pump", "true")
	b.run(1)
	b.want("setpoint", "2.5")
	b.want("alarm", "false")
	b.want("pump", "false")
	b.want("hours", "20")
	b.run(50)
	b.want("hours", "210") // 100 and the 110 seconds since
	b.want("note", "was here")
}

func TestProgram(t *testing.T) {
	b := newBenchOf(t, Config{Programs: map[string]string{"plc": "plc.mode"}, Tags: []Tag{
		{Name: "plc.mode", Type: Text, Start: TextValue(ModeRun), Writable: true},
		{Name: "pump", Type: Bool, Start: BoolValue(true), Stop: BoolValue(false), Program: "plc", Writable: true},
		{Name: "count", Type: Uint16, Program: "plc", Start: IntValue(0), Motion: MotionSpec{Expr: "self + 1"}},
		number("level", 0, MotionSpec{Integrate: "1"}),
	}})
	b.run(5)
	b.want("count", "5")
	for _, mode := range []string{ModeStop, ModeStartup} {
		b.write("plc.mode", TextValue(mode))
		b.run(5)
		b.want("count", "5") // holds
		b.want("pump", "false")
	}
	b.want("level", "15") // nature goes on
	b.write("plc.mode", TextValue(ModeRun))
	b.run(1)
	b.want("count", "6")
	b.want("pump", "true")
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBenchOf(t, Config{Rate: 2, Burst: 3, Tags: []Tag{number("a", 0, MotionSpec{})}})
		try := func(by string) error { return b.Write(by, Write{0, FloatValue(1)}) }
		for n := range 3 {
			if err := try("one"); err != nil {
				t.Fatalf("write %d: %v", n, err)
			}
		}
		if err := try("one"); !errors.Is(err, ErrRate) {
			t.Fatalf("error %v, want ErrRate", err)
		}
		if err := errors.Join(try("two"), try("")); err != nil {
			t.Errorf("another source is limited: %v", err)
		}
		time.Sleep(500 * time.Millisecond)
		if err := try("one"); err != nil {
			t.Errorf("a token later: %v", err)
		}
		if err := try("one"); !errors.Is(err, ErrRate) {
			t.Errorf("error %v, want ErrRate", err)
		}
		for n := range 3 * sources {
			_ = try(strconv.Itoa(n))
		}
		if n := len(b.rate.buckets); n > sources {
			t.Errorf("%d sources remembered, want at most %d", n, sources)
		}
	})
}

// Two plants of one seed agree tick by tick under Run; another seed does not.
func TestDeterminism(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tags := []Tag{
			number("walk", 7, MotionSpec{Walk: 0.1, Tau: seconds(10)}), number("noise", 1, MotionSpec{Noise: 0.1}),
			number("sum", 0, MotionSpec{Integrate: "walk * sin(hour)"}),
		}
		var plants [3]*Process
		ctx, stop := context.WithCancel(t.Context())
		for i := range plants {
			var err error
			if plants[i], err = New(Config{Tags: tags, Seed: [32]byte{byte(i / 2)}}); err != nil {
				t.Fatal(err)
			}
			go func() { _ = plants[i].Run(ctx) }()
		}
		same := 0
		for range 100 {
			time.Sleep(time.Second)
			synctest.Wait()
			a, b, c := plants[0].View(), plants[1].View(), plants[2].View()
			for r := range Ref(len(tags)) {
				if a.Value(r) != b.Value(r) {
					t.Fatalf("%s is %v and %v", tags[r].Name, a.Value(r), b.Value(r))
				}
			}
			if a.Value(1) == c.Value(1) {
				same++
			}
		}
		if same > 0 {
			t.Errorf("another seed has the same noise %d times", same)
		}
		if got := plants[0].View().Time(); time.Since(got) >= 250*time.Millisecond {
			t.Errorf("the view is of %v", got)
		}
		stop()
		synctest.Wait()
	})
}

func TestLateTicks(t *testing.T) {
	b := newBench(t, number("level", 0, MotionSpec{Integrate: "1"}))
	last := monday()
	for _, c := range []struct {
		now   time.Duration
		level string
		last  time.Duration
	}{
		{900 * time.Millisecond, "0", 0},
		{3500 * time.Millisecond, "3", 3 * time.Second},
		{24 * time.Hour, "43", 24 * time.Hour}, // the machine slept: the plant did too
	} {
		last = b.stepUntil(monday().Add(c.now), last)
		b.want("level", c.level)
		if !last.Equal(monday().Add(c.last)) {
			t.Errorf("ticks are done up to %v, want %v", last.Sub(monday()), c.last)
		}
	}
}

func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, number("a", 0, MotionSpec{}), boolean("b", MotionSpec{}), number("c", 0, MotionSpec{}))
		ctx, stop := context.WithCancel(t.Context())
		var got []Change
		slow := make(chan struct{})
		changes := b.Changes(ctx, b.ref("a"), b.ref("b"))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for c := range changes {
				got = append(got, c)
				<-slow
			}
		}()
		b.write("c", FloatValue(5)) // not asked for
		b.write("a", FloatValue(1))
		synctest.Wait()
		time.Sleep(time.Second)
		for n := range 50 { // while the consumer is busy with the first
			b.write("a", FloatValue(float64(n+2)))
			b.write("b", BoolValue(n%2 == 0)) // ends as it began
		}
		at := time.Now()
		close(slow)
		synctest.Wait()
		stop()
		<-ended
		if len(got) != 2 {
			t.Fatalf("%d changes, want 2: %v", len(got), got)
		}
		if c := got[0]; c.Value.Text() != "1" || c.Previous.Text() != "0" {
			t.Errorf("first change %+v", c)
		}
		if c := got[1]; c.Value.Text() != "51" || c.Previous.Text() != "1" || c.By != "visitor" || !c.Time.Equal(at) {
			t.Errorf("second change %+v", c)
		}
	})
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		v    Value
		b    bool
		i    int64
		f    float64
		text string
	}{
		{Value{}, false, 0, 0, ""},
		{BoolValue(true), true, 1, 1, "true"},
		{IntValue(-3), true, -3, -3, "-3"},
		{FloatValue(2.5), true, 3, 2.5, "2.5"},
		{FloatValue(float64(float32(0.1))), true, 0, float64(float32(0.1)), "0.1"},
		{FloatValue(1e300), true, 1<<63 - 1, 1e300, FloatValue(1e300).Text()},
		{TextValue("12.6"), false, 13, 12.6, "12.6"},
		{TextValue("on"), true, 0, 0, "on"},
	} {
		if c.v.Bool() != c.b || c.v.Int() != c.i || c.v.Float() != c.f || c.v.Text() != c.text {
			t.Errorf("%#v reads %v %v %v %q", c.v, c.v.Bool(), c.v.Int(), c.v.Float(), c.v.Text())
		}
		if back, err := ValueOf(c.v.Any()); err != nil || back != c.v {
			t.Errorf("ValueOf(%v) is %v, %v", c.v.Any(), back, err)
		}
	}
}

// A random walk over the API: nothing may panic or leave a tag outside its limits.
func TestAnyWriteStaysInLimits(t *testing.T) {
	b := newBenchOf(t, Config{Rate: -1, Drift: 5 * time.Second, Tags: []Tag{
		{Name: "i", Type: Int16, Min: -10, Max: 10, Writable: true, Motion: MotionSpec{Integrate: "level - 2", Noise: 3}},
		{Name: "level", Type: Float32, Max: 4, Writable: true, Motion: MotionSpec{Walk: 1}},
		{Name: "n", Type: Uint16, Min: 5, Max: 9, Writable: true, Motion: MotionSpec{Total: "level", Per: seconds(1)}},
	}})
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		b.write([]string{"i", "level", "n"}[rng.IntN(3)], FloatValue(rng.NormFloat64()*1e3))
		b.run(rng.IntN(3))
		for r := range Ref(3) {
			if x, tag := b.View().Float(r), b.Tag(r); x < tag.Min || x > tag.Max {
				t.Fatalf("%s is %v", tag.Name, x)
			}
		}
	}
}
