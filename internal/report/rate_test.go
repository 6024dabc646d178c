package report

import (
	"math"
	"testing"
)

// Exact limits of a Poisson count, from the tables of Garwood (1936) as any
// handbook of statistics has them.
func TestRate(t *testing.T) {
	for _, c := range []struct {
		n         int64
		low, high float64
	}{{0, 0, 3.689}, {1, 0.0253, 5.572}, {5, 1.623, 11.668}, {10, 4.795, 18.390}, {50, 37.11, 65.92}, {100, 81.36, 121.63}, {1000, 938.97, 1063.95}} {
		r := RateOf(c.n, 1)
		if math.Abs(r.Low-c.low) > 0.006 || math.Abs(r.High-c.high) > 0.006 {
			t.Errorf("%d: %.4f to %.4f, want %.4f to %.4f", c.n, r.Low, r.High, c.low, c.high)
		}
	}
	if r := RateOf(7, 0); r.Rate != 0 || r.High != 0 {
		t.Errorf("in no time: %+v", r)
	}
	if r := RateOf(10, 5); r.Rate != 2 || math.Abs(r.High-18.390/5) > 0.01 {
		t.Errorf("%+v", r)
	}
	if r := RateOf(3_000_000, 10); math.Abs(r.Low-299_660.6) > 1 || math.Abs(r.High-300_339.6) > 1 {
		t.Errorf("%+v", r) // here the square root is as good: 3e6 ± 1.96·sqrt(3e6)
	}
}
