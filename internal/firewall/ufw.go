package firewall

import "strings"

// ufw writes a shell script of ufw(8) commands, for both address families.
func (p Plan) ufw(w *text) {
	w.line("#!/bin/sh")
	p.head(w,
		"Rules for a Sundew sensor, for ufw. Read them, then apply:",
		"  sundew firewall ufw | sudo sh",
		"ufw adds what is not there yet; `ufw reset` takes everything away. It answers",
		"established flows and lets in loopback, ping, neighbour discovery and DHCP by",
		"itself. What it cannot do:",
		"* refuse what the sensor's user begins: it does not know users. Sundew's own",
		"  sandbox sees to it, and the nft and iptables forms do it once more.",
		"* meter visitors: `ufw limit` means six connections in 30 seconds, which would",
		"  turn away ordinary scanners. Sundew has limits of its own.",
		"* hold back ports that Docker publishes: see `sundew firewall docker`.", "")
	w.line("set -eu\n")
	w.line("# The operator, before all else.")
	for _, port := range p.SSH {
		w.line("ufw allow %d/tcp comment 'ssh'", port)
	}
	w.line("\n# Visitors.")
	for _, o := range p.visitors() {
		to := "any"
		if o.Addr.IsValid() {
			to = o.Addr.WithZone("").String()
		}
		w.line("ufw allow in proto %s from any to %s port %s comment '%s'", o.Network, to, o.ports(":"), o.Name)
	}
	w.line("\n# Nobody else in.")
	w.line("ufw default deny incoming\nufw default allow outgoing\nufw --force enable")
	w.line("ufw status verbose")
	p.ufwByHand(w)
}

// ufwByHand tells the rules that ufw has no command for.
func (p Plan) ufwByHand(w *text) {
	if p.User.UID == 0 {
		return
	}
	var rules text
	p.tablesAnswering(&rules, "ufw-before-output")
	p.tablesOutward(&rules, "ufw-before-output")
	rules.line("-A ufw-before-output -m owner --uid-owner %d -j REJECT", p.User.UID)
	w.line("\n# By hand, if you want it: nothing that the sensor, %s, begins goes out.", p.User)
	w.line("# These lines belong in /etc/ufw/before.rules, above COMMIT, and with")
	w.line("# ufw6-before-output in before6.rules.")
	for l := range strings.Lines(rules.String()) {
		w.line("#  %s", strings.TrimSpace(strings.TrimPrefix(l, "#")))
	}
}
