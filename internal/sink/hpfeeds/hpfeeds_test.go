package hpfeeds

import (
	"bytes"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/octet/octettest"
	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// stand is a strict broker that takes one connection at a time.
type stand struct {
	t      *testing.T
	l      net.Listener
	got    chan string // published payloads, "error" for a refused login
	refuse bool
}

func newStand(t *testing.T) *stand {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &stand{t: t, l: l, got: make(chan string, 100)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.serve(c)
		}
	}()
	return b
}

func (b *stand) serve(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	nonce := []byte{1, 2, 3, 4}
	c.Write(appendFrame(nil, opInfo, appendName(nil, "stand"), nonce))
	op, data, err := readFrame(c)
	digest := sha1.Sum(append(nonce, "key"...))
	if err != nil || op != opAuth || !bytes.Equal(data, append([]byte("\x06sensor"), digest[:]...)) || b.refuse {
		c.Write(appendFrame(nil, opError, []byte("accessfail")))
		b.got <- "error"
		return
	}
	for {
		op, data, err := readFrame(c)
		if err != nil {
			return
		}
		payload, ok := bytes.CutPrefix(data, []byte("\x06sensor\x0dconpot.events"))
		if op != opPublish || !ok {
			b.t.Errorf("opcode %d, %q", op, data)
		}
		b.got <- string(payload)
	}
}

func newSink(t *testing.T, b *stand, secret string) sink.Sink {
	s, err := open(sinktest.Decode(fmt.Sprintf("address = %q\nident = \"sensor\"\nsecret_file = %q", b.l.Addr(), sinktest.SecretFile(t, secret))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestPublish(t *testing.T) {
	b := newStand(t)
	s := newSink(t, b, "key")
	for range 2 { // over one connection
		if err := s.Write(t.Context(), sinktest.Events()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"NEW_CONNECTION", "write_single_register", "CONNECTION_LOST"}
	for i := range 6 {
		var m map[string]any
		if err := json.Unmarshal([]byte(<-b.got), &m); err != nil || m["event_type"] != want[i%3] {
			t.Errorf("payload %d: %v, %v", i, m, err)
		}
	}
}

func TestRefused(t *testing.T) {
	b := newStand(t)
	s := newSink(t, b, "wrong")
	if err := s.Write(t.Context(), sinktest.Events()); err == nil {
		t.Error("a refused login counts as delivered")
	}
	if got := <-b.got; got != "error" {
		t.Errorf("published %q", got)
	}
	b.l.Close()
	if err := s.Write(t.Context(), sinktest.Events()); err == nil {
		t.Error("no broker counts as delivered")
	}
}

func TestStrangeServer(t *testing.T) {
	for _, greeting := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "\x00\x00\x00\x05\x01", "\x00\x00\x00\x06\x01\xff", "\xff\xff\xff\xff\x01", ""} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if c, err := l.Accept(); err == nil {
				io.WriteString(c, greeting)
				c.Close()
			}
		}()
		s := newSink(t, &stand{l: l}, "key")
		if err := s.Write(t.Context(), sinktest.Events()); err == nil {
			t.Errorf("greeting %q is taken", greeting)
		}
		l.Close()
	}
}

// The frame of an authentication, from the layout that the protocol's readme
// gives: total length, opcode, length of the ident, ident, SHA-1.
func TestFrame(t *testing.T) {
	got := appendFrame(nil, opAuth, appendName(nil, "id"), octettest.Hex(t, "aabb"))
	if want := octettest.Hex(t, "0000000a 02 02 6964 aabb"); !bytes.Equal(got, want) {
		t.Errorf("% x, want % x", got, want)
	}
}

func TestSettings(t *testing.T) {
	for _, text := range []string{"", `address = "x:1"`, "address = \"x\"\nident = \"i\"", "address = \"x:1\"\nident = \"" + strings.Repeat("i", 256) + "\""} {
		if _, err := open(sinktest.Decode(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
