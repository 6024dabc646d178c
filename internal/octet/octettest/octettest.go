// Package octettest states the laws that every codec obeys: a vector parses to
// what it means and encodes to the same octets; no proper prefix of a frame
// parses; nothing makes a parser panic; what a parser accepts survives
// encoding and parsing again.
package octettest

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

// An Appender is a frame that encodes itself behind b.
type Appender interface{ Append(b []byte) []byte }

// A Vector is one example from a specification or a capture.
type Vector[M Appender] struct {
	Name string // what it is, with the clause or capture that it is from
	Hex  string // the octets; spaces and newlines are for the reader
	Want M
	Open bool // a proper prefix may parse too (the frame ends where the octets do)
}

// Hex decodes s, in which spaces and newlines are for the reader.
func Hex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatalf("hex %q: %v", s, err)
	}
	return b
}

// Vectors checks each vector both ways and that none of its proper prefixes parses.
func Vectors[M Appender](t *testing.T, parse func([]byte) (M, error), vectors []Vector[M]) {
	t.Helper()
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			b := Hex(t, v.Hex)
			got, err := parse(b)
			if err != nil {
				t.Fatalf("parse % x: %v", b, err)
			}
			if !reflect.DeepEqual(got, v.Want) {
				t.Errorf("parse % x\n got %+v\nwant %+v", b, got, v.Want)
			}
			if out := v.Want.Append(nil); !bytes.Equal(out, b) {
				t.Errorf("append\n got % x\nwant % x", out, b)
			}
			for n := range b {
				if m, err := parse(b[:n:n]); err == nil && !v.Open {
					t.Errorf("prefix of %d octets parses to %+v", n, m)
				}
			}
		})
	}
}

// Fuzz adds seeds and fuzzes: parse never panics, and what it accepts is the
// same after Append and parse.
func Fuzz[M Appender](f *testing.F, parse func([]byte) (M, error), seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add(Hex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			return
		}
		out := m.Append(nil)
		again, err := parse(out)
		if err != nil {
			t.Fatalf("own encoding % x of % x refused: %v", out, b, err)
		}
		if !reflect.DeepEqual(m, again) {
			t.Fatalf("not stable\n  in %+v\nback %+v", m, again)
		}
	})
}
