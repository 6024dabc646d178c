package firewall

import (
	"fmt"
	"strings"
)

// nft writes one table of nftables' own, replaced as a whole: nft(8).
func (p Plan) nft(w *text) {
	p.head(w,
		"Rules for a Sundew sensor, for nftables. Read them, then apply:",
		"  sundew firewall nft | sudo nft -f -",
		"Applied again, they replace themselves; `nft delete table inet sundew` takes",
		"them away. Other tables are left as they are. To keep them over a restart,",
		"write them to a file that /etc/nftables.conf includes.", "")
	w.line("table inet sundew")
	w.line("delete table inet sundew")
	w.line("table inet sundew {")
	p.nftSets(w)
	p.nftInput(w)
	p.nftOutput(w)
	w.line("}")
}

// nftSets writes the sources of late, for the meters.
func (p Plan) nftSets(w *text) {
	for _, s := range []struct{ name, kind string }{{"busy4", "ipv4_addr"}, {"busy6", "ipv6_addr"}} {
		w.line("\tset %s {\n\t\ttype %s\n\t\tsize %d\n\t\tflags dynamic,timeout\n\t\ttimeout %ds\n\t}\n", s.name, s.kind, maxSources, forgetAfter)
	}
}

func (p Plan) nftInput(w *text) {
	w.line("\tchain input {")
	w.line("\t\ttype filter hook input priority filter; policy drop;\n")
	w.line("\t\t# The operator, before all else.")
	w.line("\t\ttcp dport { %s } accept comment \"ssh\"\n", list(p.SSH))
	w.line("\t\tiif \"lo\" accept")
	w.line("\t\tct state established,related accept")
	w.line("\t\tct state invalid drop\n")
	w.line("\t\t# What IP cannot do without, and ping.")
	w.line("\t\ticmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept")
	w.line("\t\ticmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept")
	w.line("\t\tip6 hoplimit 255 icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept")
	w.line("\t\tip6 saddr fe80::/10 icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept")
	w.line("\t\t# The answers of DHCP servers.")
	w.line("\t\tmeta nfproto ipv4 udp sport 67 udp dport 68 accept")
	w.line("\t\tip6 saddr fe80::/10 udp dport 546 accept\n")
	w.line("\t\t# Visitors.")
	for _, o := range p.visitors() {
		w.line("\t\t%s%s dport %s goto visitor comment %q", nftTo(o), o.Network, o.ports("-"), o.Name)
	}
	w.line("\t}\n")
	w.line("\tchain visitor {")
	w.line("\t\t# Per source: %d new flows a second, %d at once.", perSecond, burst)
	w.line("\t\tct state new update @busy4 { ip saddr limit rate over %d/second burst %d packets } drop", perSecond, burst)
	w.line("\t\tct state new update @busy6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate over %d/second burst %d packets } drop", perSecond, burst)
	w.line("\t\taccept\n\t}")
}

// nftTo is the match of an opening's address.
func nftTo(o Opening) string {
	switch {
	case !o.Addr.IsValid():
		return ""
	case o.Addr.Is6():
		return fmt.Sprintf("ip6 daddr %s ", o.Addr.WithZone(""))
	}
	return fmt.Sprintf("ip daddr %s ", o.Addr)
}

// nftOutput refuses what the sensor begins.
func (p Plan) nftOutput(w *text) {
	w.line("\n\tchain output {")
	w.line("\t\ttype filter hook output priority filter; policy accept;")
	if answering := p.answering(); len(answering) > 0 {
		w.line("\t\t# From these ports come answers only, whoever opened them.")
		for _, o := range answering {
			w.line("\t\tudp sport %s ct state new reject with icmpx type admin-prohibited comment %q", o.ports("-"), o.Name)
		}
	}
	if p.User.UID == 0 {
		w.line("\t}")
		return
	}
	w.line("\t\t# The sensor answers, and begins nothing: %s.", p.User)
	w.line("\t\tmeta skuid %d ct state new goto outward", p.User.UID)
	w.line("\t}\n")
	w.line("\tchain outward {")
	for _, o := range p.starts() {
		w.line("\t\tudp sport %s accept comment %q", o.ports("-"), o.Name+": the first datagram of a transfer")
	}
	if p.Dials {
		w.line("\t\t# Sinks, and the names of their servers.")
		w.line("\t\tmeta l4proto { tcp, udp } th dport 53 accept")
		if len(p.Sinks) == 0 {
			w.line("\t\tmeta l4proto { tcp, udp } accept # a sink's port is not known")
		} else {
			w.line("\t\tmeta l4proto { tcp, udp } th dport { %s } accept", list(p.Sinks))
		}
	}
	w.line("\t\treject with icmpx type admin-prohibited\n\t}")
}

// list writes ports with commas.
func list(ports []uint16) string {
	var out []string
	for _, p := range ports {
		out = append(out, fmt.Sprint(p))
	}
	return strings.Join(out, ", ")
}
