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

// Each technique has tactics of the matrix and is given by some rule or by a
// session as a whole.
func TestTechniques(t *testing.T) {
	tab := table(t)
	used := map[string]bool{"T0806": true, "T1110": true, "T1694.001": true, "T0859": true, "T0846.001": true, "T0802": true, "T1595.001": true} // by sessions: analysis
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
