package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/webhook"
)

// hook posts a message as JSON, signed as the sink webhook signs.
type hook struct {
	url           string
	shown         string // where to, in errors: path and user of a webhook are often its secret
	client        *http.Client
	secret, token string
}

func newHook(s *Settings) (*hook, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New(`url is missing or no URL: where to post to, such as url = "https://alerts.example/in"`)
	}
	h := &hook{url: s.URL, shown: u.Scheme + "://" + u.Host}
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
	if h.secret != "" {
		now := strconv.FormatInt(time.Now().Unix(), 10)
		req.Header.Set("X-Sundew-Timestamp", now)
		req.Header.Set("X-Sundew-Signature", "sha256="+webhook.Sign(h.secret, now, body))
	}
	resp, err := h.client.Do(req)
	if e, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s: %w", h.shown, e.Err)
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 512))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s: %.200q", h.shown, resp.Status, said)
	}
	return nil
}
