package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
)

// A group is the sessions of an hour that have place, source, network and
// verdict in common.
type group struct{ place, source, network, verdict uint32 }

// tally is how many sessions a group has, how many acts these, and how many of
// the acts prove each technique of the verdict.
type tally struct {
	sessions, acts int64
	proven         []int64
}

// action is what acts of an hour have in common.
type action struct{ place, operation uint32 }

// volume is how many acts there were, and their octets.
type volume struct{ acts, in, out int64 }

// hour is the roll-up of an hour, or a part of it. Parts add up, and may hold
// negative numbers: what moved from one group to another.
type hour struct {
	at, part int64
	visits   map[group]*tally
	acts     map[action]*volume
	dirty    bool
	used     uint64 // commit of the last change
}

// maxPart is how many groups a part has at most, so that one more session in a
// busy hour does not write all of it again.
const maxPart = 16_384

func (h *hour) visit(g group, sessions, acts int64, proven []int64) {
	t := h.visits[g]
	if t == nil {
		t = &tally{}
		h.visits[g] = t
	}
	t.sessions += sessions
	t.acts += acts
	for len(t.proven) < len(proven) {
		t.proven = append(t.proven, 0)
	}
	for i, n := range proven {
		t.proven[i] += n
	}
	h.dirty = true
}

func (h *hour) act(a action, acts, in, out int64) {
	v := h.acts[a]
	if v == nil {
		v = &volume{}
		h.acts[a] = v
	}
	v.acts += acts
	v.in += in
	v.out += out
	h.dirty = true
}

func (t *tally) zero() bool {
	return t.sessions == 0 && t.acts == 0 && !slices.ContainsFunc(t.proven, func(n int64) bool { return n != 0 })
}

// packVisits writes groups, ordered by source: the source as the distance from
// the one before, then place, network, verdict, sessions, acts, the number of
// techniques and the acts for each, all as varints.
func packVisits(visits map[group]*tally) []byte {
	groups := make([]group, 0, len(visits))
	for g, t := range visits {
		if t.zero() {
			delete(visits, g)
			continue
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.place, b.place), cmp.Compare(a.network, b.network), cmp.Compare(a.verdict, b.verdict))
	})
	b := make([]byte, 0, 12*len(groups))
	before := uint32(0)
	for _, g := range groups {
		t := visits[g]
		b = binary.AppendUvarint(b, uint64(g.source-before))
		before = g.source
		b = binary.AppendUvarint(b, uint64(g.place))
		b = binary.AppendUvarint(b, uint64(g.network))
		b = binary.AppendUvarint(b, uint64(g.verdict))
		b = binary.AppendVarint(b, t.sessions)
		b = binary.AppendVarint(b, t.acts)
		b = packNumbers(b, t.proven)
	}
	return b
}

func packNumbers(b []byte, ns []int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(ns)))
	for _, n := range ns {
		b = binary.AppendVarint(b, n)
	}
	return b
}

var errPacked = errors.New("a packed roll-up is damaged; `sundew reindex` makes the store anew")

// unpacker reads varints; bad says that the octets ended or were none.
type unpacker struct {
	b   []byte
	bad bool
}

func (u *unpacker) uint() uint32 {
	if len(u.b) > 0 && u.b[0] < 0x80 {
		v := u.b[0]
		u.b = u.b[1:]
		return uint32(v)
	}
	v, n := binary.Uvarint(u.b)
	if n <= 0 || v > 1<<32-1 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[n:]
	return uint32(v)
}

func (u *unpacker) int() int64 {
	if len(u.b) > 0 && u.b[0] < 0x80 {
		v := u.b[0]
		u.b = u.b[1:]
		return int64(v>>1) ^ -int64(v&1)
	}
	v, n := binary.Varint(u.b)
	if n <= 0 {
		u.bad, u.b = true, nil
		return 0
	}
	u.b = u.b[n:]
	return v
}

// numbers appends what packNumbers wrote.
func (u *unpacker) numbers(to []int64) []int64 {
	for n := u.uint(); n > 0 && !u.bad; n-- {
		to = append(to, u.int())
	}
	return to
}

// unpackVisits calls do for each group. t is valid until the next.
func unpackVisits(b []byte, do func(g group, t *tally)) error {
	u := unpacker{b: b}
	var g group
	var t tally
	for len(u.b) > 0 {
		g.source += u.uint()
		g.place, g.network, g.verdict = u.uint(), u.uint(), u.uint()
		t.sessions, t.acts = u.int(), u.int()
		t.proven = u.numbers(t.proven[:0])
		if u.bad {
			return errPacked
		}
		do(g, &t)
	}
	return nil
}

// packActs writes what acts of the hour have in common and how many they are.
func packActs(acts map[action]*volume) []byte {
	b := make([]byte, 0, 12*len(acts))
	for a, v := range acts {
		b = binary.AppendUvarint(b, uint64(a.place))
		b = binary.AppendUvarint(b, uint64(a.operation))
		b = binary.AppendVarint(b, v.acts)
		b = binary.AppendVarint(b, v.in)
		b = binary.AppendVarint(b, v.out)
	}
	return b
}

func unpackActs(b []byte, do func(a action, v volume)) error {
	r := digestReader{b: b}
	for r.i < len(b) {
		a := action{uint32(r.int()), uint32(r.int())}
		v := volume{r.signed(), r.signed(), r.signed()}
		if r.bad {
			return errPacked
		}
		do(a, v)
	}
	return nil
}
