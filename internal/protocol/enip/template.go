package enip

import (
	"fmt"
	"strings"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A template describes a structure, as class 0x6C tells it (1756-PM020,
// "Template Object").
type template struct {
	id         uint16
	handle     uint16
	size       int // of the structure, octets
	words      int // "object definition size"
	members    []member
	definition []byte // what Read Template reads
	text       bool
}

// A member is a part of a structure.
type member struct {
	name   string
	typ    *dataType
	count  int // elements of an array; 0: none
	offset int
	bit    int // of a BOOL in its host; -1: none
}

// hidden begins the name of a member that programmers do not see.
const hidden = "ZZZZZZZZZZ"

// stringID is the template of STRING, and its handle.
const stringID = 0x0fce

// layout places rows as Logix does: natural alignment, BOOLs after one another
// in a hidden SINT, the whole a multiple of 4 octets, or of 8 with 64-bit members.
func (k *typeTable) layout(row typeRow) (*dataType, error) {
	t := &template{}
	align, at, host, bits := 4, 0, 0, 8
	for _, m := range row.Members {
		typ := k.find(m.Type)
		if typ == nil {
			return nil, fmt.Errorf("%s.%s: no type %q", row.Name, m.Name, m.Type)
		}
		if m.Array < 0 || m.Array > 65535 || !validName(m.Name) || t.find(m.Name) != nil {
			return nil, fmt.Errorf("%s.%s: needs a name of its own and at most 65535 elements", row.Name, m.Name)
		}
		if typ.name == "BOOL" && m.Array == 0 {
			if bits == 8 {
				host, bits = at, 0
				t.members = append(t.members, member{fmt.Sprintf(hidden+"%s%d", row.Name, len(t.members)), elementary("SINT"), 0, at, -1})
				at++
			}
			t.members = append(t.members, member{m.Name, typ, 0, host, bits})
			bits++
			continue
		}
		bits = 8
		count := m.Array
		if typ.name == "BOOL" {
			typ, count = elementary("DWORD"), (count+31)/32
		}
		at = roundUp(at, typ.align)
		align = max(align, typ.align)
		t.members = append(t.members, member{m.Name, typ, count, at, -1})
		at += typ.size * max(count, 1)
	}
	if at == 0 || at > 65535 {
		return nil, fmt.Errorf("type %s: needs 1 to 65535 octets of members", row.Name)
	}
	t.size = roundUp(at, align)
	t.text = row.Name == "STRING"
	k.number(t, row.Name)
	return &dataType{name: row.Name, code: t.id, size: t.size, align: align, template: t}, nil
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// number gives t its handle, its id and its definition. The handle is a
// checksum over the members, so that equal types have equal handles everywhere.
func (k *typeTable) number(t *template, name string) {
	inner := name + ";n"
	if t.text {
		inner = "ASCIISTRING82;n"
	}
	o := octet.Builder{}
	for _, m := range t.members {
		info := uint16(m.count)
		if m.bit >= 0 {
			info = uint16(m.bit)
		}
		o.U16LE(info)
		o.U16LE(m.typ.symbolType(m.count > 0))
		o.U32LE(uint32(m.offset))
	}
	o.Text(inner)
	for _, m := range t.members { // two letters a member: its scope, and whether it is shown
		if strings.HasPrefix(m.name, hidden) {
			o.Text("E@")
		} else {
			o.Text("EC")
		}
	}
	o.U8(0)
	for _, m := range t.members {
		o.Text(m.name)
		o.U8(0)
	}
	t.handle = checksum(o.B)
	t.id = 0x100 + t.handle%0xdff
	for !t.text && k.taken(t.id) { // 0x100 to 0xEFF are those of users
		t.id = 0x100 + (t.id-0x100+1)%0xdff
	}
	if t.text {
		t.id, t.handle = stringID, stringID
	}
	// 1756-PM020: what is read is the definition size × 4 − 23 octets.
	t.words = (len(o.B) + 23 + 3) / 4
	t.definition = append(o.B, make([]byte, 4*t.words-20-len(o.B))...)
}

// symbolType is the type as attribute 2 of a symbol and a template's member
// have it: bit 15 a structure, bits 13 and 14 the number of dimensions.
func (t *dataType) symbolType(array bool) uint16 {
	v := t.code
	if t.template != nil {
		v |= 0x8000
	}
	if array {
		v |= 0x2000
	}
	return v
}

// checksum is CRC-16 with the polynomial 0xA001 and the start value 0xFFFF.
func checksum(p []byte) uint16 {
	crc := uint16(0xffff)
	for _, c := range p {
		crc ^= uint16(c)
		for range 8 {
			low := crc & 1
			crc >>= 1
			if low != 0 {
				crc ^= 0xa001
			}
		}
	}
	return crc
}

// find returns a member by its name, in any case.
func (t *template) find(name string) *member {
	for i := range t.members {
		if strings.EqualFold(t.members[i].name, name) {
			return &t.members[i]
		}
	}
	return nil
}

// A typeTable is the structures of a controller, in the order of their rows.
type typeTable struct{ list []*dataType }

// newTypes makes STRING and the types of the settings.
func newTypes(rows []typeRow) (*typeTable, error) {
	k := &typeTable{}
	str := typeRow{Name: "STRING", Members: []memberRow{{Name: "LEN", Type: "DINT"}, {Name: "DATA", Type: "SINT", Array: 82}}}
	for _, row := range append([]typeRow{str}, rows...) {
		if k.find(row.Name) != nil || !validName(row.Name) {
			return nil, fmt.Errorf("type %q: needs a name of its own", row.Name)
		}
		t, err := k.layout(row)
		if err != nil {
			return nil, fmt.Errorf("types: %w", err)
		}
		k.list = append(k.list, t)
	}
	return k, nil
}

// find returns the type of that name, in any case; nil without one.
func (k *typeTable) find(name string) *dataType {
	if t := elementary(name); t != nil {
		return t
	}
	for _, t := range k.list {
		if strings.EqualFold(t.name, name) {
			return t
		}
	}
	return nil
}

// byID returns the structure with that template, or nil.
func (k *typeTable) byID(id uint32) *dataType {
	for _, t := range k.list {
		if uint32(t.template.id) == id {
			return t
		}
	}
	return nil
}

func (k *typeTable) taken(id uint16) bool { return k.byID(uint32(id)) != nil }

// validName says whether s may be a Logix name: at most 40 letters, digits and
// underscores, and no digit first. I/O tags have colons as well.
func validName(s string) bool {
	if s == "" || len(s) > 40 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == ':') {
			return false
		}
	}
	return true
}
