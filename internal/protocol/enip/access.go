package enip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
)

// Services of Logix tags (1756-PM020).
const (
	readTag            cip.Service = 0x4c
	writeTag           cip.Service = 0x4d
	readModifyWriteTag cip.Service = 0x4e
	readTagFragmented  cip.Service = 0x52
	writeTagFragmented cip.Service = 0x53
	listInstances      cip.Service = 0x55 // Get_Instance_Attribute_List
)

// failed is a reply that only says no.
func failed(q cip.Request, status cip.Status, extended ...uint16) cip.Reply {
	return cip.Reply{Service: q.Service | 0x80, Status: status, Extended: extended}
}

// answered is a reply with data.
func answered(q cip.Request, data []byte) cip.Reply {
	return cip.Reply{Service: q.Service | 0x80, Data: data}
}

// tagService answers a request whose path is a tag's.
func (c *call) tagService(q cip.Request, t *tag, rest cip.Path, room int) cip.Reply {
	if t.system != 0 || t.access == noAccess {
		return failed(q, cip.PathUnknown, 0)
	}
	steps, ok := members(rest)
	if !ok {
		return failed(q, cip.PathSegmentError, 0)
	}
	p, status := t.resolve(steps)
	switch {
	case status < 0:
		return failed(q, cip.Vendor, uint16(-status))
	case status > 0:
		return failed(q, cip.Status(status), 0)
	}
	switch q.Service {
	case readTag, readTagFragmented:
		return c.readTag(q, p, room)
	case writeTag, writeTagFragmented:
		return c.writeTag(q, p)
	case readModifyWriteTag:
		return c.modifyTag(q, p)
	}
	return failed(q, cip.ServiceNotSupported)
}

// members turns the segments behind a tag into steps.
func members(path cip.Path) ([]step, bool) {
	var steps []step
	for _, s := range path {
		switch s.Kind {
		case cip.Symbol:
			for _, name := range strings.Split(s.Text, ".") {
				if name == "" {
					return nil, false
				}
				steps = append(steps, step{name: name})
			}
		case cip.Member:
			steps = append(steps, step{index: int(s.Value & 0x7fffffff)})
		default:
			return nil, false
		}
	}
	return steps, true
}

// Octets behind a tag service's data are taken no notice of: pycomm3 sends its
// message twice in one, and real controllers carry it out.

// readTag answers Read Tag and Read Tag Fragmented: the type, then the elements
// as far as they fit, with the status Partial where they do not.
func (c *call) readTag(q cip.Request, p place, room int) cip.Reply {
	r := octet.NewReader(q.Data)
	n, skip := int(r.U16LE()), 0
	if q.Service == readTagFragmented {
		skip = int(r.U32LE() & 0x7fffffff)
	}
	if r.Err() != nil {
		return failed(q, cip.NotEnoughData)
	}
	total := n * p.typ.size
	if n == 0 || n > p.count || p.bit >= 0 && n > 1 || skip > 0 && skip >= total {
		return failed(q, cip.Vendor, beyondEnd)
	}
	o := octet.Builder{}
	p.typ.appendType(&o)
	c.touch(p.t.touched(c.device.Process, p.off, p.off+total))
	values := c.read(p, n, c.view)[skip:]
	reply := answered(q, nil)
	if fits := room - len(o.B); len(values) > fits {
		unit := p.typ.size
		if p.typ.template != nil {
			unit = 4 // a structure is cut between words
		}
		if fits = fits / unit * unit; fits <= 0 {
			return failed(q, cip.ReplyTooLarge)
		}
		values, reply.Status = values[:fits], cip.Partial
	}
	o.Bytes(values)
	reply.Data = o.B
	return reply
}

// appendType appends what stands before values of type t.
func (t *dataType) appendType(o *octet.Builder) {
	if t.template != nil {
		o.U16LE(structureCode)
		o.U16LE(t.template.handle)
		return
	}
	o.U16LE(t.code)
}

// dataStatus is the general status for a request that is too short or too long.
func dataStatus(err error) cip.Status {
	if errors.Is(err, octet.ErrTrailing) {
		return cip.TooMuchData
	}
	return cip.NotEnoughData
}

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
	c.m.or, c.m.and = or, and
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

// instanceList answers Get_Instance_Attribute_List: for each symbol from an
// instance on its id and the attributes asked for, as many as fit.
func (c *call) instanceList(q cip.Request, list []*tag, from uint32, room int) cip.Reply {
	r := octet.NewReader(q.Data)
	ids := make([]uint16, min(int(r.U16LE()), r.Len()/2))
	for i := range ids {
		ids[i] = r.U16LE()
	}
	if r.Err() != nil || len(ids) == 0 {
		return failed(q, cip.NotEnoughData)
	}
	var data []byte
	for _, t := range list {
		if t.id < from {
			continue
		}
		one := binary.LittleEndian.AppendUint32(nil, t.id)
		for _, id := range ids {
			value, ok := t.attribute(id)
			if !ok {
				return failed(q, cip.AttributeUnsupported)
			}
			one = append(one, value...)
		}
		if len(data)+len(one) > room {
			if data == nil {
				return failed(q, cip.ReplyTooLarge)
			}
			p := answered(q, data)
			p.Status = cip.Partial
			return p
		}
		data = append(data, one...)
	}
	return answered(q, data)
}

// attribute returns an attribute of the tag's symbol (1756-PM020, "Symbol Object").
func (t *tag) attribute(id uint16) ([]byte, bool) {
	o := octet.Builder{}
	switch id {
	case 1: // name
		o.U16LE(uint16(len(t.name)))
		o.Text(t.name)
	case 2: // type
		o.U16LE(t.symbolType())
	case 3: // address
		o.U32LE(0x10000 + 0x1000*t.id)
	case 5: // address of the object
		o.U32LE(0x80000000 + 0x40*t.id)
	case 6: // software control; bit 26: no alias
		o.U32LE(0x04000000)
	case 7: // octets of one element
		size := 0
		if t.typ != nil {
			size = t.typ.size
		}
		o.U16LE(uint16(size))
	case 8: // dimensions
		for i := range 3 {
			n := 0
			if i < len(t.dims) {
				n = t.dims[i]
			}
			o.U32LE(uint32(n))
		}
	case 10: // external access
		o.U8(uint8(t.access))
	default:
		return nil, false
	}
	return o.B, true
}

func (t *tag) symbolType() uint16 {
	if t.system != 0 {
		return t.system
	}
	return t.typ.symbolType(false) | uint16(len(t.dims))<<13
}

// ref names a place in a tag for the record.
func (t *tag) ref(rest cip.Path) string {
	name := t.path()
	if len(rest) == 0 {
		return name
	}
	if rest[0].Kind == cip.Member {
		return fmt.Sprintf("%s%s", name, rest)
	}
	return name + "." + rest.String()
}
