//go:build interop

package interop

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

const atgPort = 10001

// No client of tank gauges that others wrote is known to install: these probes
// ask what scanners and back offices ask, and check the answers by what they
// check (reference/personas.md §5.4).
func TestATG(t *testing.T) {
	s := start(t, "fuel-station", "--limits", "off", "--latency", "off")
	t.Run("functions", func(t *testing.T) { atgFunctions(t, s) })
	t.Run("rename", func(t *testing.T) { atgRename(t, s) })
	t.Run("physics", func(t *testing.T) { atgPhysics(t, s) })
	ops := s.ops("atg")
	for _, op := range []string{"in_tank_inventory", "software_revision", "set_tank_product_label"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

// gauge asks one command and returns the answer from SOH to ETX.
func gauge(t testing.TB, s *sundew, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", s.at(atgPort))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(c, "\x01%s\n", command)
	var answer []byte
	buf := make([]byte, 4096)
	for !bytes.ContainsRune(answer, 3) {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("%s: %v after %q", command, err, answer)
		}
		answer = append(answer, buf[:n]...)
	}
	return string(answer)
}

// atgFunctions asks every function in both formats: the display format is framed
// as captures show it, the computer format has a right checksum.
func atgFunctions(t *testing.T, s *sundew) {
	known := 0
	for _, f := range strings.Fields("101 111 112 113 114 201 202 203 204 205 206 207 208 20C 20D 251 301 302 501 503 602 603 604 607 609 621 628 629 902 905 A01") {
		device := "00"
		if f == "503" {
			device = "01"
		}
		display := gauge(t, s, "I"+f+device)
		if !strings.HasPrefix(display, "\x01\r\nI"+f+device+"\r\n") || !strings.HasSuffix(display, "\r\n\x03") {
			t.Errorf("I%s%s: framing of %q", f, device, display)
		}
		computer := gauge(t, s, "i"+f+device)
		end := len(computer) - 5
		if end < 9 || computer[end-2:end] != "&&" {
			t.Errorf("i%s%s: %q", f, device, computer)
			continue
		}
		sum := uint16(0)
		for _, c := range []byte(computer[:end]) {
			sum += uint16(c)
		}
		if want := fmt.Sprintf("%04X", -sum); computer[end:end+4] != want {
			t.Errorf("i%s%s: checksum %s, want %s", f, device, computer[end:end+4], want)
		}
		known++
	}
	if known < 21 {
		t.Errorf("%d inquiries; GasPot 2.2 has 21", known)
	}
	if got := gauge(t, s, "I99900"); got != "\x019999FF1B\x03" {
		t.Errorf("an unknown function is answered with %q", got)
	}
	contains(t, gauge(t, s, "I90200"), "SOFTWARE REVISION LEVEL", "SOFTWARE# 346")
}

// atgRename is the defacement that tank gauges see: it stays, for others too.
func atgRename(t *testing.T, s *sundew) {
	contains(t, gauge(t, s, "S60202WE WERE HERE"), "WE WERE HERE")
	contains(t, gauge(t, s, "I20100"), "  2  WE WERE HERE")
	contains(t, gauge(t, s, "i60202"), "WE WERE HERE")
}

// atgPhysics polls as scanners do that tell real tanks from others.
func atgPhysics(t *testing.T, s *sundew) {
	sums := map[string]int{}
	for range 4 {
		for _, row := range strings.Split(gauge(t, s, "I20100"), "\r\n") {
			if len(row) != 77 || !strings.HasPrefix(row, "  ") {
				continue
			}
			f := strings.Fields(row[25:])
			volume, err1 := strconv.Atoi(f[0])
			ullage, err2 := strconv.Atoi(f[2])
			if err1 != nil || err2 != nil {
				continue // the heading
			}
			if was, seen := sums[row[:3]]; seen && was != volume+ullage {
				t.Errorf("tank%s: volume and ullage add up to %d after %d", row[:3], volume+ullage, was)
			}
			sums[row[:3]] = volume + ullage
		}
		time.Sleep(1100 * time.Millisecond)
	}
	if len(sums) != 4 {
		t.Errorf("%d tanks in the inventory, want 4", len(sums))
	}
}
