package store

import "math/bits"

// set is a set of small numbers, in pages that are there where they have one: what
// is the same for a few of millions of sources and for all of some thousands.
type set struct{ pages []*setPage }

type setPage [64]uint64

const setBits = 64 * 64 // of a page

func (s *set) add(n uint32) {
	p := n / setBits
	for int(p) >= len(s.pages) {
		s.pages = append(s.pages, nil)
	}
	if s.pages[p] == nil {
		s.pages[p] = &setPage{}
	}
	s.pages[p][n/64%64] |= 1 << (n % 64)
}

func (s *set) has(n uint32) bool {
	p := n / setBits
	return int(p) < len(s.pages) && s.pages[p] != nil && s.pages[p][n/64%64]&(1<<(n%64)) != 0
}

// unite adds all of another.
func (s *set) unite(o *set) {
	for len(s.pages) < len(o.pages) {
		s.pages = append(s.pages, nil)
	}
	for i, p := range o.pages {
		if p == nil {
			continue
		}
		if s.pages[i] == nil {
			s.pages[i] = &setPage{}
		}
		for k, w := range p {
			s.pages[i][k] |= w
		}
	}
}

// len is how many numbers it has.
func (s *set) len() int64 {
	n := 0
	for _, p := range s.pages {
		if p == nil {
			continue
		}
		for _, w := range p {
			n += bits.OnesCount64(w)
		}
	}
	return int64(n)
}

// common is how many numbers both have.
func (s *set) common(o *set) int64 {
	n := 0
	for i := range min(len(s.pages), len(o.pages)) {
		a, b := s.pages[i], o.pages[i]
		if a == nil || b == nil {
			continue
		}
		for k, w := range a {
			n += bits.OnesCount64(w & b[k])
		}
	}
	return int64(n)
}

// all yields the numbers in order.
func (s *set) all(yield func(uint32) bool) {
	for i, p := range s.pages {
		if p == nil {
			continue
		}
		for k, w := range p {
			for ; w != 0; w &= w - 1 {
				if !yield(uint32(i*setBits + k*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
