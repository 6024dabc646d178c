// Package webhook is a sink that posts batches of events to a URL, signed.
//
// A request's body is JSON lines (application/x-ndjson). The receiver answers
// 2xx once it has the batch; after any other answer the same batch comes again,
// so it should tell repeated events by their id. With a secret the request has
//
//	X-Sundew-Timestamp: seconds since 1970
//	X-Sundew-Signature: sha256=HEX of HMAC-SHA256(secret, timestamp "." body)
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Driver is the catalogue's entry.
func Driver() sink.Driver {
	return sink.Driver{Name: "webhook", Doc: "JSON lines to a URL by POST, signed, in batches", New: open}
}

type settings struct {
	sink.Selection
	sink.TLS
	URL        string            `toml:"url"`         // required
	SecretFile string            `toml:"secret_file"` // what signatures are made with; default: no signature
	TokenFile  string            `toml:"token_file"`  // sent as Authorization: Bearer
	Headers    map[string]string `toml:"headers"`
	Timeout    sink.Duration     `toml:"timeout"` // of one request; default 10s
}

type hook struct {
	settings
	client        *http.Client
	secret, token string
	buf           []byte
}

func open(decode func(any) error) (sink.Sink, error) {
	s := &hook{settings: settings{Timeout: sink.Duration(10 * time.Second)}}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	return s, nil
}

func (s *hook) check() error {
	if err := s.Selection.Check(); err != nil {
		return err
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New(`url is missing or no URL: where to post to, such as url = "https://siem.example/sundew"`)
	}
	if s.secret, err = sink.Secret(s.SecretFile); err != nil {
		return fmt.Errorf("secret_file: %w", err)
	}
	if s.token, err = sink.Secret(s.TokenFile); err != nil {
		return fmt.Errorf("token_file: %w", err)
	}
	s.client, err = s.TLS.Client(time.Duration(s.Timeout))
	return err
}

// Write posts a batch.
func (s *hook) Write(ctx context.Context, batch []event.Event) error {
	s.buf = s.buf[:0]
	for i := range batch {
		if s.Takes(&batch[i]) {
			s.buf = s.Append(s.buf, &batch[i])
		}
	}
	if len(s.buf) == 0 {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(s.buf))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	for k, v := range s.Headers {
		req.Header.Set(k, v)
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	Sign(req, s.secret, s.buf)
	if _, err := sink.Post(s.client, req, maxAnswer); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	return nil
}

// maxAnswer is how much of an answer is read, in octets.
const maxAnswer = 512

// Sign gives a request with this body its two headers. Without a secret it has none.
func Sign(req *http.Request, secret string, body []byte) {
	if secret == "" {
		return
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("X-Sundew-Timestamp", now)
	req.Header.Set("X-Sundew-Signature", "sha256="+Signature(secret, now, body))
}

// Signature is the signature of a body sent at a time, in hex.
func Signature(secret, timestamp string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	io.WriteString(m, timestamp+".")
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// Close lets idle connections go.
func (s *hook) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Reach implements sink.Reacher.
func (s *hook) Reach() sink.Reach { return sink.DialsURL(s.URL) }
