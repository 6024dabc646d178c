package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sse is an event of a stream.
type sse struct{ event, id, data string }

// watch opens a stream and gives its events until the test ends.
func (r *rig) watch(query string, header ...string) (events <-chan sse, leave func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", r.url+prefix+"/stream"+query, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		r.t.Fatalf("stream: %d %s", resp.StatusCode, resp.Header)
	}
	out := make(chan sse, 10_000)
	go func() {
		defer close(out)
		defer resp.Body.Close()
		var e sse
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			key, value, _ := strings.Cut(s.Text(), ": ")
			switch key {
			case "event":
				e.event = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if e.data != "" {
					out <- e
				}
				e = sse{}
			}
		}
	}()
	r.t.Cleanup(cancel)
	return out, cancel
}

// next waits for an event that fits.
func next(t *testing.T, events <-chan sse, within time.Duration, fits func(sse) bool) (sse, time.Duration) {
	t.Helper()
	begun := time.Now()
	for end := time.After(within); ; {
		select {
		case e, ok := <-events:
			if !ok {
				t.Fatal("the stream has ended")
			}
			if fits(e) {
				return e, time.Since(begun)
			}
		case <-end:
			t.Fatalf("nothing within %v", within)
		}
	}
}

func TestStream(t *testing.T) {
	r := newRig(t, nil).in()
	events, _ := r.watch("")
	quiet, _ := r.watch("?min_severity=8&research=hide")
	at := 1000 * 6 // modbus: a read and a write
	r.now(at)
	e, took := next(t, events, 2*time.Second, func(e sse) bool { return strings.Contains(e.data, id(at)) && strings.Contains(e.data, `"write"`) })
	t.Logf("an act after %v", took)
	if e.event != "act" || e.id == "" {
		t.Errorf("%+v", e)
	}
	end, took := next(t, events, 4*time.Second, func(e sse) bool { return e.event == "session" && strings.Contains(e.data, `"what":"close"`) })
	t.Logf("an end after %v", took)
	compile := schemas(t)
	for schema, data := range map[string]string{"LiveAct": e.data, "LiveSession": end.data} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := compile("/components/schemas/" + schema).Validate(v); err != nil {
			t.Errorf("%v\n%s", err, data)
		}
	}
	var l liveSession
	if err := json.Unmarshal([]byte(end.data), &l); err != nil || l.Label != "ics_write" || l.Severity == nil || *l.Severity != 8 {
		t.Errorf("the end has no finding: %s", end.data)
	}
	// The severity floor and the scanner: another visitor's read and a scanner's write.
	r.now(1000*33 + 11*6) // i%11 == 0: the scanner's address
	r.now(at + 12)        // another's
	e, _ = next(t, quiet, 3*time.Second, func(e sse) bool { return e.event == "act" && strings.Contains(e.data, id(at+12)) })
	if !strings.Contains(e.data, `"write"`) {
		t.Errorf("below the floor: %s", e.data)
	}
	for len(quiet) > 0 {
		if e := <-quiet; strings.Contains(e.data, "198.51.100.1") {
			t.Errorf("a scanner's: %s", e.data)
		}
	}
}

// TestStreamResumes leaves a stream, and has what it missed when it comes back.
func TestStreamResumes(t *testing.T) {
	r := newRig(t, nil).in()
	events, leave := r.watch("")
	r.now(6000)
	e, _ := next(t, events, 3*time.Second, func(e sse) bool { return e.event == "act" })
	leave()
	r.now(6006)
	time.Sleep(time.Second)
	again, _ := r.watch("", "Last-Event-ID", e.id)
	next(t, again, 3*time.Second, func(e sse) bool { return strings.Contains(e.data, id(6006)) })
	replayed, _ := r.watch("?replay=200")
	next(t, replayed, 3*time.Second, func(e sse) bool { return strings.Contains(e.data, id(6000)) })
	if n, ok := r.server.resume("another-3"); ok || n == 0 {
		t.Error("an id of another start")
	}
}

func TestStreamEndsWithTheLogin(t *testing.T) {
	r := newRig(t, nil).in()
	events, _ := r.watch("")
	if resp := r.do("POST", prefix+"/logout", map[string]bool{"everywhere": true}); resp.StatusCode != 204 {
		t.Fatal(resp.StatusCode)
	}
	select {
	case _, ok := <-events:
		if ok {
			t.Error("an event after logout")
		}
	case <-time.After(3 * time.Second):
		t.Error("the stream goes on after logout")
	}
}

func TestStreamsAreBounded(t *testing.T) {
	r := newRig(t, nil).in()
	for range maxStreams {
		r.watch("")
	}
	if resp := r.get("/stream"); resp.StatusCode != 503 || problemIn(t, resp).Type != "busy" {
		t.Errorf("one too many: %d", resp.StatusCode)
	}
	h := newHub(r.server)
	for range maxMessages * 2 {
		h.put(time.Now(), "act", 5, false, func(string) any { return 1 })
	}
	if len(h.ring) > maxMessages {
		t.Errorf("%d messages are remembered", len(h.ring))
	}
	list, missed, _ := h.from(1, perFlush)
	if len(list) != perFlush || missed != 2*maxMessages-perFlush || list[perFlush-1].n != 2*maxMessages {
		t.Errorf("a slow watcher has %d, missed %d", len(list), missed)
	}
}

// late notes until when an answer must be sent.
type late struct {
	*httptest.ResponseRecorder
	until time.Time
}

// SetWriteDeadline is what http.NewResponseController asks for.
func (l *late) SetWriteDeadline(t time.Time) error {
	l.until = t
	return nil
}

// TestEveryAnswerHasItsTime: nobody who reads nothing holds a connection for good,
// whatever he asks for.
func TestEveryAnswerHasItsTime(t *testing.T) {
	r := newRig(t, nil)
	for _, path := range []string{"/", "/pages/stream", prefix + "/me", prefix + "/stream"} {
		w := &late{ResponseRecorder: httptest.NewRecorder()}
		req := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		req.Host = "localhost"
		if r.server.ServeHTTP(w, req); w.until.IsZero() {
			t.Errorf("%s: %d, and no end", path, w.Code)
		}
	}
}
