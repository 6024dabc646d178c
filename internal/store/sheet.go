package store

import (
	"bytes"
	"encoding/binary"
)

// packedGroup is a group of a ledger as it is read.
type packedGroup struct {
	place, operation uint32
	first, last      int64
	session          int64
	sources          []byte
}

// each calls do for each source of the group.
func (g *packedGroup) each(do func(source uint32, n, hits int64)) error {
	r := &digestReader{b: g.sources}
	source := uint32(0)
	for r.i < len(r.b) {
		mark := r.int()
		source += uint32(mark >> 2)
		n, hits := int64(1), int64(0)
		if mark&1 != 0 {
			n = int64(r.int())
		}
		if mark&2 != 0 {
			hits = int64(r.int())
		}
		if r.bad {
			return errPacked
		}
		do(source, n, hits)
	}
	return nil
}

// sheet is a packed ledger that is being read.
type sheet struct {
	digestReader
	begin int64
	key   []byte
	more  bool
}

// next goes to the next key; groups must have been read.
func (p *sheet) next() error {
	if p.more = p.i < len(p.b); !p.more {
		return nil
	}
	n := p.int()
	if p.bad || n > len(p.b)-p.i {
		return errPacked
	}
	p.key = p.b[p.i : p.i+n]
	p.i += n
	return nil
}

// groups appends those of the key.
func (p *sheet) groups(to []packedGroup) ([]packedGroup, error) {
	for n := p.int(); n > 0 && !p.bad; n-- {
		g := packedGroup{place: uint32(p.int()), operation: uint32(p.int())}
		g.first = p.begin + p.signed()
		g.last = p.begin + p.signed()
		g.session = int64(p.int())
		octets := p.int()
		if p.bad || octets > len(p.b)-p.i {
			return to, errPacked
		}
		g.sources = p.b[p.i : p.i+octets]
		p.i += octets
		to = append(to, g)
	}
	if p.bad {
		return to, errPacked
	}
	return to, nil
}

func (r *digestReader) signed() int64 {
	if r.i < len(r.b) && r.b[r.i] < 0x80 {
		r.i++
		return int64(r.b[r.i-1]>>1) ^ -int64(r.b[r.i-1]&1)
	}
	v, n := binary.Varint(r.b[min(r.i, len(r.b)):])
	if n <= 0 {
		r.bad, r.i = true, len(r.b)
		return 0
	}
	r.i += n
	return v
}

// readTogether calls do for each key of some ledgers, in order, with its groups in all
// of them, which are valid until the next.
func readTogether(sheets []*sheet, do func(key []byte, groups []packedGroup) error) error {
	open := make(sheetHeap, 0, len(sheets))
	for _, p := range sheets {
		if err := p.next(); err != nil {
			return err
		}
		if p.more {
			open.push(p)
		}
	}
	var groups []packedGroup
	var key []byte
	for len(open) > 0 {
		groups, key = groups[:0], open[0].key
		for len(open) > 0 && bytes.Equal(open[0].key, key) {
			p := open[0]
			var err error
			if groups, err = p.groups(groups); err != nil {
				return err
			}
			if err := p.next(); err != nil {
				return err
			}
			open.fix()
		}
		if err := do(key, groups); err != nil {
			return err
		}
	}
	return nil
}

// sheetHeap has the sheet of the least key first.
type sheetHeap []*sheet

func (h *sheetHeap) push(p *sheet) {
	*h = append(*h, p)
	list := *h
	for i := len(list) - 1; i > 0; {
		up := (i - 1) / 2
		if bytes.Compare(list[up].key, list[i].key) <= 0 {
			return
		}
		list[up], list[i] = list[i], list[up]
		i = up
	}
}

// fix puts the first in its place, or takes it out if it has ended.
func (h *sheetHeap) fix() {
	list := *h
	if !list[0].more {
		list[0] = list[len(list)-1]
		list = list[:len(list)-1]
		*h = list
	}
	for i := 0; ; {
		least := i
		for _, k := range []int{2*i + 1, 2*i + 2} {
			if k < len(list) && bytes.Compare(list[k].key, list[least].key) < 0 {
				least = k
			}
		}
		if least == i {
			return
		}
		list[i], list[least] = list[least], list[i]
		i = least
	}
}
