//go:build interop

package interop

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const snmpPort = 16100

func TestSNMP(t *testing.T) {
	s := start(t, "default", "--latency", "off") // with limits: the reply budget of one honest client must do
	clients := func() {
		t.Run("snmpget", func(t *testing.T) {
			contains(t, run(t, "snmpget", "-v1", "-c", "public", "-On", s.at(snmpPort), "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.3.0"), ".1.3.6.1.2.1.1.1.0 = STRING:", "Timeticks")
		})
		t.Run("snmpwalk", func(t *testing.T) { snmpWalk(t, s, "snmpwalk") })
		t.Run("snmpbulkwalk", func(t *testing.T) { snmpWalk(t, s, "snmpbulkwalk") })
		t.Run("wrong community", func(t *testing.T) {
			if out, err := try(t, "snmpget", "-v2c", "-c", "nobody", "-t", "1", "-r", "0", s.at(snmpPort), "1.3.6.1.2.1.1.1.0"); err == nil {
				t.Errorf("answered: %s", out)
			}
		})
		t.Run("nmap", func(t *testing.T) {
			contains(t, s.nmap(t, snmpPort, "-sU", "--script", "+snmp-sysdescr,+snmp-interfaces,+snmp-info", "--script-args", "creds.snmp=:public"), "snmp-sysdescr", "snmp-interfaces")
		})
	}
	oracle(t, s, dissection{network: "udp", port: snmpPort, protocol: "snmp", decodeAs: fmt.Sprintf("udp.port==%d,snmp", snmpPort)}, clients)
	ops := s.ops("snmp")
	for _, op := range []string{"get_request", "get_next_request", "get_bulk_request"} {
		if ops[op] == 0 {
			t.Errorf("no %s in the journal: %v", op, ops)
		}
	}
}

// TestSNMPOfACard walks the communications processor that runs alone.
func TestSNMPOfACard(t *testing.T) {
	s := start(t, "s7-300-snmp", "--latency", "off")
	snmpWalk(t, s, "snmpwalk")
	contains(t, run(t, "snmpget", "-v1", "-c", "public", s.at(snmpPort), "1.3.6.1.2.1.1.1.0"), "Siemens, SIMATIC, S7-300")
}

// snmpWalk walks the whole tree and asserts its order and its end.
func snmpWalk(t *testing.T, s *sundew, program string) {
	out := run(t, program, "-v2c", "-c", "public", "-On", "-Cc", s.at(snmpPort), ".1")
	var last []int
	n := 0
	for l := range strings.Lines(out) {
		oid, _, ok := strings.Cut(l, " = ")
		if !ok || !strings.HasPrefix(oid, ".1.") || strings.Contains(l, "No more variables") {
			continue
		}
		var id []int
		for _, p := range strings.Split(oid[1:], ".") {
			k, err := strconv.Atoi(p)
			if err != nil {
				t.Fatalf("%q", oid)
			}
			id = append(id, k)
		}
		if slices.Compare(last, id) >= 0 {
			t.Errorf("%v does not follow %v", id, last)
		}
		last = id
		n++
	}
	if n < 100 {
		t.Errorf("the walk has %d variables", n)
	}
	contains(t, out, "No more variables left in this MIB View")
}
