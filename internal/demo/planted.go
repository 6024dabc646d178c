package demo

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Planted is what is true of a data set: what the answers must be.
type Planted struct {
	Synthetic   bool           `json:"synthetic"`
	Seed        uint64         `json:"seed"`
	From        time.Time      `json:"from"`
	Until       time.Time      `json:"until"`
	Scale       float64        `json:"scale"`
	Sessions    int            `json:"sessions"`
	Sources     int            `json:"sources"`
	Acts        int            `json:"acts"` // of visitors: what we sent unasked does not count
	Labels      map[string]int `json:"labels"`
	Automations map[string]int `json:"automations"`
	Techniques  map[string]int `json:"techniques"` // sessions
	Tools       map[string]int `json:"tools"`
	Protocols   map[string]int `json:"protocols"`
	Countries   map[string]int `json:"countries"` // of invented networks
	Scanners    map[string]int `json:"scanners"`
	Kinds       map[string]int `json:"kinds"`    // of the crowd, and stories
	Hours       [24]int        `json:"hours"`    // acts
	Weekdays    [7]int         `json:"weekdays"` // acts, Monday first
	Actors      []Actor        `json:"actors"`
	Clusters    [][]netip.Addr `json:"clusters"`
	Services    []Service      `json:"services"`
	Listening   []Listening    `json:"listening"`

	sources map[netip.Addr]int // sessions
}

// An Actor is a planted one.
type Actor struct {
	Name     string     `json:"name"`
	About    string     `json:"about"`
	Src      netip.Addr `json:"src"`
	Country  string     `json:"country"`
	Label    string     `json:"label"` // the gravest of its sessions
	Sessions int        `json:"sessions"`
	Tapes    []string   `json:"tapes"`
}

// A Service is when a service was first found, and by which known scanner.
type Service struct {
	Sensor       string    `json:"sensor"`
	Persona      string    `json:"persona"`
	Device       string    `json:"device"`
	Service      string    `json:"service"`
	Protocol     string    `json:"protocol"`
	Sessions     int       `json:"sessions"`
	First        time.Time `json:"first_visit"`
	FirstScanner time.Time `json:"first_scanner,omitzero"`
	Scanner      string    `json:"scanner,omitempty"`
}

// Listening is how long a sensor listened, with what went wrong.
type Listening struct {
	Sensor    string    `json:"sensor"`
	Hours     float64   `json:"hours"`
	Known     float64   `json:"known_hours"` // by its lines: before a crash, to the last
	Boots     int       `json:"boots"`
	Outage    float64   `json:"outage_hours"`
	ClockStep time.Time `json:"clock_step,omitzero"`
	Drop      time.Time `json:"drop,omitzero"`
}

func newPlanted(p *planner, c Config) *Planted {
	m := func() map[string]int { return map[string]int{} }
	return &Planted{Synthetic: true, Seed: c.Seed, From: p.from, Until: p.to, Scale: c.Scale, Labels: m(), Automations: m(), Techniques: m(), Tools: m(),
		Protocols: m(), Countries: m(), Scanners: m(), Kinds: m(), sources: map[netip.Addr]int{}}
}

// add counts a session that was played, and those on ports of their own.
func (o *Planted) add(p *planner, v *visit, name, label string, done *player) {
	o.Sessions++
	o.sources[v.src]++
	if v.label == "research_confirmed" {
		label = v.label
		o.Scanners[v.who]++
	} else if c := countryOf(v.src); c != "" {
		o.Countries[c]++
	}
	o.Labels[label]++
	o.Protocols[v.tape.Protocol]++
	o.Kinds[v.who]++
	for _, t := range done.acts {
		o.Acts++
		o.Hours[t.Hour()]++
		o.Weekdays[(int(t.Weekday())+6)%7]++
	}
	o.Automations[automation(done.v.pace, len(done.acts))]++
	if v.probe {
		o.Techniques["T0846.001"]++
		o.Techniques["T1595.001"]++
	} else {
		for _, t := range p.lib.truths[name].techniques {
			o.Techniques[t]++
		}
		if t := p.lib.truths[name].tool; t != "" {
			o.Tools[t]++
		}
	}
	if v.shipped {
		o.Techniques["T1694.001"]++
	}
	o.service(v)
	for _, s := range done.sides {
		o.add(p, v, name+"+", p.lib.truths[name+"+"].label, s)
	}
}

func automation(p pace, acts int) string {
	switch {
	case acts < 3:
		return "indeterminate"
	case p == human:
		return "human"
	}
	return "automated"
}

func countryOf(a netip.Addr) string {
	for _, n := range networks() {
		if n.prefix.Contains(a) {
			return n.country
		}
	}
	return ""
}

func (o *Planted) service(v *visit) {
	i := slices.IndexFunc(o.Services, func(s Service) bool {
		return s.Sensor == v.sensor.name && s.Persona == v.tape.Persona && s.Device == v.tape.Device && s.Service == v.tape.Service
	})
	if i < 0 {
		i = len(o.Services)
		o.Services = append(o.Services, Service{Sensor: v.sensor.name, Persona: v.tape.Persona, Device: v.tape.Device, Service: v.tape.Service, Protocol: v.tape.Protocol, First: v.at})
	}
	s := &o.Services[i]
	s.Sessions++
	if v.label == "research_confirmed" && s.Scanner == "" {
		s.Scanner, s.FirstScanner = v.who, v.at
	}
}

// done adds what is known once all is played.
func (o *Planted) done(p *planner) *Planted {
	o.Sources = len(o.sources)
	slices.SortFunc(o.Services, func(a, b Service) int {
		return cmp.Or(cmp.Compare(a.Sensor, b.Sensor), cmp.Compare(a.Persona, b.Persona), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Service, b.Service))
	})
	told := func(name string, src netip.Addr) (tapes []string) {
		for _, v := range p.visits {
			if v.who == name && v.src == src {
				tapes = append(tapes, v.tape.Name)
			}
		}
		return tapes
	}
	for _, s := range stories() {
		src := netip.MustParseAddr(s.src)
		if tapes := told(s.name, src); len(tapes) > 0 {
			o.Actors = append(o.Actors, Actor{s.name, s.about, src, countryOf(src), s.label, o.sources[src], tapes})
		}
	}
	var group []netip.Addr
	for _, a := range campaign() {
		src := netip.MustParseAddr(a)
		if tapes := told("campaign", src); len(tapes) > 0 {
			group = append(group, src)
			o.Actors = append(o.Actors, Actor{"campaign", "one of six that try one list, leave one file and load one block", src, countryOf(src), "ics_write", o.sources[src], tapes})
		}
	}
	if slices.SortFunc(group, netip.Addr.Compare); len(group) > 1 {
		o.Clusters = append(o.Clusters, group)
	}
	for _, s := range p.sensors {
		l := Listening{Sensor: s.name, Boots: len(s.boots), ClockStep: s.step, Drop: s.drop}
		for i, b := range s.boots {
			l.Hours += b.to.Sub(b.from).Hours()
			until := b.to
			if b.crash {
				until = b.last
			}
			l.Known += until.Sub(b.from).Hours()
			if i > 0 {
				l.Outage += b.from.Sub(s.boots[i-1].to).Hours()
			}
		}
		o.Listening = append(o.Listening, l)
	}
	return o
}
