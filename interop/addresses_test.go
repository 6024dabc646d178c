//go:build interop

package interop

import (
	"encoding/json"
	"net"
	"os/exec"
	"strings"
	"testing"
)

// One process is several sites at several addresses, IPv6 among them; each
// service answers at its own, and what doctor asks is no visit.
func TestSeveralPersonasAndIPv6(t *testing.T) {
	six := "::1"
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Logf("IPv6 skipped: this host has no ::1: %v", err)
		six = "127.40.7.5"
	} else {
		l.Close()
	}
	s := startAt(t, "127.40.7.1", t.TempDir(), "pumping-station@"+six,
		"--persona", "substation-rtu@127.40.7.2", "--persona", "fuel-station@127.40.7.3",
		"--persona", "kamstrup-382@127.40.7.4", "--persona", "feeder-outstation")
	diagnose(t, s)
	for _, e := range s.events() {
		if e.Kind == "session.open" && e.Probe == "" {
			t.Errorf("%s session %s by doctor is not marked as a probe", e.Protocol, e.Session)
		}
	}

	var stats struct {
		Stats struct {
			Services []struct {
				Persona, Protocol string
				Addrs             []string
				Served            int
			}
		}
	}
	if err := json.Unmarshal([]byte(run(t, built, "status", "--json", "--data", s.dir)), &stats); err != nil {
		t.Fatal(err)
	}
	at := map[string]string{"pumping-station": six, "substation-rtu": "127.40.7.2", "fuel-station": "127.40.7.3", "kamstrup-382": "127.40.7.4", "feeder-outstation": "127.40.7.1"}
	for _, v := range stats.Stats.Services {
		if v.Served != 0 {
			t.Errorf("%s of %s counts %d visits", v.Protocol, v.Persona, v.Served)
		}
		if host, _, err := net.SplitHostPort(v.Addrs[0]); err != nil || host != at[v.Persona] {
			t.Errorf("%s of %s listens on %s, want %s", v.Protocol, v.Persona, v.Addrs[0], at[v.Persona])
		}
	}
	if six == "::1" {
		contains(t, run(t, "nmap", "-6", "-Pn", "-p", "5020", "--script", "modbus-discover", "--script-args", "modbus-discover.aggressive=false", "::1"), "5020/tcp open")
		contains(t, run(t, "curl", "-sg", "http://[::1]:8800/"), "<html")
		contains(t, run(t, "nmap", "-6", "-Pn", "-sU", "-p", "16100", "--script", "snmp-sysdescr", "::1"), "16100/udp open")
	}
	contains(t, run(t, "curl", "-s", "http://127.40.7.2:8080/"), "<html")
}

// A wildcard listener answers both families, from the address it was asked at.
func TestWildcard(t *testing.T) {
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skipf("skipped: this host has no ::1: %v", err)
	} else {
		l.Close()
	}
	s := startAt(t, "::", t.TempDir(), "pumping-station")
	diagnose(t, s)
	for _, to := range []string{"127.0.0.1", "127.40.9.9", "::1"} {
		host := to
		if strings.Contains(to, ":") {
			host = "udp6:[" + to + "]"
		}
		contains(t, run(t, "snmpget", "-v2c", "-c", "public", "-t", "2", host+":16100", "1.3.6.1.2.1.1.3.0"), "Timeticks")
		if strings.Contains(to, ":") {
			to = "[" + to + "]"
		}
		contains(t, run(t, "curl", "-sg", "http://"+to+":8800/"), "<html")
	}
}

// diagnose has doctor ask every service.
func diagnose(t *testing.T, s *sundew) {
	t.Helper()
	out, err := exec.Command(built, "doctor", "--json", "--data", s.dir).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var d struct {
		Findings []struct{ Level, Name, What string }
	}
	if err := json.Unmarshal(out, &d); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, f := range d.Findings {
		if strings.Contains(f.What, "answers on") && f.Level == "ok" {
			asked++
		}
		if f.Level == "fail" {
			t.Errorf("%s: %s", f.Name, f.What)
		}
	}
	if asked < 11 {
		t.Errorf("doctor asked %d services: %s", asked, out)
	}
}
