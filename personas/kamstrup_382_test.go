package personas_test

import (
	"math"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/process"
)

// A week at the meter: what it counts is what the phases took, counters only
// rise, and loads and voltages stay what a workshop has.
func TestKamstrupMeter(t *testing.T) {
	t.Parallel()
	p := plantOf(t, "kamstrup-382", 5*time.Second)
	total, day, night := p.ref("energy.total"), p.ref("energy.day"), p.ref("energy.night")
	var phases [3]struct{ power, voltage, current process.Ref }
	var was, is [3]float64 // power before the last tick, and after it
	for i, name := range []string{"l1", "l2", "l3"} {
		phases[i].power, phases[i].voltage, phases[i].current = p.ref(name+".power"), p.ref(name+".voltage"), p.ref(name+".current")
	}
	start, taken, last := p.View().Float(total), 0.0, 0.0
	low, high, hours := math.Inf(1), 0.0, 0
	for range 7 * 24 {
		before := taken
		p.run(time.Hour, func(v process.View) {
			now := v.Float(total)
			if now < last {
				t.Fatalf("%s: the counter fell from %v to %v", v.Time(), last, now)
			}
			last = now
			was = is
			for i, ph := range phases {
				is[i] = v.Float(ph.power)
				taken += v.Float(ph.power) * p.tick.Hours()
				if u := v.Float(ph.voltage); u < 216 || u > 244 {
					t.Fatalf("%s: %v V", v.Time(), u)
				}
			}
		})
		low, high, hours = min(low, taken-before), max(high, taken-before), hours+1
		v := p.View()
		if sum := v.Float(day) + v.Float(night); math.Abs(sum-v.Float(total)) > 200 { // 20 Wh: a tick of several kW
			t.Errorf("tariffs add up to %v, the total is %v", sum, v.Float(total))
		}
		for i, ph := range phases {
			apparent := v.Float(ph.voltage) * v.Float(ph.current) / 1000
			if steady := math.Abs(is[i]-was[i]) < 0.1; steady && apparent < 0.95*is[i]-0.1 { // the current follows a tick later
				t.Errorf("phase %d: %.3f kW of %.3f kVA", i+1, is[i], apparent)
			}
		}
	}
	counted := (last - start) / 10000
	if math.Abs(counted-taken) > 0.005*taken+0.05 {
		t.Errorf("counted %.3f kWh, taken %.3f kWh", counted, taken)
	}
	if low < 0.15 || high > 9 || high < 2 {
		t.Errorf("hours from %.2f to %.2f kWh, want 0.15 to 9", low, high)
	}
	if perDay := taken / 7; perDay < 12 || perDay > 90 {
		t.Errorf("%.1f kWh a day", perDay)
	}
	if n := p.Faults(); n != 0 {
		t.Errorf("%d expressions failed, of tags %v", n, p.Faulty())
	}
}
