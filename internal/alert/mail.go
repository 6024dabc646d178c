package alert

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/netip"
	"net/smtp"
	"os"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/sink"
)

// post sends a message by SMTP.
type post struct {
	server, host   string
	security       string
	tls            *tls.Config
	user, password string
	from           *mail.Address
	to             []*mail.Address
}

func newMail(s *Settings) (*post, error) {
	p := &post{server: s.Server, security: s.Security, user: s.User}
	var err error
	if p.host, _, err = net.SplitHostPort(s.Server); err != nil || p.host == "" {
		return nil, errors.New(`server is missing or no host:port, such as server = "mail.example:587"`)
	}
	if p.security == "" {
		p.security = "starttls"
	}
	switch p.security {
	case "starttls", "tls":
	case "none":
		if a, err := netip.ParseAddr(p.host); p.host != "localhost" && (err != nil || !a.IsLoopback()) {
			return nil, errors.New(`security = "none" is for a server on this host alone`)
		}
	default:
		return nil, errors.New(`security: write "starttls", "tls" or "none"`)
	}
	if p.tls, err = s.TLS.Config(); err != nil {
		return nil, err
	}
	p.tls.ServerName = p.host
	if p.password, err = sink.Secret(s.PasswordFile); err != nil {
		return nil, fmt.Errorf("password_file: %w", err)
	}
	if (p.user == "") != (p.password == "") {
		return nil, errors.New("user and password_file: give both or none")
	}
	if p.from, err = mail.ParseAddress(s.From); err != nil {
		return nil, fmt.Errorf("from = %q: %w", s.From, err)
	}
	for _, r := range s.Recipients {
		a, err := mail.ParseAddress(r)
		if err != nil {
			return nil, fmt.Errorf("recipients: %q: %w", r, err)
		}
		p.to = append(p.to, a)
	}
	if len(p.to) == 0 {
		return nil, errors.New("recipients: nobody to write to")
	}
	return p, nil
}

func (p *post) reach() sink.Reach { return sink.DialsAddress(p.server) }

func (p *post) deliver(ctx context.Context, m *Message) error {
	c, err := p.connect(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.server, err)
	}
	defer c.Close()
	if err := p.converse(c, m); err != nil {
		return fmt.Errorf("%s: %w", p.server, err)
	}
	return nil
}

// connect opens a conversation, over TLS if that was said: without, none goes on.
func (p *post) connect(ctx context.Context) (*smtp.Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.server)
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
	}
	if p.security == "tls" {
		conn = tls.Client(conn, p.tls)
	}
	c, err := smtp.NewClient(conn, p.host)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	name, err := os.Hostname()
	if err != nil || strings.ContainsAny(name, " \r\n") {
		name = "localhost"
	}
	if err := c.Hello(name); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if p.security == "starttls" {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return nil, errors.Join(errors.New(`it offers no STARTTLS; security = "tls" is for servers that speak TLS from the start`), c.Close())
		}
		if err := c.StartTLS(p.tls); err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

func (p *post) converse(c *smtp.Client, m *Message) error {
	if p.user != "" {
		if _, how := c.Extension("AUTH"); !strings.Contains(" "+how+" ", " PLAIN ") {
			return fmt.Errorf("it lets nobody log in by PLAIN (it offers %q)", how)
		}
		if err := c.Auth(smtp.PlainAuth("", p.user, p.password, p.host)); err != nil {
			return fmt.Errorf("logging in: %w", err)
		}
	}
	if err := c.Mail(p.from.Address); err != nil {
		return err
	}
	for _, a := range p.to {
		if err := c.Rcpt(a.Address); err != nil {
			return fmt.Errorf("%s: %w", a.Address, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(p.compose(m, time.Now())); err != nil {
		return err
	}
	if err := w.Close(); err != nil { // the receipt
		return err
	}
	_ = c.Quit() // it has the message
	return nil
}

// compose writes the mail. Headers have nothing that a visitor could end them by.
func (p *post) compose(m *Message, now time.Time) []byte {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	var to []string
	for _, a := range p.to {
		to = append(to, a.String())
	}
	_, domain, _ := strings.Cut(p.from.Address, "@")
	header("From", p.from.String())
	header("To", strings.Join(to, ",\r\n "))
	header("Subject", mime.QEncoding.Encode("utf-8", clip(plain(m.Subject()), 150)))
	header("Date", now.Format(time.RFC1123Z))
	header("Message-ID", "<"+rand.Text()+"@"+domain+">")
	header("Auto-Submitted", "auto-generated")
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(m.Text())) // to memory
	_ = q.Close()
	return b.Bytes()
}

// clip cuts a text at a character.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most]
}
