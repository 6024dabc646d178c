package analysis

import (
	"cmp"
	"net/netip"
	"slices"
)

// A Trace is something that sessions leave by which their sources may belong
// together, and who left it.
type Trace struct {
	Kind  string // one of the kinds below
	Value string
	Left  []Left // of each source once
}

// Left is that a source left a trace, and when first and last, in nanoseconds.
type Left struct {
	Source      uint32 // a number that the asker gave it
	First, Last int64
}

// Kinds of traces. Network, country and common tools are none: they join nobody.
const (
	TracePayload     = "payload"     // the octets where something was changed
	TraceCredentials = "credentials" // a list of pairs, in order
	TraceOperations  = "operations"  // a long sequence of operations, by no known tool
	TracePrint       = "fingerprint" // of no known tool
	TraceAgent       = "user-agent"  // of no known tool
	TraceFile        = "file"        // a SHA-256
)

// Key is the trace as a person reads it; it may hold a visitor's words.
func (t *Trace) Key() string {
	switch t.Kind {
	case TracePayload:
		return "the same octets to change something: " + t.Value
	case TraceCredentials:
		return "the same credentials in the same order: " + t.Value
	case TraceOperations:
		return "the same operations in the same order: " + t.Value
	case TracePrint:
		return "an unknown program, fingerprint " + t.Value
	case TraceAgent:
		return "User-Agent " + t.Value
	}
	return "the same file, SHA-256 " + t.Value
}

// A Cluster is sources that share what chance does not explain.
type Cluster struct {
	Name     string       `json:"name"` // "C-0001", in the order of their first visit
	Sources  []netip.Addr `json:"sources"`
	Sessions []string     `json:"sessions"` // the latest few
	Count    int          `json:"count"`    // of sessions
	Keys     []string     `json:"keys"`     // what joins them, as a person reads it
	First    int64        `json:"first"`
	Last     int64        `json:"last"`
}

// Rare is the number of sources from which on a trace is nobody's own: too many
// use the same tool.
const Rare = 20

// A Group is sources that traces join.
type Group struct {
	Sources     []uint32 // in order
	Traces      []int    // of those given, in order
	First, Last int64
}

// Join joins sources by traces that two or more of them left, and fewer than Rare:
// groups in the order of their first visit. Sources that share nothing are in none.
func Join(traces []Trace) []Group {
	u := union{}
	for i := range traces {
		t := &traces[i]
		if !t.joins() {
			continue
		}
		for _, l := range t.Left[1:] {
			u.join(t.Left[0].Source, l.Source)
		}
	}
	index := map[uint32]int{}
	var out []Group
	for i := range traces {
		t := &traces[i]
		if !t.joins() {
			continue
		}
		root := u.root(t.Left[0].Source)
		at, ok := index[root]
		if !ok {
			at = len(out)
			index[root] = at
			out = append(out, Group{First: t.Left[0].First, Last: t.Left[0].Last})
		}
		g := &out[at]
		g.Traces = append(g.Traces, i)
		for _, l := range t.Left {
			g.Sources = append(g.Sources, l.Source)
			g.First, g.Last = min(g.First, l.First), max(g.Last, l.Last)
		}
	}
	for i := range out {
		slices.Sort(out[i].Sources)
		out[i].Sources = slices.Compact(out[i].Sources)
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Sources[0], b.Sources[0]))
	})
	return out
}

func (t *Trace) joins() bool { return len(t.Left) >= 2 && len(t.Left) < Rare }

// union is sets of sources that grow together; the lowest stands for each.
type union map[uint32]uint32

// root is who stands for a source; the way there is halved as it is gone.
func (u union) root(a uint32) uint32 {
	for {
		p, ok := u[a]
		if !ok {
			return a
		}
		if g, ok := u[p]; ok {
			u[a] = g
		}
		a = p
	}
}

func (u union) join(a, b uint32) {
	if a, b = u.root(a), u.root(b); a != b {
		u[max(a, b)] = min(a, b)
	}
}
