package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestStatic(t *testing.T) {
	page := "<!doctype html>app"
	r := newRig(t, func(c *Config) {
		c.Pages = fstest.MapFS{
			"index.html": {Data: []byte(page)}, "index.html.gz": {Data: []byte("gz page")}, "assets/app-1a2b.js": {Data: []byte("js")}, "assets/app-1a2b.js.gz": {Data: []byte("gz js")},
			"assets/app-1a2b.js.zst": {Data: []byte("zst js")}, "world.json": {Data: []byte("{}")}, "README.md": {Data: []byte("x")}, "licences.json": {Data: []byte(`[{"name":"svelte","licence":"MIT"}]`)},
		}
	})
	for _, c := range []struct{ path, accept, body, kind, encoding, cache string }{
		{"/", "identity", page, "text/html; charset=utf-8", "", "no-store"},
		{"/", "gzip", "gz page", "text/html; charset=utf-8", "gzip", "no-store"},
		{"/sessions/01937a52", "identity", page, "text/html; charset=utf-8", "", "no-store"},
		{"/assets/app-1a2b.js", "gzip, zstd", "zst js", "text/javascript; charset=utf-8", "zstd", "public, max-age=31536000, immutable"},
		{"/assets/app-1a2b.js", "gzip", "gz js", "text/javascript; charset=utf-8", "gzip", "public, max-age=31536000, immutable"},
		{"/assets/app-1a2b.js", "zstd;q=0", "js", "text/javascript; charset=utf-8", "", "public, max-age=31536000, immutable"},
		{"/world.json", "identity", "{}", "application/json", "", "no-store"},
	} {
		resp := r.do("GET", c.path, nil, "Accept-Encoding", c.accept)
		if h := resp.Header; resp.StatusCode != 200 || string(resp.body) != c.body || h.Get("Content-Type") != c.kind || h.Get("Content-Encoding") != c.encoding || h.Get("Cache-Control") != c.cache || h.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s (%s): %d %q %v", c.path, c.accept, resp.StatusCode, resp.body, h)
		}
	}
	for _, path := range []string{"/assets/none.js", "/README.md", "/index.html.gz", "/assets/app-1a2b.js.zst"} {
		if resp := r.do("GET", path, nil, "Accept-Encoding", "identity"); resp.StatusCode != 404 {
			t.Errorf("%s: %d %q", path, resp.StatusCode, resp.body)
		}
	}
	for _, path := range []string{"/actors/198.51.100.7", "/..%2f..%2fetc/passwd.txt", "/../secret.txt", "/assets/..%2f..%2fsecret.txt", "/none.txt"} { // the page itself says that it knows no such path
		if resp := r.do("GET", path, nil, "Accept-Encoding", "identity"); resp.StatusCode != 200 || string(resp.body) != page {
			t.Errorf("%s: %d %q", path, resp.StatusCode, resp.body)
		}
	}
	r.in()
	if resp := r.get("/origins"); !strings.Contains(string(resp.body), `"svelte"`) {
		t.Errorf("licences: %s", resp.body)
	}
}

// TestWithoutPages has a build without the built pages say how to get them.
func TestWithoutPages(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Pages = fstest.MapFS{} })
	resp := r.do("GET", "/", nil)
	if resp.StatusCode != 200 || !strings.Contains(string(resp.body), "make ui") || strings.Contains(string(resp.body), "<script") {
		t.Errorf("%d %s", resp.StatusCode, resp.body)
	}
}

