// Package syslog is a sink that sends events to a syslog server, RFC 5424 over
// UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425).
//
// The message is the event as JSON; what collectors filter by is in structured
// data too. Syslog acknowledges nothing: what a TCP connection took before it
// broke counts as delivered, and UDP delivers as it can.
package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Driver is the catalogue's entry.
func Driver() sink.Driver {
	return sink.Driver{Name: "syslog", Doc: "a syslog server, RFC 5424 over udp, tcp or tls", New: open}
}

type settings struct {
	sink.Selection
	sink.TLS
	Network  string        `toml:"network"`  // "udp", "tcp" (default) or "tls"
	Address  string        `toml:"address"`  // host:port; required
	Facility int           `toml:"facility"` // RFC 5424 §6.2.1; default 16, local0
	Host     string        `toml:"host"`     // HOSTNAME; default: the sensor's name
	MaxSize  int           `toml:"max_size"` // octets of a message; default 2048 over udp, else 65536
	Timeout  sink.Duration `toml:"timeout"`  // to connect and to write; default 10s
}

type server struct {
	settings
	tls  *tls.Config
	conn net.Conn // nil: to be dialled
	buf  []byte
}

func open(decode func(any) error) (sink.Sink, error) {
	s := &server{settings: settings{Network: "tcp", Facility: 16, Timeout: sink.Duration(10 * time.Second)}}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("syslog: %w", err)
	}
	return s, nil
}

func (s *server) check() error {
	if err := s.Selection.Check(); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return errors.New(`address is missing or has no port: such as address = "siem.example:514"`)
	}
	if s.Facility < 0 || s.Facility > 23 {
		return fmt.Errorf("facility = %d: give a number from 0 to 23", s.Facility)
	}
	switch s.Network {
	case "udp":
		if s.MaxSize == 0 {
			s.MaxSize = 2048
		}
	case "tcp":
	case "tls":
		var err error
		if s.tls, err = s.TLS.Config(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("network = %q: there are udp, tcp and tls", s.Network)
	}
	if s.MaxSize == 0 {
		s.MaxSize = 64 << 10
	}
	if s.MaxSize < 480 { // what every receiver must take, RFC 5424 §6.1
		return fmt.Errorf("max_size = %d: give at least 480", s.MaxSize)
	}
	return nil
}

// Write sends a batch.
func (s *server) Write(ctx context.Context, batch []event.Event) error {
	if err := s.dial(ctx); err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	if err := s.send(batch); err != nil {
		return errors.Join(fmt.Errorf("syslog: %w", err), s.Close())
	}
	return nil
}

func (s *server) dial(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	d := &net.Dialer{Timeout: time.Duration(s.Timeout)}
	var err error
	switch s.Network {
	case "udp":
		s.conn, err = d.DialContext(ctx, "udp", s.Address)
	case "tls":
		s.conn, err = (&tls.Dialer{NetDialer: d, Config: s.tls}).DialContext(ctx, "tcp", s.Address)
	default:
		s.conn, err = d.DialContext(ctx, "tcp", s.Address)
	}
	return err
}

func (s *server) send(batch []event.Event) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(time.Duration(s.Timeout))); err != nil {
		return err
	}
	for i := range batch {
		if !s.Takes(&batch[i]) {
			continue
		}
		s.buf = s.message(s.buf[:0], &batch[i])
		if s.Network != "udp" { // octet counting
			if _, err := s.conn.Write(append(strconv.AppendInt(nil, int64(len(s.buf)), 10), ' ')); err != nil {
				return err
			}
		}
		if _, err := s.conn.Write(s.buf); err != nil {
			return err
		}
	}
	return nil
}

// Close hangs up; the next batch dials anew.
func (s *server) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

// enterprise is the private enterprise number for documentation (RFC 5612): we
// have none of our own.
const enterprise = "sundew@32473"

// message appends e as a syslog message. One that is longer than allowed loses
// the octets of request and response, then its end.
func (s *server) message(b []byte, e *event.Event) []byte {
	b = s.head(b, e)
	start := len(b)
	b = s.body(b, e)
	if len(b) > s.MaxSize && e.Kind == event.KindAct {
		short := *e
		short.Request, short.Response, short.Truncated = "", "", true
		b = s.body(b[:start], &short)
	}
	return b[:min(len(b), s.MaxSize)]
}

func (s *server) body(b []byte, e *event.Event) []byte {
	b = s.Append(b, e)
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	return b
}

func (s *server) head(b []byte, e *event.Event) []byte {
	b = append(b, '<')
	b = strconv.AppendInt(b, int64(s.Facility*8+severity(e)), 10)
	b = append(b, ">1 "...)
	b = e.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	host := s.Host
	if host == "" {
		host = e.Sensor
	}
	b = append(b, ' ')
	b = appendName(b, host, 255)
	b = append(b, " sundew "...)
	b = strconv.AppendInt(b, int64(os.Getpid()), 10)
	b = append(b, ' ')
	b = appendName(b, string(e.Kind), 32)
	b = append(b, " ["+enterprise...)
	src := ""
	if e.Src != nil {
		src = e.Src.IP.String()
	}
	for _, p := range [][2]string{{"id", e.ID()}, {"src", src}, {"protocol", e.Protocol}, {"op", e.Op}, {"class", string(e.Class)}, {"outcome", string(e.Outcome)}, {"what", e.What}} {
		if p[1] != "" {
			b = append(b, ' ')
			b = append(b, p[0]...)
			b = append(b, `="`...)
			b = appendParam(b, p[1])
			b = append(b, '"')
		}
	}
	return append(b, "] "...)
}

// severity is RFC 5424's, 0 to 7: what changes a device is a warning, what only
// looks is informational.
func severity(e *event.Event) int {
	switch {
	case e.Kind == event.KindStatus && (e.What == "drop" || e.What == "lost"):
		return 3
	case e.Kind != event.KindAct:
		return 6
	case e.Class == event.Report, e.Class == event.Malformed, e.Class == event.Foreign, e.Class == event.Other, e.Class.Passive():
		return 6
	case e.Class == event.Auth, e.Class == event.FileRead:
		return 5
	}
	return 4
}

// appendName appends a header field: printable ASCII without blanks, "-" for none.
func appendName(b []byte, s string, most int) []byte {
	if s == "" {
		return append(b, '-')
	}
	for i := range min(len(s), most) {
		c := s[i]
		if c <= ' ' || c > '~' {
			c = '_'
		}
		b = append(b, c)
	}
	return b
}

// appendParam appends a parameter's value, escaped as RFC 5424 §6.3.3 has it.
func appendParam(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c == ']' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return b
}

// Reach implements sink.Reacher.
func (s *server) Reach() sink.Reach { return sink.DialsAddress(s.Address) }
