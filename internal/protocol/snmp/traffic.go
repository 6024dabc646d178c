package snmp

import (
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// frameOctets is what an Ethernet frame has besides a UDP datagram's payload:
// 14 octets of Ethernet, 20 of IPv4, 8 of UDP.
const frameOctets = 42

// A traffic is a flow of packets that interfaces and protocol counters count:
// a mean rate that breathes with the hours since the device's boot, a share of
// other flows, and what this service really received and sent.
type traffic struct {
	name     string
	in, out  float64 // octets a second
	packet   float64 // octets of a mean packet
	parts    []*traffic
	share    float64 // of the parts
	served   bool
	swing    swing
	exchange *exchange
}

// An exchange counts the datagrams that the service received and sent.
type exchange struct {
	inPackets, inOctets, outPackets, outOctets atomic.Uint64
}

func (e *exchange) received(n int) {
	e.inPackets.Add(1)
	e.inOctets.Add(uint64(n + frameOctets))
}

func (e *exchange) sent(n int) {
	e.outPackets.Add(1)
	e.outOctets.Add(uint64(n + frameOctets))
}

// trafficSource binds NAME.FIELD.
func (a *agent) trafficSource(arg string) (func(*moment) float64, error) {
	name, field, _ := strings.Cut(arg, ".")
	t := a.traffic[name]
	if t == nil {
		return nil, fmt.Errorf("no [[traffic]] named %q", name)
	}
	own := t.exchange.field(field)
	if own == nil {
		return nil, fmt.Errorf("traffic has no %q; use in_octets, out_octets, in_packets or out_packets", field)
	}
	return func(m *moment) float64 {
		n := t.base(field, a.device.Identity.Boot, m.now)
		if t.served {
			n += float64(own.Load())
		}
		return n
	}, nil
}

func (e *exchange) field(name string) *atomic.Uint64 {
	switch name {
	case "in_octets":
		return &e.inOctets
	case "out_octets":
		return &e.outOctets
	case "in_packets":
		return &e.inPackets
	case "out_packets":
		return &e.outPackets
	}
	return nil
}

// base returns what a field has counted since boot without what was served. It
// follows from the time alone, so that it neither needs keeping nor goes back.
func (t *traffic) base(field string, boot, now time.Time) float64 {
	rate := t.in
	if strings.HasPrefix(field, "out") {
		rate = t.out
	}
	n := 0.0
	if rate > 0 {
		n = math.Floor(rate / t.packet * t.swing.between(boot, now))
	}
	if strings.HasSuffix(field, "octets") {
		n = t.octets(n)
	}
	for _, p := range t.parts {
		n += p.base(field, boot, now) * t.share
	}
	return math.Floor(n)
}

// shortest is the shortest Ethernet frame in octets.
const shortest = 64

// octets returns the octets of the first n packets, which differ in length but
// are never shorter than a frame may be.
func (t *traffic) octets(n float64) float64 {
	h := uint64(n)*0x9e3779b97f4a7c15 ^ math.Float64bits(t.swing[1])
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return math.Floor(n*t.packet) + math.Floor(float64(h>>40)/(1<<24)*(t.packet-shortest))
}

// A swing is a slow, repeatable motion around 1 or 0: a day's and some shorter
// waves of a name's own phases. Its integral grows always.
type swing [4]float64

func newSwing(name string) swing {
	h := fnv.New64a()
	h.Write([]byte(name))
	bits := h.Sum64()
	s := swing{-math.Pi / 2} // the day's wave has its low at 00:00, its height at 12:00 UTC
	for i := 1; i < len(s); i++ {
		s[i] = 2 * math.Pi * float64(bits>>(16*i)&0xffff) / 0x10000
	}
	return s
}

// wave returns the amplitude and the period in seconds of one part. The
// amplitudes sum to less than 1.
func (s swing) wave(i int) (amplitude, period float64) {
	switch i {
	case 0:
		return 0.45, 86400
	case 1:
		return 0.2, 5321
	case 2:
		return 0.15, 613
	}
	return 0.1, 47
}

// at returns the deviation at a time, between -0.9 and 0.9.
func (s swing) at(t time.Time) float64 {
	x := 0.0
	for i, phase := range s {
		amplitude, period := s.wave(i)
		x += amplitude * math.Sin(2*math.Pi*turn(t, period)+phase)
	}
	return x
}

// between returns the integral of 1 plus the deviation from one time to another,
// in seconds.
func (s swing) between(from, to time.Time) float64 {
	if !to.After(from) {
		return 0
	}
	x := to.Sub(from).Seconds()
	for i, phase := range s {
		amplitude, period := s.wave(i)
		omega := 2 * math.Pi / period
		x += amplitude / omega * (math.Cos(2*math.Pi*turn(from, period)+phase) - math.Cos(2*math.Pi*turn(to, period)+phase))
	}
	return x
}

// turn returns how much of a period has passed at t, from 0 to 1.
func turn(t time.Time, period float64) float64 {
	_, f := math.Modf((float64(t.Unix()) + float64(t.Nanosecond())/1e9) / period)
	return f
}

// wander binds "MEAN,SWING": a gauge that moves within MEAN ± SWING.
func wander(arg string) (func(*moment) float64, error) {
	m, s, _ := strings.Cut(arg, ",")
	mean, err := strconv.ParseFloat(m, 64)
	if err != nil {
		return nil, fmt.Errorf("wander:%s: write wander:MEAN,SWING", arg)
	}
	width, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("wander:%s: write wander:MEAN,SWING", arg)
	}
	motion := newSwing(arg)
	return func(t *moment) float64 { return mean + width*motion.at(t.now) }, nil
}
