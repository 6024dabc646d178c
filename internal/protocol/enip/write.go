package enip

import (
	"errors"
	"slices"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
)

// writeTag answers Write Tag and Write Tag Fragmented.
func (c *call) writeTag(q cip.Request, p place) cip.Reply {
	r := octet.NewReader(q.Data)
	code := r.U16LE()
	match := code == p.typ.code && p.typ.template == nil
	if code == structureCode {
		handle := r.U16LE()
		match = p.typ.template != nil && handle == p.typ.template.handle
	}
	n, skip := int(r.U16LE()), 0
	if q.Service == writeTagFragmented {
		skip = int(r.U32LE() & 0x7fffffff)
	}
	if r.Err() != nil {
		return failed(q, cip.NotEnoughData)
	}
	total := n * p.typ.size
	values := r.Rest()
	values = values[:min(len(values), max(total-skip, 0))] // Logix takes no notice of more
	c.want(p, values)
	switch {
	case p.t.access == readOnly:
		return failed(q, cip.PrivilegeViolation)
	case !match:
		return failed(q, cip.Vendor, typeMismatch)
	case n == 0 || n > p.count || p.bit >= 0 && n > 1 || skip > 0 && skip >= total:
		return failed(q, cip.Vendor, beyondEnd)
	case q.Service == writeTag && len(values) < total || len(values) == 0:
		return failed(q, cip.NotEnoughData)
	case p.typ.template == nil && skip%p.typ.size != 0:
		return failed(q, cip.Vendor, beyondEnd)
	}
	mask := make([]byte, len(values))
	for i := range mask {
		mask[i] = 0xff
	}
	if p.bit >= 0 {
		mask[0] = 1 << p.bit
		if values[0] != 0 {
			values = mask
		} else {
			values = []byte{0}
		}
	}
	return c.put(q, p, p.off+skip, values, mask)
}

// modifyTag answers Read Modify Write Tag: OR mask, then AND mask, each as long
// as the value.
func (c *call) modifyTag(q cip.Request, p place) cip.Reply {
	r := octet.NewReader(q.Data)
	size := int(r.U16LE())
	or, and := r.Bytes(size), r.Bytes(size)
	if r.Err() != nil {
		return failed(q, cip.NotEnoughData)
	}
	c.m.or, c.m.and = slices.Clone(or), slices.Clone(and)
	switch {
	case p.t.access == readOnly:
		return failed(q, cip.PrivilegeViolation)
	case !p.typ.whole() || p.bit >= 0:
		return failed(q, cip.Vendor, typeMismatch)
	case size != p.typ.size:
		return failed(q, cip.InvalidParameter)
	}
	now := c.read(p, 1, c.view)
	mask := make([]byte, size)
	for i := range now {
		now[i] = (now[i] | or[i]) & and[i]
		mask[i] = or[i] | ^and[i]
	}
	c.want(p, now)
	return c.put(q, p, p.off, now, mask)
}

// put writes the bits of mask into the tag, from off on: to the process where
// it is bound, and to its own octets.
func (c *call) put(q cip.Request, p place, off int, values, mask []byte) cip.Reply {
	ch := c.plan(p.t, off, values, mask, c.view)
	if err := c.device.Process.Write(c.s.Source(), ch.writes...); err != nil {
		if errors.Is(err, process.ErrRate) {
			return failed(q, cip.ResourceUnavailable)
		}
		return failed(q, cip.InvalidValue)
	}
	c.wrote(ch)
	c.mu.Lock()
	for i := range values {
		p.t.mem[off+i] = p.t.mem[off+i]&^mask[i] | values[i]&mask[i]
	}
	p.t.changed = true
	c.mu.Unlock()
	c.dirty.Store(true)
	c.view = c.device.Process.View()
	return answered(q, nil)
}

// want notes in the act what the visitor wants to write.
func (c *call) want(p place, values []byte) {
	size := p.typ.size
	for i := 0; i < len(values) && len(c.values) < 32; i += size {
		c.values = append(c.values, p.typ.show(values[i:]))
	}
}

// wrote replaces that by the process tags that are written.
func (c *call) wrote(ch change) {
	for i, w := range ch.writes {
		c.tags = append(c.tags, c.device.Process.Tag(w.Tag).Name)
		c.news = append(c.news, ch.values[i])
		c.olds = append(c.olds, ch.previous[i])
	}
}

// touch notes the process tags that are read.
func (c *call) touch(names []string) {
	for _, name := range names {
		if !slices.Contains(c.seen, name) {
			c.seen = append(c.seen, name)
		}
	}
}
