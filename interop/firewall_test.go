//go:build interop

package interop

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the tests' host and visitor are known by, in each family.
const (
	host4, host6       = "192.0.2.1", "2001:db8::1"
	visitor4, visitor6 = "192.0.2.2", "2001:db8::2"
	sensorUID          = 65532
)

// behindFirewall is a visitor, a host with a sensor, and what else the host has.
type behindFirewall struct {
	*testing.T
	visitor, host *machine
	sensor        *sundew
	logs          chan string // what came to the sink at the visitor's
}

// sinkConfig has a sink at the visitor's.
func sinkConfig(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sundew.toml")
	text := "[[sink]]\ndriver = \"syslog\"\n[sink.settings]\naddress = \"" + visitor4 + ":6514\"\nnetwork = \"tcp\"\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// newBehindFirewall puts the machines up, with ports that the rules must not open
// and some that they must, and shows that all of it works without rules.
func newBehindFirewall(t *testing.T) *behindFirewall {
	t.Helper()
	f := &behindFirewall{T: t, visitor: newMachine(t, stay), host: newMachine(t, withFirewalls(t)), logs: make(chan string, 10000)}
	link(f.host, f.visitor, "fw", "192.0.2.", "2001:db8::")
	f.visitor.run("ip", "addr", "add", "192.0.2.3/24", "dev", "fwb")
	f.visitor.greet(":9000", nil)
	f.visitor.greet(":6514", f.logs)
	f.host.greet(":2222", nil)
	f.host.greet(":3306", nil)
	dir := t.TempDir()
	if err := os.Chown(dir, sensorUID, sensorUID); err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprint(sensorUID) // as systemd starts it; its sockets are root's if root does
	f.sensor = begin(t, f.host.command("setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service",
		built, "run", "--data", dir, "--ports", "standard", "--config", sinkConfig(t)), host4, dir)
	f.refused(false, f.visitor, "", host4, 3306)
	f.refused(false, f.visitor, "", host6, 3306)
	f.outward(visitor4, 9000, true)
	f.outward(visitor6, 9000, true)
	return f
}

// rules are what the binary prints for the sensor.
func (f *behindFirewall) rules(args ...string) string {
	f.Helper()
	out, err := exec.Command(built, append([]string{"firewall", "--data", f.sensor.dir}, args...)...).Output()
	if err != nil {
		f.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// refused asserts that a connection is refused, or is not.
func (f *behindFirewall) refused(want bool, from *machine, source, to string, port int) {
	f.Helper()
	c, err := from.dial(source, net.JoinHostPort(to, fmt.Sprint(port)))
	if err == nil {
		c.Close()
	}
	if (err != nil) != want {
		f.Errorf("%s port %d from %q: refused %v, want %v (%v)", to, port, source, err != nil, want, err)
	}
}

// outward asserts what becomes of a connection that the sensor's user begins.
func (f *behindFirewall) outward(to string, port int, want bool) {
	f.Helper()
	f.outwardAs(f.host, sensorUID, to, port, want)
}

func (f *behindFirewall) outwardAs(m *machine, uid int, to string, port int, want bool) {
	f.Helper()
	out, _ := m.as(uid, "curl", "-sS", "--http0.9", "--max-time", "2", fmt.Sprintf("http://%s/", net.JoinHostPort(to, fmt.Sprint(port)))).CombinedOutput()
	if got := strings.Contains(string(out), "welcome"); got != want {
		f.Errorf("uid %d to %s port %d: connected %v, want %v: %s", uid, to, port, got, want, out)
	}
}

// visits asserts that visitors are served, by every kind of port.
func (f *behindFirewall) visits() {
	f.Helper()
	contains(f, f.visitor.run("mbpoll", "-m", "tcp", "-a", "1", "-0", "-r", "0", "-c", "1", "-1", host4), "[0]:")
	f.visitor.run("snmpget", "-v2c", "-c", "public", host4, "1.3.6.1.2.1.1.5.0")
	contains(f, f.visitor.run("curl", "-sS", "--max-time", "20", "ftp://anonymous:x@"+host4+"/"), "Firmware")
	contains(f, f.visitor.run("curl", "-sS", "--max-time", "20", "tftp://"+host4+"/startup-config"), "hostname")
}

// sixth asserts that a visitor is served over IPv6.
func (f *behindFirewall) sixth() {
	f.Helper()
	c, err := f.visitor.dial("", net.JoinHostPort(host6, "502"))
	if err != nil {
		f.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	c.Write([]byte{0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1}) // Modbus: read holding register 0
	answer := make([]byte, 11)
	if _, err := io.ReadFull(c, answer); err != nil || answer[7] != 3 {
		f.Errorf("Modbus over IPv6: % x, %v", answer, err)
	}
}

// delivered asserts that the sink's server hears of what has just happened.
func (f *behindFirewall) delivered() {
	f.Helper()
	for len(f.logs) > 0 {
		<-f.logs
	}
	f.visits()
	heard := ""
	for end := time.After(10 * time.Second); !strings.Contains(heard, `"modbus"`); {
		select {
		case l := <-f.logs:
			heard += l
		case <-end:
			f.Errorf("the sink's server heard %q: %s", heard, f.sensor.log)
			return
		}
	}
}

// inAndOut is what holds behind every firewall of a host.
func (f *behindFirewall) inAndOut() {
	f.Helper()
	f.host.run("ip", "neigh", "flush", "all") // neighbours must be found anew
	f.visitor.run("ip", "neigh", "flush", "all")
	for _, to := range []string{host4, host6} {
		f.refused(false, f.visitor, "", to, 2222)
		f.refused(true, f.visitor, "", to, 3306)
	}
	f.refused(false, f.host, "", host4, 3306) // loopback
	f.visits()
	f.sixth()
	for _, six := range [][]string{{host4}, {"-6", host6}} {
		contains(f, f.visitor.run("nmap", append([]string{"-n", "-sn", "-PE", "--disable-arp-ping"}, six...)...), "1 host up")
	}
	f.outwardAs(f.host, 12345, visitor4, 9000, true) // the answers of what others begin
	f.outwardAs(f.host, 12345, visitor6, 9000, true)
	f.delivered()
}

// metered asserts that of the flows that one source begins the sensor's machine
// gets the share that the rules name, and that neither another source suffers for
// it nor a port that is not the sensor's.
func (f *behindFirewall) metered(m *machine, open int) {
	f.Helper()
	const perSecond, burst = 200, 2000
	before, begun := f.datagrams(m), time.Now()
	f.visitor.inside(func() {
		for range 3 * burst {
			if c, err := net.Dial("udp", host4+":161"); err == nil {
				c.Write([]byte("x"))
				c.Close()
			}
		}
	})
	took := time.Since(begun)
	f.refused(false, f.visitor, "192.0.2.3", host4, 502)
	f.refused(false, f.visitor, visitor4, host4, open)
	time.Sleep(500 * time.Millisecond) // until the sensor has read them
	most := burst + int(perSecond*(took.Seconds()+1))
	if n := f.datagrams(m) - before; n < burst/2 || n > most {
		f.Errorf("%d of %d datagrams came in %v; want at most %d", n, 3*burst, took, most)
	}
}

// datagrams is how many a machine has had, read or not.
func (f *behindFirewall) datagrams(m *machine) (n int) {
	f.Helper()
	b, err := os.ReadFile("/proc/" + m.pid + "/net/snmp")
	if err != nil {
		f.Fatal(err)
	}
	_, udp, _ := strings.Cut(string(b), "\nUdp: InDatagrams")
	_, values, _ := strings.Cut(udp, "\nUdp: ")
	var in, noPort, wrong int
	if _, err := fmt.Sscan(values, &in, &noPort, &wrong); err != nil {
		f.Fatal(err)
	}
	return in + noPort + wrong
}

// silent asserts, once the sensor has gone, that a new flow from a port of its
// stays here even if it is root's.
func (f *behindFirewall) silent() {
	f.Helper()
	f.sensor.stop()
	var heard net.PacketConn
	var err error
	f.visitor.inside(func() { heard, err = net.ListenPacket("udp", visitor4+":9002") })
	if err != nil {
		f.Fatal(err)
	}
	defer heard.Close()
	for _, port := range []int{161, 1610} {
		f.host.inside(func() {
			c, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(host4), Port: port}, &net.UDPAddr{IP: net.ParseIP(visitor4), Port: 9002})
			if err != nil {
				f.Error(err)
				return
			}
			defer c.Close()
			fmt.Fprint(c, port)
		})
	}
	b := make([]byte, 10)
	heard.SetReadDeadline(time.Now().Add(3 * time.Second))
	if n, _, err := heard.ReadFrom(b); err != nil || string(b[:n]) != "1610" {
		f.Errorf("first came %q, %v", b[:n], err)
	}
}

func TestFirewallNFT(t *testing.T) {
	f := newBehindFirewall(t)
	for range 2 { // applied again, it replaces itself
		f.host.feed(f.rules("nft", "--ssh", "2222"), "nft", "-f", "-")
	}
	f.inAndOut()
	f.outward(visitor4, 9000, false)
	f.outward(visitor6, 9000, false)
	f.outward(visitor4, 6514, true)
	f.metered(f.host, 2222)
	f.silent()
}

func TestFirewallIPTables(t *testing.T) {
	f := newBehindFirewall(t)
	for range 2 {
		f.host.feed(f.rules("iptables", "--ssh", "2222"), "sh")
	}
	if out := f.host.feed("iptables -S; ip6tables -S", "sh"); strings.Count(out, "-A INPUT -j SUNDEW-IN") != 2 || strings.Count(out, "--dport 2222 ") != 2 {
		t.Errorf("not once in each family: %s", out)
	}
	f.inAndOut()
	f.outward(visitor4, 9000, false)
	f.outward(visitor6, 9000, false)
	f.outward(visitor4, 6514, true)
	f.metered(f.host, 2222)
	f.silent()
}

// What ufw has no command for are lines to paste; they are tried too.
func TestFirewallUFW(t *testing.T) {
	f := newBehindFirewall(t)
	text := f.rules("ufw", "--ssh", "2222")
	for range 2 {
		contains(t, f.host.feed(text, "sh"), "Status: active")
	}
	f.inAndOut()
	f.outward(visitor4, 9000, true)
	var lines strings.Builder
	for l := range strings.Lines(text) {
		if rule, ok := strings.CutPrefix(l, "#  "); ok && strings.HasPrefix(rule, "-A ") {
			lines.WriteString(rule)
		}
	}
	for file, chain := range map[string]string{"before.rules": "ufw-before-output", "before6.rules": "ufw6-before-output"} {
		f.host.feed(strings.ReplaceAll(lines.String(), "ufw-before-output", chain)+"COMMIT\n", "sh", "-ec", "grep -v '^COMMIT' /etc/ufw/"+file+" > /tmp/rules; cat /tmp/rules - > /etc/ufw/"+file)
	}
	f.host.feed("", "ufw", "reload")
	f.inAndOut()
	f.outward(visitor4, 9000, false)
	f.outward(visitor6, 9000, false)
	f.outward(visitor4, 6514, true)
	f.silent()
}
