package wire

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Subfunctions of group programmer: tests and commissioning.
const (
	ProgBlockStatus  = 0x01 // watch a block, first kind
	ProgVarTab       = 0x02 // variable table: monitor and modify
	ProgErase        = 0x0c
	ProgReadDiag     = 0x0e
	ProgRemoveDiag   = 0x0f
	ProgForce        = 0x10
	ProgBlockStatus2 = 0x13 // watch a block, second kind
	ProgFlash        = 0x16 // flash the LEDs
)

// ProgSubName returns the name of a subfunction of group programmer, or "".
func ProgSubName(sub uint8) string {
	switch sub {
	case ProgBlockStatus:
		return "block_status"
	case ProgVarTab:
		return "variable_table"
	case ProgErase:
		return "erase"
	case ProgReadDiag:
		return "read_diag_data"
	case ProgRemoveDiag:
		return "remove_diag_data"
	case ProgForce:
		return "force"
	case ProgBlockStatus2:
		return "block_status_2"
	case ProgFlash:
		return "flash_led"
	}
	return ""
}

// Programmer is the payload of group programmer: two parts, each with its
// length before both (goOnline: 0014 0004, then 20 and 4 octets).
type Programmer struct {
	Head []byte // how and when to act
	Body []byte // on what
}

// ParseProgrammer reads the payload.
func ParseProgrammer(p []byte) (Programmer, error) {
	r := octet.NewReader(p)
	h, b := int(r.U16()), int(r.U16())
	g := Programmer{Head: keep(r.Bytes(h)), Body: keep(r.Bytes(b))}
	if err := r.Done(); err != nil {
		return Programmer{}, err
	}
	return g, nil
}

// Append appends the payload to b.
func (g Programmer) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(uint16(len(g.Head)))
	w.U16(uint16(len(g.Body)))
	w.Bytes(g.Head)
	w.Bytes(g.Body)
	return w.B
}

// A TabRow is one row of a variable table: a width (lower half) of an area
// (upper half), so many times.
type TabRow struct {
	Area   uint8
	Repeat uint8
	DB     uint16
	Addr   uint16 // octet address; number of a timer or counter
}

// Item returns the row as the item that a read of the same would have.
func (t TabRow) Item() (Item, bool) {
	i := Item{Syntax: SyntaxAny, Count: uint16(t.Repeat), Addr: uint32(t.Addr) << 3}
	switch t.Area >> 4 {
	case 0x0:
		i.Area = AreaMerker
	case 0x1:
		i.Area = AreaInput
	case 0x2:
		i.Area = AreaOutput
	case 0x3:
		i.Area = AreaPeripheral
	case 0x5:
		i.Area, i.Type, i.Addr = AreaTimer, TypeTimer, uint32(t.Addr)
		return i, t.Area == 0x54
	case 0x6:
		i.Area, i.Type, i.Addr = AreaCounter, TypeCounter, uint32(t.Addr)
		return i, t.Area == 0x64
	case 0x7:
		i.Area, i.DB = AreaDB, t.DB
	default:
		return i, false
	}
	switch t.Area & 0x0f {
	case 1:
		i.Type = TypeByte
	case 2:
		i.Type = TypeWord
	case 3:
		i.Type = TypeDWord
	default:
		return i, false
	}
	return i, true
}

// String returns the row in the notation of STEP 7.
func (t TabRow) String() string {
	if i, ok := t.Item(); ok {
		return i.String()
	}
	return fmt.Sprintf("area%#02x %d", t.Area, t.Addr)
}

// TabRows is the body of a variable table.
type TabRows []TabRow

// ParseTabRows reads the rows of a body; what follows them, the values of a
// modify request, is returned too.
func ParseTabRows(body []byte) (TabRows, []byte, error) {
	r := octet.NewReader(body)
	n := int(r.U16())
	var out TabRows
	for i := 0; i < n && r.Err() == nil; i++ {
		out = append(out, TabRow{Area: r.U8(), Repeat: r.U8(), DB: r.U16(), Addr: r.U16()})
	}
	rest := keep(r.Rest())
	if err := r.Err(); err != nil {
		return nil, nil, err
	}
	return out, rest, nil
}

// Append appends the rows with their count to b.
func (t TabRows) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(uint16(len(t)))
	for _, row := range t {
		w.U8(row.Area, row.Repeat)
		w.U16(row.DB)
		w.U16(row.Addr)
	}
	return w.B
}

// Subfunctions of group cyclic.
const (
	CyclicMemory = 0x01 // subscribe to values
	CyclicStop   = 0x04
	CyclicChange = 0x05 // subscribe to values when they change
	CyclicModify = 0x07 // change what is subscribed
)

// Cyclic is the payload of a subscription.
type Cyclic struct {
	Base   uint8 // 0: 100 ms, 1: 1 s, 2: 10 s
	Factor uint8 // how many times Base
	Items  []Item
}

// ParseCyclic reads the payload.
func ParseCyclic(p []byte) (Cyclic, error) {
	r := octet.NewReader(p)
	n := int(r.U16())
	c := Cyclic{Base: r.U8(), Factor: r.U8(), Items: readItems(r, n)}
	if err := r.Done(); err != nil {
		return Cyclic{}, err
	}
	return c, nil
}

// Append appends the payload to b.
func (c Cyclic) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U16(uint16(len(c.Items)))
	w.U8(c.Base, c.Factor)
	appendItems(&w, c.Items)
	return w.B
}

// AppendCounted appends values behind their count, as answers of the groups
// cyclic and programmer carry them.
func AppendCounted(b []byte, v Values) []byte {
	w := octet.Builder{B: b}
	w.U16(uint16(len(v)))
	w.B = v.Append(w.B)
	return w.B
}
