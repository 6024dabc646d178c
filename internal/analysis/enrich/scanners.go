package enrich

import (
	_ "embed" // for owners.tsv
	"net/netip"
	"strconv"
	"strings"
)

//go:embed owners.tsv
var ownersTable string

// ownersVersion is the day of the last change to owners.tsv.
const ownersVersion = "2026-11-23"

// owner is an organisation that scans the Internet for research or as a service.
type owner struct {
	name     string
	systems  []uint32 // autonomous systems that are its own
	networks []netip.Prefix
	opaque   bool // nobody knows who it is
}

func (o owner) proof() string {
	if o.opaque {
		return "opaque"
	}
	return "confirmed"
}

// owners reads the table. It is ours: a line that does not parse is our fault
// and panics, in the tests at the latest.
func owners() []owner {
	var out []owner
	for l := range strings.Lines(ownersTable) {
		l = strings.TrimSuffix(l, "\n")
		if l == "" || strings.HasPrefix(l, "#") {
			continue
		}
		f := strings.Split(l, "\t")
		o := owner{name: f[0], opaque: f[3] == "opaque"}
		for _, s := range strings.Fields(f[1]) {
			n, err := strconv.ParseUint(s, 10, 32)
			if err != nil {
				panic("owners.tsv: " + l)
			}
			o.systems = append(o.systems, uint32(n))
		}
		for _, s := range strings.Fields(f[2]) {
			o.networks = append(o.networks, netip.MustParsePrefix(s))
		}
		out = append(out, o)
	}
	return out
}

// prefixes finds the longest of many prefixes that contains an address: one map
// for each length that occurs.
type prefixes struct {
	byLength map[int]map[netip.Addr]int
}

func (p *prefixes) add(n netip.Prefix, value int) {
	n = n.Masked()
	bits := length(n)
	if p.byLength == nil {
		p.byLength = map[int]map[netip.Addr]int{}
	}
	if p.byLength[bits] == nil {
		p.byLength[bits] = map[netip.Addr]int{}
	}
	p.byLength[bits][n.Addr()] = value
}

// length tells prefixes of IPv4 and IPv6 apart: IPv4's count from 1000.
func length(n netip.Prefix) int {
	if n.Addr().Is4() {
		return 1000 + n.Bits()
	}
	return n.Bits()
}

func (p *prefixes) find(a netip.Addr) (int, bool) {
	for bits := a.BitLen(); bits >= 0; bits-- {
		n, err := a.Prefix(bits)
		if err != nil {
			return 0, false
		}
		if v, ok := p.byLength[length(n)][n.Addr()]; ok {
			return v, true
		}
	}
	return 0, false
}
