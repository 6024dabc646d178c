package enip

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/process"
)

// A place is what a path names within a tag: a value, or the elements of an
// array from one on.
type place struct {
	t     *tag
	typ   *dataType
	off   int
	bit   int   // of a BOOL that is a bit of its host; -1: none
	dims  []int // that no index has been given for
	count int   // elements from here to the array's end
}

// Extended statuses of tag services (1756-PM020).
const (
	beyondEnd    = 0x2105 // elements or offset beyond the end
	typeMismatch = 0x2107
)

// resolve follows steps into the tag. A negative status is an extended one of
// the general status FFh.
func (t *tag) resolve(steps []step) (place, int) {
	p := place{t: t, typ: t.typ, bit: -1, dims: t.dims, count: t.elements()}
	for len(steps) > 0 {
		if len(p.dims) > 0 && steps[0].name == "" {
			n := len(p.dims)
			if len(steps) < n {
				return p, int(cip.PathUnknown)
			}
			flat := 0
			for i, d := range p.dims {
				if steps[i].name != "" {
					return p, int(cip.PathUnknown)
				}
				if steps[i].index >= d {
					return p, -beyondEnd
				}
				flat = flat*d + steps[i].index
			}
			p.off += flat * p.typ.size
			p.count -= flat
			p.dims, steps = nil, steps[n:]
			continue
		}
		if p.typ.template == nil || steps[0].name == "" || len(p.dims) > 0 || p.bit >= 0 {
			return p, int(cip.PathUnknown)
		}
		m := p.typ.template.find(steps[0].name)
		if m == nil {
			return p, int(cip.PathUnknown)
		}
		p.typ, p.off, p.bit, p.dims, p.count = m.typ, p.off+m.offset, m.bit, nil, 1
		if m.count > 0 {
			p.dims, p.count = []int{m.count}, m.count
		}
		steps = steps[1:]
	}
	return p, 0
}

// read returns n elements at the place as they are now.
func (d *server) read(p place, n int, view process.View) []byte {
	d.mu.RLock()
	if p.bit >= 0 {
		host := []byte{p.t.mem[p.off]}
		d.mu.RUnlock()
		p.t.overlay(host, p.off, view)
		return []byte{host[0] >> p.bit & 1}
	}
	out := slices.Clone(p.t.mem[p.off : p.off+n*p.typ.size])
	d.mu.RUnlock()
	p.t.overlay(out, p.off, view)
	return out
}

// overlay puts the process's values into out, the tag's octets from off on.
func (t *tag) overlay(out []byte, off int, view process.View) {
	for i := range t.cells {
		c := &t.cells[i]
		from, to := max(c.off, off), min(c.off+c.typ.size, off+len(out))
		if from >= to {
			continue
		}
		v := view.Value(c.ref)
		if c.bit >= 0 {
			out[from-off] &^= 1 << c.bit
			if v.Bool() {
				out[from-off] |= 1 << c.bit
			}
			continue
		}
		if c.scale != 1 || c.offset != 0 {
			v = process.FloatValue(v.Float()*c.scale + c.offset)
		}
		var small [8]byte
		whole := small[:min(c.typ.size, len(small))]
		if c.typ.size > len(small) {
			whole = make([]byte, c.typ.size)
		}
		c.typ.put(whole, v)
		copy(out[from-off:to-off], whole[from-c.off:to-c.off])
	}
}

// A change is what a write does to the process.
type change struct {
	writes   []process.Write
	values   []string
	previous []string
}

// plan returns what the process is written for the tag's octets from off on to
// become now; mask has the bits that the visitor meant. In a write of more than
// one value, what stays the same is left out, and so is what the program sets
// again in its next scan: a process tag that cannot be written.
func (d *server) plan(t *tag, off int, now, mask []byte, view process.View) change {
	var ch change
	for i := range t.cells {
		c := &t.cells[i]
		from, to := max(c.off, off), min(c.off+c.typ.size, off+len(now))
		if from >= to || !c.writable {
			continue
		}
		if c.bit >= 0 && mask[from-off]>>c.bit&1 == 0 {
			continue
		}
		before := d.read(place{t: t, typ: c.typ, off: c.off, bit: -1}, 1, view)
		after := slices.Clone(before)
		copy(after[from-c.off:], now[from-off:to-off])
		v := c.typ.value(after)
		if c.bit >= 0 {
			v = process.BoolValue(after[0]>>c.bit&1 != 0)
			before[0], after[0] = before[0]>>c.bit&1, after[0]>>c.bit&1
		}
		if slices.Equal(before, after) && len(now) > c.typ.size {
			continue
		}
		if c.scale != 1 || c.offset != 0 {
			v = process.FloatValue((v.Float() - c.offset) / c.scale)
		}
		ch.writes = append(ch.writes, process.Write{Tag: c.ref, Value: v})
		ch.values = append(ch.values, v.Text())
		ch.previous = append(ch.previous, view.Text(c.ref))
	}
	return ch
}

// touched names the process tags in n elements from the place on.
func (p place) touched(plant *process.Process, n int) []string {
	var names []string
	for i := range p.t.cells {
		c := &p.t.cells[i]
		if c.off >= p.off+n*p.typ.size || c.off+c.typ.size <= p.off || p.bit >= 0 && c.bit != p.bit {
			continue
		}
		names = append(names, plant.Tag(c.ref).Name)
	}
	return names
}
