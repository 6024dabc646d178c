//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
)

// Where the container is, on the bridge that Docker would make.
const container4, bridge4 = "172.20.0.2", "172.20.0.1"

// published is what deploy/compose.yaml publishes, and a port that nobody should
// have: host's port, container's, network.
func published() [][3]string {
	return [][3]string{
		{"502", "5020", "tcp"}, {"161", "16100", "udp"}, {"21", "2121", "tcp"}, {"69", "6969", "udp"}, {"8800", "8800", "tcp"},
		{"50100:50149", "", "tcp"}, {"50200:50249", "", "udp"}, {"3306", "3306", "tcp"},
	}
}

// dockerRules are the chains and translations of Docker's engine, as they stand
// around DOCKER-USER.
func dockerRules() string {
	var b strings.Builder
	b.WriteString(`set -e
echo 1 > /proc/sys/net/ipv4/ip_forward
iptables -N DOCKER-USER
ip6tables -N DOCKER-USER
ip6tables -A FORWARD -j DOCKER-USER
iptables -P FORWARD DROP
iptables -A FORWARD -j DOCKER-USER
iptables -A FORWARD -o sundew0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
iptables -A FORWARD -i sundew0 ! -o sundew0 -j ACCEPT
iptables -t nat -A POSTROUTING -s 172.20.0.0/24 ! -o sundew0 -j MASQUERADE
`)
	for _, p := range published() {
		inner, to := p[1], container4
		if inner == "" {
			inner = p[0]
		} else {
			to += ":" + inner
		}
		fmt.Fprintf(&b, "iptables -A FORWARD -d %s ! -i sundew0 -o sundew0 -p %s --dport %s -j ACCEPT\n", container4, p[2], inner)
		fmt.Fprintf(&b, "iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL ! -i sundew0 -p %s --dport %s -j DNAT --to-destination %s\n", p[2], p[0], to)
	}
	return b.String()
}

// The container's visitors come in by published ports; what the container begins
// goes nowhere, not to the host either.
func TestFirewallDocker(t *testing.T) {
	f := &behindFirewall{T: t, visitor: newMachine(t, stay), host: newMachine(t, withFirewalls(t)), logs: make(chan string, 10000)}
	inner := newMachine(t, stay)
	link(f.host, f.visitor, "fw", "192.0.2.", "2001:db8::")
	f.visitor.run("ip", "addr", "add", "192.0.2.3/24", "dev", "fwb")
	f.host.run("ip", "link", "add", "sundew0", "type", "bridge")
	f.host.run("ip", "link", "set", "sundew0", "up")
	link(f.host, inner, "ct", "172.20.0.", "fd00::")
	f.host.run("ip", "addr", "flush", "dev", "cta")
	f.host.run("ip", "link", "set", "cta", "master", "sundew0")
	f.host.run("ip", "addr", "add", bridge4+"/24", "dev", "sundew0")
	inner.run("ip", "route", "add", "default", "via", bridge4)
	f.host.feed(dockerRules(), "sh")

	f.visitor.greet(":9000", nil)
	f.visitor.greet(":6514", f.logs)
	f.host.greet(":9001", nil)
	inner.greet(":3306", nil)
	dir := t.TempDir()
	f.sensor = begin(t, inner.command(built, "run", "--data", dir, "--ports", "unprivileged", "--config", sinkConfig(t), "--public-address", host4), host4, dir)
	f.visits()
	f.refused(false, f.visitor, "", host4, 3306)
	f.outwardAs(inner, sensorUID, visitor4, 9000, true)
	f.outwardAs(inner, sensorUID, bridge4, 9001, true)

	text := f.rules("docker")
	for range 2 {
		f.host.feed(text, "sh")
	}
	if out := f.host.feed("iptables -S; ip6tables -S", "sh"); strings.Count(out, "-A DOCKER-USER ") != 4 || strings.Count(out, "--ctorigdstport 502 ") != 2 {
		t.Errorf("not once in each family: %s", out)
	}
	f.delivered()
	f.refused(true, f.visitor, "", host4, 3306)
	f.refused(false, f.visitor, "", host4, 9001) // the host's own ports are not the container's
	f.outwardAs(inner, sensorUID, visitor4, 9000, false)
	f.outwardAs(inner, sensorUID, visitor4, 6514, true)
	f.outwardAs(inner, sensorUID, bridge4, 9001, false)
	f.outwardAs(f.host, sensorUID, visitor4, 9000, true) // the host's own users are not the container's
	f.metered(inner, 9001)
}
