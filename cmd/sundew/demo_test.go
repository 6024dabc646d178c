package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/demo"
	"github.com/sundew-ics/sundew/internal/report"
	"github.com/sundew-ics/sundew/internal/store"
)

// sundew runs one command line and returns what it prints.
func sundew(t *testing.T, args ...string) string {
	t.Helper()
	var out, err bytes.Buffer
	if code := execute(t.Context(), args, &terminal{program: "sundew", out: &out, err: &err}); code != 0 {
		t.Fatalf("sundew %v: exit code %d: %s", args, code, err.String())
	}
	return out.String()
}

// The same seed makes the same octets, another one others.
func TestDemoIsTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	dir := t.TempDir()
	read := func(name string, args ...string) map[string][]byte {
		out := filepath.Join(dir, name)
		sundew(t, append([]string{"demo", "-o", out, "--days", "5", "--scale", "2"}, args...)...)
		files := map[string][]byte{}
		all, err := filepath.Glob(filepath.Join(out, "journal", "0*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range append(all, filepath.Join(out, "planted.json"), filepath.Join(out, "networks.tsv")) {
			if files[filepath.Base(f)], err = os.ReadFile(f); err != nil {
				t.Fatal(err)
			}
		}
		return files
	}
	first, second, other := read("a"), read("b"), read("c", "--seed", "8")
	if len(first) < 4 {
		t.Errorf("%d files: one segment shows no rotation", len(first))
	}
	for name, b := range first {
		if !bytes.Equal(b, second[name]) {
			t.Errorf("%s differs", name)
		}
	}
	if bytes.Equal(first["planted.json"], other["planted.json"]) {
		t.Error("another seed makes the same")
	}
}

// What is planted is found: the five answers of a month.
func TestDemoAnswers(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a store of 29,000 sessions")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	sundew(t, "demo", "-o", dir)
	var planted demo.Planted
	b, err := os.ReadFile(filepath.Join(dir, "planted.json"))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, b, &planted)
	// Countries of research scanners come from data that a build may not have.
	var all, others report.Stats
	decode(t, []byte(sundew(t, "stats", "--data", dir, "--json")), &all)
	decode(t, []byte(sundew(t, "stats", "--data", dir, "--json", "--research", "hide")), &others)

	if int64(planted.Sessions) != all.Totals.Sessions || int64(planted.Sources) != all.Totals.Sources {
		t.Errorf("%d sessions of %d sources, planted %d of %d", all.Totals.Sessions, all.Totals.Sources, planted.Sessions, planted.Sources)
	}
	for i, n := range planted.Hours {
		if all.Hours[i] != int64(n) {
			t.Errorf("hour %d: %d acts, planted %d", i, all.Hours[i], n)
		}
	}
	for i, n := range planted.Weekdays {
		if all.Weekdays[i] != int64(n) {
			t.Errorf("weekday %d: %d acts, planted %d", i, all.Weekdays[i], n)
		}
	}
	same(t, "automation", planted.Automations, counts(all.Automations))
	same(t, "scanner", planted.Scanners, counts(all.Scanners))
	same(t, "country", planted.Countries, counts(others.Countries))
	same(t, "label", planted.Labels, counts(all.Labels))
	same(t, "tool", planted.Tools, tools(t, dir))
	protocols, techniques, acts := map[string]int{}, map[string]int{}, 0
	for _, p := range all.Protocols {
		acts += int(p.Acts)
		protocols[p.Name] = int(p.Sessions)
	}
	for _, x := range all.Techniques {
		techniques[x.ID] = int(x.Sessions)
	}
	if acts != planted.Acts {
		t.Errorf("%d acts by protocol, planted %d", acts, planted.Acts)
	}
	same(t, "protocol", planted.Protocols, protocols)
	same(t, "technique", planted.Techniques, techniques)
	checkActors(t, dir, &planted, &all)
	checkContacts(t, &planted, all.Contacts)
}

// tools counts sessions by tool, all of them.
func tools(t *testing.T, dir string) map[string]int {
	t.Helper()
	s, err := store.OpenRead(filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Count(t.Context(), store.Filter{}, store.ByTool, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return counts(list)
}

func checkActors(t *testing.T, dir string, planted *demo.Planted, all *report.Stats) {
	t.Helper()
	var found [][]netip.Addr
	for _, c := range all.Clusters {
		found = append(found, c.Sources)
	}
	if !slices.EqualFunc(found, planted.Clusters, slices.Equal) {
		t.Errorf("clusters %v, planted %v", found, planted.Clusters)
	}
	if len(planted.Actors) < 10 {
		t.Errorf("%d planted actors", len(planted.Actors))
	}
	var list []store.Actor
	decode(t, []byte(sundew(t, "actors", "--data", dir, "--json", "--limit", "100000")), &list)
	for _, p := range planted.Actors {
		i := slices.IndexFunc(list, func(a store.Actor) bool { return a.Src == p.Src })
		if i < 0 {
			t.Errorf("%s (%s) is not there", p.Name, p.Src)
			continue
		}
		if a := list[i]; a.Label != p.Label || a.Country != p.Country || int(a.Sessions) != p.Sessions {
			t.Errorf("%s (%s) is %s of %q with %d sessions, planted %s of %s with %d", p.Name, p.Src, a.Label, a.Country, a.Sessions, p.Label, p.Country, p.Sessions)
		}
	}
}

// checkContacts compares when services were found, and how long they listened.
func checkContacts(t *testing.T, planted *demo.Planted, contacts []store.Contact) {
	t.Helper()
	for _, p := range planted.Services {
		i := slices.IndexFunc(contacts, func(c store.Contact) bool {
			return c.Sensor == p.Sensor && c.Persona == p.Persona && c.Device == p.Device && c.Service == p.Service
		})
		if i < 0 {
			t.Errorf("%+v is not there", p)
			continue
		}
		c := contacts[i]
		if !c.First.Equal(p.First) || !c.Scanner.Equal(p.FirstScanner) || c.Who != p.Scanner || int(c.Sessions) != p.Sessions {
			t.Errorf("%+v, planted %+v", c, p)
		}
		for _, l := range planted.Listening {
			if l.Sensor == c.Sensor && (c.Listened-time.Duration(l.Known*float64(time.Hour))).Abs() > time.Microsecond {
				t.Errorf("%s listened %v, planted %v h", c.Service, c.Listened, l.Known)
			}
		}
	}
}

func decode(t *testing.T, b []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func counts(list []store.Count) map[string]int {
	out := map[string]int{}
	for _, c := range list {
		if c.Name != "" {
			out[c.Name] = int(c.Sessions)
		}
	}
	return out
}

// same compares two counts.
func same(t *testing.T, what string, planted, found map[string]int) {
	t.Helper()
	names := map[string]bool{}
	for n := range planted {
		names[n] = true
	}
	for n := range found {
		names[n] = true
	}
	for n := range names {
		if found[n] != planted[n] {
			t.Errorf("%s %s: %d, planted %d", what, n, found[n], planted[n])
		}
	}
}
