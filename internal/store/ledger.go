package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// A ledger counts what sessions had to do with, by a key: the pairs that they tried,
// the targets that they aimed at, the values and files that they wrote. It is built in memory from rows, packed, and read
// in the order of keys, together with those of other days.
type ledger struct {
	begin int64    // times count from it
	runs  [][]byte // packed before, so that there was room for more
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

func newLedger(begin int64) *ledger { return &ledger{begin: begin, keys: map[string]int32{}} }

// Bounds of a ledger that is being built: of its rows, with their keys some 15 MB, and of
// the octets that were packed before.
const (
	maxDeals     = 100_000
	maxRunOctets = 16 << 20
)

// errLarge says that there are too many pairs of keys and sources for a ledger, millions
// a day: rows must be asked themselves.
var errLarge = errors.New("too much for a ledger")

func (l *ledger) add(key []byte, d deal) error {
	if len(l.rows) >= maxDeals {
		if l.compact(); len(l.rows) > maxDeals/2 {
			if err := l.run(); err != nil {
				return err
			}
		}
	}
	i, ok := l.keys[string(key)]
	if !ok {
		i = int32(len(l.names))
		l.names = append(l.names, string(key))
		l.keys[l.names[i]] = i
	}
	d.key = i
	l.rows = append(l.rows, d)
	return nil
}

// run packs what there is, and begins anew.
func (l *ledger) run() error {
	octets := 0
	for _, b := range l.runs {
		octets += len(b)
	}
	if octets > maxRunOctets {
		return errLarge
	}
	l.runs = append(l.runs, l.packRows())
	l.rows, l.names = l.rows[:0], nil
	clear(l.keys)
	return nil
}

// pack is the ledger as it is kept.
func (l *ledger) pack() ([]byte, error) {
	last := l.packRows()
	if l.runs == nil {
		return last, nil
	}
	var sheets []*sheet
	for _, b := range append(l.runs, last) {
		sheets = append(sheets, &sheet{digestReader: digestReader{b: b}, begin: l.begin})
	}
	b := []byte{}
	err := readTogether(sheets, func(key []byte, groups []packedGroup) error {
		b = append(packInts(b, len(key)), key...)
		b = packInts(b, len(groups))
		for i := range groups {
			b = groups[i].pack(b, l.begin)
		}
		return nil
	})
	return b, err
}

// compact adds up rows of the same key, place, operation and source.
func (l *ledger) compact() {
	slices.SortFunc(l.rows, func(a, b deal) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.place, b.place), cmp.Compare(a.operation, b.operation), cmp.Compare(a.source, b.source))
	})
	out := l.rows[:0]
	for _, d := range l.rows {
		if n := len(out); n > 0 && out[n-1].key == d.key && out[n-1].place == d.place && out[n-1].operation == d.operation && out[n-1].source == d.source {
			x := &out[n-1]
			x.n, x.hits = x.n+d.n, x.hits+d.hits
			x.first, x.last, x.session = min(x.first, d.first), max(x.last, d.last), max(x.session, d.session)
			continue
		}
		out = append(out, d)
	}
	l.rows = out
}

// packRows writes keys in order, each with its length, how many groups there are of it, and
// the groups: place, operation, first and last time since a beginning, the key of the
// latest session, octets of the sources, and these: the distance from the one before, doubled twice; plus 1 if it is
// followed by a count that is not 1; plus 2 if by hits.
func (l *ledger) packRows() []byte {
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
			groups = groupOf(g).pack(groups, l.begin)
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

// groupOf adds rows up that have all but the source in common.
func groupOf(g []deal) *packedGroup {
	p := &packedGroup{place: g[0].place, operation: g[0].operation, first: g[0].first, last: g[0].last}
	before := uint32(0)
	for len(g) > 0 {
		of := g[:alikes(g, func(d *deal) bool { return d.source == g[0].source })]
		var n, hits int64
		for i := range of {
			n, hits = n+of[i].n, hits+of[i].hits
			p.first, p.last, p.session = min(p.first, of[i].first), max(p.last, of[i].last), max(p.session, of[i].session)
		}
		mark := int(of[0].source-before) << 2
		before = of[0].source
		if n != 1 {
			mark |= 1
		}
		if hits != 0 {
			mark |= 2
		}
		p.sources = packInts(p.sources, mark)
		if n != 1 {
			p.sources = packInts(p.sources, int(n))
		}
		if hits != 0 {
			p.sources = packInts(p.sources, int(hits))
		}
		g = g[len(of):]
	}
	return p
}

func (g *packedGroup) pack(b []byte, begin int64) []byte {
	b = packInts(b, int(g.place), int(g.operation))
	b = binary.AppendVarint(b, g.first-begin)
	b = binary.AppendVarint(b, g.last-begin)
	b = packInts(b, int(g.session), len(g.sources))
	return append(b, g.sources...)
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
