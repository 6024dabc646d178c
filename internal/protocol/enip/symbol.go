package enip

import (
	"encoding/binary"
	"fmt"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

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
