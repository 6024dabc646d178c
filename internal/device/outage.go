package device

import (
	"sync"
	"time"
)

// An Outage is for whom a device is away: a visitor who makes it restart finds
// it away, and the others find it there. On a real device it would be gone for
// everybody, and one visitor with a packet a minute could blind the sensor. The
// zero value is ready; it is safe for concurrent use.
type Outage struct {
	mu    sync.Mutex
	until map[string]time.Time // by source
}

// maxOutages is how many sources a device is away for at once.
const maxOutages = 1024

// Begin takes the device away from a source until a time. Where it is away from
// too many, the newcomer finds it there.
func (o *Outage) Begin(source string, until time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.until == nil {
		o.until = map[string]time.Time{}
	}
	if now := time.Now(); len(o.until) >= maxOutages {
		for s, t := range o.until {
			if !now.Before(t) {
				delete(o.until, s)
			}
		}
	}
	if _, known := o.until[source]; known || len(o.until) < maxOutages {
		o.until[source] = until
	}
}

// Holds says whether the device is away for a source at a time.
func (o *Outage) Holds(source string, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	until, known := o.until[source]
	if known && !now.Before(until) {
		delete(o.until, source)
		return false
	}
	return known
}
