package enip

import (
	"errors"
	"fmt"

	"github.com/sundew-ics/sundew/internal/process"
)

// A tag is a symbol of the controller or of one of its programs, with its
// octets as they are on the wire.
type tag struct {
	name    string
	program string // "": the controller's own
	id      uint32 // its instance of class 0x6B
	typ     *dataType
	dims    []int
	access  access
	mem     []byte // under server.mu
	cells   []cell
	first   []byte // mem as the settings say
	changed bool   // mem is not first
	system  uint16 // of a symbol without data (program, task): its type
}

// An access is what visitors may do with a tag ("External Access").
type access uint8

const (
	readWrite access = 0
	readOnly  access = 2
	noAccess  access = 3
)

// A cell is a process tag in a tag's octets.
type cell struct {
	off           int
	bit           int // -1: the whole value
	typ           *dataType
	ref           process.Ref
	scale, offset float64
	writable      bool
}

// elements returns how many there are in all dimensions.
func (t *tag) elements() int {
	n := 1
	for _, d := range t.dims {
		n *= d
	}
	return n
}

// path is the tag's name as programmers write it.
func (t *tag) path() string {
	if t.program == "" {
		return t.name
	}
	return "Program:" + t.program + "." + t.name
}

const maxTag = 2 << 20 // octets

// newTag makes a tag of its row.
func (d *server) newTag(row tagRow) (*tag, error) {
	t := &tag{name: row.Name, program: row.Program}
	if !validName(row.Name) {
		return nil, errors.New("a name has at most 40 letters, digits, underscores and colons, no digit first")
	}
	switch row.Access {
	case "", "rw":
	case "ro":
		t.access = readOnly
	case "none":
		t.access = noAccess
	default:
		return nil, fmt.Errorf("access = %q: use rw, ro or none", row.Access)
	}
	if t.typ = d.types.find(row.Type); t.typ == nil {
		return nil, fmt.Errorf("no type %q", row.Type)
	}
	t.dims = row.Array
	if t.typ.name == "BOOL" && len(t.dims) > 0 {
		if len(t.dims) > 1 {
			return nil, errors.New("an array of BOOL has one dimension")
		}
		t.typ, t.dims = elementary("DWORD"), []int{(t.dims[0] + 31) / 32}
	}
	if len(t.dims) > 3 {
		return nil, errors.New("an array has at most three dimensions")
	}
	size := t.typ.size
	for _, n := range t.dims {
		if n < 1 || n > maxTag/size {
			return nil, fmt.Errorf("array = %v: too small or too large", row.Array)
		}
		size *= n
	}
	t.mem = make([]byte, size)
	return t, d.fill(t, row)
}
