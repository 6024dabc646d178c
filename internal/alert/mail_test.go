package alert

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// postOffice is a strict SMTP server for one conversation: commands in their
// order, CRLF alone ends a line, no line is too long, nobody logs in in clear.
type postOffice struct {
	t      *testing.T
	l      net.Listener
	tls    *tls.Config
	direct bool   // TLS from the start
	offers string // before TLS
	mails  chan string
}

func newPostOffice(t *testing.T, direct bool) (*postOffice, string) {
	t.Helper()
	pair, ca := sinktest.Certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &postOffice{t: t, l: l, tls: &tls.Config{Certificates: []tls.Certificate{pair}}, direct: direct, offers: "STARTTLS", mails: make(chan string, 1)}
	t.Cleanup(func() { l.Close() })
	go o.serve()
	return o, ca
}

func (o *postOffice) serve() {
	for {
		c, err := o.l.Accept()
		if err != nil {
			return
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if o.direct {
			c = tls.Server(c, o.tls)
		}
		if m, err := o.converse(c); err == nil {
			o.mails <- m
		}
		c.Close()
	}
}

func (o *postOffice) converse(c net.Conn) (string, error) {
	r := bufio.NewReader(c)
	say := func(lines ...string) { fmt.Fprintf(c, "%s\r\n", strings.Join(lines, "\r\n")) }
	line := func() (string, error) {
		s, err := r.ReadString('\n')
		if err == nil && (!strings.HasSuffix(s, "\r\n") || strings.ContainsAny(s[:len(s)-2], "\r\n") || len(s) > 1000) {
			o.t.Errorf("no line of SMTP: %q", s)
		}
		return strings.TrimSuffix(s, "\r\n"), err
	}
	expect := func(prefix string) (string, error) {
		s, err := line()
		if err == nil && !strings.HasPrefix(s, prefix) {
			say("503 out of order")
			err = fmt.Errorf("%q, want %s", s, prefix)
		}
		return s, err
	}
	say("220 post.example ESMTP")
	if _, err := expect("EHLO "); err != nil {
		return "", err
	}
	if !o.direct {
		say("250-post.example", "250 "+o.offers)
		if _, err := expect("STARTTLS"); err != nil {
			return "", err
		}
		say("220 go on")
		s := tls.Server(c, o.tls)
		if err := s.Handshake(); err != nil {
			return "", err
		}
		c, r = s, bufio.NewReader(s)
		if _, err := expect("EHLO "); err != nil {
			return "", err
		}
	}
	say("250-post.example", "250 AUTH LOGIN PLAIN")
	auth, err := expect("AUTH PLAIN ")
	if err != nil {
		return "", err
	}
	who, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(auth, "AUTH PLAIN "))
	if err != nil || string(who) != "\x00sensor\x00s3cret" {
		say("535 no")
		return "", fmt.Errorf("%q", who)
	}
	say("235 welcome")
	for _, want := range []string{"MAIL FROM:<sensor@example.org>", "RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>"} {
		if _, err := expect(want); err != nil {
			return "", err
		}
		say("250 fine")
	}
	if _, err := expect("DATA"); err != nil {
		return "", err
	}
	say("354 go on")
	var b strings.Builder
	for {
		s, err := line()
		if err != nil {
			return "", err
		}
		if s == "." {
			break
		}
		b.WriteString(strings.TrimPrefix(s, ".") + "\r\n")
	}
	say("250 taken")
	if _, err := expect("QUIT"); err == nil {
		say("221 bye")
	}
	return b.String(), nil
}

func (o *postOffice) settings(t *testing.T, ca, security, password string) func(*Settings) {
	return func(s *Settings) {
		s.To, s.URL, s.CAFile, s.Server, s.Security = "mail", "", ca, o.l.Addr().String(), security
		s.User, s.PasswordFile = "sensor", sinktest.SecretFile(t, password)
		s.From, s.Recipients = "Sensor <sensor@example.org>", []string{"a@example.org", "Bö <b@example.org>"}
	}
}

