package snmp

import (
	"errors"
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// An object is one instance of the MIB: what one GET reads.
type object struct {
	oid      ber.OID
	arcs     int // how many arcs of oid name the object; those behind are the index
	syntax   syntax
	writable bool
	least    int64 // of a written number, or of a written text's octets
	most     int64

	read  func(*moment) wire.Value
	tag   process.Ref // what a write goes to; process.None: it is kept
	scale float64     // of the tag: the number on the wire is the tag's times scale
	keep  string      // key of the device's State that a write goes to; "": the room's own

	follows string // where it came from, if that is another object

	where string // the file and line that gave it
}

// A mib is a tree of objects in the order of a walk.
type mib struct {
	objects []*object
	types   []ber.OID // the object types and columns that have instances, in order
}

// newMIB sorts objects. Of two with one OID the later wins where it is of
// another file, else it is an error.
func newMIB(objects []*object) (*mib, error) {
	slices.SortStableFunc(objects, func(a, b *object) int { return a.oid.Compare(b.oid) })
	m := &mib{}
	for _, o := range objects {
		if n := len(m.objects); n > 0 && m.objects[n-1].oid.Compare(o.oid) == 0 {
			if fileOf(m.objects[n-1].where) == fileOf(o.where) {
				return nil, fmt.Errorf("%s: %v is there already (%s); remove one", o.where, o.oid, m.objects[n-1].where)
			}
			m.objects[n-1] = o
			continue
		}
		m.objects = append(m.objects, o)
	}
	for _, o := range m.objects {
		m.types = append(m.types, o.oid[:o.arcs])
	}
	slices.SortFunc(m.types, ber.OID.Compare)
	m.types = slices.CompactFunc(m.types, func(a, b ber.OID) bool { return a.Compare(b) == 0 })
	return m, nil
}

// find returns the object of that name; nil without one.
func (m *mib) find(name ber.OID) *object {
	i, ok := m.search(name)
	if !ok {
		return nil
	}
	return m.objects[i]
}

func (m *mib) search(name ber.OID) (int, bool) {
	return slices.BinarySearchFunc(m.objects, name, func(o *object, n ber.OID) int { return o.oid.Compare(n) })
}

// next returns the first object behind name that v shows; nil at the end.
func (m *mib) next(name ber.OID, v view) *object {
	i, ok := m.search(name)
	if ok {
		i++
	}
	for ; i < len(m.objects); i++ {
		if v.shows(m.objects[i].oid) {
			return m.objects[i]
		}
	}
	return nil
}

// hasType says whether name lies in an object type or column that has
// instances, though perhaps not this one (noSuchInstance, RFC 3416 §4.2.1).
func (m *mib) hasType(name ber.OID) bool {
	i, ok := slices.BinarySearchFunc(m.types, name, ber.OID.Compare)
	return ok || i > 0 && name.HasPrefix(m.types[i-1])
}

// A view is what part of the tree somebody may see: some subtrees, or without
// any the whole.
type view []ber.OID

func (v view) shows(name ber.OID) bool {
	return len(v) == 0 || slices.ContainsFunc(v, name.HasPrefix)
}

// A principal is who asks: a community or a user.
type principal struct {
	name string
	rw   bool
	view view
}

// errName says that a text is not an object identifier.
var errName = errors.New("write an OID as 1.3.6.1.2.1.1.1.0, or with / before the index of a table's row")

// parseName reads an OID. A slash stands before the index; without one a final
// 0 is the index of a scalar and any other final arc that of a row.
func parseName(s string) (ber.OID, int, error) {
	for i, c := range s {
		if c != '/' {
			continue
		}
		object, err := ber.OIDFromText(s[:i])
		if err != nil {
			return nil, 0, errName
		}
		whole, err := ber.OIDFromText(s[:i] + "." + s[i+1:])
		if err != nil {
			return nil, 0, errName
		}
		return whole, len(object), nil
	}
	o, err := ber.OIDFromText(s)
	if err != nil {
		return nil, 0, errName
	}
	return o, len(o) - 1, nil
}

// within says whether n lies between least and most, where they are given.
func within(n, least, most int64) bool {
	return least == 0 && most == 0 || n >= least && n <= most
}
