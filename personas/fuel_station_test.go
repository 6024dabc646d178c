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

// plantOf is a plant of any shipped persona, stepped by hand.
func plantOf(t *testing.T, name string, tick time.Duration) *plant {
	t.Helper()
	folder, err := fs.Sub(personas.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := persona.Load(folder, name, persona.Installation{Seed: []byte("a secret of tests"), Born: born()})
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

// Ten days at the pumps: no fuel from nowhere, deliveries that fill the tanks in
// time, temperatures that a scanner would believe.
func TestFuelStation(t *testing.T) {
	t.Parallel()
	p := plantOf(t, "fuel-station", 15*time.Second)
	tanks := []string{"tank1", "tank2", "tank3", "tank4"}
	type books struct {
		start, in, out, low, temp float64
		fills                     int
		filling                   bool
	}
	all := map[string]*books{}
	for _, n := range tanks {
		all[n] = &books{start: p.float(n + ".volume"), low: math.Inf(1), temp: p.float(n + ".temperature")}
	}
	for hour := range 240 {
		p.run(time.Hour, func(v process.View) {
			for _, n := range tanks {
				b := all[n]
				b.in += v.Float(p.ref(n+".inflow")) * p.tick.Minutes()
				b.out += v.Float(p.ref(n+".sales")) * p.tick.Hours()
				b.low = min(b.low, v.Float(p.ref(n+".volume"))/v.Float(p.ref(n+".capacity")))
				if on := v.Bool(p.ref(n + ".delivering")); on != b.filling {
					b.filling = on
					if on {
						b.fills++
					}
				}
			}
		})
		for _, n := range tanks {
			b, now := all[n], p.float(n+".temperature")
			if math.Abs(now-b.temp) > 1 {
				t.Errorf("hour %d: %s went from %.2f to %.2f °F within the hour", hour, n, b.temp, now)
			}
			if b.temp = now; now < 45 || now > 90 {
				t.Errorf("hour %d: %s is at %.2f °F", hour, n, now)
			}
		}
	}
	for _, n := range tanks {
		b := all[n]
		// Some 30,000 gallons pass. The tank moves by the flows of the tick before.
		if lost := p.float(n+".volume") - b.start - b.in + b.out; math.Abs(lost) > 100 {
			t.Errorf("%s: %+.1f gal from nowhere (in %.0f, out %.0f)", n, lost, b.in, b.out)
		}
		if b.low < 0.1 {
			t.Errorf("%s fell to %.0f %%", n, 100*b.low)
		}
		if b.out < 1000 {
			t.Errorf("%s sold %.0f gal in ten days", n, b.out)
		}
	}
	if n := all["tank1"].fills; n < 2 || n > 6 {
		t.Errorf("%d deliveries of regular in ten days, want 2 to 6", n)
	}
	before, after := p.float("tank1.before"), p.float("tank1.after")
	if full := p.float("tank1.capacity"); before < 0.1*full || before > 0.35*full || after < 0.83*full || after > 0.87*full {
		t.Errorf("the last delivery took regular from %.0f to %.0f of %.0f gal", before, after, full)
	}
	if n := p.Faults(); n != 0 {
		t.Errorf("%d expressions failed, of tags %v", n, p.Faulty())
	}
}
