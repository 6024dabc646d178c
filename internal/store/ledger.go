package store

import (
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
