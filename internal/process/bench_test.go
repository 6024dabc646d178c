package process

import (
	"strconv"
	"testing"
	"time"
)

func BenchmarkTick(b *testing.B) {
	var tags []Tag
	for i := range 20 {
		n := strconv.Itoa(i)
		tags = append(tags, number("in"+n, 3, MotionSpec{Noise: 0.1}),
			number("level"+n, 2, MotionSpec{Integrate: "(in" + n + " - out" + n + ".flow) / 38.5"}),
			number("out"+n+".flow", 2, MotionSpec{Lag: "pump" + n + ".run ? 4.5 * sqrt(level" + n + ") : 0.0", Tau: seconds(5)}),
			boolean("pump"+n+".run", MotionSpec{Set: "level" + n + " > 3", Reset: "level" + n + " < 1"}),
			number("hours"+n, 0, MotionSpec{Total: "pump" + n + ".run"}))
	}
	p, err := New(Config{Tags: tags})
	if err != nil {
		b.Fatal(err)
	}
	now := monday()
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(250 * time.Millisecond)
		p.Step(now)
	}
}

func BenchmarkView(b *testing.B) {
	p, err := New(Config{Tags: []Tag{number("a", 1, MotionSpec{})}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if p.View().Float(0) != 1 {
			b.Fatal("a moved")
		}
	}
}
