package sensor

import (
	"net/netip"
	"sync"
	"time"
)

// Bounds of the probes that are waited for.
const (
	maxProbes  = 256
	probeWaits = 30 * time.Second
)

// probes are the operator's own checks that are about to come: by their
// network and source, so that no visitor can pass for one.
type probes struct {
	mu      sync.Mutex
	waiting map[probeKey]probe
}

type probeKey struct {
	network string
	source  netip.AddrPort
}

type probe struct {
	nonce string
	until time.Time
}

// Expect says that the next session from source, on "tcp" or "udp", is the
// operator's own check: it is recorded under the nonce and not counted as a
// visit. It holds for half a minute. It reports whether there was room.
func (s *Sensor) Expect(network string, source netip.AddrPort, nonce string) bool {
	return s.probes.expect(probeKey{network, plainSource(source)}, nonce, time.Now())
}

func (p *probes) expect(k probeKey, nonce string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, v := range p.waiting {
		if now.After(v.until) {
			delete(p.waiting, k)
		}
	}
	if len(p.waiting) >= maxProbes {
		return false
	}
	if p.waiting == nil {
		p.waiting = map[probeKey]probe{}
	}
	p.waiting[k] = probe{nonce, now.Add(probeWaits)}
	return true
}

// take returns the nonce of a session from source, if it is a probe's.
func (p *probes) take(network string, source netip.AddrPort, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return ""
	}
	k := probeKey{network, plainSource(source)}
	v, ok := p.waiting[k]
	delete(p.waiting, k)
	if !ok || now.After(v.until) {
		return ""
	}
	return v.nonce
}

func plainSource(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
