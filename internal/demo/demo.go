// Package demo makes a data set that looks like a month of a few sensors and is
// known to the last act: visitors with planted habits, tools and stories, played
// from tapes of our own rooms through a real journal. The same configuration
// makes the same octets. All of it says that it is synthetic.
package demo

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/demo/tape"
	"github.com/sundew-ics/sundew/internal/event"
)

// Config says what is made. The same Config makes the same journal.
type Config struct {
	Until   time.Time // the period's end
	Days    int       // its length, 1 to 366
	Seed    uint64
	Sensors int     // 1 to 3
	Scale   float64 // of the crowd: 1 is about 900 sessions a day
}

// A Journal takes lines; *journal.Journal is one.
type Journal interface {
	Append(line []byte, class event.Class) error
	Rotate() error
}

// segment is after how many octets a segment ends.
const segment = 24 << 20

// Files are what visitors brought: their contents are not in the journal.
func Files() ([]tape.File, error) {
	lib, err := newLibrary()
	if err != nil {
		return nil, err
	}
	var out []tape.File
	for _, t := range lib.tapes {
		out = append(out, t.Files...)
	}
	slices.SortFunc(out, func(a, b tape.File) int { return cmp.Compare(a.SHA256, b.SHA256) })
	return slices.CompactFunc(out, func(a, b tape.File) bool { return a.SHA256 == b.SHA256 }), nil
}

// Make writes the data set into a journal and returns what was planted.
func Make(ctx context.Context, j Journal, c Config) (*Planted, error) {
	if c.Days < 1 || c.Days > 366 || c.Sensors < 1 || c.Sensors > 3 || c.Scale <= 0 || c.Scale > 1000 {
		return nil, fmt.Errorf("demo: %d days, %d sensors, scale %g: at most 366 days, 3 sensors, a scale of 1000, and more than none", c.Days, c.Sensors, c.Scale)
	}
	lib, err := newLibrary()
	if err != nil {
		return nil, err
	}
	random := func(name string) *rand.Rand {
		h := fnv.New64a()
		h.Write([]byte(name))
		return rand.New(rand.NewPCG(c.Seed, h.Sum64()))
	}
	until := c.Until.UTC().Truncate(time.Second)
	from := until.AddDate(0, 0, -c.Days)
	p := &planner{lib: lib, sensors: sensorsOf(c.Sensors, from, until, random), from: from, to: until, scale: c.Scale, random: random}
	for _, k := range kinds() {
		p.crowd(k)
	}
	p.brute()
	p.burst()
	p.research()
	p.stories()
	slices.SortStableFunc(p.visits, func(a, b *visit) int { return a.at.Compare(b.at) })
	w := &writer{ctx: ctx, journal: j, from: from}
	return w.write(p, c)
}

// A line waits for its time.
type line struct {
	at    time.Time
	order int // among lines of one time
	text  []byte
}

// queue is a heap of lines, the earliest first.
type queue []line

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, k int) bool {
	if c := q[i].at.Compare(q[k].at); c != 0 {
		return c < 0
	}
	return q[i].order < q[k].order
}
func (q queue) Swap(i, k int) { q[i], q[k] = q[k], q[i] }

// Push implements heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(line)) }

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// writer puts lines into the journal in the order of their times.
type writer struct {
	ctx     context.Context
	journal Journal
	from    time.Time
	waiting queue
	order   int
	octets  int
}

func (w *writer) put(at time.Time, text []byte) {
	w.order++
	heap.Push(&w.waiting, line{at, w.order, text})
}

func (w *writer) write(p *planner, c Config) (*Planted, error) {
	out := newPlanted(p, c)
	services := servicesOf(p.lib)
	for _, s := range p.sensors {
		s.status(services, w.put)
	}
	r := p.random("play")
	for _, v := range p.visits {
		if err := w.until(v.at); err != nil {
			return nil, err
		}
		out.add(p, v, v.tape.Name, v.label, v.play(r, w.put))
	}
	if err := w.until(p.to.Add(24 * time.Hour)); err != nil {
		return nil, err
	}
	return out.done(p), nil
}

// until writes what waits for a time before t.
func (w *writer) until(t time.Time) error {
	for len(w.waiting) > 0 && w.waiting[0].at.Before(t) {
		l := heap.Pop(&w.waiting).(line)
		if err := w.append(l.text); err != nil {
			return err
		}
	}
	return w.ctx.Err()
}

func (w *writer) append(text []byte) error {
	if w.octets += len(text); w.octets > segment {
		w.octets = len(text)
		if err := w.journal.Rotate(); err != nil {
			return err
		}
	}
	// Nobody waits for an answer: no line need be in the file before the next.
	return w.journal.Append(text, event.Read)
}

// servicesOf lists what the tapes' services are, in the order of the tapes.
func servicesOf(lib *library) []serviceDetail {
	var out []serviceDetail
	for _, t := range lib.tapes {
		d := serviceDetail{Persona: t.Persona, Device: t.Device, Service: t.Service, Protocol: t.Protocol, Network: t.Transport, Standard: t.Port}
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b serviceDetail) int {
		return cmp.Or(cmp.Compare(a.Persona, b.Persona), cmp.Compare(a.Standard, b.Standard), cmp.Compare(a.Network, b.Network))
	})
	return out
}
