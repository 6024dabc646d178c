package wire

import "errors"

// Bits of a segment's header (IEEE 1815 §8.2.1).
const (
	segFinal = 0x80
	segFirst = 0x40
	segMask  = 0x3F
)

// MaxSegment is how many octets of a fragment a segment carries.
const MaxSegment = MaxData - 1

// Why a segment was dropped.
var (
	ErrEmptySegment = errors.New("a segment without a header")
	ErrNotFirst     = errors.New("a segment of no fragment")
	ErrSequence     = errors.New("a segment out of sequence")
	ErrTooLong      = errors.New("a fragment longer than the buffer")
)

// An Assembler puts fragments together from segments (IEEE 1815 §8.2.2). Its
// buffer never grows beyond Limit.
type Assembler struct {
	Limit  int
	buf    []byte
	active bool
	next   uint8
}

// Add takes a segment. It returns the fragment when that is complete; it is
// valid until the next call. A segment that does not fit is dropped together
// with what came before it.
func (a *Assembler) Add(segment []byte) ([]byte, error) {
	if len(segment) == 0 {
		return nil, ErrEmptySegment
	}
	head, data := segment[0], segment[1:]
	switch {
	case head&segFirst != 0:
		a.buf, a.active = a.buf[:0], true
	case !a.active:
		return nil, ErrNotFirst
	case head&segMask != a.next:
		a.active = false
		return nil, ErrSequence
	}
	if len(a.buf)+len(data) > a.Limit {
		a.active = false
		return nil, ErrTooLong
	}
	a.buf = append(a.buf, data...)
	a.next = (head + 1) & segMask
	if head&segFinal == 0 {
		return nil, nil
	}
	a.active = false
	return a.buf, nil
}

// Pending says whether a fragment has begun and not ended.
func (a *Assembler) Pending() bool { return a.active }

// Segments cuts a fragment into segments, the first numbered seq, and calls
// yield with each; it returns the number of the next.
func Segments(fragment []byte, seq uint8, yield func(segment []byte)) uint8 {
	first := byte(segFirst)
	for {
		n := min(len(fragment), MaxSegment)
		head := first | seq&segMask
		if n == len(fragment) {
			head |= segFinal
		}
		yield(append([]byte{head}, fragment[:n]...))
		seq, first, fragment = (seq+1)&segMask, 0, fragment[n:]
		if head&segFinal != 0 {
			return seq
		}
	}
}
