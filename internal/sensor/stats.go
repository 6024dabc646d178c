package sensor

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// Stats is what a sensor has done since its start.
type Stats struct {
	Panics   uint64         `json:"panics"`
	Services []ServiceStats `json:"services"`
}

// ServiceStats is one service's part.
type ServiceStats struct {
	Persona    string           `json:"persona"`
	Device     string           `json:"device"`
	Service    string           `json:"service"`
	Protocol   string           `json:"protocol"`
	Network    string           `json:"network"`
	Addrs      []netip.AddrPort `json:"addrs"`
	Standard   uint16           `json:"standard_port"` // of the real device
	Sides      []SideStats      `json:"side_ports,omitempty"`
	Sessions   int              `json:"sessions"` // now
	Served     uint64           `json:"served"`
	Refused    uint64           `json:"refused"` // sessions and datagrams turned away
	Events     uint64           `json:"events"`  // lines given to the journal
	Last       time.Time        `json:"last,omitzero"`
	LastSource netip.Addr       `json:"last_source,omitzero"`

	Reasons map[string]uint64      `json:"refused_for,omitempty"` // Refused, by the limit that was reached
	Classes map[event.Class]uint64 `json:"acts,omitempty"`        // by class
}

// SideStats is a run of side ports that a service has bound.
type SideStats struct {
	Network string `json:"network"`
	First   uint16 `json:"first"`
	Last    uint16 `json:"last"`
}

// Served is how many sessions there were.
func (s Stats) Served() (n uint64) {
	for _, v := range s.Services {
		n += v.Served
	}
	return n
}

// Refused is how many sessions limits did not admit.
func (s Stats) Refused() (n uint64) {
	for _, v := range s.Services {
		n += v.Refused
	}
	return n
}

// Sessions is how many there are.
func (s Stats) Sessions() (n int) {
	for _, v := range s.Services {
		n += v.Sessions
	}
	return n
}

// Stats returns the counts of now.
func (s *Sensor) Stats() Stats {
	out := Stats{Panics: s.panics.Load()}
	for i, v := range s.services {
		last, from := v.counts.latest()
		reasons := v.gate.allRefused()
		out.Services = append(out.Services, ServiceStats{
			Persona: v.Persona, Device: v.Device, Service: v.Name, Protocol: v.Protocol.Name, Network: v.Protocol.Network,
			Addrs: s.Addrs(i), Standard: v.Standard, Sides: v.sideStats(), Sessions: v.gate.count(),
			Served: v.counts.served.Load(), Refused: sum(maps.Values(reasons)),
			Events: v.counts.events.Load(), Last: last, LastSource: from,
			Reasons: reasons, Classes: v.counts.classes(),
		})
	}
	return out
}

// sideStats joins the side ports that are bound to runs.
func (v *service) sideStats() []SideStats {
	var out []SideStats
	for _, network := range v.Protocol.Sides {
		p := v.sides[network]
		if p == nil {
			continue
		}
		var ports []uint16
		for _, s := range p.all {
			ports = append(ports, s.port)
		}
		slices.Sort(ports)
		for i, port := range ports {
			if i > 0 && port == ports[i-1]+1 {
				out[len(out)-1].Last = port
				continue
			}
			out = append(out, SideStats{network, port, port})
		}
	}
	return out
}

// counts are a service's.
type counts struct {
	served, events atomic.Uint64
	acts           map[event.Class]*atomic.Uint64 // a member for every class; never changed

	mu   sync.Mutex
	last time.Time
	from netip.Addr
}

func newCounts() *counts {
	c := &counts{acts: map[event.Class]*atomic.Uint64{}}
	for _, class := range event.Classes() {
		c.acts[class] = &atomic.Uint64{}
	}
	return c
}

// classes are the acts of each class that there were any of.
func (c *counts) classes() map[event.Class]uint64 {
	out := map[event.Class]uint64{}
	for class, n := range c.acts {
		if n := n.Load(); n > 0 {
			out[class] = n
		}
	}
	return out
}

func sum(ns iter.Seq[uint64]) (all uint64) {
	for n := range ns {
		all += n
	}
	return all
}

func (c *counts) visit(from netip.Addr) {
	c.served.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last, c.from = time.Now(), from
}

func (c *counts) latest() (time.Time, netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last, c.from
}

// counted is the journal as one service's sessions see it.
type counted struct {
	session.Journal
	counts *counts
}

// Append implements session.Journal.
func (c counted) Append(line []byte, class event.Class) error {
	c.counts.events.Add(1)
	if n := c.counts.acts[class]; n != nil { // opening and end of a session have none
		n.Add(1)
	}
	return c.Journal.Append(line, class)
}
