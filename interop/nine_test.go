//go:build interop

package interop

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// visit is one run of a real client of one service, and what it must print.
type visit struct {
	service string
	command []string
	want    string
}

// nineClients are the clients of the nine services of the default persona.
func nineClients(s *sundew) []visit {
	python := "../.cache/venv/bin/python"
	host := func(port int) string { return s.at(port) }
	return []visit{
		{"http", []string{"curl", "-sS", "--max-time", "5", "http://" + host(8800) + "/values.json"}, "raw.level"},
		{"s7comm", []string{python, "-c", `import sys, snap7
c = snap7.client.Client(); c.connect(sys.argv[1], 0, 2, 10201); print("read", len(c.db_read(1, 0, 8))); c.disconnect()`, s.addr}, "read 8"},
		{"modbus", []string{"mbpoll", "-m", "tcp", "-p", "5020", "-a", "1", "-0", "-1", "-t", "4", "-r", "0", "-c", "4", s.addr}, "[3]:"},
		{"snmp", []string{"snmpget", "-v2c", "-c", "public", host(16100), "1.3.6.1.2.1.1.3.0"}, "Timeticks"},
		{"bacnet", []string{"nmap", "-Pn", "-n", "-sU", "--script-timeout", "20s", "-p", "47808", "--script", "+bacnet-info", s.addr}, "Vendor"},
		{"ipmi", []string{"ipmitool", "-I", "lanplus", "-C", "3", "-H", s.addr, "-p", "6230", "-U", "ADMIN", "-P", "ADMIN", "mc", "info"}, "Device ID"},
		{"ftp", []string{"curl", "-sS", "--max-time", "10", "ftp://" + host(2121) + "/"}, ""},
		{"tftp", []string{"nmap", "-Pn", "-n", "-sU", "--script-timeout", "30s", "-p", "6969", "--script", "+tftp-enum", s.addr}, "6969/udp"},
		{"enip", []string{"nmap", "-Pn", "-n", "--script-timeout", "20s", "-p", "44818", "--script", "+enip-info", s.addr}, "productName"},
	}
}

// TestNineAtOnce has the real client of each of the nine services work at the
// same time for a minute: each of its visits succeeds and is in the journal.
func TestNineAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, "default")
	var wg sync.WaitGroup
	var mu sync.Mutex
	visits := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, v := range nineClients(s) {
		if _, err := exec.LookPath(v.command[0]); err != nil {
			t.Logf("skipped: %s is not installed; run interop/setup", v.command[0])
			continue
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				one, stop := context.WithTimeout(t.Context(), 45*time.Second)
				out, err := exec.CommandContext(one, v.command[0], v.command[1:]...).CombinedOutput()
				stop()
				if err != nil || !strings.Contains(string(out), v.want) {
					t.Errorf("%s: %v\n%s", strings.Join(v.command[:1], " "), err, out)
					return
				}
				time.Sleep(200 * time.Millisecond)
				mu.Lock()
				visits[v.service]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	sessions := map[string]int{}
	for _, e := range s.events() {
		if e.Kind == event.KindOpen {
			sessions[e.Protocol]++
		}
	}
	for service, n := range visits {
		if sessions[service] == 0 {
			t.Errorf("%d visits to %s and no session in the journal", n, service)
		}
	}
	t.Log(fmt.Sprintf("visits %v, sessions %v", visits, sessions))
}