func TestMail(t *testing.T) {
	for _, security := range []string{"starttls", "tls"} {
		o, ca := newPostOffice(t, security == "tls")
		a := newAlerter(t, t.TempDir(), o.settings(t, ca, security, "s3cret"), nil)
		var m *Message
		a.s.Seen = map[string]time.Time{}
		for _, l := range visit("s-1", "198.51.100.1", time.Now(), "read_var:read", "write_var:write") {
			if a.take(l, time.Now()) {
				m = a.s.Pending[0]
			}
		}
		m.Act.Op = "GET\r\nBcc: evil@example.org\r\n\r\nbody\u202e" // as a method of HTTP may be
		if err := a.by.deliver(t.Context(), m); err != nil {
			t.Fatalf("%s: %v", security, err)
		}
		text := <-o.mails
		got, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Header) != 9 || got.Header.Get("Bcc") != "" || got.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("headers %v", got.Header)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		if err != nil || !strings.HasPrefix(subject, `[sundew] lon-1: write by 198.51.100.1: s7comm GET\u000D\u000ABcc`) || strings.Contains(subject, "\u202e") {
			t.Errorf("subject %q, %v", subject, err)
		}
		if to, err := got.Header.AddressList("To"); err != nil || len(to) != 2 || to[1].Name != "Bö" {
			t.Errorf("to %v, %v", to, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(got.Body))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"sundew session s-1", "198.51.100.1", "db DB1", "read read_var", "R-WRITE", `evil\x0d\x0aBcc: x@y`} {
			if !strings.Contains(string(body), want) {
				t.Errorf("no %q in\n%s", want, body)
			}
		}
		for l := range strings.Lines(string(body)) {
			if strings.HasPrefix(l, "Bcc") {
				t.Errorf("the visitor has written a line: %q", l)
			}
		}
	}
}

// Nothing is said to a server that has no TLS, or that is another.
func TestMailRefuses(t *testing.T) {
	o, ca := newPostOffice(t, false)
	o.offers = "SIZE 1000"
	for name, c := range map[string]struct{ ca, password, want string }{
		"no STARTTLS": {ca, "s3cret", "no STARTTLS"},
	} {
		a := newAlerter(t, t.TempDir(), o.settings(t, c.ca, "starttls", c.password), nil)
		if err := a.Test(t.Context(), "s", time.Now()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o, ca = newPostOffice(t, false)
	_, other := sinktest.Certificate(t)
	for name, c := range map[string]struct{ ca, password, want string }{
		"another's certificate": {other, "s3cret", "certificate"}, "a wrong password": {ca, "wrong", "logging in"},
	} {
		a := newAlerter(t, t.TempDir(), o.settings(t, c.ca, "starttls", c.password), nil)
		if err := a.Test(t.Context(), "s", time.Now()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := newAlerter(t, t.TempDir(), o.settings(t, ca, "starttls", "s3cret"), nil)
	if err := a.Test(t.Context(), "s", time.Now()); err != nil {
		t.Error(err)
	}
	if m := <-o.mails; !strings.Contains(m, "can send alerts") {
		t.Error(m)
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\r\nb", "\u202e")
	f.Fuzz(func(t *testing.T, op, value string) {
		e := event.Event{Src: &event.Endpoint{}, Op: op, Values: []string{value}, Target: &event.Target{Ref: value}}
		act := brief(&e)
		m := &Message{Kind: "alert", Src: e.Src, Act: &act, Acts: []Act{act}}
		if n := strings.Count(m.Text(), "\n"); n != 12 {
			t.Errorf("%d lines of %q", n, m.Text())
		}
		p := &post{from: &mail.Address{Address: "a@b"}}
		head, _, _ := strings.Cut(string(p.compose(m, time.Time{})), "\r\n\r\n")
		if n := strings.Count(head, "\n"); n != 8+strings.Count(head, "\r\n ") {
			t.Errorf("%d lines of %q", n, head)
		}
	})
}
