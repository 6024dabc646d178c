package session

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// StartTLS speaks TLS from here on: R yields plaintext, and plaintext is what
// is recorded. Before the first act it makes the whole session one of
// octets "tls"; later it is an act of its own ("start_tls"). A handshake that
// fails is an act ("tls_handshake") with the octets of the wire.
func (s *Session) StartTLS(cfg *tls.Config) error {
	ahead := s.ahead()
	first := make([]byte, ahead)
	io.ReadFull(s.r, first) // from the buffer alone
	if err := s.beforeTLS(ahead); err != nil {
		return err
	}
	hs := &handshake{Conn: s.conn, session: s, first: first}
	var info event.TLS
	own := cfg.Clone()
	own.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		info.JA4, info.SNI = ja4(h), event.Text(h.ServerName)
		if cfg.GetConfigForClient != nil {
			return cfg.GetConfigForClient(h)
		}
		return nil, nil
	}
	conn := tls.Server(hs, own)
	err := conn.Handshake()

	s.mu.Lock()
	defer s.mu.Unlock()
	hs.session = nil
	s.stats.out += int64(len(hs.written))
	if err != nil {
		s.failedTLS(hs, info, err)
		return err
	}
	state := conn.ConnectionState()
	info.Version, info.Cipher = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite)
	s.over, s.claimed = nil, s.captured() // ciphertext, which is not kept
	s.release()
	s.conn = conn
	if !s.opened {
		s.cfg.Open.Octets, s.cfg.Open.TLS = "tls", &info
		return nil
	}
	s.append(&event.Act{Op: "start_tls", Class: event.Connect, Detail: info}, event.Octets{}, event.Octets{})
	return nil
}

// beforeTLS flushes, so that only the ahead octets of the handshake are left
// unclaimed, and sets the deadlines of the handshake.
func (s *Session) beforeTLS(ahead int) error {
	if err := s.beforeRead(ahead); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.captured() - ahead; n > 0 { // the room's fault
		s.leftover(OpUnrecorded, event.Other, n)
	}
	s.arm()
	s.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if s.hung() {
		s.stop(ErrInterrupt, "")
	}
	return s.stopped
}

// failedTLS records a handshake that came to nothing.
func (s *Session) failedTLS(hs *handshake, info event.TLS, err error) {
	type detail struct {
		event.TLS
		Error event.Text `json:"error"`
	}
	s.act, s.sending = event.Act{Op: "tls_handshake", Class: event.Connect, Outcome: event.Refused, Detail: detail{info, event.Text(err.Error())}}, false
	s.request, s.claimed = s.claim(s.captured()), s.captured()
	s.append(&s.act, s.request, cut(hs.written))
	s.release()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.stop(err, "idle")
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET):
		s.gone = true
		s.stop(err, "visitor")
	default:
		s.stop(err, "protocol")
	}
}

// A handshake is the raw connection under TLS. It begins with the octets that
// the session had read already, and until TLS stands it captures what comes and
// tapes what leaves (no more than our certificates need).
type handshake struct {
	net.Conn
	session *Session // nil once TLS stands
	first   []byte
	written []byte
}

// Read yields the octets read before, then the connection's.
func (h *handshake) Read(p []byte) (int, error) {
	if len(h.first) > 0 {
		n := copy(p, h.first)
		h.first = h.first[n:]
		return n, nil
	}
	n, err := h.Conn.Read(p)
	if s := h.session; s != nil && n > 0 {
		s.capture(p[:n])
		s.mu.Lock()
		s.spill(s.captured()) // a hello may be long
		s.mu.Unlock()
	}
	return n, err
}

// Write sends and, during the handshake, tapes.
func (h *handshake) Write(p []byte) (int, error) {
	if h.session != nil {
		h.written = append(h.written, p...)
	}
	return h.Conn.Write(p)
}
