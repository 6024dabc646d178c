package web

import (
	"net/netip"
	"sync"
	"time"
)

// How often one may try to log in: from one address, and all together.
const (
	triesHere  = 5
	hereEvery  = 20 * time.Second
	triesAll   = 20
	allEvery   = 3 * time.Second
	maxTriedBy = 4096
)

// attempts limits logins. A try is taken before the password is looked at, so
// that neither right nor wrong ones cost the machine more than it can spare.
type attempts struct {
	mu  sync.Mutex
	all bucket
	by  map[netip.Prefix]*bucket
}

// bucket holds tries that come back with time.
type bucket struct {
	used float64
	at   time.Time
}

func newAttempts() *attempts { return &attempts{by: map[netip.Prefix]*bucket{}} }

// take takes a try; if there is none, wait is how long until there is.
func (a *attempts) take(from netip.Addr, now time.Time) (wait time.Duration) {
	from = from.Unmap()
	bits := 32
	if from.Is6() {
		bits = 64
	}
	p, err := from.WithZone("").Prefix(bits)
	if err != nil {
		return hereEvery
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.by[p]
	if b == nil {
		if len(a.by) >= maxTriedBy {
			clear(a.by) // all together are limited still
		}
		b = &bucket{}
		a.by[p] = b
	}
	if wait := b.wait(triesHere, hereEvery, now); wait > 0 {
		return wait
	}
	if wait := a.all.wait(triesAll, allEvery, now); wait > 0 {
		return wait
	}
	b.used++
	a.all.used++
	return 0
}

func (b *bucket) wait(most float64, every time.Duration, now time.Time) time.Duration {
	b.used = max(0, b.used-now.Sub(b.at).Seconds()/every.Seconds())
	b.at = now
	if b.used+1 <= most {
		return 0
	}
	return time.Duration((b.used + 1 - most) * float64(every))
}

// forgive gives an address its tries back: it has shown the password.
func (a *attempts) forgive(from netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for p, b := range a.by {
		if p.Contains(from.Unmap().WithZone("")) {
			b.used = 0
		}
	}
}
