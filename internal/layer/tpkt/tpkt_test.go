package tpkt

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
)

const connectRequest = "0300 0016 11e0 0000 000a 00 c1020100 c2020102 c0010a"

func TestParse(t *testing.T) {
	octettest.Vectors(t, Parse, []octettest.Vector[Packet]{
		{
			Name: "connect request, capture s7comm_program_blocklist_onlineview",
			Hex:  connectRequest,
			Want: Packet{Data: octettest.Hex(t, "11e0 0000 000a 00 c1020100 c2020102 c0010a")},
		},
		{
			Name: "shortest packet, RFC 1006 §6: an empty DT",
			Hex:  "0300 0007 02f080",
			Want: Packet{Data: octettest.Hex(t, "02f080")},
		},
	})
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		want      error
	}{
		{"another version", "0200 0007 02f080", ErrVersion},
		{"length shorter than a TPDU", "0300 0006 02f0", ErrLength},
		{"length longer than the octets", "0300 0008 02f080", ErrLength},
		{"length shorter than the octets", "0300 0007 02f08000", ErrLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse(octettest.Hex(t, c.hex)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRead(t *testing.T) {
	read := func(b []byte, limit int) (Packet, *bufio.Reader, error) {
		r := bufio.NewReader(bytes.NewReader(b))
		p, err := Read(r, limit)
		return p, r, err
	}
	t.Run("two packets in one segment", func(t *testing.T) {
		one := octettest.Hex(t, connectRequest)
		p, r, err := read(append(one, one...), 100)
		if err != nil || !bytes.Equal(p.Append(nil), one) {
			t.Fatalf("first packet % x, %v", p.Append(nil), err)
		}
		if p, err = Read(r, 100); err != nil || !bytes.Equal(p.Append(nil), one) {
			t.Fatalf("second packet % x, %v", p.Append(nil), err)
		}
		if _, err = Read(r, 100); err != io.EOF {
			t.Errorf("at the end: %v, want EOF", err)
		}
	})
	t.Run("a foreign first octet is left for the caller", func(t *testing.T) {
		_, r, err := read([]byte("GET / HTTP/1.0\r\n"), 100)
		if !errors.Is(err, ErrVersion) || r.Buffered() != 16 {
			t.Errorf("got %v with %d octets left", err, r.Buffered())
		}
	})
	t.Run("a long packet is refused before it is allocated", func(t *testing.T) {
		_, r, err := read([]byte{3, 0, 0xff, 0xff, 1}, 1024)
		if !errors.Is(err, ErrLength) || r.Buffered() != 5 {
			t.Errorf("got %v with %d octets left", err, r.Buffered())
		}
	})
	t.Run("a cut packet", func(t *testing.T) {
		if _, _, err := read([]byte{3, 0, 0, 9, 2, 0xf0}, 100); !errors.Is(err, ErrCut) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v", err)
		}
	})
}

func FuzzPacket(f *testing.F) {
	octettest.Fuzz(f, Parse, connectRequest, "0300 0007 02f080")
}
