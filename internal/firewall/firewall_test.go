package firewall

import (
	"net/netip"
	"strings"
	"testing"
)

func plan() Plan {
	return Plan{
		SSH: []uint16{2222, 22, 2222},
		Open: []Opening{
			{Name: "plc modbus", Network: "tcp", First: 502, Last: 502, Published: 502},
			{Name: "skid enip", Network: "udp", Addr: netip.IPv6Unspecified(), First: 44818, Last: 44818},
		},
		Sides: []Opening{
			{Name: "files ftp data", Network: "tcp", First: 50100, Last: 50149},
			{Name: "files tftp data", Network: "udp", First: 50200, Last: 50249},
		},
		User: User{"sundew", 998}, Bridge: "sundew0",
	}
}

func write(t *testing.T, p Plan, f Form) string {
	t.Helper()
	s, err := p.Text(f)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines asserts that the lines are there, in this order.
func lines(t *testing.T, s string, want ...string) {
	t.Helper()
	rest := s
	for _, w := range want {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Fatalf("no %q, or not after the one before, in\n%s", w, s)
		}
		rest = after
	}
}

func TestForms(t *testing.T) {
	for f, want := range map[Form][]string{
		NFT: {
			"delete table inet sundew\n", "policy drop;", "tcp dport { 22, 2222 } accept", "ct state established,related accept",
			"tcp dport 502 goto visitor comment \"plc modbus\"\n", "udp dport 44818 goto", "tcp dport 50100-50149 goto", "udp dport 50200-50249 goto",
			"update @busy4 { ip saddr limit rate over 200/second burst 2000 packets } drop", "udp sport 44818 ct state new reject", "meta skuid 998 ct state new goto outward", "udp sport 50200-50249 accept", "reject",
		},
		IPTables: {
			"\niptables-restore -w --noflush", "--dport 22 ", "--dport 2222 ", "ESTABLISHED,RELATED -j ACCEPT", "-p tcp --dport 502 ", "-p tcp --dport 50100:50149 ", "-A SUNDEW-IN -j DROP",
			"hashlimit-srcmask 32 --hashlimit-above 200/second", "-p udp --sport 44818 ", "owner ! --uid-owner 998 -j RETURN", "-p udp --sport 50200:50249 ", "--uid-owner 998 -j REJECT",
			"\niptables -w -C INPUT -j SUNDEW-IN", "\nip6tables-restore", "--icmpv6-type 135 ", "--dport 502 ", "hashlimit-srcmask 64",
		},
		UFW: {
			"does not know users", "ufw limit", "ufw allow 22/tcp", "ufw allow 2222/tcp", "proto tcp from any to any port 502 comment 'plc modbus'", "port 50200:50249",
			"ufw default deny incoming", "ufw --force enable", "#  -A ufw-before-output -m owner --uid-owner 998 -j REJECT",
		},
		Docker: {
			"iptables -w -n -L DOCKER-USER", "hashlimit", "-p tcp -m conntrack --ctorigdstport 502 ", "--ctorigdstport 50100:50149 ", "-A SUNDEW-TO -j DROP", "-A SUNDEW-FROM -p udp --sport 50200:50249 ", "-A SUNDEW-FROM -j DROP",
			"-I DOCKER-USER -o sundew0 -j SUNDEW-TO", "-I INPUT -i sundew0 -j SUNDEW-FROM", "ip6tables",
		},
	} {
		t.Run(string(f), func(t *testing.T) { lines(t, write(t, plan(), f), want...) })
	}
}

