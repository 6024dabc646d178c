//go:build interop

package interop

import (
	"fmt"
	"strings"
	"testing"
)

// Where the container is, on the bridge that Docker would make.
const (
	container4, bridge4 = "172.20.0.2", "172.20.0.1"
	container6, bridge6 = "fd00:20::2", "fd00:20::1"
)

// published is what deploy/compose.yaml publishes, and a port that nobody should
// have: host's port, container's, network.
func published() [][3]string {
	return [][3]string{
		{"502", "5020", "tcp"}, {"161", "16100", "udp"}, {"21", "2121", "tcp"}, {"69", "6969", "udp"}, {"8800", "8800", "tcp"},
		{"50100:50149", "", "tcp"}, {"50200:50249", "", "udp"}, {"3306", "3306", "tcp"},
	}
}

// dockerRules are the chains and translations of Docker's engine in one address
// family, as they stand around DOCKER-USER.
func dockerRules(command, container, subnet string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, command+" "+format+"\n", args...) }
	line("-N DOCKER-USER")
	line("-P FORWARD DROP")
	line("-A FORWARD -j DOCKER-USER")
	line("-A FORWARD -o sundew0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
	line("-A FORWARD -i sundew0 ! -o sundew0 -j ACCEPT")
	line("-t nat -A POSTROUTING -s %s ! -o sundew0 -j MASQUERADE", subnet)
	to := container
	if strings.Contains(container, ":") {
		to = "[" + container + "]"
	}
	for _, p := range published() {
		inner, target := p[0], to
		if p[1] != "" {
			inner, target = p[1], to+":"+p[1]
		}
		line("-A FORWARD -d %s ! -i sundew0 -o sundew0 -p %s --dport %s -j ACCEPT", container, p[2], inner)
		line("-t nat -A PREROUTING -m addrtype --dst-type LOCAL ! -i sundew0 -p %s --dport %s -j DNAT --to-destination %s", p[2], p[0], target)
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
	link(f.host, inner, "ct", "172.20.0.", "fd00:20::")
	f.host.run("ip", "addr", "flush", "dev", "cta")
	f.host.run("ip", "link", "set", "cta", "master", "sundew0")
	f.host.run("ip", "addr", "add", bridge4+"/24", "dev", "sundew0")
	f.host.run("ip", "addr", "add", bridge6+"/64", "dev", "sundew0", "nodad")
	inner.run("ip", "route", "add", "default", "via", bridge4)
	inner.run("ip", "-6", "route", "add", "default", "via", bridge6)
	f.host.feed("set -e\necho 1 > /proc/sys/net/ipv4/ip_forward\necho 1 > /proc/sys/net/ipv6/conf/all/forwarding\n"+
		dockerRules("iptables", container4, "172.20.0.0/24")+dockerRules("ip6tables", container6, "fd00:20::/64"), "sh")

	f.visitor.greet(":9000", nil)
	f.visitor.greet(":6514", f.logs)
	f.host.greet(":9001", nil)
	inner.greet(":3306", nil)
	dir := t.TempDir()
	f.sensor = begin(t, inner.command(built, "run", "--data", dir, "--ports", "unprivileged", "--config", sinkConfig(t), "--public-address", host4), host4, dir)
	f.visits()
	f.sixth()
	for _, to := range []string{host4, host6} {
		f.refused(false, f.visitor, "", to, 3306)
	}
	for _, to := range []string{visitor4, visitor6} {
		f.outwardAs(inner, sensorUID, to, 9000, true)
	}
	for _, to := range []string{bridge4, bridge6} {
		f.outwardAs(inner, sensorUID, to, 9001, true)
	}

	text := f.rules("docker")
	for range 2 {
		f.host.feed(text, "sh")
	}
	if out := f.host.feed("iptables -S; ip6tables -S", "sh"); strings.Count(out, "-A DOCKER-USER ") != 4 || strings.Count(out, "--ctorigdstport 502 ") != 2 {
		t.Errorf("not once in each family: %s", out)
	}
	f.delivered()
	f.sixth()
	for _, to := range []string{host4, host6} {
		f.refused(true, f.visitor, "", to, 3306)
		f.refused(false, f.visitor, "", to, 9001) // the host's own ports are not the container's
	}
	for _, to := range []string{visitor4, visitor6} {
		f.outwardAs(inner, sensorUID, to, 9000, false)
	}
	f.outwardAs(inner, sensorUID, visitor4, 6514, true)
	for _, to := range []string{bridge4, bridge6} {
		f.outwardAs(inner, sensorUID, to, 9001, false)
	}
	f.outwardAs(f.host, sensorUID, visitor4, 9000, true) // the host's own users are not the container's
	f.metered(inner, 9001)
}
