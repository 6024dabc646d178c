package ber

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

// element is one element with its contents as octets, or as elements where the
// tag says so: what the laws of codecs are tested with.
type element struct {
	tag  Tag
	body []byte
	kids []element
}

func (e element) Append(b []byte) []byte {
	start := len(b)
	b = append(b, e.body...)
	for _, k := range e.kids {
		b = k.Append(b)
	}
	return Wrap(b, start, e.tag)
}

func parseElement(b []byte) (element, error) {
	r := NewReader(b)
	e := read(r)
	if r.Err() == nil && r.Len() > 0 {
		return e, ErrValue
	}
	return e, r.Err()
}

func read(r *Reader) element {
	e := element{tag: r.Peek()}
	if !e.tag.Constructed() {
		_, e.body = r.Next()
		return e
	}
	in := r.Enter(e.tag)
	for in.Len() > 0 {
		e.kids = append(e.kids, read(in))
	}
	return e
}

func TestElements(t *testing.T) {
	octettest.Vectors(t, parseElement, []octettest.Vector[element]{
		{Name: "BOOLEAN true, X.690 §8.2.2", Hex: "0101ff", Want: element{tag: Boolean, body: []byte{0xff}}},
		{Name: "SEQUENCE {name IA5String, ok BOOLEAN}, X.690 §8.9.3", Hex: "300a 1605 536d697468 0101ff",
			Want: element{tag: Sequence, kids: []element{{tag: 0x16, body: []byte("Smith")}, {tag: Boolean, body: []byte{0xff}}}}},
		{Name: "tag number above 30, X.690 §8.1.2.4", Hex: "bf21 03 02012a",
			Want: element{tag: 0xbf21, kids: []element{{tag: Integer, body: []byte{42}}}}},
	})
}

func TestReaderRefuses(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"indefinite length", "3080 0000", ErrIndefinite},
		{"length of five octets", "0485 0000000001 00", ErrLength},
		{"length that lies", "0484 ffffffff 00", ErrShort},
		{"element beyond its parent", "3003 020200 01", ErrShort},
		{"endless tag", "1f808080 01", ErrTag},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := parseElement(octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestDepthIsBounded(t *testing.T) {
	var b []byte
	for range MaxDepth + 1 {
		b = Wrap(b, 0, Sequence)
	}
	if _, err := parseElement(b); !errors.Is(err, ErrDepth) {
		t.Errorf("got %v, want ErrDepth", err)
	}
}

func TestOffsetsCountFromTheOutermostOctet(t *testing.T) {
	r := NewReader(octettest.Hex(t, "3006 3004 0500 0500"))
	in := r.Enter(Sequence).Enter(Sequence)
	in.Next()
	if in.Offset() != 6 {
		t.Errorf("second NULL at %d, want 6", in.Offset())
	}
	in.Contents(Integer)
	if !errors.Is(r.Err(), ErrTag) {
		t.Errorf("the outermost reader has %v, want ErrTag", r.Err())
	}
}

func TestInt(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      int64
		minimal   bool
	}{
		{"zero", "00", 0, true},
		{"128 needs a leading zero", "0080", 128, true},
		{"-128", "80", -128, true},
		{"-129", "ff7f", -129, true},
		{"padded 1, against X.690 §8.3.2", "00000001", 1, false},
		{"padded -1", "ffffffff", -1, false},
		{"least", "8000000000000000", math.MinInt64, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := octettest.Hex(t, c.hex)
			if v, err := ParseInt(p); v != c.want || err != nil {
				t.Errorf("got %d, %v", v, err)
			}
			if out := AppendInt(nil, Integer, c.want); c.minimal && !bytes.Equal(out[2:], p) {
				t.Errorf("append: % x", out)
			}
		})
	}
	if _, err := ParseInt(make([]byte, 9)); err == nil {
		t.Error("nine octets are too many")
	}
	for _, v := range []uint64{0, 127, 128, math.MaxUint32, math.MaxUint64} {
		b := AppendUint(nil, Integer, v)
		if got, err := ParseUint(b[2:]); got != v || err != nil {
			t.Errorf("%d comes back as %d, %v", v, got, err)
		}
	}
}

func TestOID(t *testing.T) {
	for _, c := range []struct{ name, text, hex string }{
		{"{2 999 3}, X.690 §8.19.5", "2.999.3", "883703"},
		{"sysDescr.0, RFC 3418", "1.3.6.1.2.1.1.1.0", "2b06010201010100"},
		{"zeroDotZero, RFC 2578 §2", "0.0", "00"},
		{"greatest arc", "1.3.4294967295", "2b8fffffff7f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := octettest.Hex(t, c.hex)
			o, err := ParseOID(p)
			if err != nil || o.String() != c.text {
				t.Fatalf("got %v, %v", o, err)
			}
			if out := AppendOID(nil, ObjectID, o); !bytes.Equal(out[2:], p) {
				t.Errorf("append: % x", out)
			}
			if again, err := OIDFromText("." + c.text); err != nil || again.Compare(o) != 0 {
				t.Errorf("from text: %v, %v", again, err)
			}
		})
	}
	for _, bad := range []string{"2b86", "2b9080808000"} {
		if o, err := ParseOID(octettest.Hex(t, bad)); err == nil {
			t.Errorf("%s reads as %v", bad, o)
		}
	}
	for _, bad := range []string{"", "1", "1.40", "3.1", "1..3", "1.3.4294967296"} {
		if o, err := OIDFromText(bad); err == nil {
			t.Errorf("%q reads as %v", bad, o)
		}
	}
	if o, err := ParseOID(nil); err != nil || o.String() != "0.0" {
		t.Errorf("empty contents: %v, %v", o, err)
	}
}

func FuzzElement(f *testing.F) {
	octettest.Fuzz(f, parseElement, "0101ff", "300a16055369697468 0101ff", "bf210302012a", "3081020500")
}
