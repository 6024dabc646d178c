package attack

import (
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
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
	when       []condition
	id         string
	confidence string
}

// condition is what an act must have: its class, what its target begins with
// (ref) or not (ref!), is, or has somewhere, or octets of the request at an offset
// (at=13:29).
type condition struct {
	key    string
	values []string
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
		for _, c := range strings.Split(strings.Trim(f[2], "-"), "&") {
			if c == "" {
				continue
			}
			when, err := parseCondition(c)
			if err != nil {
				return err
			}
			r.when = append(r.when, when)
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

func parseCondition(text string) (condition, error) {
	key, values, ok := strings.Cut(text, "=")
	c := condition{key, strings.Split(values, "|")}
	if !ok || !slices.Contains([]string{"class", "ref", "ref!", "is", "has", "at"}, key) {
		return c, fmt.Errorf("condition %q", text)
	}
	if key == "at" {
		for i, v := range c.values {
			at, octets, ok := strings.Cut(v, ":")
			n, err := strconv.Atoi(at)
			if _, bad := hex.DecodeString(octets); !ok || err != nil || bad != nil {
				return c, fmt.Errorf("condition %q", text)
			}
			c.values[i] = strings.Repeat("?", 2*n) + octets
		}
	}
	return c, nil
}

func (r rule) holds(e *event.Event) bool {
	return !slices.ContainsFunc(r.when, func(c condition) bool { return !c.holds(e) })
}

func (c condition) holds(e *event.Event) bool {
	ref := ""
	if e.Target != nil {
		ref = e.Target.Ref
	}
	some := func(fits func(string) bool) bool { return slices.ContainsFunc(c.values, fits) }
	switch c.key {
	case "class":
		return slices.Contains(c.values, string(e.Class))
	case "ref":
		return some(func(v string) bool { return strings.HasPrefix(ref, v) })
	case "ref!":
		return !some(func(v string) bool { return strings.HasPrefix(ref, v) })
	case "is":
		return slices.Contains(c.values, ref)
	case "has":
		ref = strings.ToLower(ref)
		return some(func(v string) bool { return strings.Contains(ref, v) })
	}
	return some(func(v string) bool { // "????29": octets in hex, behind those that may be any
		at := strings.LastIndexByte(v, '?') + 1
		return len(e.Request) >= len(v) && e.Request[at:len(v)] == v[at:]
	})
}

// Tactics are those of ATT&CK for ICS in the order of its matrix, behind those
// of the enterprise matrix that our techniques have.
func Tactics() []string {
	return []string{"reconnaissance", "credential-access", "initial-access", "execution", "persistence", "privilege-escalation", "evasion", "discovery",
		"lateral-movement", "collection", "command-and-control", "inhibit-response-function", "impair-process-control", "impact"}
}
