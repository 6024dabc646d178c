package wire

import (
	"fmt"
	"strings"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A Symbol is what an item of SyntaxSym1200 addresses: a variable of an S7-1200
// by the checksum of its name and a path of local ids.
type Symbol struct {
	Fill  uint8 // 0xff
	Root  uint32
	Check uint32   // checksum of the name
	Path  []uint32 // upper four bits: kind of the id
}

// ParseSymbol reads an item's Raw.
func ParseSymbol(raw []byte) (Symbol, error) {
	r := octet.NewReader(raw)
	s := Symbol{Fill: r.U8(), Root: r.U32(), Check: r.U32()}
	for r.Len() > 0 {
		s.Path = append(s.Path, r.U32())
	}
	if err := r.Err(); err != nil {
		return Symbol{}, err
	}
	return s, nil
}

// Append appends the symbol to b.
func (s Symbol) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(s.Fill)
	w.U32(s.Root)
	w.U32(s.Check)
	for _, id := range s.Path {
		w.U32(id)
	}
	return w.B
}

// String returns the symbol's numbers: names are not on the wire.
func (s Symbol) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "symbol %08x crc %08x", s.Root, s.Check)
	for _, id := range s.Path {
		fmt.Fprintf(&b, ".%d", id&0x0fffffff)
	}
	return b.String()
}

// A DBPart is one part of an item of SyntaxDBRead.
type DBPart struct {
	Size uint8 // octets
	DB   uint16
	Addr uint16 // octet address
}

// DBParts is an item's Raw where its syntax is SyntaxDBRead.
type DBParts []DBPart

// ParseDBParts reads an item's Raw.
func ParseDBParts(raw []byte) (DBParts, error) {
	r := octet.NewReader(raw)
	n := int(r.U8())
	var out DBParts
	for i := 0; i < n && r.Err() == nil; i++ {
		out = append(out, DBPart{Size: r.U8(), DB: r.U16(), Addr: r.U16()})
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	return out, nil
}

// Append appends the parts with their count to b.
func (d DBParts) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(uint8(len(d)))
	for _, p := range d {
		w.U8(p.Size)
		w.U16(p.DB)
		w.U16(p.Addr)
	}
	return w.B
}
