// Package elastic is a sink that indexes events in Elasticsearch or OpenSearch
// by the bulk interface, in the Elastic Common Schema. An event's id is the
// document's, so that one sent twice is there once.
package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/render"
	"github.com/sundew-ics/sundew/internal/sink"
)

// Driver is the catalogue's entry.
func Driver() sink.Driver {
	return sink.Driver{Name: "elastic", Doc: "Elasticsearch or OpenSearch, by bulk requests, in ECS", New: open}
}

type settings struct {
	sink.TLS
	URL          string        `toml:"url"`          // of the server; required
	Index        string        `toml:"index"`        // with the day of the event: default "sundew-{date}"
	APIKeyFile   string        `toml:"api_key_file"` // sent as Authorization: ApiKey
	User         string        `toml:"user"`
	PasswordFile string        `toml:"password_file"`
	Secrets      bool          `toml:"secrets"` // index secrets that visitors tried
	Timeout      sink.Duration `toml:"timeout"` // of one request; default 30s
}

type cluster struct {
	settings
	client           *http.Client
	apiKey, password string
	buf              []byte
	rejected         map[string]error // ids that the server will never take, of the batch under way
}

func open(decode func(any) error) (sink.Sink, error) {
	s := &cluster{settings: settings{Index: "sundew-{date}", Timeout: sink.Duration(30 * time.Second)}}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("elastic: %w", err)
	}
	return s, nil
}

func (s *cluster) check() error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New(`url is missing or no URL: the server, such as url = "https://elastic.example:9200"`)
	}
	if s.Index == "" || strings.ToLower(s.Index) != s.Index || strings.ContainsAny(s.Index, ` "*\<|,>/?#`) {
		return fmt.Errorf("index = %q: an index's name is in lower case and has no blanks nor any of \"*\\<|,>/?#", s.Index)
	}
	if s.apiKey, err = sink.Secret(s.APIKeyFile); err != nil {
		return fmt.Errorf("api_key_file: %w", err)
	}
	if s.password, err = sink.Secret(s.PasswordFile); err != nil {
		return fmt.Errorf("password_file: %w", err)
	}
	s.client, err = s.TLS.Client(time.Duration(s.Timeout))
	return err
}

// Write indexes a batch. Documents that the server calls wrong make the batch
// fail once, so that the log says which; then they are left out. What the server
// is too busy for comes again.
func (s *cluster) Write(ctx context.Context, batch []event.Event) error {
	s.buf = s.buf[:0]
	for i := range batch {
		e := &batch[i]
		if _, hopeless := s.rejected[e.ID()]; hopeless {
			continue
		}
		head := map[string]map[string]string{"create": {"_index": strings.ReplaceAll(s.Index, "{date}", e.Time.UTC().Format("2006.01.02")), "_id": e.ID()}}
		line, err := json.Marshal(head)
		if err != nil {
			return fmt.Errorf("elastic: %w", err)
		}
		s.buf = append(append(s.buf, line...), '\n')
		s.buf = render.ECS{Destination: true, Secrets: s.Secrets}.JSON(s.buf, e)
	}
	if len(s.buf) == 0 {
		s.rejected = nil
		return nil
	}
	answer, err := s.post(ctx)
	if err != nil {
		return fmt.Errorf("elastic: %w", err)
	}
	return s.judge(answer)
}

// bulkAnswer is what we read of a bulk request's answer.
type bulkAnswer struct {
	Errors bool `json:"errors"`
	Items  []map[string]struct {
		ID     string `json:"_id"`
		Status int    `json:"status"`
		Error  struct {
			Type   string `json:"type"`
			Reason string `json:"reason"`
		} `json:"error"`
	} `json:"items"`
}

// maxAnswer bounds an answer, in octets.
const maxAnswer = 16 << 20

func (s *cluster) post(ctx context.Context) (*bulkAnswer, error) {
	to := strings.TrimSuffix(s.URL, "/") + "/_bulk"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(s.buf))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	switch {
	case s.apiKey != "":
		req.Header.Set("Authorization", "ApiKey "+s.apiKey)
	case s.User != "":
		req.SetBasicAuth(s.User, s.password)
	}
	b, err := sink.Post(s.client, req, maxAnswer)
	if err != nil {
		return nil, err
	}
	var a bulkAnswer
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("%s: the answer is no bulk answer: %w", req.URL.Host, err)
	}
	return &a, nil
}

// judge reads what became of each document: 409 says that it is there already;
// 429 and above 499 that it should come again; another 4xx that it never can.
func (s *cluster) judge(a *bulkAnswer) error {
	again := 0
	var first, wrong error
	for _, item := range a.Items {
		for _, r := range item {
			err := fmt.Errorf("elastic: document %s: %s: %.200s (status %d)", r.ID, r.Error.Type, r.Error.Reason, r.Status)
			switch {
			case r.Status/100 == 2, r.Status == http.StatusConflict:
			case r.Status == http.StatusTooManyRequests, r.Status >= 500:
				again++
				if first == nil {
					first = err
				}
			default:
				if s.rejected == nil {
					s.rejected = map[string]error{}
				}
				s.rejected[r.ID] = err
				wrong = err
			}
		}
	}
	switch {
	case again > 0:
		return fmt.Errorf("%d documents are to come again: %w", again, first)
	case wrong != nil: // the log has it; the batch comes again without these
		return fmt.Errorf("%d documents are given up, such as: %w", len(s.rejected), wrong)
	}
	s.rejected = nil
	return nil
}

// Close lets idle connections go.
func (s *cluster) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// Reach implements sink.Reacher.
func (s *cluster) Reach() sink.Reach { return sink.DialsURL(s.URL) }
