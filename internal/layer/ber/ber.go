// Package ber reads and appends the definite-length Basic Encoding Rules of
// ASN.1 (ITU-T X.690), as SNMP and MMS use them.
//
// A Reader walks one level of elements with a sticky error, as octet.Reader
// does with fields. It takes what real agents take: lengths and integers longer
// than they need to be. The Append functions write the shortest form.
package ber

import (
	"errors"
	"fmt"
)

// Why octets are not an element that this package reads.
var (
	ErrShort      = errors.New("BER: element is longer than the octets")
	ErrLength     = errors.New("BER: length of more than four octets")
	ErrIndefinite = errors.New("BER: indefinite length")
	ErrTag        = errors.New("BER: unexpected tag")
	ErrValue      = errors.New("BER: contents do not fit the type")
	ErrDepth      = errors.New("BER: nested too deeply")
)

// MaxDepth is how many levels Enter goes down before it gives up.
const MaxDepth = 24

// A Tag is an element's identifier octets read as one number: 0x30 is a
// SEQUENCE, 0xbf21 the constructed context tag 33.
type Tag uint32

// Universal tags (X.680 §8.4).
const (
	Boolean     Tag = 0x01
	Integer     Tag = 0x02
	BitString   Tag = 0x03
	OctetString Tag = 0x04
	Null        Tag = 0x05
	ObjectID    Tag = 0x06
	Sequence    Tag = 0x30
)

// Constructed says whether the element's contents are elements again.
func (t Tag) Constructed() bool {
	for t > 0xff {
		t >>= 8
	}
	return t&0x20 != 0
}

// A Reader reads the elements of one level. Its error is sticky: after the
// first failure every method returns zero values. A Reader that Enter returned
// hands its failure to its parent.
type Reader struct {
	b      []byte
	off    int
	base   int // of b in the outermost octets
	depth  int
	err    error
	parent *Reader
}

// NewReader returns a Reader of the elements in b, which it does not copy.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Err returns the first failure here or in a level entered from here.
func (r *Reader) Err() error { return r.err }

// Fail makes err the error of this level and those above unless there is one.
func (r *Reader) Fail(err error) {
	for ; r != nil && r.err == nil; r = r.parent {
		r.err = err
	}
}

// Len returns how many octets of this level are left; 0 after a failure.
func (r *Reader) Len() int {
	if r.err != nil {
		return 0
	}
	return len(r.b) - r.off
}

// Offset returns where the next element begins in the outermost octets.
func (r *Reader) Offset() int { return r.base + r.off }

// Rest returns the octets of this level that are left, and takes them.
func (r *Reader) Rest() []byte {
	p := r.b[len(r.b)-r.Len():]
	r.off = len(r.b)
	return p
}

// Peek returns the tag of the next element without passing over it; 0 at the
// end of the level and where no tag can be read.
func (r *Reader) Peek() Tag {
	if r.Len() == 0 {
		return 0
	}
	t, _, _ := tag(r.b[r.off:])
	return t
}

// Next returns the next element's tag and contents, without copying.
func (r *Reader) Next() (Tag, []byte) {
	if r.err != nil {
		return 0, nil
	}
	t, header, n, err := head(r.b[r.off:])
	if err != nil {
		r.Fail(fmt.Errorf("%w at octet %d", err, r.Offset()))
		return 0, nil
	}
	start := r.off + header
	r.off = start + n
	return t, r.b[start:r.off:r.off]
}

// Contents returns the contents of the next element, which must have tag want.
func (r *Reader) Contents(want Tag) []byte {
	at := r.Offset()
	t, p := r.Next()
	if r.err == nil && t != want {
		r.Fail(fmt.Errorf("%w %#x at octet %d, want %#x", ErrTag, uint32(t), at, uint32(want)))
		return nil
	}
	return p
}

// Enter returns a Reader of the contents of the next element, which must have
// tag want. It fails with its parent, and its parent with it.
func (r *Reader) Enter(want Tag) *Reader {
	p := r.Contents(want)
	if r.depth == MaxDepth {
		r.Fail(ErrDepth)
	}
	return &Reader{b: p, base: r.Offset() - len(p), depth: r.depth + 1, err: r.err, parent: r}
}

// Int reads an INTEGER of one to eight octets under tag want.
func (r *Reader) Int(want Tag) int64 {
	p := r.Contents(want)
	if r.err != nil {
		return 0
	}
	v, err := ParseInt(p)
	if err != nil {
		r.Fail(err)
	}
	return v
}

// head reads an element's tag and length. Its contents are n octets behind the header.
func head(b []byte) (t Tag, header, n int, err error) {
	t, header, err = tag(b)
	if err != nil {
		return 0, 0, 0, err
	}
	if header == len(b) {
		return 0, 0, 0, ErrShort
	}
	first := b[header]
	header++
	switch {
	case first < 0x80:
		n = int(first)
	case first == 0x80:
		return 0, 0, 0, ErrIndefinite
	case first > 0x84: // X.690 §8.1.3.5 allows 126; no peer needs more than 32 bits
		return 0, 0, 0, ErrLength
	default:
		count := int(first & 0x7f)
		if count > len(b)-header {
			return 0, 0, 0, ErrShort
		}
		var v uint64
		for _, c := range b[header : header+count] {
			v = v<<8 | uint64(c)
		}
		header += count
		if v > uint64(len(b)) {
			return 0, 0, 0, ErrShort
		}
		n = int(v)
	}
	if n > len(b)-header {
		return 0, 0, 0, ErrShort
	}
	return t, header, n, nil
}

// tag reads identifier octets (X.690 §8.1.2): one, or with a tag number of 31
// and more up to three further ones.
func tag(b []byte) (Tag, int, error) {
	if len(b) == 0 {
		return 0, 0, ErrShort
	}
	t := Tag(b[0])
	if b[0]&0x1f != 0x1f {
		return t, 1, nil
	}
	for i := 1; i < 4; i++ {
		if i == len(b) {
			return 0, 0, ErrShort
		}
		t = t<<8 | Tag(b[i])
		if b[i]&0x80 == 0 {
			return t, i + 1, nil
		}
	}
	return 0, 0, ErrTag
}
