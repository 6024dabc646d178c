package sundew

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// quoted says whether a document has the word as code.
func quoted(doc, word string) bool { return strings.Contains(doc, "`"+word+"`") }

// TestEventsDocument compares docs/events.md with the schema that the binary
// prints: every member and every value of a closed list is described.
func TestEventsDocument(t *testing.T) {
	doc := read(t, "docs/events.md")
	b, err := json.Marshal(event.Schema())
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		}
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	for name, p := range schema.Properties {
		if !quoted(doc, name) {
			t.Errorf("docs/events.md does not describe %s", name)
		}
		values := p.Enum
		for _, inner := range p.Properties {
			values = append(values, inner.Enum...)
		}
		for _, v := range values {
			if !quoted(doc, v) {
				t.Errorf("docs/events.md does not name the value %s of %s", v, name)
			}
		}
	}
	for _, op := range []string{session.OpAfterClose, session.OpPartial, session.OpUnrecorded} {
		if !quoted(doc, op) {
			t.Errorf("docs/events.md does not describe the op %s", op)
		}
	}
}

// TestOperationsDocumented compares each room's README with the operations that
// its conversations record.
func TestOperationsDocumented(t *testing.T) {
	files, err := filepath.Glob("internal/protocol/*/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no conversations", err)
	}
	common := read(t, "docs/events.md")
	said := map[string]bool{}
	for _, f := range files {
		room := filepath.Dir(filepath.Dir(f))
		if filepath.Base(room) == "prototest" {
			continue
		}
		readme := read(t, filepath.Join(room, "README.md"))
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range operations(a) {
			key := fmt.Sprintf("%s/README.md does not list the operation %s (%s)", room, op, filepath.Base(f))
			if !strings.Contains(readme, op) && !quoted(common, op) && !said[key] {
				said[key] = true
				t.Error(key)
			}
		}
	}
}

var actLine = regexp.MustCompile(`^(\w+) (\S+) (answered|refused|ignored|dropped)\b`)

func operations(a *txtar.Archive) []string {
	var ops []string
	for _, f := range a.Files {
		if f.Name != "events" {
			continue
		}
		for l := range strings.Lines(string(f.Data)) {
			if m := actLine.FindStringSubmatch(l); m != nil && m[1] != "foreign" {
				ops = append(ops, m[2])
			}
		}
	}
	return ops
}

// TestRoomsAreComplete asserts that every room has a README, conversations, and
// a fuzz target for its codec, and every layer a fuzz target.
func TestRoomsAreComplete(t *testing.T) {
	rooms, err := filepath.Glob("internal/protocol/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, r := range rooms {
		have[filepath.Dir(r)] = true
	}
	dirs, _ := filepath.Glob("internal/protocol/*/*.go")
	for _, f := range dirs {
		if d := filepath.Dir(f); filepath.Base(d) != "prototest" && !have[d] {
			t.Errorf("%s has no README.md", d)
			have[d] = true
		}
	}
	wires, _ := filepath.Glob("internal/protocol/*/wire")
	layers, _ := filepath.Glob("internal/layer/*")
	for _, d := range append(wires, layers...) {
		tests, _ := filepath.Glob(filepath.Join(d, "*_test.go"))
		fuzzed := false
		for _, f := range tests {
			fuzzed = fuzzed || strings.Contains(read(t, f), "\nfunc Fuzz")
		}
		if !fuzzed {
			t.Errorf("%s has no fuzz target", d)
		}
	}
}
