package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// A ledger counts what sessions had to do with, by a key: the pairs that they tried,
// the targets that they aimed at. It is built in memory from rows, packed, and read
// in the order of keys, together with those of other days.
type ledger struct {
	keys  map[string]int32
	names []string
	rows  []deal
}

// deal is that a source had to do with a key: so many times, of which so many were
// hits, at a place and by an operation.
type deal struct {
	key              int32
	place, operation uint32
	source           uint32
	n, hits          int64
	first, last      int64
	session          int64 // one in which, or 0
}

func newLedger() *ledger { return &ledger{keys: map[string]int32{}} }

func (l *ledger) add(key []byte, d deal) {
	i, ok := l.keys[string(key)]
	if !ok {
		i = int32(len(l.names))
		l.names = append(l.names, string(key))
		l.keys[l.names[i]] = i
	}
	d.key = i
	l.rows = append(l.rows, d)
}

// pack writes keys in order, each with its length, how many groups there are of it, and
// the groups: place, operation, first and last time since a beginning, the key of the
// latest session, octets of the sources, and these: the distance from the one before, doubled twice; plus 1 if it is
// followed by a count that is not 1; plus 2 if by hits.
func (l *ledger) pack(begin int64) []byte {
	order := make([]int32, len(l.names)) // by key's number: its rank
	ranked := make([]int32, len(l.names))
	for i := range ranked {
		ranked[i] = int32(i)
	}
	slices.SortFunc(ranked, func(a, b int32) int { return cmp.Compare(l.names[a], l.names[b]) })
	for rank, i := range ranked {
		order[i] = int32(rank)
	}
	slices.SortFunc(l.rows, func(a, b deal) int {
		return cmp.Or(cmp.Compare(order[a.key], order[b.key]), cmp.Compare(a.place, b.place), cmp.Compare(a.operation, b.operation), cmp.Compare(a.source, b.source))
	})
	b, groups := []byte{}, []byte(nil)
	for rows := l.rows; len(rows) > 0; {
		of := rows[:alikes(rows, func(d *deal) bool { return d.key == rows[0].key })]
		rows = rows[len(of):]
		n := 0
		groups = groups[:0]
		for rest := of; len(rest) > 0; n++ {
			g := rest[:alikes(rest, func(d *deal) bool { return d.place == rest[0].place && d.operation == rest[0].operation })]
			rest = rest[len(g):]
			groups = packGroup(groups, g, begin)
		}
		key := l.names[of[0].key]
		b = append(packInts(b, len(key)), key...)
		b = append(packInts(b, n), groups...)
	}
	return b
}

// alikes is how many of the first rows are alike.
func alikes(rows []deal, alike func(*deal) bool) int {
	n := 1
	for n < len(rows) && alike(&rows[n]) {
		n++
	}
	return n
}

func packGroup(b []byte, g []deal, begin int64) []byte {
	first, last, session := g[0].first, g[0].last, int64(0)
	b = packInts(b, int(g[0].place), int(g[0].operation))
	var sources []byte
	before := uint32(0)
	for len(g) > 0 {
		of := g[:alikes(g, func(d *deal) bool { return d.source == g[0].source })]
		var n, hits int64
		for i := range of {
			n, hits = n+of[i].n, hits+of[i].hits
			first, last, session = min(first, of[i].first), max(last, of[i].last), max(session, of[i].session)
		}
		mark := int(of[0].source-before) << 2
		before = of[0].source
		if n != 1 {
			mark |= 1
		}
		if hits != 0 {
			mark |= 2
		}
		sources = packInts(sources, mark)
		if n != 1 {
			sources = packInts(sources, int(n))
		}
		if hits != 0 {
			sources = packInts(sources, int(hits))
		}
		g = g[len(of):]
	}
	b = binary.AppendVarint(b, first-begin)
	b = binary.AppendVarint(b, last-begin)
	b = packInts(b, int(session))
	return append(packInts(b, len(sources)), sources...)
}

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

// keyOf joins texts to a key, and textsOf takes them apart.
func keyOf[T ~[]byte](to []byte, texts ...T) []byte {
	for _, s := range texts {
		to = append(packInts(to, len(s)), s...)
	}
	return to
}

func textsOf(key []byte) []string {
	var out []string
	r := digestReader{b: key}
	for r.i < len(key) {
		n := min(r.int(), len(key)-r.i)
		out = append(out, string(key[r.i:r.i+n]))
		r.i += n
	}
	return out
}
