package store

import (
	"context"
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// digestSums packs the sums of all sessions of a day.
func (s *Store) digestSums(ctx context.Context, day int64) ([]byte, error) {
	n, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	q := &sifting{names: n, sieve: &sieve{}}
	m := newSums(n, scannersOf(n))
	err = s.eachHour(ctx, day, day+int64(unitDay), func(at int64, visits []byte) error { return q.hour(at, visits, m.add) })
	return m.pack(day), err
}

// pack writes the sums of a day, all as varints: how many places, networks and
// verdicts there were names for; places, verdicts and networks with their sums;
// sources that were in several networks; then of each source, in order, the distance
// from the one before, network, sessions, acts, first and last hour, and in which
// places and with which verdicts he was.
func (m *sums) pack(day int64) []byte {
	b := packInts(nil, len(m.places), len(m.networks), len(m.verdicts))
	hour := func(at int64) int { return int((at - day) / int64(unitHour)) }
	places, verdicts := used(m.places), used(m.verdicts)
	b = packInts(b, len(places))
	for _, i := range places {
		x := &m.places[i]
		known := 0
		if x.known != 0 {
			known = 1 + hour(x.known)
		}
		b = packInts(b, i, int(x.sessions), int(x.acts), hour(x.first), known)
	}
	b = packInts(b, len(verdicts))
	for _, i := range verdicts {
		x := &m.verdicts[i]
		b = packInts(b, i, int(x.sessions), int(x.acts))
		b = packNumbers(b, x.proven)
		b = packInts(b, int(x.places.len()))
		for p := range x.places.all {
			b = packInts(b, int(p))
		}
	}
	at := len(b)
	n := 0
	for i, x := range m.networks {
		if x != (size{}) {
			b = packInts(b, i, int(x.sessions), int(x.acts))
			n++
		}
	}
	b = slices.Insert(b, at, packInts(nil, n)...)
	b = packInts(b, len(m.sources.others))
	for _, k := range slices.SortedFunc(maps.Keys(m.sources.others), func(x, y [2]uint32) int { return slices.Compare(x[:], y[:]) }) {
		b = packInts(b, int(k[0]), int(k[1]))
	}
	before := uint32(0)
	for source, v := range m.sources.all() {
		b = packInts(b, int(source-before), int(v.network), int(v.sessions), int(v.acts), 24*hour(hourTime(v.first))+hour(hourTime(v.last)))
		before = source
		b = packHaving(b, m.places, places, source)
		b = packHaving(b, m.verdicts, verdicts, source)
	}
	return b
}

func used(list []share) []int {
	var out []int
	for i := range list {
		if list[i].sessions != 0 {
			out = append(out, i)
		}
	}
	return out
}

// packHaving writes which of some shares have a source.
func packHaving(b []byte, list []share, used []int, source uint32) []byte {
	var having [16]int
	in := having[:0]
	for _, i := range used {
		if list[i].sources.has(source) {
			in = append(in, i)
		}
	}
	return packInts(packInts(b, len(in)), in...)
}

// packInts writes numbers; one below zero, as an imported journal may have made it, is 0.
func packInts(b []byte, ns ...int) []byte {
	for _, n := range ns {
		b = binary.AppendUvarint(b, uint64(max(n, 0)))
	}
	return b
}

// digestReader reads what packInts wrote; bad says that the octets ended or were none.
type digestReader struct {
	b   []byte
	i   int
	bad bool
}

func (r *digestReader) int() int {
	if r.i < len(r.b) && r.b[r.i] < 0x80 {
		r.i++
		return int(r.b[r.i-1])
	}
	return r.longInt()
}

func (r *digestReader) longInt() int {
	v, n := binary.Uvarint(r.b[min(r.i, len(r.b)):])
	if n <= 0 || v > math.MaxInt64 {
		r.bad, r.i = true, len(r.b)
		return 0
	}
	r.i += n
	return int(v)
}

// index is a number below a bound.
func (r *digestReader) index(bound int) int {
	if v := r.int(); v < bound {
		return v
	}
	r.bad, r.i = true, len(r.b)
	return 0
}

// manySources is more than there are: what is damaged may name any.
const manySources = 1 << 27

// addDay adds the packed sums of a day; false: they know of more than the names do.
func (m *sums) addDay(day int64, b []byte) (bool, error) {
	r := &digestReader{b: b}
	places, networks, verdicts := r.int(), r.int(), r.int()
	if places > len(m.places) || networks > len(m.networks) || verdicts > len(m.verdicts) {
		return false, nil
	}
	hour := func(n int) int64 { return day + int64(n)*int64(unitHour) }
	for n := r.int(); n > 0 && !r.bad; n-- {
		x := &m.places[r.index(places)]
		sessions := int64(r.int())
		x.sessions += sessions
		m.sessions += sessions
		acts := int64(r.int())
		x.acts += acts
		m.acts += acts
		x.first = earlier(x.first, hour(r.int()))
		if known := r.int(); known > 0 {
			x.known = earlier(x.known, hour(known-1))
		}
	}
	for n := r.int(); n > 0 && !r.bad; n-- {
		m.verdicts[r.index(verdicts)].addVerdict(r, places)
	}
	for n := r.int(); n > 0 && !r.bad; n-- {
		x := &m.networks[r.index(networks)]
		x.sessions += int64(r.int())
		x.acts += int64(r.int())
	}
	for n := r.int(); n > 0 && !r.bad; n-- {
		source := uint32(r.index(manySources))
		m.sources.several(source, uint32(r.index(networks)))
	}
	source := uint32(0)
	for r.i < len(r.b) {
		source += uint32(r.index(manySources))
		if source >= manySources {
			return true, errPacked
		}
		v := cameBy{days: 1, network: uint32(r.index(networks)), sessions: uint32(r.int()), acts: int64(r.int())}
		when := r.int()
		first, last := hour(when/24), hour(when%24)
		v.first, v.last = int32(first/int64(unitHour)), int32(last/int64(unitHour))
		for n := r.int(); n > 0 && !r.bad; n-- {
			m.places[r.index(places)].sources.add(source)
		}
		for n := r.int(); n > 0 && !r.bad; n-- {
			i := r.index(verdicts)
			m.verdicts[i].sources.add(source)
			x := &m.names.verdicts[i]
			v.severity, v.score = max(v.severity, uint8(x.severity)), max(v.score, uint16(x.score))
		}
		if r.bad {
			break
		}
		m.first, m.last = min(m.first, first), max(m.last, last)
		m.sources.join(source, &v)
	}
	if r.bad {
		return true, errPacked
	}
	return true, nil
}

func (s *share) addVerdict(r *digestReader, places int) {
	s.sessions += int64(r.int())
	s.acts += int64(r.int())
	u := unpacker{b: r.b[r.i:]}
	proven := u.numbers(nil)
	if u.bad {
		r.bad = true
		return
	}
	r.i = len(r.b) - len(u.b)
	for len(s.proven) < len(proven) {
		s.proven = append(s.proven, 0)
	}
	for i, n := range proven {
		s.proven[i] += n
	}
	for n := r.int(); n > 0 && !r.bad; n-- {
		s.places.add(uint32(r.index(places)))
	}
}

// meets says whether the packed sums of a day know of a source whose sessions a sieve may
// let through: not whether it was in the same session that he was at such a place and
// found to be such. What is newer than the names may be anything.
func (v *sieve) meets(b []byte, n *names) (bool, error) {
	r := &digestReader{b: b}
	if places, networks, verdicts := r.int(), r.int(), r.int(); places > len(n.places) || networks > len(n.networks) || verdicts > len(n.verdicts) {
		return true, nil
	}
	at, found, from := v.places == nil, v.verdicts == nil, v.networks == nil // any session
	for k := r.int(); k > 0 && !r.bad; k-- {
		i := r.index(len(n.places))
		at = at || v.places[i]
		r.skip(4)
	}
	for k := r.int(); k > 0 && !r.bad; k-- {
		i := r.index(len(n.verdicts))
		found = found || v.verdicts[i]
		r.skip(2)
		r.skip(r.int()) // proofs
		r.skip(r.int()) // places
	}
	for k := r.int(); k > 0 && !r.bad; k-- {
		i := r.index(len(n.networks))
		from = from || v.networks[i]
		r.skip(2)
	}
	if !r.bad && !(at && found && from) {
		return false, nil
	}
	several := map[uint32]bool{} // had more networks than the last
	for k := r.int(); k > 0 && !r.bad; k-- {
		several[uint32(r.int())] = true
		r.int()
	}
	source := uint32(0)
	for r.i < len(r.b) {
		source += uint32(r.int())
		network := r.index(len(n.networks))
		r.skip(3)
		at, found = r.any(v.places), r.any(v.verdicts)
		if r.bad {
			break
		}
		if at && found && (v.networks == nil || v.networks[network] || several[source]) && (v.sources == nil || v.sources[source]) && !v.bars(source) {
			return true, nil
		}
	}
	if r.bad {
		return true, errPacked
	}
	return false, nil
}

// skip passes over so many numbers.
func (r *digestReader) skip(n int) {
	for ; n > 0 && !r.bad; n-- {
		r.int()
	}
}

// any reads a list of numbers, and says whether a mask lets one of them through.
func (r *digestReader) any(mask []bool) bool {
	ok := mask == nil
	for n := r.int(); n > 0 && !r.bad; n-- {
		if i := r.int(); mask != nil && i < len(mask) && mask[i] {
			ok = true
		}
	}
	return ok
}
