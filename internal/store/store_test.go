package store

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// plain interprets by our rules, and knows two addresses.
type plain struct{ rules *analysis.Rules }

func (p plain) Versions() string { return "of the test" }

func (p plain) Source(a netip.Addr) analysis.Source {
	switch {
	case a == netip.MustParseAddr("198.51.100.1"):
		return analysis.Source{Country: "NL", ASN: 64500, ASOrg: "Scanner Inc", Scanner: "Scanner", ScannerProof: "confirmed"}
	case a.Is6():
		return analysis.Source{Country: "DE", ASN: 64501, ASOrg: "Six"}
	}
	return analysis.Source{Country: "GB", ASN: 64502, ASOrg: "Net"}
}

func (p plain) Begin(e *event.Event) Interpretation { return p.rules.NewSession(e) }

func interpreter(t testing.TB) plain {
	t.Helper()
	r, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	return plain{r}
}

// made is the beginning of all that the tests' journals hold.
var made = time.Date(2026, 11, 1, 22, 30, 0, 0, time.UTC)

// script writes the lines of a journal: n sessions that overlap, of two
// services, one of them a probe, some without an end.
type script struct {
	lines []string
	at    time.Time
	step  time.Duration // between lines
	seqs  map[string]int
}

func (s *script) add(session, kind, protocol, src, rest string, opened time.Time) {
	seq := s.seqs[session]
	s.seqs[session]++
	s.at = s.at.Add(s.step)
	s.lines = append(s.lines, fmt.Sprintf(`{"v":1,"kind":%q,"ts":%q,"at_us":%d,"seq":%d,"session":%q,"boot":"b1","sensor":"s1","protocol":%q,"transport":"tcp","src":{"ip":%q,"port":40000},"dst":{"ip":"192.0.2.5","port":502}%s}`,
		kind, s.at.Format(time.RFC3339Nano), s.at.Sub(opened).Microseconds(), seq, session, protocol, src, rest))
}

func (s *script) status(boot, what, detail string) {
	s.at = s.at.Add(time.Millisecond)
	seq := s.seqs["boot "+boot]
	s.seqs["boot "+boot]++
	s.lines = append(s.lines, fmt.Sprintf(`{"v":1,"kind":"status","ts":%q,"seq":%d,"boot":%q,"sensor":"s1","what":%q,"detail":%s}`, s.at.Format(time.RFC3339Nano), seq, boot, what, detail))
}

const services = `{"site":{"name":"lab"},"services":[{"persona":"pumping-station","device":"plc","service":"modbus","protocol":"modbus","network":"tcp","addr":"192.0.2.5:502"},{"persona":"pumping-station","device":"hmi","service":"http","protocol":"http","network":"tcp","addr":"192.0.2.5:80"}]}`

func play(n int, seed uint64) *script { return playEvery(37*time.Millisecond, n, seed) }

// playEvery leaves so much time between lines.
func playEvery(step time.Duration, n int, seed uint64) *script {
	r := rand.New(rand.NewPCG(seed, 0))
	s := &script{at: made, step: step, seqs: map[string]int{}}
	s.status("b1", "start", services)
	type visit struct {
		id, protocol, src string
		acts              int
		opened            time.Time
	}
	var open []*visit
	for i := 0; i < n || len(open) > n/50; {
		if i < n && (len(open) < 5 || r.IntN(3) == 0) {
			v := &visit{id: fmt.Sprintf("0199-%06d", i), protocol: []string{"modbus", "http"}[r.IntN(2)], src: fmt.Sprintf("203.0.113.%d", r.IntN(200)), acts: r.IntN(8), opened: s.at.Add(step)}
			switch i {
			case 7:
				v.src = "198.51.100.1"
			case 9:
				v.src = "2001:db8::9"
			case 60, 130, 131, 200: // also of the scanner, where lines are far apart
				if step > time.Second {
					v.src = "198.51.100.1"
				}
			}
			probe := ""
			if i == 5 {
				probe = `,"probe":"n"`
			}
			s.add(v.id, "session.open", v.protocol, v.src, fmt.Sprintf(`,"persona":"pumping-station","device":"plc","build":"x","listener":%q,"octets":"wire"%s`, v.protocol, probe), v.opened)
			open = append(open, v)
			i++
			continue
		}
		j := r.IntN(len(open))
		v := open[j]
		if v.acts > 0 {
			v.acts--
			act := `,"op":"read_holding_registers","class":"read","outcome":"answered","target":{"kind":"register","ref":"0-3"},"request":"000100000006010300000004","response":"00","request_len":12,"response_len":17,"took_us":4,"count":1`
			if v.protocol == "http" {
				act = `,"op":"login","class":"auth","outcome":"refused","cred":{"user":"admin","secret":"x` + fmt.Sprint(r.IntN(3)) + `","method":"form"},"request":"504f5354202f","response":"00","request_len":6,"response_len":20,"took_us":4,"count":1`
			} else if r.IntN(4) == 0 {
				act = `,"op":"write_single_register","class":"write","outcome":"answered","target":{"kind":"register","ref":"3"},"values":["7"],"artifact":{"sha256":"ab","size":3,"name":"f","kind":"test"},"request":"000100000006010600030007","response":"00","request_len":12,"response_len":12,"took_us":4,"count":1`
			}
			s.add(v.id, "act", v.protocol, v.src, act, v.opened)
			continue
		}
		s.add(v.id, "session.close", v.protocol, v.src, `,"start":"2026-11-01T22:30:00Z","end":"2026-11-01T22:30:00Z","duration_us":5,"reason":"visitor","octets_in":24,"octets_out":30,"acts":2`, v.opened)
		open = append(open[:j], open[j+1:]...)
	}
	return s
}