// TestHostile has visitors' text in every answer be inert JSON: no character that
// a browser could take for a tag, and none that a terminal obeys.
func TestHostile(t *testing.T) {
	r := newRig(t, nil).in()
	found := 0
	for _, path := range []string{"/overview", "/sessions", "/sessions/" + id(4), "/sessions/" + id(4) + "/events", "/sessions/" + id(6) + "/events", "/credentials", "/artifacts", "/actors/203.0.113.4", "/protocols/http", "/facets",
		"/sessions?q=user:%22%3C%2Fscript%3E%22", "/query?q=user:%22%3Cscript%3E%22", "/query?q=%3Cscript%3E:x", "/actors/%3Cscript%3E", "/sessions/%3Cscript%3E", "/%3Cscript%3E"} {
		resp := r.get(path)
		if kind := resp.Header.Get("Content-Type"); kind != "application/json" && kind != "application/problem+json" {
			t.Errorf("%s: %s", path, kind)
		}
		for _, c := range resp.body {
			if c == '<' || c == '>' || c == '&' || c < 0x20 && c != '\n' {
				t.Errorf("%s has %q: %.200s", path, c, resp.body)
				break
			}
		}
		if !json.Valid(resp.body) {
			t.Errorf("%s is no JSON", path)
		}
		if bytes.Contains(resp.body, []byte(`onerror=alert(1)`)) {
			found++
		}
	}
	if found < 3 {
		t.Errorf("the hostile text was in %d answers", found)
	}
	var e events
	r.json("/sessions/"+id(4)+"/events", &e)
	if e.Events[0].Cred.User != hostile {
		t.Errorf("%q", e.Events[0].Cred.User)
	}
	if e.Events[0].Response == nil || e.Events[0].Response.Text != "<h1>No</h1>" {
		t.Errorf("what he saw: %+v", e.Events[0].Response)
	}
}

