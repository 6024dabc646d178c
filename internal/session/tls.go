package session

import (
	"crypto/tls"
	"io"
	"net"

	"github.com/sundew-ics/sundew/internal/event"
)

// StartTLS speaks TLS from here on: R yields plaintext, and plaintext is what
// is recorded. Before the first act it makes the whole session one of
// octets "tls"; later it is an act of its own ("start_tls"). A handshake that
// fails is an act ("tls_handshake") with the octets of the wire.
func (s *Session) StartTLS(cfg *tls.Config) error {
	if err := s.Flush(); err != nil {
		return err
	}
	first := make([]byte, s.ahead())
	io.ReadFull(s.r, first) // from the buffer alone
	hs := &handshake{Conn: s.conn, first: first, taped: true}
	var info event.TLS
	own := cfg.Clone()
	own.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		info.JA4, info.SNI = ja4(h), event.Text(h.ServerName)
		if cfg.GetConfigForClient != nil {
			return cfg.GetConfigForClient(h)
		}
		return nil, nil
	}
	s.beforeRead(0)
	conn := tls.Server(hs, own)
	err := conn.Handshake()
	hs.taped = false

	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived.Store(int64(s.since()))
	s.stats.in += int64(hs.in)
	s.stats.out += int64(hs.out)
	if err != nil {
		s.failedTLS(hs, info, err)
		return err
	}
	state := conn.ConnectionState()
	info.Version, info.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	if s.in != nil { // the first octets were ciphertext
		*s.in = (*s.in)[:len(*s.in)-len(first)]
		s.release()
	}
	s.conn = conn
	if !s.opened {
		s.cfg.Open.Octets, s.cfg.Open.TLS = "tls", &info
		return nil
	}
	s.append(&event.Act{Op: "start_tls", Class: event.Connect, Detail: info}, event.Octets{}, event.Octets{})
	return nil
}

// failedTLS records a handshake that came to nothing.
func (s *Session) failedTLS(hs *handshake, info event.TLS, err error) {
	type detail struct {
		event.TLS
		Error event.Text `json:"error"`
	}
	if s.in == nil {
		s.in = s.cfg.Buffers.get()
	}
	*s.in = append(*s.in, hs.read...)
	s.pending = &s.act
	s.act = event.Act{Op: "tls_handshake", Class: event.Connect, Outcome: event.Refused, Detail: detail{info, event.Text(err.Error())}}
	n := s.captured()
	s.request, s.claimed = s.claim(n), n
	s.append(s.pending, s.request, cut(hs.written))
	s.pending = nil
	s.release()
	s.stop(err, "protocol")
}

// A handshake is the raw connection under TLS. It begins with the octets that
// the session had read already, and tapes both directions until TLS stands.
type handshake struct {
	net.Conn
	first         []byte
	taped         bool
	read, written []byte
	in, out       int
}

const maxTape = 16 << 10

// Read yields the octets read before, then the connection's.
func (h *handshake) Read(p []byte) (int, error) {
	if len(h.first) > 0 {
		n := copy(p, h.first)
		h.first = h.first[n:]
		return n, nil
	}
	n, err := h.Conn.Read(p)
	if h.taped {
		h.in += n
		h.read = append(h.read, p[:min(n, max(0, maxTape-len(h.read)))]...)
	}
	return n, err
}

// Write sends and, during the handshake, tapes.
func (h *handshake) Write(p []byte) (int, error) {
	if h.taped {
		h.out += len(p)
		h.written = append(h.written, p[:min(len(p), max(0, maxTape-len(h.written)))]...)
	}
	return h.Conn.Write(p)
}

// CloseWrite half-closes the connection below, where it can.
func (h *handshake) CloseWrite() error {
	if c, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return net.ErrClosed
}
