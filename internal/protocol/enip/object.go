package enip

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

// An object is a class with its instances.
type object struct {
	revision  uint16
	instances []instance
	// service answers services of the object's own; false leaves it to the attributes.
	service func(*call, cip.Request, address, int) (cip.Reply, bool)
}

// An instance is one of an object.
type instance struct {
	id         uint32
	attributes []attribute
}

// An attribute is a value of an instance.
type attribute struct {
	id     uint16
	get    func(*call) []byte
	set    func(*call, []byte) cip.Status // nil: cannot be set
	length func([]byte) int               // of a value that others may follow
	single bool                           // not in Get_Attributes_All
}

// constant is an attribute that never changes.
func constant(id uint16, value []byte) attribute {
	return attribute{id: id, get: func(*call) []byte { return value }}
}

// fixed is the length of values that all have n octets.
func fixed(n int) func([]byte) int { return func([]byte) int { return n } }

func (o *object) instance(id uint32) *instance {
	for i := range o.instances {
		if o.instances[i].id == id {
			return &o.instances[i]
		}
	}
	return nil
}

// at returns the attributes of an instance; 0 is the class.
func (o *object) at(id uint32) []attribute {
	if id == 0 {
		most := uint32(0)
		if n := len(o.instances); n > 0 {
			most = o.instances[n-1].id
		}
		return classAttributes(o.revision, most, len(o.instances))
	}
	return o.instance(id).attributes
}

// classAttributes are those of a class (volume 1, 4-4.1): revision, greatest
// instance, number of instances.
func classAttributes(revision uint16, most uint32, n int) []attribute {
	return []attribute{constant(1, u16(revision)), constant(2, u16(uint16(most))), constant(3, u16(uint16(n)))}
}

func u16(v uint16) []byte { return []byte{byte(v), byte(v >> 8)} }

func u32(v uint32) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)} }

// text8 is a SHORT_STRING.
func text8(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// text16 is a STRING of an object; in a structure it is padded to words.
func text16(s string) []byte { return append(u16(uint16(len(s))), s...) }

// attributes answers the services by which attributes are read and set.
func (c *call) attributes(q cip.Request, list []attribute, a address, room int) cip.Reply {
	if len(list) == 0 {
		return failed(q, cip.ServiceNotSupported)
	}
	var p cip.Reply
	switch q.Service {
	case cip.GetAttributesAll:
		p = answered(q, nil)
		for _, at := range list {
			if !at.single {
				p.Data = append(p.Data, at.get(c)...)
			}
		}
	case cip.GetAttributeSingle:
		at := find(list, a.attribute)
		if !a.hasAttribute || at == nil {
			return failed(q, cip.AttributeUnsupported)
		}
		p = answered(q, at.get(c))
	case cip.SetAttributeSingle:
		return c.set(q, find(list, a.attribute), a)
	case cip.GetAttributeList:
		p = c.getList(q, list, room)
	case cip.SetAttributeList:
		p = c.setList(q, list)
	default:
		return failed(q, cip.ServiceNotSupported)
	}
	if len(p.Data) > room {
		return failed(q, cip.ReplyTooLarge)
	}
	return p
}

func find(list []attribute, id uint32) *attribute {
	for i := range list {
		if uint32(list[i].id) == id {
			return &list[i]
		}
	}
	return nil
}

// set answers Set_Attribute_Single.
func (c *call) set(q cip.Request, at *attribute, a address) cip.Reply {
	if !a.hasAttribute || at == nil {
		return failed(q, cip.AttributeUnsupported)
	}
	c.values = append(c.values, hexText(q.Data))
	if at.set == nil {
		return failed(q, cip.NotSettable)
	}
	if n := at.length(q.Data); n != len(q.Data) {
		if n < 0 || n > len(q.Data) {
			return failed(q, cip.NotEnoughData)
		}
		return failed(q, cip.TooMuchData)
	}
	if status := at.set(c, q.Data); status != cip.Success {
		return failed(q, status)
	}
	return answered(q, nil)
}

// getList answers Get_Attribute_List: for each attribute its number, a status
// and its value (volume 1, A-4.3).
func (c *call) getList(q cip.Request, list []attribute, room int) cip.Reply {
	r := octet.NewReader(q.Data)
	n := int(r.U16LE())
	if 2*n > r.Len() {
		r.Fail(octet.ErrShort)
	}
	if r.Err() != nil {
		return failed(q, cip.NotEnoughData)
	}
	p := answered(q, u16(uint16(n)))
	o := octet.Builder{B: p.Data}
	for range n {
		if len(o.B) > room {
			return failed(q, cip.ReplyTooLarge)
		}
		id := r.U16LE()
		o.U16LE(id)
		at := find(list, uint32(id))
		if at == nil {
			o.U16LE(uint16(cip.AttributeUnsupported))
			p.Status = cip.AttributeListError
			continue
		}
		o.U16LE(0)
		o.Bytes(at.get(c))
	}
	p.Data = o.B
	return p
}

// setList answers Set_Attribute_List (volume 1, A-4.4). Behind an attribute
// that is not known the rest cannot be read.
func (c *call) setList(q cip.Request, list []attribute) cip.Reply {
	r := octet.NewReader(q.Data)
	n := r.U16LE()
	c.values = append(c.values, hexText(q.Data))
	o := octet.Builder{}
	done := 0
	status := cip.Success
	for range n {
		id := r.U16LE()
		if r.Err() != nil {
			break
		}
		at := find(list, uint32(id))
		one := cip.Success
		switch {
		case at == nil:
			one = cip.AttributeUnsupported
		case at.set == nil:
			one = cip.NotSettable
		}
		if one == cip.Success {
			rest := r.Rest()
			size := at.length(rest)
			if size < 0 || size > len(rest) {
				r.Fail(octet.ErrShort)
				break
			}
			one = at.set(c, rest[:size])
			r = octet.NewReader(rest[size:])
		}
		done++
		o.U16LE(id)
		o.U16LE(uint16(one))
		if one != cip.Success {
			status = cip.AttributeListError
			break
		}
	}
	if done == 0 && r.Err() != nil {
		return failed(q, cip.NotEnoughData)
	}
	p := answered(q, append(u16(uint16(done)), o.B...))
	p.Status = status
	if errors.Is(r.Err(), octet.ErrShort) {
		p.Status = cip.NotEnoughData
	}
	return p
}

// hexText writes octets for the record, at most 64 of them.
func hexText(p []byte) string {
	out := make([]byte, 0, 128)
	for _, c := range p[:min(len(p), 64)] {
		out = append(out, hexByte(c)[2:]...)
	}
	return string(out)
}
