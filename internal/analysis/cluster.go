package analysis

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// A Trace is what a session leaves by which it may belong with others.
type Trace struct {
	Session     string
	Src         netip.Addr
	At          int64 // nanoseconds since 1970
	Payload     string
	OpSeqHash   string
	CredList    string
	UA          string
	Fingerprint string // hash; of an unknown tool
	Tool        string // a known one: its fingerprint, operations and User-Agent join nobody
	Artifacts   []string
}

// A Cluster is sources that share what chance does not explain.
type Cluster struct {
	Name     string       `json:"name"` // "C-0001", in the order of their first visit
	Sources  []netip.Addr `json:"sources"`
	Sessions []string     `json:"sessions"` // a store names the latest few alone
	Count    int          `json:"count"`    // of sessions
	Keys     []string     `json:"keys"`     // what joins them, as a person reads it; may hold a visitor's words
	First    int64        `json:"first"`
	Last     int64        `json:"last"`
}

// rare is the number of sources from which on a trace is nobody's own: too many
// use the same tool.
const rare = 20

// Clusters joins sources by strong keys: the same file, the same octets where
// something was changed, the same long sequence of operations, the same list of
// credentials, a User-Agent or a fingerprint that few have. Network, country and
// common tools join nobody. Sources that share nothing are in no cluster.
func Clusters(traces []Trace) []Cluster {
	traces = slices.Clone(traces)
	slices.SortFunc(traces, func(a, b Trace) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Session, b.Session)) })
	keys := make([][]string, len(traces))
	having := map[string]*holders{}
	for i := range traces {
		keys[i] = traces[i].keys()
		for _, k := range keys[i] {
			h := having[k]
			if h == nil {
				h = &holders{}
				having[k] = h
			}
			h.add(traces[i].Src)
		}
	}
	u := union{}
	for i, t := range traces {
		keys[i] = slices.DeleteFunc(keys[i], func(k string) bool { return !having[k].join() })
		for _, k := range keys[i] {
			u.join(having[k].sources[0], t.Src)
		}
	}
	groups := map[netip.Addr]*Cluster{}
	var order []netip.Addr
	for i, t := range traces {
		if len(keys[i]) == 0 {
			continue
		}
		root := u.root(t.Src)
		c := groups[root]
		if c == nil {
			c = &Cluster{First: t.At}
			groups[root] = c
			order = append(order, root)
		}
		c.Last = max(c.Last, t.At)
		c.Sessions = append(c.Sessions, t.Session)
		c.Sources = append(c.Sources, t.Src)
		c.Keys = append(c.Keys, keys[i]...)
	}
	out := make([]Cluster, 0, len(order))
	for i, root := range order {
		c := groups[root]
		c.Name = fmt.Sprintf("C-%04d", i+1)
		slices.SortFunc(c.Sources, netip.Addr.Compare)
		slices.Sort(c.Keys)
		c.Count = len(c.Sessions)
		c.Sources, c.Keys = slices.Compact(c.Sources), slices.Compact(c.Keys)
		out = append(out, *c)
	}
	return out
}

// holders are the sources that have a key, up to the number from which it is
// nobody's own.
type holders struct{ sources []netip.Addr }

func (h *holders) add(a netip.Addr) {
	if len(h.sources) < rare && !slices.Contains(h.sources, a) {
		h.sources = append(h.sources, a)
	}
}

// join says whether the key joins those who have it.
func (h *holders) join() bool { return len(h.sources) >= 2 && len(h.sources) < rare }

// keys are what a trace may share, each said so that a page can show it.
func (t *Trace) keys() []string {
	var out []string
	add := func(what, v string) {
		if v != "" {
			out = append(out, what+" "+v)
		}
	}
	add("the same octets to change something:", t.Payload)
	add("the same credentials in the same order:", t.CredList)
	if t.Tool == "" {
		add("the same operations in the same order:", t.OpSeqHash)
		add("an unknown program, fingerprint", t.Fingerprint)
		add("User-Agent", t.UA)
	}
	for _, a := range t.Artifacts {
		add("the same file, SHA-256", a)
	}
	return out
}

// union is sets of addresses that grow together; the lowest stands for each.
type union map[netip.Addr]netip.Addr

// root is who stands for an address; the way there is halved as it is gone.
func (u union) root(a netip.Addr) netip.Addr {
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

func (u union) join(a, b netip.Addr) {
	a, b = u.root(a), u.root(b)
	if a == b {
		return
	}
	if b.Less(a) {
		a, b = b, a
	}
	u[b] = a
}
