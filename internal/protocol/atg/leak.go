package atg

import (
	"time"

	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// leakTest is one in-tank leak test, running where Passed is not decided yet.
type leakTest struct {
	Tank      int       `json:"tank"`
	Kind      string    `json:"kind"` // periodic (0.2 gal/h), annual (0.1), gross (3.0)
	Start     time.Time `json:"start"`
	Hours     int       `json:"hours"`
	Volume    float64   `json:"volume"` // at its start
	StartTemp float64   `json:"startTemp"`
	EndTemp   float64   `json:"endTemp"`
	Rate      float64   `json:"rate"` // gal/h, as measured
	Done      bool      `json:"done"`
}

// testHours is how long a test lasts; monthlyTests is how many of its own a
// console reports.
const (
	testHours    = 2
	monthlyTests = 3
)

// running returns the test that a tank is under, or nil.
func (c *console) running(n int) *leakTest {
	for i := range c.memory.Tests {
		if t := &c.memory.Tests[i]; t.Tank == n && !t.Done {
			return t
		}
	}
	return nil
}

// startTest begins a test of a tank, unless one runs.
func (c *console) startTest(t tank, now time.Time) {
	if c.running(t.n) != nil {
		return
	}
	m := &c.memory
	m.Tests = append(m.Tests, leakTest{
		Tank: t.n, Kind: "PERIODIC", Start: now.Truncate(time.Second), Hours: testHours,
		Volume: t.volume, StartTemp: t.temperature, EndTemp: t.temperature,
	})
	if len(m.Tests) > maxTests {
		m.Tests = append([]leakTest(nil), m.Tests[len(m.Tests)-maxTests:]...)
	}
	m.dirty = true
}

// stopTest ends a tank's test without a result.
func (c *console) stopTest(n int) {
	for i := range c.memory.Tests {
		if t := &c.memory.Tests[i]; t.Tank == n && !t.Done {
			c.memory.Tests = append(c.memory.Tests[:i:i], c.memory.Tests[i+1:]...)
			c.memory.dirty = true
			return
		}
	}
}

// finish ends the tests whose time is over: a tight tank shows a rate of some
// hundredths of a gallon an hour, of either sign.
func (c *console) finish(v process.View, now time.Time) {
	for i := range c.memory.Tests {
		t := &c.memory.Tests[i]
		if t.Done || now.Before(t.Start.Add(time.Duration(t.Hours)*time.Hour)) {
			continue
		}
		t.Done = true
		t.EndTemp = v.Float(c.probes[t.Tank-1].temperature)
		t.Rate = c.rate(t.Tank, t.Start)
		c.memory.dirty = true
	}
}

func (c *console) rate(tank int, at time.Time) float64 {
	return -0.03 + 0.06*c.draw("leak rate", at.Unix()*16+int64(tank))
}

// tests returns a tank's finished tests, the last one first: visitors' and those
// that the console runs by itself, one a month in the small hours.
func (q *query) tests(t tank) []leakTest {
	var out []leakTest
	for i := len(q.memory.Tests) - 1; i >= 0; i-- {
		if r := q.memory.Tests[i]; r.Tank == t.n && r.Done {
			out = append(out, r)
		}
	}
	now := q.now.In(q.zone)
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, q.zone)
	for own := 0; own < monthlyTests; month = month.AddDate(0, -1, 0) {
		n := month.Unix()/86400*16 + int64(t.n)
		at := month.AddDate(0, 0, int(27*q.draw("test day", n))).Add(time.Hour + time.Duration(180*q.draw("test minute", n))*time.Minute)
		if at.Add(testHours * time.Hour).After(q.now) {
			continue
		}
		own++
		old := t.at(q.console, t.capacity*(0.45+0.35*q.draw("test volume", n)), t.temperature)
		heat := -0.1 + 0.2*q.draw("test heat", n)
		out = append(out, leakTest{
			Tank: t.n, Kind: "PERIODIC", Start: at, Hours: testHours, Volume: old.volume,
			StartTemp: t.temperature, EndTemp: t.temperature + heat, Rate: q.rate(t.n, at), Done: true,
		})
	}
	return out
}

