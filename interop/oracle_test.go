//go:build interop

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dissection says how tshark is to read a port.
type dissection struct {
	network  string // tcp or udp
	port     int
	protocol string   // tshark's name of it, which must be seen
	decodeAs string   // "tcp.port==10201,tpkt"; empty: tshark knows the port
	prefs    []string // "mbtcp.tcp.port:5020"
}

// oracle captures loopback while clients work and asserts that tshark finds
// nothing malformed, and no expert error, in what we sent.
func oracle(t *testing.T, s *sundew, d dissection, clients func()) {
	t.Helper()
	tool(t, "tshark")
	tool(t, "dumpcap")
	file := filepath.Join(t.TempDir(), "capture.pcapng")
	filter := fmt.Sprintf("%s port %d and host %s", d.network, d.port, s.addr)
	capture := exec.Command("dumpcap", "-q", "-i", "lo", "-f", filter, "-w", file)
	if err := capture.Start(); err != nil {
		t.Skipf("skipped: dumpcap: %v", err)
	}
	time.Sleep(time.Second)
	clients()
	time.Sleep(700 * time.Millisecond)
	capture.Process.Signal(os.Interrupt)
	if err := capture.Wait(); err != nil {
		t.Skipf("skipped: dumpcap cannot capture on loopback here: %v", err)
	}
	args := []string{"-n", "-2", "-r", file, "-o", "tcp.check_checksum:FALSE", "-o", "udp.check_checksum:FALSE", "-o", "ip.check_checksum:FALSE"}
	if d.decodeAs != "" {
		args = append(args, "-d", d.decodeAs)
	}
	for _, p := range d.prefs {
		args = append(args, "-o", p)
	}
	ours := fmt.Sprintf("%s.srcport==%d", d.network, d.port)
	if seen := tshark(t, args, ours+" && "+d.protocol); len(seen) == 0 {
		t.Errorf("tshark dissected none of our frames as %s", d.protocol)
	} else {
		t.Logf("tshark dissected %d of our frames as %s", len(seen), d.protocol)
	}
	bad := tshark(t, args, ours+` && (_ws.malformed || _ws.short || _ws.expert.severity=="Error")`)
	for _, l := range bad {
		t.Errorf("tshark finds fault with one of our frames: %s", l)
	}
}

func tshark(t *testing.T, args []string, filter string) []string {
	t.Helper()
	fields := []string{"-Y", filter, "-T", "fields", "-e", "frame.number", "-e", "_ws.col.Protocol", "-e", "_ws.expert.message", "-e", "_ws.col.Info"}
	out, err := exec.Command("tshark", append(args, fields...)...).Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	text := strings.TrimSpace(string(out))
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}