func TestTextOf(t *testing.T) {
	for in, want := range map[string]string{"": "", "I20100\r\nTANK 1\x03": "I20100\r\nTANK 1\\x03", "\x00\x01\x02\x03": "", "été é": "été é", "abcdefghijklmnopq\xff\x1b": "", "abcdefghijklmnopqrstuvwxyz\xff": `abcdefghijklmnopqrstuvwxyz\xff`} {
		if got := textOf([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestETagAndGzip(t *testing.T) {
	r := newRig(t, nil).in()
	plain := r.get("/techniques", "Accept-Encoding", "identity")
	etag := plain.Header.Get("ETag")
	if etag == "" || plain.Header.Get("Content-Encoding") != "" {
		t.Fatalf("%v", plain.Header)
	}
	zipped := r.get("/techniques", "Accept-Encoding", "gzip")
	z, err := gzip.NewReader(bytes.NewReader(zipped.body))
	if err != nil || zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%v %v", err, zipped.Header)
	}
	if b, err := io.ReadAll(z); err != nil || !bytes.Equal(b, plain.body) {
		t.Errorf("it is another in gzip: %v", err)
	}
	if resp := r.get("/techniques", "If-None-Match", "W/"+etag); resp.StatusCode != 304 || len(resp.body) != 0 {
		t.Errorf("not modified: %d", resp.StatusCode)
	}
	if resp := r.get("/techniques", "If-None-Match", `"x"`); resp.StatusCode != 200 {
		t.Errorf("modified: %d", resp.StatusCode)
	}
	if resp := r.get("/me", "Accept-Encoding", "gzip"); resp.Header.Get("Content-Encoding") != "" {
		t.Error("a short answer, which holds a secret, is not compressed")
	}
}

func TestCache(t *testing.T) {
	c, now := newCache(), time.Unix(1000, 0)
	a := &answer{etag: "a", plain: []byte("1")}
	c.keep("k", "g1", a, now, nil)
	for _, x := range []struct {
		after      time.Duration
		generation string
		used       bool
		renew      bool
	}{{time.Second, "g2", true, false}, {30 * time.Second, "g1", true, false}, {30 * time.Second, "g2", true, true}, {31 * time.Second, "g2", true, false}, {2 * time.Hour, "g1", false, false}, {2 * time.Minute, "g2", false, false}} {
		got, renew := c.find("k", x.generation, now.Add(x.after))
		if (got != nil) != x.used || renew != x.renew {
			t.Errorf("%+v: %v %v", x, got != nil, renew)
		}
	}
	for i := range 3 * maxCached {
		c.keep(strings.Repeat("x", i), "g", &answer{plain: make([]byte, 100_000)}, now, nil)
	}
	if len(c.kept) > maxCached || c.size > maxCacheSize {
		t.Errorf("%d answers of %d octets", len(c.kept), c.size)
	}
}

// TestPlant has the plant's values, and who changed them.
func TestPlant(t *testing.T) {
	r := newRig(t, nil).in()
	site := r.server.cfg.Running.Sites[0]
	ref, _ := site.Process.Ref("tank.level")
	time.Sleep(50 * time.Millisecond) // the watch has begun
	if err := site.Process.Write("203.0.113.9", writeOf(ref, 3)); err != nil {
		t.Fatal(err)
	}
	var p plantPage
	for range 100 {
		if r.json("/plant", &p); len(p.Sites) == 1 && len(p.Sites[0].Changes) > 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	s := p.Sites[0]
	if len(s.Changes) != 1 || s.Changes[0].By != "203.0.113.9" || s.Changes[0].Tag != "tank.level" || s.Changes[0].Previous != "2" || s.Changes[0].Value != "3" {
		t.Errorf("%+v", s.Changes)
	}
	if v := s.Tags[0]; v.By != "203.0.113.9" || v.Number == nil || *v.Number != 3 || v.Unit != "m" || len(v.Trend) != trendSteps || v.Trend[trendSteps-1] == nil {
		t.Errorf("%+v", v)
	}
	if v := s.Tags[1]; !v.Alarm {
		t.Errorf("an alarm: %+v", v)
	}
	stopped := newRig(t, func(c *Config) { c.Running = nil }).in()
	p = plantPage{}
	if stopped.json("/plant", &p); p.Why == "" || len(p.Sites) != 0 {
		t.Errorf("%+v", p)
	}
}

// TestWarm has the pages ready that read all acts, once the overview was looked at.
func TestWarm(t *testing.T) {
	r := newRig(t, nil).in()
	q := "from=2026-01-01T00%3A00%3A00Z"
	r.get("/overview?by=label&" + q)
	generation, err := r.server.cfg.Store().Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/credentials?" + q + "&limit=1000", "/protocols/modbus?" + q, "/compare?by=sensor&" + q + "&timelines=true"} {
		for end := time.Now().Add(5 * time.Second); !r.server.cache.has(prefix+path, generation); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%s is not at hand", path)
				break
			}
		}
	}
}

// TestExpect: who opens the login finds the overview ready behind it.
func TestExpect(t *testing.T) {
	r := newRig(t, nil)
	if err := r.server.cfg.Secrets.SetPassword(password); err != nil {
		t.Fatal(err)
	}
	r.get("/me")
	from := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -29)
	key := prefix + "/overview?by=protocol&from=" + url.QueryEscape(from.Format("2006-01-02T15:04:05Z"))
	for end := time.Now().Add(5 * time.Second); !r.server.cache.has(key, ""); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is not at hand", key)
		}
	}
}

// TestFaultBehind: an answer that is made behind the pages, and fails in earnest,
// takes neither the dashboard nor the sensor with it.
func TestFaultBehind(t *testing.T) {
	r := newRig(t, nil).in()
	broken := route{name: "GET /broken", answer: func(*ask) (any, error) { panic("broken") }, store: true, caching: true}
	req := httptest.NewRequestWithContext(t.Context(), "GET", prefix+"/broken", nil)
	a := &ask{Server: r.server, r: req, ctx: t.Context(), db: r.server.cfg.Store()}
	for range maxQueries + 1 { // each gives its place back
		a.again(broken, "broken?")(t.Context(), "")
	}
	if resp := r.get("/protocols"); resp.StatusCode != 200 {
		t.Errorf("%d afterwards", resp.StatusCode)
	}
}
