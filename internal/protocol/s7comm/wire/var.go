package wire

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Vars is the parameter of read (0x04) and write (0x05) and of their answers,
// which have only the count.
type Vars struct {
	Function uint8
	Items    []Item
}

// ParseVars reads the parameter of a read or write request.
func ParseVars(param []byte) (Vars, error) {
	r := octet.NewReader(param)
	v := Vars{Function: r.U8()}
	if v.Function != FnRead && v.Function != FnWrite {
		r.Fail(ErrLayout)
	}
	v.Items = readItems(r, int(r.U8()))
	if err := r.Done(); err != nil {
		return Vars{}, err
	}
	return v, nil
}

// Append appends the parameter to b.
func (v Vars) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U8(v.Function, uint8(len(v.Items)))
	appendItems(&w, v.Items)
	return w.B
}

// readItems reads n items; each but the last begins on an even octet, which a
// fill octet behind one of odd length makes.
func readItems(r *octet.Reader, n int) []Item {
	var out []Item
	for i := 0; i < n && r.Err() == nil; i++ {
		start := r.Offset()
		out = append(out, readItem(r))
		if i < n-1 && (r.Offset()-start)%2 != 0 {
			r.Skip(1)
		}
	}
	return out
}

// appendItems appends items with their fill octets.
func appendItems(w *octet.Builder, items []Item) {
	for i, it := range items {
		start := w.Len()
		it.append(w)
		if i < len(items)-1 && (w.Len()-start)%2 != 0 {
			w.U8(0)
		}
	}
}

// A Return is the return code of one data item.
type Return uint8

// Return codes, seen on the real CPUs or named by their tools.
const (
	RetReserved     Return = 0x00 // in write requests
	RetHardware     Return = 0x01
	RetAccess       Return = 0x03 // accessing the object is not allowed
	RetAddress      Return = 0x05 // address out of range
	RetType         Return = 0x06 // data type not supported
	RetInconsistent Return = 0x07 // data type inconsistent
	RetMissing      Return = 0x0a // object does not exist
	RetOK           Return = 0xff
)

// String returns what the code says.
func (c Return) String() string {
	switch c {
	case RetReserved:
		return "reserved"
	case RetHardware:
		return "hardware error"
	case RetAccess:
		return "access denied"
	case RetAddress:
		return "address out of range"
	case RetType:
		return "type not supported"
	case RetInconsistent:
		return "type inconsistent"
	case RetMissing:
		return "object does not exist"
	case RetOK:
		return "ok"
	}
	return fmt.Sprintf("return code %#02x", uint8(c))
}

// Transport sizes of data items: what the length counts.
const (
	SizeNull   = 0x00 // nothing
	SizeBit    = 0x03 // bits, one per octet
	SizeByte   = 0x04 // octets or words, counted in bits
	SizeInt    = 0x05 // counted in bits
	SizeDInt   = 0x06 // counted in octets
	SizeReal   = 0x07 // counted in octets
	SizeOctets = 0x09 // octet string, counted in octets
	SizeNCK1   = 0x11
	SizeNCK2   = 0x12
)

// sizeInBits says whether a transport size counts bits.
func sizeInBits(size uint8) bool { return size == SizeByte || size == SizeInt }

// A DataItem is one value with its return code: of a read answer, a write
// request, or a user data service.
type DataItem struct {
	Return Return
	Size   uint8  // transport size
	Length uint16 // as on the wire, in the unit of Size
	Data   []byte
}

// NewDataItem returns an item with data in the given transport size.
func NewDataItem(size uint8, data []byte) DataItem {
	n := len(data)
	if sizeInBits(size) {
		n *= 8
	}
	return DataItem{Return: RetOK, Size: size, Length: uint16(n), Data: keep(data)}
}

// octets returns how many octets the length stands for.
func (d DataItem) octets() int {
	switch {
	case d.Size == SizeNull:
		return 0
	case sizeInBits(d.Size):
		return (int(d.Length) + 7) / 8
	}
	return int(d.Length)
}

// readDataItem reads one item without fill.
func readDataItem(r *octet.Reader) DataItem {
	d := DataItem{Return: Return(r.U8()), Size: r.U8(), Length: r.U16()}
	d.Data = keep(r.Bytes(d.octets()))
	return d
}

// append appends the item without fill.
func (d DataItem) append(w *octet.Builder) {
	w.U8(uint8(d.Return), d.Size)
	w.U16(d.Length)
	w.Bytes(d.Data)
}

// A Values is the data part of a write request and of a read answer.
type Values []DataItem

// ParseValues reads the n values of a data part. Each but the last is filled to
// an even length; some clients fill the last too.
func ParseValues(data []byte, n int) (Values, error) {
	r := octet.NewReader(data)
	var out Values
	for i := 0; i < n && r.Err() == nil; i++ {
		d := readDataItem(r)
		out = append(out, d)
		if len(d.Data)%2 != 0 && r.Len() > 0 {
			r.Skip(1)
		}
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	return out, nil
}

// Append appends the values to b, with the fill octets between them.
func (v Values) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	for i, d := range v {
		d.append(&w)
		if i < len(v)-1 && len(d.Data)%2 != 0 {
			w.U8(0)
		}
	}
	return w.B
}

// WriteAnswer is the data part of a write answer: one return code for each item.
type WriteAnswer []Return

// Append appends the return codes to b.
func (a WriteAnswer) Append(b []byte) []byte {
	for _, c := range a {
		b = append(b, uint8(c))
	}
	return b
}
