package demo

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/demo/tape"
	"github.com/sundew-ics/sundew/internal/event"
)

// A sensor of the demo.
type sensor struct {
	name, place, country string
	addr                 map[string]netip.Addr // by persona
	personas             []string
	pull                 float64 // how much of the crowd it draws
	boots                []boot
	drop, step           time.Time // zero: none

	random *rand.Rand
}

// A boot is a time of listening.
type boot struct {
	id       string
	from, to time.Time
	crash    bool      // ends without a word
	next     int       // seq of its status lines
	last     time.Time // of its lines
}

// told notes when the boot wrote a line.
func (b *boot) told(t time.Time) {
	if t.After(b.last) {
		b.last = t
	}
}

// sensorsOf plans the first n sensors over a period.
func sensorsOf(n int, from, to time.Time, random func(string) *rand.Rand) []*sensor {
	day := func(d float64) time.Time { return from.Add(time.Duration(d * float64(24*time.Hour))) }
	days := to.Sub(from).Hours() / 24
	all := []*sensor{
		{name: "demo-fra-1", place: "Frankfurt", country: "DE", personas: []string{"pumping-station"}, pull: 1},
		{name: "demo-nyc-1", place: "New York", country: "US", personas: []string{"substation-rtu", "fuel-station"}, pull: 0.8},
		{name: "demo-sgp-1", place: "Singapore", country: "SG", personas: []string{"pumping-station", "feeder-outstation"}, pull: 0.6},
	}
	all = all[:n]
	for i, s := range all {
		s.random = random("sensor " + s.name)
		s.addr = map[string]netip.Addr{}
		for k, p := range s.personas {
			s.addr[p] = netip.AddrFrom4([4]byte{198, 51, 100, byte(10 + 10*i + k)})
		}
		s.boots = []boot{{from: from, to: to}}
	}
	if days < 3 {
		return identify(all)
	}
	// The second sensor loses its power for five hours; the first is started anew.
	if n > 1 {
		out := day(days * 0.4).Add(3*time.Hour + 17*time.Minute)
		all[1].boots = []boot{{from: from, to: out, crash: true}, {from: out.Add(5*time.Hour + 8*time.Minute), to: to}}
	}
	again := day(days * 0.7).Add(9 * time.Hour)
	all[0].boots = []boot{{from: from, to: again}, {from: again.Add(40 * time.Second), to: to}}
	all[0].drop = day(days * 0.57).Add(14*time.Hour + 11*time.Minute)
	all[n-1].step = day(days * 0.23).Add(2 * time.Hour)
	return identify(all)
}

func identify(all []*sensor) []*sensor {
	for _, s := range all {
		for i := range s.boots {
			s.boots[i].id = newID(s.boots[i].from, s.random)
		}
	}
	return all
}

// newID is a UUID of version 7 (RFC 9562 §5.7).
func newID(t time.Time, r *rand.Rand) string {
	ms, a, b := uint64(t.UnixMilli()), r.Uint64()&0xFFF|0x7000, r.Uint64()&(1<<62-1)|1<<63
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", ms>>16, ms&0xFFFF, a, b>>48, b&(1<<48-1))
}

// at is the boot that listens at a time, or nil.
func (s *sensor) at(t time.Time) *boot {
	for i := range s.boots {
		if b := &s.boots[i]; !t.Before(b.from) && t.Before(b.to) {
			return b
		}
	}
	return nil
}

// has says whether one of its personas is on a tape.
func (s *sensor) has(t *tape.Tape) bool {
	_, ok := s.addr[t.Persona]
	return ok
}

type (
	site struct {
		Name     string `json:"name"`
		Country  string `json:"country"`
		Provider string `json:"provider"`
	}
	clock struct {
		Synced bool  `json:"synced"`
		Offset int64 `json:"offset_ms"`
		Step   int64 `json:"step_ms,omitempty"`
	}
	serviceDetail struct {
		Persona  string `json:"persona"`
		Device   string `json:"device"`
		Service  string `json:"service"`
		Protocol string `json:"protocol"`
		Network  string `json:"network"`
		Addr     string `json:"addr"`
		Standard uint16 `json:"standard_port"`
	}
	startDetail struct {
		Build     string          `json:"build"`
		Synthetic bool            `json:"synthetic"`
		Site      site            `json:"site"`
		Services  []serviceDetail `json:"services"`
		Limits    bool            `json:"limits"`
		Clock     clock           `json:"clock"`
	}
	heartbeatDetail struct {
		Synthetic bool  `json:"synthetic"`
		Clock     clock `json:"clock"`
		Site      site  `json:"site"`
	}
	dropDetail struct {
		Dropped map[string]int `json:"dropped"`
		Total   map[string]int `json:"total"`
	}
)

// status adds the sensor's own lines: starts, stops, heartbeats, what went wrong.
func (s *sensor) status(services []serviceDetail, put func(t time.Time, line []byte)) {
	where := site{"Demo " + s.place, s.country, "Example Cloud"}
	for i := range s.boots {
		b := &s.boots[i]
		say := func(t time.Time, what string, detail any) {
			put(t, event.AppendStatus(nil, t, b.next, s.name, b.id, event.Status{What: what, Detail: detail}))
			b.next++
			b.told(t)
		}
		say(b.from, "start", startDetail{"demo", true, where, s.listen(services), true, clock{Synced: true, Offset: 1}})
		for t := b.from.Add(time.Hour); t.Before(b.to); t = t.Add(time.Hour) {
			for _, extra := range []struct {
				at     time.Time
				what   string
				detail any
			}{
				{s.drop, "drop", dropDetail{map[string]int{"read": 41, "enumerate": 7}, map[string]int{"read": 41, "enumerate": 7}}},
				{s.step, "clock", clock{Synced: true, Offset: -3, Step: -2740}},
			} {
				if !extra.at.IsZero() && extra.at.After(t.Add(-time.Hour)) && !extra.at.After(t) {
					say(extra.at, extra.what, extra.detail)
				}
			}
			say(t, "heartbeat", heartbeatDetail{true, clock{Synced: true, Offset: int64(s.random.IntN(5)) - 2}, where})
		}
		if !b.crash {
			say(b.to, "stop", struct {
				Synthetic bool `json:"synthetic"`
			}{true})
		}
	}
}

// listen gives the services of its personas their addresses.
func (s *sensor) listen(services []serviceDetail) []serviceDetail {
	var out []serviceDetail
	for _, p := range s.personas {
		for _, v := range services {
			if v.Persona == p {
				v.Addr = netip.AddrPortFrom(s.addr[p], v.Standard).String()
				out = append(out, v)
			}
		}
	}
	return out
}