// write puts lines into a journal of several segments.
func write(t testing.TB, dir string, lines []string) *journal.Reader {
	t.Helper()
	j, err := journal.Open(journal.Config{Dir: dir, SegmentBytes: 64 << 10, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- j.Run(ctx) }()
	for _, l := range lines {
		if err := j.Append([]byte(l+"\n"), event.Read); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := journal.OpenRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func open(t testing.TB, file string) *Store {
	t.Helper()
	s, err := Open(t.Context(), file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func follow(t testing.TB, s *Store, r *journal.Reader, by Interpreter) {
	t.Helper()
	if err := s.Follow(t.Context(), by, func(c journal.Cursor) iter.Seq2[journal.Batch, error] {
		return r.Scan(t.Context(), c, journal.Cursor{})
	}, nil); err != nil {
		t.Fatal(err)
	}
}

func project(t testing.TB, s *Store) (map[string]Projection, string) {
	t.Helper()
	var b strings.Builder
	p, err := s.Project(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	return p, b.String()
}

// A store that grew in pieces, opened anew while sessions were under way, and
// that had some lines twice, equals one made at once.
func TestGrownEqualsMadeAnew(t *testing.T) {
	dir, by := t.TempDir(), interpreter(t)
	lines := play(400, 1).lines
	file := filepath.Join(dir, "grown.db")
	for end := 0; end < len(lines); {
		begin := end
		end = min(len(lines), end+len(lines)/7)
		r := write(t, filepath.Join(dir, "journal"), lines[begin:end])
		s := open(t, file)
		follow(t, s, r, by)
		follow(t, s, r, by)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := journal.OpenRead(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	fresh := open(t, filepath.Join(dir, "fresh.db"))
	defer fresh.Close()
	follow(t, fresh, r, by)
	grown := open(t, file)
	defer grown.Close()
	a, textA := project(t, grown)
	b, textB := project(t, fresh)
	if !maps.Equal(a, b) {
		t.Errorf("grown %v\nanew  %v\n%s", a, b, difference(textA, textB))
	}
	for name, p := range a {
		if p.Rows == 0 {
			t.Errorf("%s is empty: nothing was compared", name)
		}
	}
}

func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	slices.Sort(x)
	slices.Sort(y)
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return x[i] + "\n" + y[i]
		}
	}
	return fmt.Sprint(len(x), " and ", len(y), " lines")
}

func filled(t testing.TB, n int) (*Store, *script) {
	t.Helper()
	dir := t.TempDir()
	sc := play(n, 2)
	s := open(t, filepath.Join(dir, "store.db"))
	t.Cleanup(func() { s.Close() })
	follow(t, s, write(t, filepath.Join(dir, "journal"), sc.lines), interpreter(t))
	return s, sc
}

// filledLong is filled over some days.
func filledLong(t testing.TB) (*Store, *script) {
	t.Helper()
	dir := t.TempDir()
	sc := playEvery(4*time.Minute, 300, 2)
	s := open(t, filepath.Join(dir, "store.db"))
	t.Cleanup(func() { s.Close() })
	follow(t, s, write(t, filepath.Join(dir, "journal"), sc.lines), interpreter(t))
	return s, sc
}

// Roll-ups and rows give the same counts, and those that the lines hold.
func TestCounts(t *testing.T) {
	s, sc := filled(t, 300)
	ctx := t.Context()
	want, acts := map[string]int64{}, map[string]int64{}
	for _, l := range sc.lines {
		e, err := event.Parse([]byte(l))
		if err != nil {
			t.Fatal(err)
		}
		if e.Session == "0199-000005" {
			continue // the probe
		}
		switch e.Kind {
		case event.KindOpen:
			want[e.Protocol]++
		case event.KindAct:
			acts[e.Protocol]++
		}
	}
	for name, f := range map[string]Filter{"roll-ups": {}, "rows": {From: made.Add(-time.Second), Severity: -1, Src: netip.MustParsePrefix("::/0")}} {
		got, err := s.Count(ctx, f, ByProtocol, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range got {
			if c.Sessions != want[c.Name] || c.Sources < 20 {
				t.Errorf("%s: %+v, want %d sessions", name, c, want[c.Name])
			}
		}
		if len(got) != 2 {
			t.Errorf("%s: %v", name, got)
		}
	}
	cells, err := s.Classes(ctx, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, c := range cells {
		got[c.Protocol] += c.Acts
	}
	if !maps.Equal(got, acts) {
		t.Errorf("acts %v, want %v", got, acts)
	}
	total, err := s.Totals(ctx, Filter{})
	if err != nil || total.Sessions != want["modbus"]+want["http"] || total.Sources < 100 {
		t.Errorf("%+v, %v", total, err)
	}
}

func TestSessionsByPage(t *testing.T) {
	s, _ := filled(t, 100)
	var ids []string
	after, last := "", time.Now()
	for {
		p, err := s.Sessions(t.Context(), Filter{Protocol: []string{"modbus"}}, 7, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Sessions {
			if v.Opened.After(last) || v.Protocol != "modbus" {
				t.Errorf("%s comes after one of %v", v.ID, last)
			}
			last = v.Opened
			ids = append(ids, v.ID)
		}
		if after = p.Next; after == "" {
			break
		}
	}
	c, err := s.Count(t.Context(), Filter{}, ByProtocol, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range c {
		if v.Name == "modbus" && int64(len(ids)) != v.Sessions {
			t.Errorf("%d sessions on pages, %d in all", len(ids), v.Sessions)
		}
	}
	if _, err := s.Sessions(t.Context(), Filter{}, 7, "rubbish"); err == nil {
		t.Error("rubbish is a page")
	}
	one, err := s.Session(t.Context(), ids[0][:9])
	if err != nil || one.Finding == nil || one.Label == "" {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := s.Session(t.Context(), "zz"); err == nil {
		t.Error("a session that there is not")
	}
}

func TestFilters(t *testing.T) {
	s, _ := filled(t, 200)
	n := func(f Filter) int {
		p, err := s.Sessions(t.Context(), f, 1000, "")
		if err != nil {
			t.Fatal(err)
		}
		return len(p.Sessions)
	}
	if got := n(Filter{Research: "only"}); got != 1 {
		t.Errorf("%d of a known scanner, want 1", got)
	}
	if got := n(Filter{Research: "hide"}); got != 198 { // one is the scanner's, one a probe
		t.Errorf("%d without it", got)
	}
	if got := n(Filter{Country: []string{"DE"}}); got != 1 {
		t.Errorf("%d of DE", got)
	}
	if got := n(Filter{ASN: 64500}); got != 1 {
		t.Errorf("%d of the network", got)
	}
	if a, b := n(Filter{Src: netip.MustParsePrefix("203.0.113.0/25")}), n(Filter{Src: netip.MustParsePrefix("203.0.113.128/25")}); a == 0 || b == 0 || a+b != 197 {
		t.Errorf("%d and %d in the halves of the network", a, b)
	}
	if got := n(Filter{Src: netip.MustParsePrefix("2001:db8::/32")}); got != 1 {
		t.Errorf("%d of IPv6", got)
	}
	if got := n(Filter{Label: []string{analysis.ResearchConfirmed}}); got != 1 {
		t.Errorf("%d confirmed", got)
	}
	if got := n(Filter{From: made.Add(24 * time.Hour)}); got != 0 {
		t.Errorf("%d of tomorrow", got)
	}
}

// A kill leaves sessions and listeners open; the next start ends them.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	sc := play(20, 3)
	last := sc.at
	sc.add("0200-000000", "session.open", "modbus", "203.0.113.5", `,"persona":"pumping-station","device":"plc","build":"x","listener":"modbus","octets":"wire"`, sc.at)
	sc.add("0200-000000", "act", "modbus", "203.0.113.5", `,"op":"read_coils","class":"read","outcome":"answered","request":"00","response":"00","request_len":1,"response_len":1,"took_us":1,"count":1`, last)
	sc.at = sc.at.Add(time.Hour)
	sc.status("b2", "start", services)
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	follow(t, s, write(t, filepath.Join(dir, "journal"), sc.lines), interpreter(t))
	v, err := s.Session(t.Context(), "0200-000000")
	if err != nil || v.Reason != "crash" || v.Closed.IsZero() {
		t.Errorf("%+v, %v", v, err)
	}
	list, err := s.Contacts(t.Context(), Filter{}, sc.at.Add(time.Minute))
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if got := list[1].Listened; got > 3*time.Minute || got < time.Minute {
		t.Errorf("listened for %v; the hour between kill and start is not one of listening", got)
	}
	if list[1].First.IsZero() || list[1].Sessions == 0 {
		t.Errorf("%+v", list[1])
	}
}

func TestThings(t *testing.T) {
	s, _ := filled(t, 200)
	ctx := t.Context()
	creds, err := s.Credentials(ctx, Filter{}, 10)
	if err != nil || len(creds) != 3 || creds[0].User != "admin" || creds[0].Accepted != 0 {
		t.Errorf("%+v, %v", creds, err)
	}
	files, err := s.Files(ctx, Filter{}, 10)
	if err != nil || len(files) != 1 || files[0].Times < 10 {
		t.Errorf("%+v, %v", files, err)
	}
	techs, err := s.Techniques(ctx, Filter{})
	if err != nil || len(techs) < 3 {
		t.Errorf("%+v, %v", techs, err)
	}
	actors, err := s.Actors(ctx, Filter{}, 500)
	if err != nil || len(actors) < 50 || actors[0].Label == "" || actors[0].Severity < actors[len(actors)-1].Severity {
		t.Errorf("%d actors, %v", len(actors), err)
	}
	clusters, err := s.Clusters(ctx, Filter{})
	if err != nil || len(clusters) == 0 {
		t.Errorf("%v, %v", clusters, err)
	}
	for _, c := range clusters {
		if c.Count < len(c.Sources) || len(c.Sources) < 2 || len(c.Keys) == 0 || len(c.Sessions) != min(c.Count, shown) {
			t.Errorf("a cluster of %d sessions, %d named, of %d sources by %q", c.Count, len(c.Sessions), len(c.Sources), c.Keys)
		}
		for _, id := range c.Sessions {
			if v, err := s.Session(ctx, id); err != nil || !slices.Contains(c.Sources, v.Src) || v.Opened.UnixNano() < c.First || v.Opened.UnixNano() > c.Last {
				t.Errorf("session %s of %v is not of the cluster: %v", id, v.Src, err)
			}
		}
	}
	ops, err := s.Operations(ctx, Filter{}, 10)
	if err != nil || len(ops) != 3 {
		t.Errorf("%+v, %v", ops, err)
	}
	nets, err := s.Networks(ctx, Filter{}, 10)
	if err != nil || len(nets) != 3 || nets[0].ASN != 64502 {
		t.Errorf("%+v, %v", nets, err)
	}
	line, err := s.Timeline(ctx, Filter{})
	if err != nil || len(line) < 2 {
		t.Errorf("%+v, %v", line, err)
	}
	for _, by := range []string{ByLabel, ByAutomation, ByCountry, ByScanner, ByTool, ByPrint, ByNetwork, BySensor, ByPersona} {
		if c, err := s.Count(ctx, Filter{}, by, 10); err != nil || len(c) == 0 {
			t.Errorf("by %s: %v, %v", by, c, err)
		}
	}
	if _, err := s.Count(ctx, Filter{}, "src; DROP TABLE sessions", 1); err == nil {
		t.Error("counts by what is no column")
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	release, ok, err := Lock(dir)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, again, err := Lock(dir); again || err != nil {
		t.Errorf("two have the right to write: %v", err)
	}
	release()
	if release, ok, _ := Lock(dir); !ok {
		t.Error("the right does not come back")
	} else {
		release()
	}
}

// BenchmarkIngest tells acts a second, on lines of real length.
func BenchmarkIngest(b *testing.B) {
	dir := b.TempDir()
	sc := play(4000, 4)
	r := write(b, filepath.Join(dir, "journal"), sc.lines)
	by := interpreter(b)
	n := 0
	for b.Loop() {
		file := filepath.Join(dir, fmt.Sprintf("%d.db", n))
		s := open(b, file)
		follow(b, s, r, by)
		s.Close()
		os.Remove(file)
		n++
	}
	b.ReportMetric(float64(n*len(sc.lines))/b.Elapsed().Seconds(), "lines/s")
}