func TestSinks(t *testing.T) {
	p := plan()
	p.Dials, p.Sinks = true, []uint16{6514, 443, 443}
	lines(t, write(t, p, NFT), "th dport 53 accept", "th dport { 443, 6514 } accept", "reject")
	lines(t, write(t, p, IPTables), "--dport 53 -j RETURN", "-p tcp --dport 443 -j RETURN\n-A SUNDEW-OUT -p tcp --dport 6514 -j RETURN", "REJECT")
	lines(t, write(t, p, Docker), "SUNDEW-FROM -p tcp --dport 443 -j RETURN", "SUNDEW-FROM -j DROP")
	p.Sinks = nil
	lines(t, write(t, p, NFT), "meta l4proto { tcp, udp } accept", "reject")
	lines(t, write(t, p, IPTables), "-A SUNDEW-OUT -p tcp -j RETURN", "REJECT")
	if s := write(t, plan(), NFT); strings.Contains(s, "dport 53 ") {
		t.Errorf("names are asked for without sinks:\n%s", s)
	}
}

// Nobody's user is filtered: root would lose every connection of the host.
func TestNoUser(t *testing.T) {
	p := plan()
	p.User = User{}
	for _, f := range []Form{NFT, IPTables, UFW} {
		if s := write(t, p, f); strings.Contains(s, "skuid") || strings.Contains(s, "owner") {
			t.Errorf("%s filters without a user:\n%s", f, s)
		}
	}
}

func TestAddresses(t *testing.T) {
	p := plan()
	p.Sides = nil
	p.Open = []Opening{
		{Name: "a", Network: "tcp", Addr: netip.MustParseAddr("192.0.2.5"), First: 502, Last: 502},
		{Name: "b", Network: "tcp", Addr: netip.MustParseAddr("2001:db8::5"), First: 502, Last: 502},
		{Name: "c", Network: "tcp", Addr: netip.MustParseAddr("::ffff:192.0.2.5"), First: 502, Last: 502},
		{Name: "hidden", Network: "tcp", Addr: netip.MustParseAddr("127.0.0.1"), First: 503, Last: 503},
	}
	s := write(t, p, NFT)
	lines(t, s, "NOT OPEN", "hidden", "ip daddr 192.0.2.5 tcp dport 502 goto visitor comment \"a, c\"", "ip6 daddr 2001:db8::5 tcp dport 502")
	if strings.Contains(s, "503") {
		t.Errorf("loopback is opened:\n%s", s)
	}
	s = write(t, p, IPTables)
	four, six, _ := strings.Cut(s, "ip6tables-restore")
	lines(t, four, "-d 192.0.2.5 -p tcp --dport 502")
	lines(t, six, "-d 2001:db8::5 -p tcp --dport 502")
	if strings.Contains(four, "2001:db8") || strings.Contains(six, "192.0.2.5") {
		t.Errorf("an address in the other family:\n%s", s)
	}
	lines(t, write(t, p, UFW), "from any to 192.0.2.5 port 502", "from any to 2001:db8::5 port 502")
}

// Docker's host shows standard ports, or those of the container.
func TestPublished(t *testing.T) {
	p := plan()
	p.SSH = nil
	p.Open = []Opening{{Name: "plc modbus", Network: "tcp", Addr: netip.MustParseAddr("172.20.0.2"), First: 5020, Last: 5020, Published: 502}}
	lines(t, write(t, p, Docker), "--ctorigdstport 502 ", "--ctorigdstport 5020 ")
}

// What personas and sensors are called stays words, in the shell and in nft.
func TestNamesAreHarmless(t *testing.T) {
	p := plan()
	p.Open[0].Name = "a'; rm -rf / #\"\n$(reboot)`reboot`"
	p.User.Name = "x\ny"
	p.Notes = []string{"one\nreboot", "two\rreboot"}
	for _, f := range []Form{NFT, IPTables, UFW, Docker} {
		s := write(t, p, f)
		for _, bad := range []string{"$(", "`reboot", "';", "\nreboot", "\rreboot", "\ny"} {
			if strings.Contains(s, bad) {
				t.Errorf("%s has %q:\n%s", f, bad, s)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	p := plan()
	if _, err := p.Text("pf"); err == nil {
		t.Error("an unknown form is written")
	}
	p.SSH = nil
	for _, f := range []Form{NFT, IPTables, UFW} {
		if _, err := p.Text(f); err == nil {
			t.Errorf("%s locks the operator out", f)
		}
	}
}
