package elastic

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/sink/sinktest"
)

// index is a strict stand-in for a bulk interface: it keeps documents by id and
// answers as told.
type index struct {
	t      *testing.T
	docs   map[string]map[string]any
	status map[string]int // by the action's event.action; default 201
	whole  int            // status of the whole request; 0: 200
	auth   string
}

func (x *index) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/_bulk" || r.Method != "POST" || r.Header.Get("Content-Type") != "application/x-ndjson" {
		x.t.Errorf("request %s %s, %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
	}
	x.auth = r.Header.Get("Authorization")
	if x.whole != 0 {
		w.WriteHeader(x.whole)
		return
	}
	type item struct {
		ID     string            `json:"_id"`
		Status int               `json:"status"`
		Error  map[string]string `json:"error,omitempty"`
	}
	var items []map[string]item
	in := bufio.NewScanner(r.Body)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var head map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
		var doc map[string]any
		if err := json.Unmarshal(in.Bytes(), &head); err != nil || !in.Scan() {
			x.t.Fatalf("head %s: %v", in.Bytes(), err)
		}
		if err := json.Unmarshal(in.Bytes(), &doc); err != nil {
			x.t.Fatalf("document %s: %v", in.Bytes(), err)
		}
		h := head["create"]
		if h.Index != "sundew-2026.11.22" {
			x.t.Errorf("index %q", h.Index)
		}
		it := item{ID: h.ID, Status: 201}
		action, _ := doc["event"].(map[string]any)["action"].(string)
		if st := x.status[action]; st != 0 {
			it.Status, it.Error = st, map[string]string{"type": "x", "reason": "because"}
		} else if x.docs[h.ID] != nil {
			it.Status = 409
		} else {
			x.docs[h.ID] = doc
		}
		items = append(items, map[string]item{"create": it})
	}
	json.NewEncoder(w).Encode(map[string]any{"errors": true, "items": items})
}

func TestWrite(t *testing.T) {
	x := &index{t: t, docs: map[string]map[string]any{}}
	server := httptest.NewServer(x)
	defer server.Close()
	s, err := open(sinktest.Decode(fmt.Sprintf("url = %q\napi_key_file = %q", server.URL+"/", sinktest.SecretFile(t, "a2V5"))))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	events := sinktest.Events()
	for range 2 { // the second time they are there
		if err := s.Write(t.Context(), events); err != nil {
			t.Fatal(err)
		}
	}
	if len(x.docs) != 3 || x.auth != "ApiKey a2V5" {
		t.Errorf("%d documents, authorization %q", len(x.docs), x.auth)
	}
	doc := x.docs[events[1].ID()]
	own := doc["sundew"].(map[string]any)
	if doc["@timestamp"] != "2026-11-22T20:12:43.113482901Z" || own["class"] != "write" {
		t.Errorf("document %v", doc)
	}
	if _, there := own["cred"].(map[string]any)["secret"]; there {
		t.Error("a secret is indexed unasked")
	}
}

// What the server is too busy for comes again; what it can never take is given
// up, after one failure that says so.
func TestItems(t *testing.T) {
	x := &index{t: t, docs: map[string]map[string]any{}, status: map[string]int{"write_single_register": 429}}
	server := httptest.NewServer(x)
	defer server.Close()
	s, err := open(sinktest.Decode(fmt.Sprintf("url = %q", server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	write := func() string {
		if err := s.Write(t.Context(), sinktest.Events()); err != nil {
			return err.Error()
		}
		return ""
	}
	if got := write(); !strings.Contains(got, "1 documents are to come again") || len(x.docs) != 2 {
		t.Errorf("busy: %q, %d documents", got, len(x.docs))
	}
	x.status = map[string]int{"write_single_register": 400}
	if got := write(); !strings.Contains(got, "given up") || !strings.Contains(got, "because") {
		t.Errorf("wrong: %q", got)
	}
	if got := write(); got != "" || len(x.docs) != 2 {
		t.Errorf("after it was given up: %q, %d documents", got, len(x.docs))
	}
	x.status = nil
	if got := write(); got != "" || len(x.docs) != 3 {
		t.Errorf("another batch is not judged by the former: %q, %d documents", got, len(x.docs))
	}
	for _, status := range []int{401, 413, 503} {
		x.whole = status
		if got := write(); !strings.Contains(got, fmt.Sprint(status)) {
			t.Errorf("%d: %q", status, got)
		}
	}
}

func TestSettings(t *testing.T) {
	bad := []string{"", `url = "nowhere"`, "url = \"http://x\"\nindex = \"Sundew\"", "url = \"http://x\"\nindex = \"a b\"", "url = \"http://x\"\npassword_file = \"/nowhere\""}
	if i := slices.IndexFunc(bad, func(text string) bool { _, err := open(sinktest.Decode(text)); return err == nil }); i >= 0 {
		t.Errorf("%q is taken", bad[i])
	}
}
