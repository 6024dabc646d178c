package dnp3

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// part is one fragment of an answer: its objects and the events among them.
type part struct {
	objects []byte
	events  []uint64
}

// composer lays objects out over fragments of at most limit octets of objects.
type composer struct {
	limit  int
	done   []part
	now    part
	octets int // in done
}

// newComposer makes one for fragments of n octets, application header included.
func newComposer(n int) *composer { return &composer{limit: max(n-4, 32)} }

// need makes room for n octets in one piece; what no fragment could hold is not taken.
func (c *composer) need(n int) bool {
	if n > c.limit {
		return false
	}
	if len(c.now.objects)+n > c.limit {
		c.cut()
	}
	return true
}

// cut ends the fragment.
func (c *composer) cut() {
	c.done = append(c.done, c.now)
	c.octets += len(c.now.objects)
	c.now = part{}
}

// parts returns the fragments; there is always one.
func (c *composer) parts() []part { return append(c.done, c.now) }

// object appends a header and its octets, in one piece.
func (c *composer) object(h wire.Header, data []byte) {
	p := append(h.Append(nil), data...)
	if c.need(len(p)) {
		c.now.objects = append(c.now.objects, p...)
	}
}

// static appends points of one kind, in runs of neighbours; variation 0 is each
// point's own. It reports false where the points have no such variation.
func (c *composer) static(list []*point, variation uint8, v process.View, now uint64) bool {
	for len(list) > 0 {
		group, own := list[0].staticObject()
		if variation != 0 {
			own = variation
		}
		n := 1
		for n < len(list) && list[n].At == list[n-1].At+1 {
			if _, w := list[n].staticObject(); variation == 0 && w != own {
				break
			}
			n++
		}
		if list[0].kind == text {
			c.texts(list[:n], v)
		} else if !c.run(list[:n], group, own, v, now) {
			return false
		}
		list = list[n:]
	}
	return true
}

// run appends neighbours of one variation, as many to a fragment as it holds.
func (c *composer) run(list []*point, group, variation uint8, v process.View, now uint64) bool {
	bits, ok := wire.Bits(group, variation)
	if !ok {
		return false
	}
	for len(list) > 0 {
		h := wire.Header{Group: group, Variation: variation, Start: list[0].index()}
		if list[len(list)-1].At > 255 {
			h.Qualifier = uint8(wire.StartStop16)
		}
		head := 5 + 2*int(h.Qualifier) // two more for indexes of 16 bits
		c.need(head + (bits+7)/8)
		n := min(len(list), (c.limit-len(c.now.objects)-head)*8/bits)
		h.Stop = list[n-1].index()
		p := h.Append(slices.Grow(c.now.objects, head+(n*bits+7)/8))
		if p, ok = appendPoints(p, list[:n], group, variation, bits, v, now); !ok {
			return false
		}
		c.now.objects = p
		list = list[n:]
	}
	return true
}

func appendPoints(b []byte, list []*point, group, variation uint8, bits int, v process.View, now uint64) ([]byte, bool) {
	start, ok := len(b), true
	for i, p := range list {
		value := p.value(v, now)
		if bits < 8 {
			if i*bits%8 == 0 {
				b = append(b, 0)
			}
			b[start+i*bits/8] |= value.Packed(bits) << (i * bits % 8)
			continue
		}
		if b, ok = wire.AppendValue(b, group, variation, value); !ok {
			return b, false
		}
	}
	return b, true
}

// texts appends octet strings: the length is the variation, so each has a header.
func (c *composer) texts(list []*point, v process.View) {
	for _, p := range list {
		s := p.wordsOf(v)
		c.object(wire.Header{Group: 110, Variation: uint8(len(s)), Qualifier: uint8(wire.StartStop16), Start: p.index(), Stop: p.index()}, []byte(s))
	}
}

// events appends events in their order; variation 0 is each point's own. It
// reports false where the points have no such variation.
func (c *composer) events(list []pointEvent, variation uint8) bool {
	r := &eventRun{composer: c}
	for _, e := range list {
		group, own := e.point.eventObject()
		switch {
		case e.point.kind == text:
			own = uint8(len(e.words))
		case variation != 0:
			own = variation
		}
		if !r.add(e, group, own) {
			return false
		}
	}
	return true
}

// eventRun is the header to which the last event went.
type eventRun struct {
	*composer
	group, variation uint8
	count            int    // offset of its count
	n                uint16 // events behind it
	base             uint64 // common time of occurrence
}

// add appends an event, under the header before it where that fits.
func (r *eventRun) add(e pointEvent, group, variation uint8) bool {
	value, relative := e.value, variation == 3 && (group == 2 || group == 4)
	if relative && r.same(group, variation) && (value.Time < r.base || value.Time-r.base > 0xFFFF) {
		r.n = 0 // needs a time of its own
	}
	size := 2 + len(e.words)
	if bits, ok := wire.Bits(group, variation); ok && e.point.kind != text {
		size = 2 + bits/8
	}
	const heads = 5 + 10
	if len(r.now.objects)+size+heads > r.limit {
		r.cut()
		r.n = 0
	}
	if !r.same(group, variation) || r.n == 0 {
		r.begin(group, variation, value.Time, relative)
	}
	if relative {
		value.Time -= r.base
	}
	b := octet.Builder{B: r.now.objects}
	b.U16LE(uint16(e.point.At))
	if e.point.kind == text {
		b.Text(e.words)
	} else {
		var ok bool
		if b.B, ok = wire.AppendValue(b.B, group, variation, value); !ok {
			return false
		}
	}
	r.n++
	b.SetU16LE(r.count, r.n)
	r.now.objects = b.B
	r.now.events = append(r.now.events, e.id)
	return true
}

func (r *eventRun) same(group, variation uint8) bool {
	return r.group == group && r.variation == variation
}

// begin starts a header, where times are relative behind their common time.
func (r *eventRun) begin(group, variation uint8, at uint64, relative bool) {
	b := octet.Builder{B: r.now.objects}
	if relative {
		b.B = wire.Header{Group: 51, Variation: 1, Qualifier: uint8(wire.Count8), Count: 1}.Append(b.B)
		wire.AppendU48(&b, at)
	}
	h := wire.Header{Group: group, Variation: variation, Qualifier: wire.Index16<<4 | uint8(wire.Count16)}
	b.B = h.Append(b.B)
	r.now.objects = b.B
	r.group, r.variation, r.base, r.n, r.count = group, variation, at, 0, len(b.B)-2
}
