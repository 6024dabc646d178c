package web

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/sundew-ics/sundew/internal/store"
)

// A problem is an error as the API tells it (RFC 9457).
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Position  *int   `json:"position,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Retry     int    `json:"retry_s,omitempty"`
}

func (p *problem) Error() string { return p.Title + ": " + p.Detail }

// ErrEmpty says that nothing fits what is to be exported.
var ErrEmpty = errors.New("no session fits")

// problemOf says of any error what a caller may know.
func (s *Server) problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if q, ok := errors.AsType[*queryError](err); ok {
		return &problem{Type: "query", Status: 400, Title: "The query cannot be read", Detail: q.text, Position: &q.position, Parameter: "q"}
	}
	switch {
	case errors.Is(err, ErrEmpty):
		return &problem{Type: "none", Status: 404, Title: "No session fits", Detail: "there is nothing to export under this filter"}
	case errors.Is(err, store.ErrNone), errors.Is(err, fs.ErrNotExist):
		return &problem{Type: "none", Status: 404, Title: "There is none", Detail: "nothing is held under that name; retention may have taken it"}
	case errors.Is(err, context.DeadlineExceeded):
		return &problem{Type: "limit", Status: 503, Title: "The question took too long", Detail: "ask about a shorter period, or of fewer things"}
	case errors.Is(err, context.Canceled):
		return &problem{Type: "busy", Status: 503, Title: "The question was given up"}
	}
	s.cfg.Log.Error("the dashboard could not answer", "err", err)
	return &problem{Type: "about:blank", Status: 500, Title: "The dashboard could not answer", Detail: "its log says why"}
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.problemOf(err)
	w.Header().Del("ETag")
	w.Header().Set("Content-Type", "application/problem+json")
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Retry))
	}
	b, err := json.Marshal(p)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(p.Status)
	w.Write(b)
}

// An answer is JSON that is ready to be sent.
type answer struct {
	etag  string
	plain []byte
}

// minZip is the length from which on JSON is sent in gzip.
const minZip = 1 << 10

// zipping are gzip writers, which are large, for use again.
type zipping struct{ pool sync.Pool }

func (z *zipping) zip(b []byte) []byte {
	w, _ := z.pool.Get().(*gzip.Writer)
	out := &buffer{b: make([]byte, 0, len(b)/4)}
	if w == nil {
		w, _ = gzip.NewWriterLevel(out, gzip.BestSpeed) // the level is one
	}
	w.Reset(out)
	w.Write(b) // a buffer does not fail
	w.Close()
	z.pool.Put(w)
	return out.b
}

type buffer struct{ b []byte }

func (b *buffer) Write(p []byte) (int, error) {
	b.b = append(b.b, p...)
	return len(p), nil
}

// encode makes an answer of a value.
func encode(v any) (*answer, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	return &answer{etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, plain: append(b, '\n')}, nil
}

// send sends an answer, or says that the caller has it already.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, a *answer) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Vary", "Accept-Encoding")
	if status == http.StatusOK {
		h.Set("ETag", a.etag)
		if matches(r.Header.Get("If-None-Match"), a.etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	b := a.plain
	if len(b) > minZip && accepts(r, "gzip") {
		h.Set("Content-Encoding", "gzip")
		b = s.zipping.zip(b)
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(b)
	}
}

func matches(header, etag string) bool {
	for v := range strings.SplitSeq(header, ",") {
		if v = strings.TrimPrefix(strings.TrimSpace(v), "W/"); v == etag || v == "*" {
			return true
		}
	}
	return false
}

// accepts says whether a request takes an encoding.
func accepts(r *http.Request, encoding string) bool {
	for v := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(v), ";")
		if strings.TrimSpace(name) == encoding && strings.ReplaceAll(params, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
