package prototest

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
)

// A Piece is what one side of a conversation says at a time: a datagram over
// UDP.
type Piece struct {
	FromVisitor bool
	Octets      []byte // an answer's octet that may be any is 0
}

// Sessions returns what is said in the conversations whose files match
// pattern, a list for each session. What goes over side ports is left out.
func Sessions(t testing.TB, pattern string) [][]Piece {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]Piece
	for _, name := range files {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parseConversation(a)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out = append(out, c.sessions()...)
	}
	return out
}

// sessions returns what is said, cut where the visitor comes anew.
func (c *conversation) sessions() [][]Piece {
	var out [][]Piece
	var one []Piece
	for _, s := range c.steps {
		switch {
		case s.mark == '@':
			out, one = append(out, one), nil
		case s.side:
		case s.mark == '>':
			one = append(one, Piece{true, s.octets})
		case s.mark == '<':
			for _, w := range s.want {
				p := Piece{Octets: make([]byte, len(w))}
				for i, o := range w {
					p.Octets[i] = o.octet
				}
				one = append(one, p)
			}
		}
	}
	return append(out, one)
}
