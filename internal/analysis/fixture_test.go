package analysis

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

// fixture is a recorded session with what whoever made it meant it to be.
type fixture struct {
	name, label, pace, made string
	source                  Source
	events                  []event.Event
}

// fixtures reads a set: set.tsv says what is expected, set.jsonl what was recorded
// (interop/fixtures/README.md).
func fixtures(t testing.TB, set string) []*fixture {
	t.Helper()
	table, err := os.ReadFile("testdata/" + set + ".tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []*fixture
	by := map[string]*fixture{}
	for l := range strings.Lines(string(table)) {
		if l[0] == '#' {
			continue
		}
		f := strings.Split(strings.TrimRight(l, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("%s.tsv: %q", set, l)
		}
		x := &fixture{name: f[0], label: f[1], pace: f[2], made: f[4]}
		if name, proof, ok := strings.Cut(f[3], "/"); ok {
			x.source = Source{Scanner: name, ScannerProof: proof}
		}
		by[x.name] = x
		out = append(out, x)
	}
	lines, err := os.Open("testdata/" + set + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	for s := bufio.NewScanner(lines); s.Scan(); {
		e, err := event.Parse(s.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		by[e.Session].events = append(by[e.Session].events, e)
	}
	return out
}

func (x *fixture) finding(r *Rules) Finding {
	s := r.NewSession(&x.events[0])
	for i := range x.events {
		if e := &x.events[i]; e.Kind == event.KindAct {
			s.Add(e)
		}
	}
	return s.Finding(x.source)
}

// The rules are tuned on the one set and judged by the other: nine of ten labels,
// and nine of ten paces, of sessions that no threshold was made for.
func TestFixtures(t *testing.T) {
	r := rules(t)
	for _, set := range []string{"tuning", "check"} {
		t.Run(set, func(t *testing.T) {
			all := fixtures(t, set)
			if len(all) < 60 {
				t.Fatalf("%d sessions; a set has 60 or more", len(all))
			}
			labels, paces := confusion{}, confusion{}
			for _, x := range all {
				f := x.finding(r)
				labels.add(x.label, f.Label)
				paces.add(x.pace, f.Automation)
				if f.Label != x.label {
					t.Logf("label: %s is %s, meant as %s (score %.2f): %+v", x.name, f.Label, x.label, f.Score, f.Evidence)
				}
				if f.Automation != x.pace {
					t.Logf("pace: %s is %s, meant as %s: %+v", x.name, f.Automation, x.pace, f.Timing)
				}
			}
			for _, c := range []struct {
				what   string
				got    confusion
				values []string
			}{{"label", labels, Labels()}, {"pace", paces, Automations()}} {
				right := c.got.right()
				t.Logf("%s: %d of %d, %.1f %%\n%s", c.what, right, len(all), 100*float64(right)/float64(len(all)), c.got.table(c.values))
				for _, v := range c.values {
					if len(c.got[v]) == 0 {
						t.Errorf("no session is meant as %s", v)
					}
				}
				if 10*right < 9*len(all) {
					t.Errorf("fewer than nine in ten of the %s are right", c.what)
				}
			}
		})
	}
}

// confusion counts what was found by what was meant.
type confusion map[string]map[string]int

func (c confusion) add(meant, found string) {
	if c[meant] == nil {
		c[meant] = map[string]int{}
	}
	c[meant][found]++
}

func (c confusion) right() (n int) {
	for meant, found := range c {
		n += found[meant]
	}
	return n
}

// table has a line for each value that was meant, with what was found instead.
func (c confusion) table(values []string) string {
	var b strings.Builder
	for _, meant := range values {
		total := 0
		var wrong []string
		for found, n := range c[meant] {
			total += n
			if found != meant {
				wrong = append(wrong, fmt.Sprintf("%d %s", n, found))
			}
		}
		slices.Sort(wrong)
		fmt.Fprintf(&b, "  %-22s %2d of %2d   %s\n", meant, c[meant][meant], total, strings.Join(wrong, ", "))
	}
	return b.String()
}
