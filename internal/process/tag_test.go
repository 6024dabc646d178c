package process

import (
	"strings"
	"testing"
	"time"
)

func TestTagSpec(t *testing.T) {
	tag, err := TagSpec{
		Name: "raw.level", Type: "float32", Unit: "m", Range: []float64{0, 4.2}, Start: 2.6, Resolution: 0.001,
		Motion: MotionSpec{Integrate: "(raw.inflow - raw.outflow) / 38.5"},
	}.Tag()
	if err != nil {
		t.Fatal(err)
	}
	if tag.Type != Float32 || tag.Max != 4.2 || tag.Start != FloatValue(2.6) || tag.Unit != "m" {
		t.Errorf("tag %+v", tag)
	}
	for _, c := range []struct {
		name string
		spec TagSpec
		want string
	}{
		{"no type", TagSpec{Name: "x"}, "use bool, int16"},
		{"half a range", TagSpec{Name: "x", Type: "int16", Range: []float64{1}}, "[least, greatest]"},
		{"range upside down", TagSpec{Name: "x", Type: "int16", Range: []float64{4, 1}}, "not below"},
		{"range beyond the type", TagSpec{Name: "x", Type: "uint16", Range: []float64{70000, 80000}}, "no two values"},
		{"start is a list", TagSpec{Name: "x", Type: "int16", Start: []any{}}, "start"},
		{"start is no number", TagSpec{Name: "x", Type: "int16", Start: "full"}, "not a number"},
		{"text with steps", TagSpec{Name: "x", Type: "text", Resolution: 1}, "for numbers only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := c.spec.Tag(); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "tag x") {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	var d Duration
	if err := d.UnmarshalText([]byte("1h30m")); err != nil || time.Duration(d) != 90*time.Minute {
		t.Errorf("%v, %v", d, err)
	}
	if err := d.UnmarshalText([]byte("30")); err == nil || !strings.Contains(err.Error(), "30s") {
		t.Errorf("error %v does not show how to write it", err)
	}
}

func TestTypeNames(t *testing.T) {
	for typ := Bool; typ <= Text; typ++ {
		if back, err := ParseType(typ.String()); err != nil || back != typ {
			t.Errorf("ParseType(%q) is %v, %v", typ, back, err)
		}
	}
}
