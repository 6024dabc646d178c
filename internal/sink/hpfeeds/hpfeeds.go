// Package hpfeeds is a sink that publishes to an hpfeeds broker, on Conpot's
// channel and in its words, for the platforms that collect from honeypots so.
//
// A frame is its length (four octets, itself included), an opcode and its data;
// names have a length octet before them. hpfeeds acknowledges no publication:
// what the broker has read before a connection broke counts as delivered.
package hpfeeds

import (
	"context"
	"crypto/sha1" // the protocol's own
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Driver is the catalogue's entry.
func Driver() sink.Driver {
	return sink.Driver{Name: "hpfeeds", Doc: "an hpfeeds broker, on Conpot's channel", New: open}
}

// Opcodes.
const (
	opError   = 0
	opInfo    = 1
	opAuth    = 2
	opPublish = 3
)

// maxFrame bounds what we read, and what a broker takes: 1 MiB is the usual limit.
const maxFrame = 1 << 20

type settings struct {
	sink.Selection
	sink.TLS
	Address    string        `toml:"address"` // host:port; required
	Ident      string        `toml:"ident"`   // required
	SecretFile string        `toml:"secret_file"`
	Channel    string        `toml:"channel"` // default "conpot.events"
	UseTLS     bool          `toml:"tls"`
	Timeout    sink.Duration `toml:"timeout"` // to connect and to write; default 10s
}

type broker struct {
	settings
	secret string
	tls    *tls.Config
	conn   net.Conn // nil: to be dialled
	buf    []byte
}

func open(decode func(any) error) (sink.Sink, error) {
	s := &broker{settings: settings{Channel: "conpot.events", Timeout: sink.Duration(10 * time.Second)}}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("hpfeeds: %w", err)
	}
	return s, nil
}

func (s *broker) check() error {
	if s.Format == "" {
		s.Format = "conpot"
	}
	if err := s.Selection.Check(); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(s.Address); err != nil {
		return errors.New(`address is missing or has no port: such as address = "broker.example:10000"`)
	}
	if s.Ident == "" || len(s.Ident) > 255 || s.Channel == "" || len(s.Channel) > 255 {
		return errors.New("ident and channel: give 1 to 255 octets")
	}
	var err error
	if s.secret, err = sink.Secret(s.SecretFile); err != nil {
		return fmt.Errorf("secret_file: %w", err)
	}
	if s.UseTLS {
		s.tls, err = s.TLS.Config()
	}
	return err
}

// Write publishes a batch.
func (s *broker) Write(ctx context.Context, batch []event.Event) error {
	err := s.dial(ctx)
	if err == nil {
		err = s.publish(batch)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("hpfeeds: %w", err), s.Close())
	}
	return nil
}

// dial connects and answers the broker's challenge.
func (s *broker) dial(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	d := &net.Dialer{Timeout: time.Duration(s.Timeout)}
	var err error
	if s.tls != nil {
		s.conn, err = (&tls.Dialer{NetDialer: d, Config: s.tls}).DialContext(ctx, "tcp", s.Address)
	} else {
		s.conn, err = d.DialContext(ctx, "tcp", s.Address)
	}
	if err != nil {
		s.conn = nil
		return err
	}
	s.conn.SetDeadline(time.Now().Add(time.Duration(s.Timeout)))
	op, data, err := readFrame(s.conn)
	if err != nil {
		return fmt.Errorf("the broker's greeting: %w", err)
	}
	if op != opInfo || len(data) < 1 || len(data) < 1+int(data[0]) {
		return fmt.Errorf("%s does not greet as an hpfeeds broker does", s.Address)
	}
	digest := sha1.Sum(append(append([]byte(nil), data[1+int(data[0]):]...), s.secret...))
	_, err = s.conn.Write(appendFrame(nil, opAuth, appendName(nil, s.Ident), digest[:]))
	return err
}

func (s *broker) publish(batch []event.Event) error {
	s.conn.SetDeadline(time.Now().Add(time.Duration(s.Timeout)))
	names := appendName(appendName(nil, s.Ident), s.Channel)
	s.buf = s.buf[:0]
	for i := range batch {
		if !s.Takes(&batch[i]) {
			continue
		}
		line := s.Append(nil, &batch[i])
		if len(line) == 0 {
			continue
		}
		s.buf = appendFrame(s.buf, opPublish, names, line[:len(line)-1])
	}
	if _, err := s.conn.Write(s.buf); err != nil {
		return err
	}
	return s.complaint()
}

// complaintWait is how long a broker has to say that it refuses.
const complaintWait = 50 * time.Millisecond

// complaint reads what the broker says, if anything: only errors are said.
func (s *broker) complaint() error {
	s.conn.SetReadDeadline(time.Now().Add(complaintWait))
	op, data, err := readFrame(s.conn)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case err != nil:
		return err
	case op == opError:
		return fmt.Errorf("the broker refuses: %.200q; check ident, secret and the right to publish on %s", data, s.Channel)
	}
	return fmt.Errorf("the broker sends opcode %d, which is not for publishers", op)
}

// Close hangs up; the next batch dials anew.
func (s *broker) Close() error {
	if s.conn == nil {
		return nil
	}
	err := s.conn.Close()
	s.conn = nil
	return err
}

func appendName(b []byte, name string) []byte {
	return append(append(b, byte(len(name))), name...)
}

func appendFrame(b []byte, op byte, data ...[]byte) []byte {
	n := 5
	for _, d := range data {
		n += len(d)
	}
	b = append(binary.BigEndian.AppendUint32(b, uint32(n)), op)
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}

func readFrame(r io.Reader) (op byte, data []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n < 5 || n > maxFrame {
		return 0, nil, fmt.Errorf("a frame of %d octets", n)
	}
	data = make([]byte, n-5)
	_, err = io.ReadFull(r, data)
	return head[4], data, err
}

// Reach implements sink.Reacher.
func (s *broker) Reach() sink.Reach { return sink.DialsAddress(s.Address) }
