package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas compiles the document's answers.
func schemas(t *testing.T) func(pointer string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:///openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(pointer string) *jsonschema.Schema {
		s, err := c.Compile("mem:///openapi.json#" + pointer)
		if err != nil {
			t.Fatalf("%s: %v", pointer, err)
		}
		return s
	}
}

func pointer(parts ...string) string {
	out := ""
	for _, p := range parts {
		out += "/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(p)
	}
	return out
}

// paths are what the document describes, by method and path.
func paths(t *testing.T) map[string]map[string]any {
	t.Helper()
	var d struct {
		Paths map[string]map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]any{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			out[strings.ToUpper(method)+" "+path] = op
		}
	}
	return out
}

func TestDocumentHasEveryRoute(t *testing.T) {
	var have []string
	for _, r := range routes() {
		have = append(have, r.name)
	}
	slices.Sort(have)
	if want := slices.Sorted(maps.Keys(paths(t))); !slices.Equal(have, want) {
		t.Errorf("the server answers\n%q\nthe document has\n%q", have, want)
	}
}

// asked are queries that each route is tried with besides none.
func asked(route string) []string {
	some := []string{"from=7d", "from=2026-01-01&to=2036-01-01&protocol=modbus", "q=" + url.QueryEscape(`label:ics_* -country:NL sev>=1 src:203.0.113.0/24,2001:db8::/32`), "research=hide&min_severity=3&label=ics_write&label=-unknown", "class=write&op=write_single_register&technique=T0836&tool=x*&automation=automated&asn=64502&src=203.0.113.0/24&fp=aa&country=GB", "from=1m"}
	switch route {
	case "GET /overview", "GET /timeline":
		return append(some, "by=class&from=24h", "by=label", "by=class&q=sev:8", "by=label&from=3d")
	case "GET /sessions":
		return append(some, "limit=1", "q=class:auth", "q="+url.QueryEscape(`user:"*onerror*" file:`+sha), "q=duration>1ms+score<=1+port:502+acts>=0+in<100+out>0")
	case "GET /actors":
		return append(some, "sort=last", "sort=acts&limit=1", "sort=first", "sort=sessions")
	case "GET /compare":
		return []string{"by=sensor", "by=persona&side=pumping-station&side=other&timelines=true", "by=site&side=lab&side=lab", "by=period&from=3d", "by=period&side=7d..2d&side=2026-01-01..2026-02-01"}
	case "GET /query":
		return []string{"q=" + url.QueryEscape(`-label:research* tool:"nmap s7-info" 198.51.100.0/24 AS64500 word sev>=7`)}
	case "GET /sensors":
		return []string{"from=1d&sensor=s1&protocol=modbus"}
	case "GET /plant":
		return []string{"trends=false"}
	case "GET /sessions/{id}/events":
		return []string{"limit=1", "after=1"}
	case "GET /techniques/layer":
		return []string{"version=18&domain=enterprise"}
	case "GET /protocols", "GET /protocols/{name}", "GET /credentials", "GET /artifacts", "GET /techniques", "GET /clusters", "GET /facets", "GET /export", "GET /actors/{who}":
		return some
	}
	return nil
}

// TestConformance asks each route of the document and sets what it says against
// the document's schema.
func TestConformance(t *testing.T) {
	r := newRig(t, nil).in()
	compile := schemas(t)
	names := map[string][]string{
		"GET /sessions/{id}": {id(6), id(4), id(11)}, "GET /sessions/{id}/events": {id(6), id(4)},
		"GET /actors/{who}": {"203.0.113.6", "203.0.113.0%2F24", "AS64502", "C-0001"}, "GET /protocols/{name}": {"modbus", "http", "s7comm"}, "GET /export/{format}": {"lines"},
	}
	for route, op := range paths(t) {
		method, path, _ := strings.Cut(route, " ")
		if method != "GET" || route == "GET /stream" {
			continue // those have tests of their own
		}
		places := names[route]
		if !strings.Contains(path, "{") {
			places = []string{""}
		}
		for _, place := range places {
			real := path
			if i := strings.Index(path, "{"); i >= 0 {
				real = path[:i] + place + path[strings.Index(path, "}")+1:]
			}
			for _, q := range append([]string{""}, asked(route)...) {
				resp := r.get(real + "?" + q)
				if resp.StatusCode != 200 {
					if p := problemIn(t, resp); !(p.Type == "none" && q != "") {
						t.Errorf("%s?%s: %d %s", real, q, resp.StatusCode, resp.body)
					}
					continue
				}
				kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
				content := op["responses"].(map[string]any)["200"].(map[string]any)["content"].(map[string]any)
				if content["application/json"] == nil || kind != "application/json" {
					continue
				}
				v, err := jsonschema.UnmarshalJSON(bytes.NewReader(resp.body))
				if err != nil {
					t.Fatal(err)
				}
				if err := compile(pointer("paths", path, "get", "responses", "200", "content", "application/json", "schema")).Validate(v); err != nil {
					t.Errorf("%s?%s: %v\n%.2000s", real, q, err, resp.body)
				}
			}
		}
	}
}

