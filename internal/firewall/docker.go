package firewall

import "net/netip"

// docker writes a shell script for what Docker forwards to and from the bridge
// that has the sensor alone. Ports that Docker publishes are translated before
// FORWARD, so that only the connection's first destination tells what a visitor
// asked for: conntrack in iptables-extensions(8).
func (p Plan) docker(w *text) {
	w.line("#!/bin/sh")
	p.head(w,
		"Rules for a Sundew container, for Docker's chain DOCKER-USER. Read them, then",
		"apply:",
		"  sundew firewall docker | sudo sh",
		"They hold for the bridge "+p.Bridge+", which must have no other container:",
		"deploy/compose.yaml makes one of that name; --bridge names another. The host's",
		"own ports are not touched: `sundew firewall nft` is for those. Ports count as",
		"published by their standard numbers or by those of the container.",
		"Applied again, they replace themselves. They are gone after a restart, and",
		"wanted again after Docker's.", "")
	w.line("set -eu")
	for _, six := range []bool{false, true} {
		command := tables(six)
		w.line("\nif %s -w -n -L DOCKER-USER >/dev/null 2>&1; then", command)
		w.line("%s-restore -w --noflush <<'END'", command)
		w.line("*filter\n:SUNDEW-TO - [0:0]\n:SUNDEW-FROM - [0:0]")
		p.dockerTo(w, six)
		p.dockerFrom(w)
		w.line("COMMIT\nEND")
		hook(w, command, "DOCKER-USER", " -o "+p.Bridge, "SUNDEW-TO")
		hook(w, command, "DOCKER-USER", " -i "+p.Bridge, "SUNDEW-FROM")
		w.line("# The container cannot reach the host itself either.")
		hook(w, command, "INPUT", " -i "+p.Bridge, "SUNDEW-FROM")
		w.line("else")
		if six {
			w.line("  echo 'ip6tables has no chain DOCKER-USER: Docker forwards no IPv6 here, nothing to do' >&2")
		} else {
			w.line("  echo 'iptables has no chain DOCKER-USER: is Docker running?' >&2\n  exit 1")
		}
		w.line("fi")
	}
}

func (p Plan) dockerTo(w *text, six bool) {
	w.line("-A SUNDEW-TO -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN")
	w.line("# Per source: %d new flows a second, %d at once.", perSecond, burst)
	w.line("-A SUNDEW-TO%s -j DROP", meter("sundewd", six))
	w.line("# Visitors, by the port that they came to.")
	for _, o := range openings(p.published()) {
		w.line("-A SUNDEW-TO -p %s -m conntrack --ctorigdstport %s -m comment --comment %q -j RETURN", o.Network, o.ports(":"), o.Name)
	}
	w.line("-A SUNDEW-TO -j DROP")
}

// published are the openings as visitors see them: by the standard port and by
// the container's own. Its address is the engine's choice.
func (p Plan) published() []Opening {
	var out []Opening
	for _, o := range p.visitors() {
		o.Addr = netip.Addr{}
		outside := o.Published
		o.Published = 0
		out = append(out, o)
		if outside != 0 && o.First == o.Last {
			o.First, o.Last = outside, outside
			out = append(out, o)
		}
	}
	return out
}

func (p Plan) dockerFrom(w *text) {
	w.line("# The container answers, and begins nothing.")
	w.line("-A SUNDEW-FROM -m conntrack ! --ctstate NEW,INVALID -j RETURN")
	p.tablesOutward(w, "SUNDEW-FROM")
	w.line("-A SUNDEW-FROM -j DROP")
}
