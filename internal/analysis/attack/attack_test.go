package attack

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

func table(t *testing.T) *Table {
	t.Helper()
	tab, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// Every operation of the table is one that a room records, by its README.
func TestOperationsAreTheRooms(t *testing.T) {
	known := map[string]string{}
	name := regexp.MustCompile("`([a-z0-9_]+)`")
	files, err := filepath.Glob("../../protocol/*/README.md")
	if err != nil || len(files) < 13 {
		t.Fatalf("%d rooms, %v", len(files), err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range name.FindAllStringSubmatch(string(b), -1) {
			known[filepath.Base(filepath.Dir(f))] += " " + m[1] + " "
		}
	}
	for op := range table(t).ops {
		protocol, name, _ := strings.Cut(op, " ")
		room := protocol
		if room == "kamstrup_management" {
			room = "kamstrup"
		}
		if !strings.Contains(known[room], " "+name+" ") {
			t.Errorf("%s has no operation %s", protocol, name)
		}
	}
}

// Every operation by which a visitor learns or changes something either proves a
// technique or is in none.tsv with the reason why not.
func TestEveryOperationIsJudged(t *testing.T) {
	judged := map[string]bool{}
	for op := range table(t).ops {
		judged[op] = true
	}
	b, err := os.ReadFile("testdata/none.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if err := rows(string(b), 3, func(f []string) error {
		if judged[f[0]+" "+f[1]] {
			t.Errorf("%s %s proves something and is in none.tsv", f[0], f[1])
		}
		judged[f[0]+" "+f[1]] = true
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for room, ops := range recorded(t) {
		for _, op := range ops {
			n++
			if !judged[room+" "+op] && !judged[room+"_management "+op] {
				t.Errorf("%s %s: give it a row in operations.tsv or a reason in none.tsv", room, op)
			}
		}
	}
	if n < 250 {
		t.Errorf("%d operations were found in the rooms' READMEs", n)
	}
}

// recorded are the operations of each room, by its README's table, whose class
// says more than that somebody was there.
func recorded(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("../../protocol/*/README.md")
	if err != nil || len(files) < 13 {
		t.Fatalf("%d rooms, %v", len(files), err)
	}
	name, class := regexp.MustCompile("`([a-z0-9_…]+)`"), regexp.MustCompile(`[a-z_]+`)
	telling := "identify enumerate write control mode program_upload program_download file_read file_write auth config firmware restart"
	out := map[string][]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, section, ok := strings.Cut(string(b), "\n## Operations recorded\n")
		if !ok {
			t.Fatalf("%s lists no operations", f)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		room := filepath.Base(filepath.Dir(f))
		for l := range strings.Lines(section) {
			cells := strings.Split(strings.Trim(l, "| \n"), "|")
			tells := len(cells) > 1 && slices.ContainsFunc(class.FindAllString(cells[1], -1), func(w string) bool { return slices.Contains(strings.Fields(telling), w) })
			for _, m := range name.FindAllStringSubmatch(cells[0], -1) {
				if tells || room == "atg" && len(cells) == 1 && strings.HasPrefix(m[1], "set_") {
					out[room] = append(out[room], m[1])
				}
			}
		}
	}
	return out
}

// Each technique has tactics of the matrix and is given by some rule or by a
// session as a whole.
func TestTechniques(t *testing.T) {
	tab := table(t)
	used := map[string]bool{"T0806": true, "T1110": true, "T1694.001": true, "T0859": true, "T0846.001": true, "T0802": true, "T1595.001": true, "T0819": true, "T1694.002": true} // by sessions: analysis
	for _, rules := range tab.ops {
		for _, r := range rules {
			used[r.id] = true
			if r.confidence != "H" && r.confidence != "M" {
				t.Errorf("%s has confidence %q", r.id, r.confidence)
			}
		}
	}
	for _, e := range tab.Entries() {
		if len(e.Tactics) == 0 {
			t.Errorf("%s has no tactic", e.ID)
		}
		for _, tactic := range e.Tactics {
			if !slices.Contains(Tactics(), tactic) {
				t.Errorf("%s: no tactic is called %s", e.ID, tactic)
			}
		}
		if !used[e.ID] {
			t.Errorf("%s is never given", e.ID)
		}
	}
}

func TestAct(t *testing.T) {
	tab := table(t)
	for _, c := range []struct {
		what string
		e    event.Event
		want string
	}{
		{"a coil", event.Event{Protocol: "modbus", Op: "write_single_coil", Class: event.Write}, "T1692.001 T0835"},
		{"an output of S7", event.Event{Protocol: "s7comm", Op: "write_var", Class: event.Write, Target: &event.Target{Kind: "area", Ref: "Q0.0 BIT"}}, "T0835 T1692.001"},
		{"a data block", event.Event{Protocol: "s7comm", Op: "write_var", Class: event.Write, Target: &event.Target{Kind: "db", Ref: "DB1.DBX0.0"}}, "T0836 T1692.001"},
		{"stop", event.Event{Protocol: "s7comm", Op: "plc_stop", Class: event.Mode}, "T0858 T0816"},
		{"identity by SZL", event.Event{Protocol: "s7comm", Op: "read_szl", Class: event.Identify, Target: &event.Target{Kind: "szl", Ref: "0011/0000"}}, "T0888"},
		{"mode by SZL", event.Event{Protocol: "s7comm", Op: "read_szl", Class: event.Read, Target: &event.Target{Kind: "szl", Ref: "0424/0000"}}, "T0868"},
		{"the first block", event.Event{Protocol: "s7comm", Op: "request_download", Class: event.ProgramDownload, Target: &event.Target{Kind: "block", Ref: "OB1"}}, "T0843.001 T0889 T0821"},
		{"another block", event.Event{Protocol: "s7comm", Op: "request_download", Class: event.ProgramDownload, Target: &event.Target{Kind: "block", Ref: "OB10"}}, "T0843.001 T0889"},
		{"all stations", event.Event{Protocol: "iec104", Op: "general_interrogation", Class: event.Enumerate, Request: "680e0000000064010600ffff00000014"}, "T0861 T0801 T0846.002"},
		{"one station", event.Event{Protocol: "iec104", Op: "general_interrogation", Class: event.Enumerate, Request: "680e0000000064010600010000000014"}, "T0861 T0801"},
		{"a relay of DNP3", event.Event{Protocol: "dnp3", Op: "direct_operate", Class: event.Control, Request: "056418c401000100ffffc0c0050c0117"}, "T1692.001 T0848"},
		{"an analog output of DNP3", event.Event{Protocol: "dnp3", Op: "direct_operate", Class: event.Control, Request: "056418c401000100ffffc0c005290117"}, "T1692.001 T0848 T0836"},
		{"stop by UMAS", event.Event{Protocol: "modbus", Op: "unknown_function", Class: event.Other, Request: "0001000000060 05a0141ff00"}, ""},
		{"stop by UMAS, whole", event.Event{Protocol: "modbus", Op: "unknown_function", Class: event.Other, Request: "000100000006005a0141ff00"}, "T0858 T0816 T0881"},
		{"an alarm's limit", event.Event{Protocol: "bacnet", Op: "write_property", Class: event.Write, Target: &event.Target{Kind: "property", Ref: "analog-input,1 high-limit"}}, "T1692.001 T0836 T0838"},
		{"an interface is shut", event.Event{Protocol: "snmp", Op: "set_request", Class: event.Write, Target: &event.Target{Kind: "oid", Ref: "1.3.6.1.2.1.2.2.1.7.2"}}, "T0836 T0814"},
		{"power on", event.Event{Protocol: "ipmi", Op: "chassis_control", Class: event.Control, Target: &event.Target{Kind: "power", Ref: "power_up"}}, ""},
		{"what nobody knows", event.Event{Protocol: "modbus", Op: "unknown_function", Class: event.Other}, ""},
	} {
		var got []string
		for _, x := range tab.Act(&c.e) {
			got = append(got, x.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.what, got, c.want)
		}
	}
	if x := tab.Proven("T1692.001", "H"); x.V18 != "T0855" || x.Domain != "ics" {
		t.Errorf("%+v", x)
	}
}
