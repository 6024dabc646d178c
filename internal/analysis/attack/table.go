package attack

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

//go:embed techniques.tsv
var techniques string

//go:embed operations.tsv
var operations string

// A Table maps acts to techniques.
type Table struct {
	names map[string]Entry
	ops   map[string][]rule // by protocol and operation
}

// An Entry is a technique as ATT&CK lists it.
type Entry struct {
	ID      string   `json:"id"`
	V18     string   `json:"v18,omitempty"`
	Domain  string   `json:"domain"`
	Tactics []string `json:"tactics"` // as ATT&CK writes them in URLs: "impair-process-control"
	Name    string   `json:"name"`
}

// rule is a line of operations.tsv.
type rule struct {
	key        string // class, ref or ref!; "" always
	values     []string
	id         string
	confidence string
}

// Load reads the tables that the binary holds.
func Load() (*Table, error) {
	t := &Table{names: map[string]Entry{}, ops: map[string][]rule{}}
	err := rows(techniques, 5, func(f []string) error {
		t.names[f[0]] = Entry{ID: f[0], V18: strings.Trim(f[1], "-"), Domain: f[2], Tactics: strings.Split(f[3], ","), Name: f[4]}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, rows(operations, 5, func(f []string) error {
		r := rule{id: f[3], confidence: f[4]}
		if f[2] != "-" {
			key, values, ok := strings.Cut(f[2], "=")
			if !ok || !slices.Contains([]string{"class", "ref", "ref!"}, key) {
				return fmt.Errorf("condition %q", f[2])
			}
			r.key, r.values = key, strings.Split(values, "|")
		}
		if _, ok := t.names[r.id]; !ok {
			return fmt.Errorf("technique %s is not in techniques.tsv", r.id)
		}
		op := f[0] + " " + f[1]
		t.ops[op] = append(t.ops[op], r)
		return nil
	})
}

func rows(text string, n int, take func([]string) error) error {
	line := 0
	for l := range strings.Lines(text) {
		line++
		if l = strings.TrimRight(l, "\n"); l == "" || l[0] == '#' {
			continue
		}
		f := strings.Split(l, "\t")
		if len(f) != n {
			return fmt.Errorf("attack: line %d has %d columns: %s", line, len(f), l)
		}
		if err := take(f); err != nil {
			return fmt.Errorf("attack: line %d: %w", line, err)
		}
	}
	return nil
}

// Act returns what an act proves.
func (t *Table) Act(e *event.Event) []Technique {
	var out []Technique
	for _, r := range t.ops[e.Protocol+" "+e.Op] {
		if r.holds(e) {
			out = append(out, t.technique(r.id, r.confidence))
		}
	}
	return out
}

// Technique is a technique by its id, with a confidence.
func (t *Table) technique(id, confidence string) Technique {
	n := t.names[id]
	return Technique{ID: id, V18: n.V18, Domain: n.Domain, Confidence: confidence}
}

// Proven is a technique that a whole session shows.
func (t *Table) Proven(id, confidence string) Technique { return t.technique(id, confidence) }

// Entry describes a technique; ok is false for one that is not in the table.
func (t *Table) Entry(id string) (e Entry, ok bool) {
	e, ok = t.names[id]
	return e, ok
}

// Entries lists all techniques by id.
func (t *Table) Entries() []Entry {
	var out []Entry
	for _, e := range t.names {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (r rule) holds(e *event.Event) bool {
	switch r.key {
	case "class":
		return slices.Contains(r.values, string(e.Class))
	case "ref", "ref!":
		found := e.Target != nil && slices.ContainsFunc(r.values, func(p string) bool { return strings.HasPrefix(e.Target.Ref, p) })
		return found == (r.key == "ref")
	}
	return true
}

// Tactics are those of ATT&CK for ICS in the order of its matrix, behind those
// of the enterprise matrix that our techniques have.
func Tactics() []string {
	return []string{"reconnaissance", "credential-access", "initial-access", "execution", "persistence", "privilege-escalation", "evasion", "discovery",
		"lateral-movement", "collection", "command-and-control", "inhibit-response-function", "impair-process-control", "impact"}
}
