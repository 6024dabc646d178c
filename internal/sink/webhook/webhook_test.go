package webhook

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// receiver is a strict receiver of signed batches.
type receiver struct {
	t      *testing.T
	status int
	lines  []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		r.t.Error(err)
	}
	want := "sha256=" + Signature("key", req.Header.Get("X-Sundew-Timestamp"), body)
	for name, value := range map[string]string{"X-Sundew-Signature": want, "Content-Type": "application/x-ndjson", "Authorization": "Bearer token", "X-Tenant": "7"} {
		if got := req.Header.Get(name); got != value {
			r.t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if r.status/100 == 2 {
		r.lines = append(r.lines, strings.Split(strings.TrimSpace(string(body)), "\n")...)
	}
	w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
	w.WriteHeader(r.status)
	fmt.Fprint(w, "as you say")
}

func TestWrite(t *testing.T) {
	r := &receiver{t: t, status: 503}
	server := httptest.NewServer(r)
	defer server.Close()
	s, err := open(sinktest.Decode(fmt.Sprintf("url = %q\nsecret_file = %q\ntoken_file = %q\nheaders = { X-Tenant = \"7\" }\nkinds = [\"act\", \"session.close\"]",
		server.URL+"/in", sinktest.SecretFile(t, "key"), sinktest.SecretFile(t, "token"))))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, status := range []int{503, 400, 302} { // none of these is a receipt, and no redirect is followed
		r.status = status
		if err := s.Write(t.Context(), sinktest.Events()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) || !strings.Contains(err.Error(), "as you say") {
			t.Errorf("after %d: %v", status, err)
		}
	}
	r.status = 204
	if err := s.Write(t.Context(), sinktest.Events()); err != nil {
		t.Fatal(err)
	}
	if len(r.lines) != 2 || !strings.Contains(r.lines[0], `"op":"write_single_register"`) {
		t.Errorf("received %q", r.lines)
	}
	if err := s.Write(t.Context(), sinktest.Events()[:1]); err != nil || len(r.lines) != 2 {
		t.Errorf("nothing to send: %v, %d lines", err, len(r.lines))
	}
}

func TestTLS(t *testing.T) {
	pair, ca := sinktest.Certificate(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }))
	server.TLS = serverTLS(pair)
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	trusting, err := open(sinktest.Decode(fmt.Sprintf("url = %q\nca_file = %q", server.URL, ca)))
	if err != nil {
		t.Fatal(err)
	}
	if err := trusting.Write(t.Context(), sinktest.Events()); err != nil {
		t.Error(err)
	}
	strange, err := open(sinktest.Decode(fmt.Sprintf("url = %q", server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if err := strange.Write(t.Context(), sinktest.Events()); err == nil {
		t.Error("evidence goes to a server whose certificate nobody vouches for")
	}
}

func TestSettings(t *testing.T) {
	for _, text := range []string{"", `url = "ftp://x/"`, "url = \"https://x/\"\nsecret_file = \"/nowhere\"", "url = \"https://x/\"\ncert_file = \"a\"",
		"url = \"https://x/\"\ntimeout = \"0s\"", "url = \"https://x/\"\nca_file = \"/dev/null\""} {
		if _, err := open(sinktest.Decode(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
