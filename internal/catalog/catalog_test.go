package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/catalog"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
)

// Names and ports are what personas and the command line go by.
func TestProtocols(t *testing.T) {
	named := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	taken := map[string]bool{}
	for _, p := range catalog.Protocols() {
		t.Run(p.Name+"/"+p.Network, func(t *testing.T) {
			if p.Network != "tcp" && p.Network != "udp" {
				t.Errorf("network %q", p.Network)
			}
			if !named.MatchString(p.Name) || p.Title == "" {
				t.Errorf("name %q, title %q", p.Name, p.Title)
			}
			if p.Port == 0 || p.Alt < 1024 {
				t.Errorf("port %d, unprivileged port %d", p.Port, p.Alt)
			}
			for _, key := range []string{p.Name + "/" + p.Network, fmt.Sprintf("%d/%s", p.Port, p.Network), fmt.Sprintf("%d/%s unprivileged", p.Alt, p.Network)} {
				if taken[key] {
					t.Errorf("%s is another's too", key)
				}
				taken[key] = true
			}
			if p.New == nil || p.Decode == nil || p.Hello == nil {
				t.Errorf("New %v, Decode %v, Hello %v: each must be there", p.New != nil, p.Decode != nil, p.Hello != nil)
			}
		})
	}
}

func TestDecoder(t *testing.T) {
	for _, p := range catalog.Protocols() {
		if catalog.Decoder(p.Name) == nil {
			t.Errorf("no decoder of %s", p.Name)
		}
	}
	if catalog.Decoder("telex") != nil {
		t.Error("a decoder of what is not there")
	}
}

// Every decoder reads the conversations of its room, whole and octet by octet,
// and none is brought down by octets of them that are wrong.
func TestDecodeConversations(t *testing.T) {
	for _, p := range catalog.Protocols() {
		t.Run(p.Name+"/"+p.Network, func(t *testing.T) {
			room, _, _ := strings.Cut(p.Name, "_") // kamstrup_management is of room kamstrup
			sessions := prototest.Sessions(t, "../protocol/"+room+"/testdata/*.txtar")
			sessions = append(sessions, prototest.Sessions(t, "../protocol/"+room+"/testdata/*/*.txtar")...)
			frames := 0
			for _, pieces := range sessions {
				frames += decode(t, p, pieces)
				if p.Network == "tcp" {
					decode(t, p, octets(pieces))
				}
				decode(t, p, garbled(pieces))
			}
			if frames == 0 {
				t.Errorf("no frame in %d sessions", len(sessions))
			}
		})
	}
}

// decode gives a decoder what was said as the replay view does, and returns how
// many frames it made of it. A stream that it gives up is given up.
func decode(t *testing.T, p protocol.Protocol, pieces []prototest.Piece) (frames int) {
	t.Helper()
	d := p.Decode()
	pending, lost := map[bool][]byte{}, map[bool]bool{}
	for _, piece := range pieces {
		from := piece.FromVisitor
		if p.Network == "udp" {
			pending[from], lost[from] = nil, false
		}
		pending[from] = append(pending[from], piece.Octets...)
		for len(pending[from]) > 0 && !lost[from] {
			frame, n, err := d.Next(from, pending[from])
			if n < 0 || n > len(pending[from]) {
				t.Fatalf("%d octets of % x: a frame of %d", len(pending[from]), pending[from], n)
			}
			for _, f := range frame.Fields {
				if f.Off < 0 || f.Len < 0 || f.Off+f.Len > n {
					t.Fatalf("field %s at %d, %d octets, of a frame of %d: % x", f.Name, f.Off, f.Len, n, pending[from][:n])
				}
			}
			if n == 0 {
				lost[from] = err != nil
				break
			}
			frames++
			pending[from] = pending[from][n:]
		}
	}
	return frames
}

// octets cuts pieces into single octets.
func octets(pieces []prototest.Piece) []prototest.Piece {
	var out []prototest.Piece
	for _, p := range pieces {
		for i := range p.Octets {
			out = append(out, prototest.Piece{FromVisitor: p.FromVisitor, Octets: p.Octets[i : i+1]})
		}
	}
	return out
}

// garbled changes an octet of each piece, and cuts some short.
func garbled(pieces []prototest.Piece) []prototest.Piece {
	r := rand.New(rand.NewPCG(1, uint64(len(pieces))))
	var out []prototest.Piece
	for _, p := range pieces {
		b := append([]byte(nil), p.Octets...)
		if len(b) > 0 {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
			b = b[:len(b)-r.IntN(2)*r.IntN(len(b))]
		}
		out = append(out, prototest.Piece{FromVisitor: p.FromVisitor, Octets: b})
	}
	return out
}
