package enip

import (
	"errors"
	"strings"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
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
	c.touch(p.touched(c.device.Process, n))
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
