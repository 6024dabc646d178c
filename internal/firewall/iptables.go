package firewall

import "fmt"

// iptables writes a shell script that fills chains of its own and calls them
// first from INPUT and OUTPUT: iptables-extensions(8).
func (p Plan) iptables(w *text) {
	w.line("#!/bin/sh")
	p.head(w,
		"Rules for a Sundew sensor, for iptables and ip6tables. Read them, then apply:",
		"  sundew firewall iptables | sudo sh",
		"Applied again, they replace themselves. Other chains are left as they are, but",
		"nothing gets past these. To keep them over a restart, use Debian's",
		"iptables-persistent: `netfilter-persistent save`.", "")
	w.line("set -eu")
	for _, six := range []bool{false, true} {
		command := tables(six)
		w.line("\n%s-restore -w --noflush <<'END'", command)
		w.line("*filter\n:SUNDEW-IN - [0:0]\n:SUNDEW-VISITOR - [0:0]\n:SUNDEW-OUT - [0:0]")
		p.tablesInput(w, six)
		p.tablesOutput(w)
		w.line("COMMIT\nEND")
		hook(w, command, "INPUT", "", "SUNDEW-IN")
		hook(w, command, "OUTPUT", "", "SUNDEW-OUT")
	}
}

// hook calls a chain first from one of the system's, once.
func hook(w *text, command, from, match, chain string) {
	rule := fmt.Sprintf("%s%s -j %s", from, match, chain)
	w.line("%s -w -C %s 2>/dev/null || %s -w -I %s", command, rule, command, rule)
}

func tables(six bool) string {
	if six {
		return "ip6tables"
	}
	return "iptables"
}

func (p Plan) tablesInput(w *text, six bool) {
	w.line("# The operator, before all else.")
	for _, port := range p.SSH {
		w.line("-A SUNDEW-IN -p tcp --dport %d -m comment --comment \"ssh\" -j ACCEPT", port)
	}
	w.line("-A SUNDEW-IN -i lo -j ACCEPT")
	w.line("-A SUNDEW-IN -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT")
	w.line("# What IP cannot do without, and ping; the answers of DHCP servers.")
	if six {
		for _, kind := range []int{134, 135, 136} { // RFC 4861 §4: routers and neighbours
			w.line("-A SUNDEW-IN -p icmpv6 --icmpv6-type %d -m hl --hl-eq 255 -j ACCEPT", kind)
		}
		for _, kind := range []int{130, 131, 132, 143} { // RFC 2710 §3, RFC 3810 §5: multicast listeners
			w.line("-A SUNDEW-IN -s fe80::/10 -p icmpv6 --icmpv6-type %d -j ACCEPT", kind)
		}
		for _, kind := range []int{1, 2, 3, 4, 128} { // RFC 4443: errors and echo request
			w.line("-A SUNDEW-IN -p icmpv6 --icmpv6-type %d -j ACCEPT", kind)
		}
		w.line("-A SUNDEW-IN -s fe80::/10 -p udp --dport 546 -j ACCEPT")
	} else {
		for _, kind := range []int{3, 8, 11, 12} { // RFC 792: unreachable, echo, time exceeded, parameter problem
			w.line("-A SUNDEW-IN -p icmp --icmp-type %d -j ACCEPT", kind)
		}
		w.line("-A SUNDEW-IN -p udp --sport 67 --dport 68 -j ACCEPT")
	}
	w.line("-A SUNDEW-IN -m conntrack --ctstate INVALID -j DROP")
	w.line("# Visitors.")
	for _, o := range p.visitors() {
		if o.of(six) {
			to := ""
			if o.Addr.IsValid() {
				to = fmt.Sprintf(" -d %s", o.Addr.WithZone(""))
			}
			w.line("-A SUNDEW-IN%s -p %s --dport %s -m comment --comment %q -j SUNDEW-VISITOR", to, o.Network, o.ports(":"), o.Name)
		}
	}
	w.line("-A SUNDEW-IN -j DROP")
	w.line("# Per source: %d new flows a second, %d at once.", perSecond, burst)
	w.line("-A SUNDEW-VISITOR%s -j DROP", meter("sundew", six))
	w.line("-A SUNDEW-VISITOR -j ACCEPT")
}

// meter matches what a source begins beyond its share.
func meter(name string, six bool) string {
	mask := 32
	if six {
		mask, name = 64, name+"6"
	}
	return fmt.Sprintf(" -m conntrack --ctstate NEW -m hashlimit --hashlimit-name %s --hashlimit-mode srcip --hashlimit-srcmask %d --hashlimit-above %d/second --hashlimit-burst %d --hashlimit-htable-size 16384 --hashlimit-htable-max %d --hashlimit-htable-expire %d",
		name, mask, perSecond, burst, maxSources, forgetAfter*1000)
}

// tablesOutput refuses what the sensor begins.
func (p Plan) tablesOutput(w *text) {
	w.line("-A SUNDEW-OUT -m conntrack ! --ctstate NEW -j RETURN")
	p.tablesAnswering(w, "SUNDEW-OUT")
	if p.User.UID == 0 {
		return
	}
	w.line("# The sensor answers, and begins nothing: %s.", p.User)
	w.line("-A SUNDEW-OUT -m owner ! --uid-owner %d -j RETURN", p.User.UID)
	p.tablesOutward(w, "SUNDEW-OUT")
	w.line("-A SUNDEW-OUT -m owner --uid-owner %d -j REJECT", p.User.UID)
}

// tablesAnswering refuses new flows from the ports that only answer.
func (p Plan) tablesAnswering(w *text, chain string) {
	if answering := p.answering(); len(answering) > 0 {
		w.line("# From these ports come answers only, whoever opened them.")
		for _, o := range answering {
			w.line("-A %s -p udp --sport %s -m conntrack --ctstate NEW -m comment --comment %q -j REJECT", chain, o.ports(":"), o.Name)
		}
	}
}

// tablesOutward lets go what the sensor may begin.
func (p Plan) tablesOutward(w *text, chain string) {
	for _, o := range p.starts() {
		w.line("-A %s -p udp --sport %s -m comment --comment %q -j RETURN", chain, o.ports(":"), o.Name+": the first datagram of a transfer")
	}
	if !p.Dials {
		return
	}
	w.line("# Sinks, and the names of their servers.")
	for _, network := range []string{"tcp", "udp"} {
		if len(p.Sinks) == 0 { // a sink's port is not known
			w.line("-A %s -p %s -j RETURN", chain, network)
			continue
		}
		w.line("-A %s -p %s --dport 53 -j RETURN", chain, network)
		for _, port := range p.Sinks {
			w.line("-A %s -p %s --dport %d -j RETURN", chain, network, port)
		}
	}
}
