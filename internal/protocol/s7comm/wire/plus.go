package wire

import "github.com/sundew-ics/sundew/internal/octet"

// Operation codes of S7comm-plus.
const (
	PlusRequest  = 0x31
	PlusResponse = 0x32
	PlusNotify   = 0x33
)

// Functions of S7comm-plus, as public captures of TIA Portal show them.
const (
	PlusExplore      = 0x04bb
	PlusCreateObject = 0x04ca
	PlusDeleteObject = 0x04d4
	PlusSetVariable  = 0x04f2
	PlusGetLink      = 0x0524
	PlusSetMulti     = 0x0542
	PlusGetMulti     = 0x054c
	PlusBeginSeq     = 0x0556
	PlusEndSeq       = 0x0560
	PlusInvoke       = 0x056b
	PlusGetStreamed  = 0x0586
)

// PlusFunctionName returns a function's name, or "".
func PlusFunctionName(fn uint16) string {
	switch fn {
	case PlusExplore:
		return "explore"
	case PlusCreateObject:
		return "create_object"
	case PlusDeleteObject:
		return "delete_object"
	case PlusSetVariable:
		return "set_variable"
	case PlusGetLink:
		return "get_link"
	case PlusSetMulti:
		return "set_multi_variables"
	case PlusGetMulti:
		return "get_multi_variables"
	case PlusBeginSeq:
		return "begin_sequence"
	case PlusEndSeq:
		return "end_sequence"
	case PlusInvoke:
		return "invoke"
	case PlusGetStreamed:
		return "get_var_substreamed"
	}
	return ""
}

// Plus is an S7comm-plus PDU with its header and trailer, in the layout of
// version 1 (0x72, version, length) that opens every session.
type Plus struct {
	Version  uint8
	Opcode   uint8
	Function uint16
	Seq      uint16
	Body     []byte // behind the sequence number; of requests it begins with the session's id
}

// ParsePlus reads a PDU. The trailer repeats the header with length 0.
func ParsePlus(b []byte) (Plus, error) {
	r := octet.NewReader(b)
	if r.U8() != ProtocolIDPlus {
		r.Fail(ErrPDU)
	}
	p := Plus{Version: r.U8()}
	d := r.Sub(int(r.U16()))
	p.Opcode = d.U8()
	if d.U16() != 0 {
		d.Fail(ErrLayout)
	}
	p.Function = d.U16()
	if d.U16() != 0 {
		d.Fail(ErrLayout)
	}
	p.Seq = d.U16()
	p.Body = keep(d.Rest())
	if r.U8() != ProtocolIDPlus || r.U8() != p.Version || r.U16() != 0 {
		r.Fail(ErrLayout)
	}
	if err := d.Err(); err != nil {
		return Plus{}, err
	}
	if err := r.Done(); err != nil {
		return Plus{}, err
	}
	return p, nil
}

// Append appends the PDU to b.
func (p Plus) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(ProtocolIDPlus, p.Version)
	w.U16(uint16(9 + len(p.Body)))
	w.U8(p.Opcode)
	w.U16(0)
	w.U16(p.Function)
	w.U16(0)
	w.U16(p.Seq)
	w.Bytes(p.Body)
	w.U8(ProtocolIDPlus, p.Version)
	w.U16(0)
	return w.B
}

// Attributes of the object that answers CreateObject.
const (
	plusClassSession = 287 // ServerSession
	plusVersion      = 306 // ServerSessionVersion, a structure
)

// PlusIdentity returns the body of the answer to CreateObject: two object ids,
// and the session's object with the text that scanners read,
// "1;6ES7 214-1AG40-0XB0 ;V4.2" (personas.md §1.11).
func PlusIdentity(session uint32, text string) []byte {
	w := octet.Builder{}
	w.U8(0x36, 0, 2) // transport flags, return value, two ids
	vlq(&w, session)
	vlq(&w, session+1)
	w.U8(0xa1) // start of object, relation id
	w.U32(288)
	vlq(&w, plusClassSession)
	w.U8(0, 0)
	w.U8(0xa3) // attribute
	vlq(&w, plusVersion)
	w.U8(0, 0x17) // structure
	w.U32(314)
	for id, v := range []uint32{0x100, 0xc0, 0x900000, 0x800000} {
		vlq(&w, uint32(315+id))
		w.U8(0, 4) // UDINT
		vlq(&w, v)
	}
	for id, s := range []string{text, "2;544"} {
		vlq(&w, uint32(319+id))
		w.U8(0, 0x15) // WSTRING
		vlq(&w, uint32(len(s)))
		w.Text(s)
	}
	vlq(&w, 321)
	w.U8(0, 3, 0, 3) // UINT 3
	w.U8(0, 0xa2)    // end of structure, end of object
	w.U32(0)
	return w.B
}

// vlq appends a number in groups of seven bits, the first ones marked.
func vlq(w *octet.Builder, v uint32) {
	for shift := 28; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			w.U8(uint8(v>>shift) | 0x80)
		}
	}
	w.U8(uint8(v & 0x7f))
}
