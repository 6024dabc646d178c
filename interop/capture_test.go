//go:build interop

package interop

import (
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

// TestCapture has real clients visit each protocol, exports their sessions as
// packets and asserts that tshark, told nothing, dissects them without fault and
// finds the octets that the journal has.
func TestCapture(t *testing.T) {
	tool(t, "tshark")
	for _, c := range []struct {
		persona, protocol, dissector string
		visit                        func(*testing.T, *sundew)
	}{
		{"default", "modbus", "mbtcp", modbusPymodbus},
		{"s7-1200", "s7comm", "s7comm", func(t *testing.T, s *sundew) { s.nmap(t, 10201, "--script", "+s7-info") }},
		{"default", "s7comm", "s7comm", s7Snap},
		{"default", "snmp", "snmp", func(t *testing.T, s *sundew) { snmpWalk(t, s, "snmpbulkwalk") }},
		{"default", "bacnet", "bacnet", bacnetPypes},
		{"default", "enip", "enip", enipPycomm3},
		{"default", "http", "http", func(t *testing.T, s *sundew) {
			run(t, "curl", "-s", "http://"+s.at(8800)+"/", "http://"+s.at(8800)+"/values.json")
		}},
		{"https", "http", "http", func(t *testing.T, s *sundew) { run(t, "curl", "-sk", "https://"+s.at(8443)+"/Portal0000.htm") }}, // the plaintext inside TLS
		{"default", "ftp", "ftp", func(t *testing.T, s *sundew) { lftp(t, s) }},
		{"default", "tftp", "tftp", func(t *testing.T, s *sundew) { s.nmap(t, 6969, "-sU", "--script", "+tftp-enum") }},
		{"ipmi-bmc", "ipmi", "ipmi_session", ipmiSessions},
		{"substation-rtu", "iec104", "iec60870_104", iec104Scapy},
		{"feeder-outstation", "dnp3", "dnp3", func(t *testing.T, s *sundew) {
			own := dnp3Address(t, s)
			dnp3Master(t, s, own, "tcp")
			dnp3Master(t, s, own, "udp")
		}},
		{"fuel-station", "atg", "tcp", atgFunctions},
		{"kamstrup-382", "kamstrup", "tcp", kmpReadings},
	} {
		t.Run(c.protocol+"/"+c.persona, func(t *testing.T) {
			persona := c.persona
			if persona == "https" {
				persona = withHTTPS(t)
			}
			s := start(t, persona, "--limits", "off")
			t.Run("clients", func(t *testing.T) { c.visit(t, s) })
			s.stop()
			file := filepath.Join(t.TempDir(), "sessions.pcapng")
			run(t, built, "export", "pcapng", "--data", s.dir, "-o", file)
			dissected(t, file, c.dissector)
			sameOctets(t, file, s.events())
		})
	}
}

// dissected asserts that tshark knows the protocol by itself and has nothing to
// complain of: no malformed frame, no error or warning of its experts that our
// headers caused, no wrong checksum.
func dissected(t *testing.T, file, dissector string) {
	t.Helper()
	args := []string{"-n", "-2", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"}
	seen := tshark(t, args, dissector)
	if len(seen) == 0 {
		t.Errorf("tshark dissects nothing as %s", dissector)
	}
	t.Logf("tshark dissects %d packets as %s", len(seen), dissector)
	faults := `frame.len == frame.cap_len && (_ws.malformed || _ws.short || _ws.expert.severity=="Error" || tcp.analysis.flags || tcp.checksum.status!=1 || udp.checksum.status!=1 || ip.checksum.status!=1)`
	for i, l := range tshark(t, args, faults) {
		if t.Errorf("tshark finds fault: %s", l); i > 10 {
			break
		}
	}
}

// sameOctets asserts that what a conversation carries is what the journal has of
// its session. The first packet's comment names the session.
func sameOctets(t *testing.T, file string, events []event.Event) {
	t.Helper()
	want := map[string]*[2][]byte{}
	of := func(all map[string]*[2][]byte, session string) *[2][]byte {
		if all[session] == nil {
			all[session] = &[2][]byte{}
		}
		return all[session]
	}
	for _, e := range events {
		if e.Session == "" || e.Probe != "" {
			continue
		}
		w := of(want, e.Session)
		for i, text := range []string{e.Request, e.Response} {
			p, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			w[i] = append(w[i], p...)
		}
	}
	out, err := exec.Command("tshark", "-n", "-r", file, "-T", "fields", "-E", "separator=|", "-e", "ip.src", "-e", "ip.dst", "-e", "tcp.port", "-e", "udp.port", "-e", "frame.comment", "-e", "frame.packet_flags_direction", "-e", "tcp.payload", "-e", "udp.payload").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, session := map[string]*[2][]byte{}, map[string]string{}
	for l := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(l, "\n"), "|")
		if len(f) != 8 {
			t.Fatalf("%q", l)
		}
		way := 0
		from, to, ports := f[0], f[1], strings.Split(f[2]+f[3], ",")
		if strings.HasSuffix(f[5], "2") {
			way = 1
			from, to = to, from
			slices.Reverse(ports)
		}
		conversation := fmt.Sprint(from, to, ports, f[2] == "")
		if rest, ok := strings.CutPrefix(f[4], "session "); ok {
			session[conversation], _, _ = strings.Cut(rest, ":")
		}
		p, err := hex.DecodeString(f[6] + f[7])
		if err != nil {
			t.Fatal(err)
		}
		w := of(got, session[conversation])
		w[way] = append(w[way], p...)
	}
	for id, w := range want {
		for i, way := range []string{"visitor's", "sensor's"} {
			if g := of(got, id)[i]; string(g) != string(w[i]) {
				t.Errorf("session %s: of the %s octets the capture has %d, the journal %d: %s", id, way, len(g), len(w[i]), difference(g, w[i]))
			}
		}
	}
}

func difference(a, b []byte) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("they differ at %d: %x, %x", i, a[i:min(i+16, len(a))], b[i:min(i+16, len(b))])
		}
	}
	return "one is the beginning of the other"
}