// testReport answers the functions of leak tests.
func (q *query) testReport(function string) bool {
	switch function {
	case "203":
		q.leakDetect()
	case "207":
		q.leakHistory()
	case "208":
		q.leakResults()
	case "251":
		q.csldResults()
	default:
		return false
	}
	return true
}

// leakDetect is function 203: the running test, else the last one.
func (q *query) leakDetect() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, "IN-TANK LEAK DETECT REPORT")
	for _, t := range all {
		r, state := q.running(t.n), "ON"
		if r == nil {
			state = "OFF"
			r = &q.tests(t)[0]
		} else {
			now := *r
			now.EndTemp = t.temperature
			now.Rate = q.rate(t.n, r.Start)
			r = &now
		}
		q.line("TANK %d    %s", t.n, t.label)
		q.line("    TEST STATUS: %s", state)
		q.line("    TEST START TIME: %s", q.shown(r.Start))
		q.line("    DURATION %d HOURS", r.Hours)
		q.line("    START TEMPERATURE: %8.2f", r.StartTemp)
		q.line("    ENDING TEMPERATURE:%8.2f", r.EndTemp)
		q.line("    START VOLUME:      %8d", int(r.Volume))
		q.line("    LEAK RATE:         %8.3f", r.Rate)
		hours := min(r.Hours, int(q.now.Sub(r.Start).Hours()))
		numbers := []float64{r.StartTemp, r.EndTemp, r.Volume, r.Rate}
		for h := 1; h <= hours; h++ {
			q.line("    HOUR %2d            %8.3f", h, r.Rate*float64(h))
			numbers = append(numbers, r.Rate*float64(h))
		}
		q.line("")
		q.add("%02d%1s%s%02d", t.n, t.code, q.compact(r.Start), r.Hours)
		q.floats(numbers...)
	}
}

// leakHistory is function 207: the last test of each sort that a tank passed.
func (q *query) leakHistory() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, "TANK LEAK TEST HISTORY")
	for _, t := range all {
		last := q.tests(t)[0]
		gross := last
		gross.Hours = 1
		q.line("T%2d:%s", t.n, t.label)
		q.add("%02d02", t.n)
		for i, s := range []struct {
			name string
			test leakTest
		}{{"LAST GROSS TEST PASSED:", gross}, {"LAST PERIODIC TEST PASSED:", last}} {
			q.line("")
			q.line("%s", s.name)
			q.line("TEST START TIME          HOURS  VOLUME  %% VOLUME  TEST TYPE")
			part := 0.0 // of a tank whose full volume was set to nothing
			if t.capacity > 0 {
				part = 100 * s.test.Volume / t.capacity
			}
			q.line("%-24s%6d%8d%10.1f  STANDARD", q.shown(s.test.Start), s.test.Hours, int(s.test.Volume), part)
			q.add("%02d01%s%02d%s%s", i+1, q.compact(s.test.Start), s.test.Hours, wire.Float(s.test.Volume), wire.Float(part))
		}
		q.line("")
	}
}

// leakResults is function 208: the last tests with their rates.
func (q *query) leakResults() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, "PREVIOUS IN TANK LEAK TEST RESULTS")
	for _, t := range all {
		list := q.tests(t)
		q.line("T%2d:%s", t.n, t.label)
		q.line("TEST TYPE   START TIME              RESULT    RATE   HOURS  VOLUME")
		q.add("%02d%02d", t.n, len(list))
		for _, r := range list {
			q.line("%-12s%-24s%-8s%6.3f%8d%8d", r.Kind, q.shown(r.Start), "PASSED", r.Rate, r.Hours, int(r.Volume))
			q.add("0201%s", q.compact(r.Start)) // periodic, passed
			q.floats(r.Rate, float64(r.Hours), r.Volume)
		}
		q.line("")
	}
}

// csldResults is function 251: results of the continuous statistical test.
func (q *query) csldResults() {
	all := q.active()
	if len(all) == 0 {
		return
	}
	q.title(true, "CSLD TEST RESULTS")
	q.line("TANK PRODUCT               RESULT")
	for _, t := range all {
		q.line("%3d  %-20s  PER: %s PASS", t.n, t.label, q.date())
		q.add("%02d01", t.n)
	}
	q.line("")
}
