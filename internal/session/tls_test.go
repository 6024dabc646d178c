package session_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func clientTLS(c net.Conn) *tls.Conn {
	return tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: "plc.example", MaxVersion: tls.VersionTLS13})
}

// converse is the room: one line in, one line out.
func converse(t *testing.T, r *rig, op string) {
	t.Helper()
	line, err := r.R().ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", op, err)
	}
	r.Record(read(op))
	r.Write([]byte("re: " + line))
}

func ask(t *testing.T, c net.Conn, line string) {
	t.Helper()
	c.Write([]byte(line))
	p := make([]byte, len(line)+4)
	if _, err := io.ReadFull(c, p); err != nil || string(p) != "re: "+line {
		t.Errorf("visitor hears %q, %v", p, err)
	}
}

func TestTLSFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", func(c *session.Config) { c.Idle = time.Minute })
		go func() {
			c := clientTLS(newStream(r.visitor))
			ask(t, c, "hello\n")
			ask(t, c, "again\n")
			c.Close()
			r.visitor.CloseWrite()
		}()
		if err := r.StartTLS(serverTLS(t)); err != nil {
			t.Fatal(err)
		}
		converse(t, r, "one")
		converse(t, r, "two")
		_, err := r.R().ReadByte()
		r.End(err)
		open := r.events()[0]
		if open.Octets != "tls" || open.TLS == nil || open.TLS.SNI != "plc.example" || open.TLS.Version != "TLS 1.3" || open.TLS.Cipher == "" {
			t.Errorf("session.open has %q and %+v", open.Octets, open.TLS)
		}
		if !strings.HasPrefix(open.TLS.JA4, "t13d") || len(open.TLS.JA4) != 36 {
			t.Errorf("ja4 %q", open.TLS.JA4)
		}
		acts := r.acts()
		wantActs(t, acts, "one", "two")
		wantAct(t, acts[0], "one", "hello\n", "re: hello\n")
		wantAct(t, acts[1], "two", "again\n", "re: again\n")
		if c := r.closed(); c.Reason != "visitor" || c.OctetsIn < 200 || c.OctetsOut < 500 {
			t.Errorf("close %s in %d out %d", c.Reason, c.OctetsIn, c.OctetsOut)
		}
	})
}

// glued is a visitor's connection whose first write carries prefix before what
// TLS writes, in one segment, and whose first skip octets read are not TLS.
type glued struct {
	stream
	prefix string
	skip   int
}

func (g *glued) Read(p []byte) (int, error) {
	if g.skip > 0 {
		if _, err := io.ReadFull(g.stream, make([]byte, g.skip)); err != nil {
			return 0, err
		}
		g.skip = 0
	}
	return g.stream.Read(p)
}

func (g *glued) Write(p []byte) (int, error) {
	if g.prefix != "" {
		first := g.prefix
		g.prefix = ""
		if _, err := g.stream.Write(append([]byte(first), p...)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return g.stream.Write(p)
}

func TestStartTLSWithTheHelloPipelined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", nil)
		go func() {
			c := clientTLS(&glued{newStream(r.visitor), "AUTH TLS\n", len("234 ok\n")})
			ask(t, c, "secret\n")
			c.Close()
			r.visitor.CloseWrite()
		}()
		line, _ := r.R().ReadString('\n')
		if r.R().Buffered() == 0 {
			t.Fatal("the hello did not come along")
		}
		r.Record(event.Act{Op: "auth_tls", Class: event.Auth})
		r.Write([]byte("234 ok\n"))
		if err := r.StartTLS(serverTLS(t)); err != nil {
			t.Fatal(err)
		}
		converse(t, r, "ask")
		_, err := r.R().ReadByte()
		r.End(err)
		acts := r.acts()
		wantActs(t, acts, "auth_tls", "start_tls", "ask")
		wantAct(t, acts[0], "auth_tls", line, "234 ok\n")
		wantAct(t, acts[1], "start_tls", "", "")
		wantAct(t, acts[2], "ask", "secret\n", "re: secret\n")
		var info event.TLS
		if err := json.Unmarshal(acts[1].Detail, &info); err != nil || info.SNI != "plc.example" || info.JA4 == "" {
			t.Errorf("start_tls says %s", acts[1].Detail)
		}
		if open := r.events()[0]; open.Octets != "wire" || open.TLS != nil {
			t.Errorf("session.open of a session that began in the clear: %+v", open)
		}
	})
}

