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
	Artifacts   []string
}

// A Cluster is sources that share what chance does not explain.
type Cluster struct {
	Name     string       `json:"name"` // "C-0001", in the order of their first visit
	Sources  []netip.Addr `json:"sources"`
	Sessions []string     `json:"sessions"` // a store names the latest few alone
	Count    int          `json:"count"`    // of sessions
	Keys     []string     `json:"keys"`     // what joins them: "payload 1a2b…"
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
	having := map[string]map[netip.Addr]bool{}
	for _, t := range traces {
		for _, k := range t.keys() {
			if having[k] == nil {
				having[k] = map[netip.Addr]bool{}
			}
			having[k][t.Src] = true
		}
	}
	u := union{}
	shared := map[string]bool{}
	leader := map[string]netip.Addr{}
	for _, t := range traces {
		for _, k := range t.keys() {
			if n := len(having[k]); n < 2 || n >= rare {
				continue
			}
			shared[k] = true
			if first, ok := leader[k]; ok {
				u.join(first, t.Src)
			} else {
				leader[k] = t.Src
			}
		}
	}
	groups := map[netip.Addr]*Cluster{}
	var order []netip.Addr
	for _, t := range traces {
		var by []string
		for _, k := range t.keys() {
			if shared[k] {
				by = append(by, k)
			}
		}
		if len(by) == 0 {
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
		c.Keys = append(c.Keys, by...)
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

func (t *Trace) keys() []string {
	var out []string
	for _, k := range []struct{ name, v string }{{"payload", t.Payload}, {"operations", t.OpSeqHash}, {"credentials", t.CredList}, {"user-agent", t.UA}, {"fingerprint", t.Fingerprint}} {
		if k.v != "" {
			out = append(out, k.name+" "+k.v)
		}
	}
	for _, a := range t.Artifacts {
		out = append(out, "file "+a)
	}
	return out
}

// union is sets of addresses that grow together; the lowest stands for each.
type union map[netip.Addr]netip.Addr

func (u union) root(a netip.Addr) netip.Addr {
	for {
		p, ok := u[a]
		if !ok {
			return a
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
