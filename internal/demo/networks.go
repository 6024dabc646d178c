package demo

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// A network is one that nobody has: visitors who are up to something come from
// address space that is set aside and never routed, so that the demo accuses
// nobody (docs/decisions/0007-demo-addresses.md).
type network struct {
	prefix  netip.Prefix
	country string
	asn     uint32 // RFC 5398: for documentation, or RFC 6996: private use
	org     string
	weight  int // how much of the crowd comes from here
}

func networks() []network {
	var out []network
	for _, n := range []struct {
		prefix, country string
		asn             uint32
		org             string
		weight          int
	}{
		{"198.18.0.0/20", "US", 64496, "Example Cloud Hosting One", 18},
		{"198.18.16.0/20", "CN", 64497, "Example Broadband Two", 16},
		{"198.18.32.0/20", "RU", 64498, "Example Telecom Three", 9},
		{"198.18.48.0/20", "NL", 64499, "Example Server Hosting Four", 13},
		{"198.18.64.0/20", "BR", 64500, "Example Cable Five", 6},
		{"198.18.80.0/20", "VN", 64501, "Example Telecom Six", 5},
		{"198.18.96.0/20", "IN", 64502, "Example Mobile Seven", 6},
		{"198.18.112.0/20", "DE", 64503, "Example Datacenter Eight", 7},
		{"198.18.128.0/20", "KR", 64504, "Example Broadband Nine", 4},
		{"198.18.144.0/20", "SG", 64505, "Example Cloud Ten", 5},
		{"198.18.160.0/20", "GB", 64506, "Example VPS Eleven", 4},
		{"198.18.176.0/20", "FR", 64507, "Example Hosting Twelve", 4},
		{"198.18.192.0/20", "ID", 64508, "Example Telecom Thirteen", 3},
		{"198.18.208.0/20", "TR", 64509, "Example Fibre Fourteen", 2},
		{"198.18.224.0/20", "UA", 64510, "Example Net Fifteen", 2},
		{"198.18.240.0/20", "SE", 64511, "Example University Sixteen", 1},
		{"192.0.2.128/25", "RO", 64512, "Example VPN Seventeen", 0},
		{"198.51.100.128/25", "MD", 64513, "Example Hosting Eighteen", 0},
		{"203.0.113.0/24", "BG", 64514, "Example Server Nineteen", 0},
		{"2001:db8::/32", "LU", 64515, "Example Cloud Twenty", 0},
	} {
		out = append(out, network{netip.MustParsePrefix(n.prefix), n.country, n.asn, n.org, n.weight})
	}
	return out
}

// Networks is the file of invented networks that goes with the data: prefix,
// country, autonomous system, its operator.
func Networks() string {
	var b strings.Builder
	b.WriteString("# Invented networks of synthetic data, in address space that is set aside.\n")
	for _, n := range networks() {
		fmt.Fprintf(&b, "%s\t%s\t%d\t%s\n", n.prefix, n.country, n.asn, n.org)
	}
	return b.String()
}

// crowd draws so many different addresses from the networks by their weights.
func crowd(r *rand.Rand, n int) []netip.Addr {
	all, total := networks(), 0
	for _, w := range all {
		total += w.weight
	}
	seen := map[netip.Addr]bool{}
	var out []netip.Addr
	for len(out) < n {
		k := r.IntN(total)
		i := 0
		for ; k >= all[i].weight; i++ {
			k -= all[i].weight
		}
		a := within(r, all[i].prefix)
		if !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// within is an address of a network of IPv4.
func within(r *rand.Rand, p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	host := 1 + r.Uint32N(1<<(32-p.Bits())-2)
	for i := range 4 {
		b[3-i] |= byte(host >> (8 * i))
	}
	return netip.AddrFrom4(b)
}

// A scanner is a known one of research, with networks that are its own
// (internal/analysis/enrich/owners.tsv): that they scan is what they publish.
type scanner struct {
	name    string
	prefix  string
	hosts   int
	every   float64 // days between two visits of one service
	arrives float64 // days after the start
}

func scanners() []scanner {
	return []scanner{
		{"Censys", "162.142.125.0/24", 24, 0.5, 0.31},
		{"Shadowserver", "184.105.139.64/26", 16, 1, 0.62},
		{"Palo Alto Cortex Xpanse", "198.235.24.0/24", 18, 1.2, 1.4},
		{"Driftnet", "87.236.176.0/24", 20, 0.8, 0.9},
		{"Alpha Strike Labs", "45.83.64.0/22", 14, 2, 3.2},
		{"Criminal IP", "185.242.226.0/24", 8, 3, 6.5},
	}
}