func TestFailedHandshake(t *testing.T) {
	hello := "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
	for name, sent := range map[string]string{
		"HTTP":              "GET / HTTP/1.1\r\nHost: 192.0.2.5\r\n\r\n",
		"garbage":           strings.Repeat("\xde\xad\xbe\xef", 300),
		"long garbage":      strings.Repeat("long rubbish ", 2000),
		"a hello too short": hello,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp", func(c *session.Config) { c.Idle = time.Minute })
				for part := range strings.SplitSeq(sent, " ") {
					r.says(part + " ")
				}
				sent += " "
				err := r.StartTLS(serverTLS(t))
				if err == nil {
					t.Fatal("the handshake succeeds")
				}
				r.End(err)
				var request, response string
				for _, a := range r.acts() {
					request += unhex(t, a.Request)
					response += unhex(t, a.Response)
				}
				if request != sent {
					t.Errorf("the record has %d octets, the visitor sent %d", len(request), len(sent))
				}
				a := r.acts()[0]
				if a.Op != "tls_handshake" || a.Outcome != event.Refused || !strings.Contains(string(a.Detail), `"error":"`) {
					t.Errorf("act %s %s %s", a.Op, a.Outcome, a.Detail)
				}
				heard := make([]byte, len(response))
				if _, err := io.ReadFull(r.visitor, heard); err != nil || string(heard) != response {
					t.Errorf("the visitor heard %x, the record has %x", heard, response)
				}
				if open := r.events()[0]; open.Octets != "wire" {
					t.Errorf("octets %q", open.Octets)
				}
				if c := r.closed(); c.Reason != "protocol" || c.Error != "" || c.OctetsIn != int64(len(sent)) {
					t.Errorf("close %s %q in %d of %d", c.Reason, c.Error, c.OctetsIn, len(sent))
				}
			})
		})
	}
}

func TestHandshakeThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", func(c *session.Config) { c.Idle = 10 * time.Second })
		r.says("\x16\x03\x01")
		start := time.Now()
		err := r.StartTLS(serverTLS(t))
		if err == nil || time.Since(start) != 10*time.Second {
			t.Errorf("handshake ends after %v with %v", time.Since(start), err)
		}
		r.end(err)
		wantAct(t, r.acts()[0], "tls_handshake", "\x16\x03\x01", "")
		if c := r.closed(); c.Reason != "idle" {
			t.Errorf("close %s", c.Reason)
		}
	})
}

func TestVisitorLeavesInTheHandshake(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("\x16")
	r.visitor.CloseWrite()
	err := r.StartTLS(serverTLS(t))
	r.End(err)
	wantAct(t, r.acts()[0], "tls_handshake", "\x16", "")
	if c := r.closed(); c.Reason != "visitor" || c.Error != "" {
		t.Errorf("close %s %q", c.Reason, c.Error)
	}
}

func TestHangUpInTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", nil)
		time.AfterFunc(time.Second, func() { r.HangUp("shutdown") })
		err := r.StartTLS(serverTLS(t))
		r.End(err)
		if c := r.closed(); err == nil || c.Reason != "shutdown" || c.Error != "" {
			t.Errorf("%v, close %s %q", err, c.Reason, c.Error)
		}
	})
}

// A hello as long as TLS allows is kept by length and hash, not in memory.
func TestLongHandshakeIsHashed(t *testing.T) {
	r := newRig(t, "tcp", nil)
	// four records of one 65,532-octet ClientHello that is not one
	body := pattern(65532)
	msg := append([]byte{1, 0, 0xff, 0xfc}, body...)
	var sent []byte
	for len(msg) > 0 {
		n := min(len(msg), 16<<10)
		sent = append(sent, 0x16, 3, 1, byte(n>>8), byte(n))
		sent = append(sent, msg[:n]...)
		msg = msg[n:]
	}
	r.says(string(sent))
	r.visitor.CloseWrite()
	err := r.StartTLS(serverTLS(t))
	r.End(err)
	a := r.acts()[0]
	if err == nil || a.RequestLen != len(sent) || a.RequestSHA256 != sha(sent) || len(a.Request) != 2*session.MaxRequest {
		t.Errorf("%v: request_len %d of %d, hash %s, kept %d", err, a.RequestLen, len(sent), a.RequestSHA256, len(a.Request)/2)
	}
}
