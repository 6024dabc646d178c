package enrich

import (
	"net/netip"
	"strings"
)

// specialNetwork names a network that nobody on the Internet has, or "".
func specialNetwork(a netip.Addr) string {
	switch {
	case !a.IsValid() || a.IsUnspecified():
		return "reserved"
	case a.IsLoopback():
		return "loopback"
	case a.IsPrivate(), a.IsLinkLocalUnicast():
		return "private"
	case a.IsMulticast():
		return "reserved"
	}
	for _, r := range []struct{ prefix, name string }{
		{"100.64.0.0/10", "carrier_nat"},                                                                             // RFC 6598
		{"192.0.2.0/24", "documentation"}, {"198.51.100.0/24", "documentation"}, {"203.0.113.0/24", "documentation"}, // RFC 5737
		{"2001:db8::/32", "documentation"}, // RFC 3849
		{"0.0.0.0/8", "reserved"}, {"198.18.0.0/15", "reserved"}, {"240.0.0.0/4", "reserved"},
	} {
		if netip.MustParsePrefix(r.prefix).Contains(a) {
			return r.name
		}
	}
	return ""
}

// networkType guesses from an AS's name what kind of network it is. It is a
// heuristic over words: "" says that no word was known.
func networkType(org string) string {
	name := " " + strings.ToLower(strings.NewReplacer(",", " ", ".", " ", "-", " ", "_", " ", "(", " ", ")", " ").Replace(org)) + " "
	for _, k := range []struct {
		kind  string
		words []string
	}{
		{"tor_vpn", []string{" vpn", "tor exit", " m247 ", "mullvad", "nordvpn", "datacamp", "privax", " proton "}},
		{"hosting", []string{"hosting", "hoster", "host ", "cloud", "datacenter", "data center", "server", " vps", "digitalocean", "amazon", "google llc",
			"microsoft", "hetzner", " ovh ", "linode", "akamai", "vultr", "choopa", "constant company", "contabo", "scaleway", "leaseweb", "colocation",
			"alibaba", "tencent", "oracle", "ionos", "online s a s", "colocrossing", "dedicated"}},
		{"education", []string{"university", "universit", "college", "school", "institute of technology", "academic", "research and education", "education",
			"hochschule", "academy", " nren ", "renater", "surf b v", "janet", "dfn verein"}},
		{"mobile", []string{"mobile", "wireless", "cellular", "lte ", "vodafone", "t mobile", "orange s a"}},
		{"access", []string{"telecom", "telekom", "telefon", "communications", "broadband", "cable", "comcast", "internet service", " isp ", "fiber", "fibre",
			"dsl", "chinanet", "china unicom", "telia", "telstra", "verizon", "charter", "cox ", "kpn", "rostelecom", "telmex", "viettel", "net servicos"}},
		{"government", []string{"ministry", "government", "federal ", "department of", "defense", "military"}},
	} {
		for _, w := range k.words {
			if strings.Contains(name, w) {
				return k.kind
			}
		}
	}
	return ""
}
