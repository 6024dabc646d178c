package store

import (
	"time"
)

// crowd is who came: pages of sources by number, that are there where one came.
type crowd struct {
	pages  []*[crowdPage]cameBy
	n      int64
	others map[[2]uint32]bool // source and network, of sources that had several
}

const crowdPage = 256

// cameBy is what a source did, in 32 octets.
type cameBy struct {
	acts        int64
	sessions    uint32
	first, last int32 // hours since 1970
	network     uint32
	days        uint16 // on which he came; 0: he did not
	score       uint16 // with severity, the greatest
	severity    uint8
}

func (c *crowd) at(source uint32) *cameBy {
	p := source / crowdPage
	for int(p) >= len(c.pages) {
		c.pages = append(c.pages, nil)
	}
	if c.pages[p] == nil {
		c.pages[p] = &[crowdPage]cameBy{}
	}
	return &c.pages[p][source%crowdPage]
}

func (c *crowd) add(at int64, v *visit, x *verdict) {
	b := c.at(v.source)
	hour := int32(at / int64(unitHour))
	if b.days == 0 {
		b.first, b.network, b.days = hour, v.network, 1
		c.n++
	} else if hour/24 != b.last/24 {
		b.days++
	}
	b.last = hour
	b.sessions += uint32(v.sessions)
	b.acts += int64(v.acts)
	b.severity, b.score = max(b.severity, uint8(x.severity)), max(b.score, uint16(x.score))
	if b.network != v.network {
		c.several(v.source, b.network, v.network)
		b.network = v.network
	}
}

// several notes that a source was in several networks, or what is known of them changed.
func (c *crowd) several(source uint32, networks ...uint32) {
	if c.others == nil {
		c.others = map[[2]uint32]bool{}
	}
	for _, n := range networks {
		c.others[[2]uint32{source, n}] = true
	}
}

// join adds what a source did on other days.
func (c *crowd) join(source uint32, v *cameBy) {
	b := c.at(source)
	if b.days == 0 {
		c.n++
		*b = *v
		return
	}
	if b.network != v.network {
		c.several(source, b.network, v.network)
	}
	if v.last >= b.last {
		b.network = v.network
	}
	b.first, b.last = min(b.first, v.first), max(b.last, v.last)
	b.days += v.days
	b.sessions += v.sessions
	b.acts += v.acts
	b.severity, b.score = max(b.severity, v.severity), max(b.score, v.score)
}

// merge adds those of other days.
func (c *crowd) merge(o *crowd) {
	for source, v := range o.all() {
		c.join(source, v)
	}
	for k := range o.others {
		c.several(k[0], k[1])
	}
}

// all yields sources in the order of their numbers.
func (c *crowd) all() func(yield func(uint32, *cameBy) bool) {
	return func(yield func(uint32, *cameBy) bool) {
		for i, p := range c.pages {
			if p == nil {
				continue
			}
			for k := range p {
				if p[k].days != 0 && !yield(uint32(i*crowdPage+k), &p[k]) {
					return
				}
			}
		}
	}
}

func (c *crowd) has(source uint32) bool {
	p := source / crowdPage
	return int(p) < len(c.pages) && c.pages[p] != nil && c.pages[p][source%crowdPage].days != 0
}

// hourTime is an hour since 1970 in nanoseconds.
func hourTime(h int32) int64 { return int64(h) * int64(time.Hour) }