// TestExamples sets the document's own examples against its schemas.
func TestExamples(t *testing.T) {
	compile := schemas(t)
	n := 0
	for route, op := range paths(t) {
		method, path, _ := strings.Cut(route, " ")
		for status, resp := range op["responses"].(map[string]any) {
			content, _ := resp.(map[string]any)["content"].(map[string]any)
			one, _ := content["application/json"].(map[string]any)
			if one == nil {
				continue
			}
			n++
			at := pointer("paths", path, strings.ToLower(method), "responses", status, "content", "application/json", "schema")
			if err := compile(at).Validate(one["example"]); err != nil {
				t.Errorf("%s: %v", route, err)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d examples", n)
	}
}

// TestProblems sets what is told of wrong requests against the document.
func TestProblems(t *testing.T) {
	r := newRig(t, nil).in()
	schema := schemas(t)("/components/schemas/Problem")
	for _, c := range []struct {
		path, kind, parameter string
		status, position      int
	}{
		{"/sessions?lable=x", "query", "lable", 400, -1},
		{"/sessions?limit=0", "query", "limit", 400, -1},
		{"/sessions?limit=x", "query", "limit", 400, -1},
		{"/sessions?limit=5000", "query", "limit", 400, -1},
		{"/sessions?limit=5&limit=6", "query", "limit", 400, -1},
		{"/sessions?after=xyz", "query", "after", 400, -1},
		{"/sessions?from=yesterday", "query", "from", 400, -1},
		{"/sessions?from=1d&to=2d", "query", "from", 400, -1},
		{"/sessions?label=nope", "query", "label", 400, -1},
		{"/sessions?src=1.2.3", "query", "src", 400, -1},
		{"/sessions?q=lable:x", "query", "q", 400, 0},
		{"/sessions?q=label:ics_write+sev>x", "query", "q", 400, 20},
		{"/sessions?q=" + strings.Repeat("a", 1001), "query", "q", 400, -1},
		{"/overview?by=colour", "query", "by", 400, -1},
		{"/sessions/nope", "none", "", 404, -1},
		{"/sessions/" + id(6)[:20], "none", "", 404, -1},
		{"/sessions/" + strings.Repeat("x", 100), "none", "", 404, -1},
		{"/actors/nobody", "query", "", 400, -1},
		{"/actors/192.0.2.77", "none", "", 404, -1},
		{"/actors/C-9999", "none", "", 404, -1},
		{"/protocols/nope", "none", "", 404, -1},
		{"/export/nope", "none", "", 404, -1},
		{"/export/none", "not-wired", "", 501, -1},
		{"/sessions/" + id(6) + "/pcapng", "not-wired", "", 501, -1},
		{"/artifacts/" + sha + "/zip", "not-wired", "", 501, -1},
		{"/compare?by=period&side=1d..2d&side=3d..2d", "query", "side", 400, -1},
		{"/compare?by=site&side=x&side=y", "query", "side", 400, -1},
		{"/nothing", "none", "", 404, -1},
	} {
		resp := r.get(c.path)
		p := problemIn(t, resp)
		if p.Type != c.kind || p.Status != c.status || p.Parameter != c.parameter {
			t.Errorf("%.60s: %d %s", c.path, resp.StatusCode, resp.body)
		}
		if c.position >= 0 && (p.Position == nil || *p.Position != c.position) {
			t.Errorf("%s: position %v", c.path, p.Position)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(resp.body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", c.path, err)
		}
	}
}
