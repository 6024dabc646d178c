package session_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// pattern is n octets that no cut or shift leaves alike.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

func sha(p []byte) string {
	sum := sha256.Sum256(p)
	return hex.EncodeToString(sum[:])
}

func TestAnswerBeyondTheQueue(t *testing.T) {
	const n = 3*(64<<10) + 100
	answer := pattern(n)
	r := newRig(t, "tcp", nil)
	r.says("get")
	r.take(3)
	r.Record(event.Act{Op: "get", Class: event.FileRead})
	for part := range slices.Chunk(answer, 1000) {
		if _, err := r.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	r.says("x")
	r.take(1)
	if got := r.hears(n); got != string(answer) {
		t.Error("visitor hears something else")
	}
	acts := r.acts()
	wantActs(t, acts, "get", "get", "get", "get")
	rest := answer
	for i, a := range acts {
		part := rest[:min(64<<10, len(rest))]
		rest = rest[len(part):]
		kept := part[:min(session.MaxResponse, len(part))]
		if a.ResponseLen != len(part) || unhex(t, a.Response) != string(kept) {
			t.Errorf("act %d keeps other octets", i)
		}
		if cut := len(part) > len(kept); a.Truncated != cut || cut && a.ResponseSHA256 != sha(part) {
			t.Errorf("act %d: truncated %v, hash %s", i, a.Truncated, a.ResponseSHA256)
		}
		if i > 0 && string(a.Detail) != `{"continues":1}` {
			t.Errorf("continuation %d has detail %s", i, a.Detail)
		}
	}
	if len(rest) != 0 {
		t.Errorf("%d octets of the answer are in no act", len(rest))
	}
}

func TestRequestBeyondTheCap(t *testing.T) {
	for name, n := range map[string]int{"one octet": 64<<10 + 1, "much": 300_000, "just not": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			sent := pattern(n)
			r := newRig(t, "tcp", nil)
			r.says(string(sent) + "NEXT")
			if got := r.take(n / 2); got != string(sent[:n/2]) {
				t.Error("the room reads something else")
			}
			for range n - n/2 { // octet by octet, so that the reader's buffer is in play
				r.R().ReadByte()
			}
			r.Record(read("long"))
			r.take(4)
			r.Record(read("next"))
			r.end(nil)
			a := r.acts()[0]
			kept := sent[:min(n, session.MaxRequest)]
			if a.RequestLen != n || unhex(t, a.Request) != string(kept) {
				t.Errorf("request_len %d, %d kept", a.RequestLen, len(a.Request)/2)
			}
			if cut := n > session.MaxRequest; a.Truncated != cut || cut && a.RequestSHA256 != sha(sent) {
				t.Errorf("truncated %v, hash %q, want that of all octets", a.Truncated, a.RequestSHA256)
			}
			wantAct(t, r.acts()[1], "next", "NEXT", "")
		})
	}
}

// upload is a connection that never ends sending.
type upload struct {
	net.Conn
	left int
}

func (u *upload) Read(p []byte) (int, error) {
	if u.left == 0 {
		return 0, io.EOF
	}
	n := min(u.left, len(p), 1460)
	u.left -= n
	for i := range p[:n] {
		p[i] = byte(u.left)
	}
	return n, nil
}
func (u *upload) SetReadDeadline(time.Time) error  { return nil }
func (u *upload) SetWriteDeadline(time.Time) error { return nil }
func (u *upload) Close() error                     { return nil }

func TestUploadTakesNoMemory(t *testing.T) {
	const size = 64 << 20
	r := newRig(t, "tcp", func(c *session.Config) { c.Conn = &upload{left: size} })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h := sha256.New()
	n, err := io.Copy(h, r.R())
	r.Record(event.Act{Op: "upload", Class: event.FileWrite})
	runtime.ReadMemStats(&after)
	if n != size || err != nil {
		t.Fatalf("%d octets, %v", n, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("64 MiB read have allocated %d octets", grown)
	}
	r.end(nil)
	a := r.acts()[0]
	if a.RequestLen != size || a.RequestSHA256 != hex.EncodeToString(h.Sum(nil)) {
		t.Errorf("request_len %d, hash %s", a.RequestLen, a.RequestSHA256)
	}
}

func TestPeekedOctetsBelongToTheNextAct(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says(strings.Repeat("a", 10))
	r.says("bb")
	r.take(4)
	if p, err := r.R().Peek(8); err != nil || string(p) != "aaaaaabb" {
		t.Fatalf("peek %q %v", p, err)
	}
	r.Record(read("one"))
	r.take(8)
	r.Record(read("two"))
	r.end(nil)
	wantAct(t, r.acts()[0], "one", "aaaa", "")
	wantAct(t, r.acts()[1], "two", "aaaaaabb", "")
}
