package atg

import (
	"context"
	"math"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

// A scanner's check (personas.md §5.4): volume and ullage add up to one number at
// every poll, the rule's share of the capacity; height and volume agree by the
// cylinder; the compensated volume by the coefficient.
func TestVolumesAddUp(t *testing.T) {
	for rule, sum := range map[string]float64{"90": 9000, "95": 9500, "100": 10000} {
		t.Run(rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTestConsole(t, `ullage = "`+rule+`"`+testSettings)
				ctx, cancel := context.WithCancel(t.Context())
				var wg sync.WaitGroup
				wg.Go(func() { c.device.Process.Run(ctx) })
				defer wg.Wait()
				defer cancel()
				last := math.NaN()
				for range 120 {
					time.Sleep(61 * time.Second)
					x := inventory(t, c)
					volume, tc, ullage, height, water, temperature, under := x[0], x[1], x[2], x[3], x[4], x[5], x[6]
					if volume+ullage != sum {
						t.Fatalf("%v + %v = %v, want %v", volume, ullage, volume+ullage, sum)
					}
					if by := 10000*segment(height, 96) - under; math.Abs(by-volume) > 0.05 {
						t.Fatalf("%v in is %v gal by the cylinder, shown are %v", height, by, volume)
					}
					if want := volume * (1 - 0.0007*(temperature-60)); math.Abs(tc-want) > 0.01 {
						t.Fatalf("compensated %v, want %v", tc, want)
					}
					if math.Abs(water-0.8) > 1e-6 || volume == last {
						t.Fatalf("water %v, volume %v after %v", water, volume, last)
					}
					last = volume
				}
			})
		})
	}
}

// The display shows the same tank in whole units that add up too.
func TestDisplayAddsUp(t *testing.T) {
	c := newTestConsole(t, testSettings)
	for i := range 5000 {
		full := tank{capacity: 9728 + float64(i%7), diameter: 96, coefficient: 0.0007, reference: 60}.limit(c)
		half := full
		half.height = float64(i) * 96 / 5000
		half.fill()
		volume, ullage := half.shown()
		if volume+ullage != int(full.ullage) || volume < 0 {
			t.Fatalf("height %v: %d + %d, want %v", half.height, volume, ullage, full.ullage)
		}
	}
}

func TestCylinder(t *testing.T) {
	for _, c := range []struct{ h, want float64 }{{0, 0}, {48, 0.5}, {96, 1}, {24, 0.195501}, {-1, 0}, {200, 1}} { // a quarter of the height: (π/3 − √3/4)/π
		if got := segment(c.h, 96); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("segment(%v of 96) = %v, want %v", c.h, got, c.want)
		}
	}
	for part := 0.0; part <= 1; part += 1.0 / 512 {
		if back := segment(height(part, 118.75), 118.75); math.Abs(back-part) > 1e-9 {
			t.Errorf("height of %v is full to %v", part, back)
		}
	}
}

// A delivery in the process is in the reports when it is over, and not before.
func TestDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestConsole(t, testSettings)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { c.device.Process.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		report := func() (int, string) {
			text := strings.Join(ask(t, c, "I20201").Lines, "\n")
			return strings.Count(text, "AMOUNT:"), text
		}
		if n, text := report(); n != 2 {
			t.Fatalf("%d deliveries before the first:\n%s", n, text)
		}
		time.Sleep(20 * time.Minute) // 600 gal at 0.7 gal/s: the truck comes after 14 minutes and stays 15
		if n, _ := report(); n != 2 {
			t.Errorf("%d deliveries reported while the truck is there", n)
		}
		if status := ask(t, c, "i20101").Data[13:17]; status != "0001" {
			t.Errorf("status %s while the truck is there, want 0001", status)
		}
		time.Sleep(15 * time.Minute)
		n, text := report()
		if n != 3 || !strings.Contains(text, "   5000") || !strings.Contains(text, "JAN  1, 2000 12:14 AM") {
			t.Errorf("%d deliveries:\n%s", n, text)
		}
	})
}

// A leak test ends by itself and its result is kept.
func TestLeakTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestConsole(t, testSettings)
		ask(t, c, "S05201")
		time.Sleep(time.Hour)
		if text := strings.Join(ask(t, c, "I20301").Lines, "\n"); !strings.Contains(text, "TEST STATUS: ON") || !strings.Contains(text, "HOUR  1") {
			t.Errorf("after an hour:\n%s", text)
		}
		time.Sleep(time.Hour)
		if text := strings.Join(ask(t, c, "I20801").Lines, "\n"); !strings.Contains(text, "JAN  1, 2000 12:00 AM") {
			t.Errorf("the test is not among the results:\n%s", text)
		}
		if text := strings.Join(ask(t, c, "I20301").Lines, "\n"); !strings.Contains(text, "TEST STATUS: OFF") {
			t.Errorf("after two hours:\n%s", text)
		}
	})
}

// What a visitor sets survives a restart of the sensor.
func TestMemoryIsKept(t *testing.T) {
	env := prototest.Env(t, []byte(testTags), []byte(testSettings), nil)
	for i, want := range []string{"UNL", "PWNED"} {
		c, err := newConsole(env)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimRight(ask(t, c, "i60201").Data[12:], " "); got != want {
			t.Errorf("start %d: label %q, want %q", i+1, got, want)
		}
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() { serve(c, near); close(done) }()
		far.Write([]byte("\x01s60201PWNED\r"))
		answer := make([]byte, 64)
		far.Read(answer)
		far.Close()
		<-done
	}
}
