package prototest

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/protocol"
)

// A Decoding is one frame and what a room's decoder makes of it.
type Decoding struct {
	Name        string
	Hex         string // the whole frame
	FromVisitor bool
	Op          string
	Fields      string // name=value of each field, a space between
}

// Decodes checks that a decoder, new for each case, takes each frame for what
// the case says: no more octets than the frame has, none while one is missing,
// and fields that lie inside it.
func Decodes(t *testing.T, newDecoder func() protocol.Decoder, cases []Decoding) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p := octettest.Hex(t, c.Hex)
			d := newDecoder()
			for n := range p {
				if _, used, err := d.Next(c.FromVisitor, p[:n]); used != 0 || err != nil {
					t.Fatalf("a prefix of %d octets: %d, %v", n, used, err)
				}
			}
			f, n, err := d.Next(c.FromVisitor, append(p, 0xff))
			if err != nil || n != len(p) || f.Act.Op != c.Op {
				t.Fatalf("got %q, %d octets, %v", f.Act.Op, n, err)
			}
			var got []string
			for _, x := range f.Fields {
				got = append(got, x.Name+"="+x.Value)
				if x.Off < 0 || x.Off+x.Len > len(p) {
					t.Errorf("field %s is at %d+%d", x.Name, x.Off, x.Len)
				}
			}
			if s := strings.Join(got, " "); s != c.Fields {
				t.Errorf("fields\n got %s\nwant %s", s, c.Fields)
			}
		})
	}
}

// Repeat returns a connection whose visitor sends request n times and throws
// the answers away, for benchmarks.
func Repeat(request []byte, n int) net.Conn { return &repeat{request: request, left: n} }

type repeat struct {
	net.Conn
	request []byte
	left    int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	r.left--
	return copy(p, r.request), nil
}

func (r *repeat) Write(p []byte) (int, error)      { return len(p), nil }
func (r *repeat) SetReadDeadline(time.Time) error  { return nil }
func (r *repeat) SetWriteDeadline(time.Time) error { return nil }
func (r *repeat) Close() error                     { return nil }
