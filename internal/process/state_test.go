package process

import (
	"testing"
	"time"
)

func TestStateSurvives(t *testing.T) {
	tags := []Tag{
		number("level", 2, MotionSpec{Integrate: "0.001"}),
		number("setpoint", 1, MotionSpec{}),
		boolean("inlet", MotionSpec{}), boolean("out", MotionSpec{Delay: "inlet", On: seconds(5)}),
		boolean("latch", MotionSpec{Set: "inlet", Reset: "false"}),
		{Name: "hours", Type: Uint16, Motion: MotionSpec{Total: "1", Per: seconds(2)}},
		{Name: "starts", Type: Uint16, Motion: MotionSpec{Edge: "inlet"}},
		{Name: "note", Type: Text, Writable: true, Drift: -1},
	}
	cfg := Config{Tags: tags, Drift: 20 * time.Second}
	first := newBenchOf(t, cfg)
	first.run(7)
	first.write("setpoint", FloatValue(8))
	first.write("inlet", BoolValue(true))
	first.write("note", TextValue("\xff\x00ab"))
	first.run(3)
	state, err := first.MarshalState()
	if err != nil {
		t.Fatal(err)
	}
	second := newBenchOf(t, cfg)
	second.now = first.now.Add(30 * 24 * time.Hour) // down for a month
	if err := second.RestoreState(state); err != nil {
		t.Fatal(err)
	}
	for n := range 25 {
		if n == 5 {
			second.want("out", "true")
			second.want("setpoint", "8")
		}
		for r := range Ref(len(tags)) {
			if a, b := first.View().Value(r), second.View().Value(r); a != b {
				t.Fatalf("%s is %v, after the restart %v", tags[r].Name, a, b)
			}
		}
		first.run(1)
		second.run(1)
	}
	second.want("setpoint", "1")
	second.want("starts", "1")
	second.want("note", "\xff\x00ab")
}

func TestStateOfAnotherPersona(t *testing.T) {
	old := newBench(t, number("a", 50, MotionSpec{}), number("gone", 1, MotionSpec{}), number("kind", 1, MotionSpec{Integrate: "1"}))
	state, err := old.MarshalState()
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t,
		Tag{Name: "a", Type: Int16, Max: 10, Motion: MotionSpec{Integrate: "0"}},
		Tag{Name: "kind", Type: Text, Start: TextValue("x")}, number("new", 3, MotionSpec{}),
	)
	if err := b.RestoreState(state); err != nil {
		t.Fatal(err)
	}
	b.run(1)
	b.want("a", "10")
	b.want("kind", "x")
	b.want("new", "3")
	for _, bad := range []string{"", "{", `{"v":2}`, `{"v":1,"tags":{"new":{"number":"x"}}}`} {
		if err := b.RestoreState([]byte(bad)); err == nil {
			t.Errorf("state %q is accepted", bad)
		}
	}
	b.want("new", "3")
}
