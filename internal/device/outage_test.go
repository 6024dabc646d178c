package device

import (
	"strconv"
	"testing"
	"time"
)

func TestOutage(t *testing.T) {
	var o Outage
	now := time.Now()
	o.Begin("192.0.2.7", now.Add(time.Minute))
	if !o.Holds("192.0.2.7", now) || o.Holds("192.0.2.8", now) {
		t.Error("an outage is not that of its source alone")
	}
	if o.Holds("192.0.2.7", now.Add(time.Minute)) || len(o.until) != 0 {
		t.Error("an outage has no end")
	}
	for i := range 2 * maxOutages {
		o.Begin(strconv.Itoa(i), now.Add(time.Minute))
	}
	if len(o.until) != maxOutages {
		t.Errorf("%d outages at once", len(o.until))
	}
	for s := range o.until {
		o.until[s] = now.Add(-time.Minute)
	}
	o.Begin("late", now.Add(time.Minute))
	if len(o.until) != 1 || !o.Holds("late", now) {
		t.Errorf("%d outages are left of those that are over", len(o.until))
	}
}
