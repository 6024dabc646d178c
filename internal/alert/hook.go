package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/webhook"
)

// hook posts a message as JSON, signed as the sink webhook signs.
type hook struct {
	url           string
	client        *http.Client
	secret, token string
}

func newHook(s *Settings) (*hook, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New(`url is missing or no URL: where to post to, such as url = "https://alerts.example/in"`)
	}
	h := &hook{url: s.URL}
	if h.secret, err = sink.Secret(s.SecretFile); err != nil {
		return nil, fmt.Errorf("secret_file: %w", err)
	}
	if h.token, err = sink.Secret(s.TokenFile); err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	h.client, err = s.TLS.Client(time.Duration(s.Timeout))
	return h, err
}

func (h *hook) reach() sink.Reach { return sink.DialsURL(h.url) }

func (h *hook) deliver(ctx context.Context, m *Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	webhook.Sign(req, h.secret, body)
	_, err = sink.Post(h.client, req, 512)
	return err
}
