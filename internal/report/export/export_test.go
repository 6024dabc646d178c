package export

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"iter"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/report/export/pcapng"
	"github.com/sundew-ics/sundew/internal/store"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

// known interprets the fixture: sessions that real tools had with a sensor, their
// addresses changed to those for documentation. One source is a known scanner.
type known struct{ rules *analysis.Rules }

func (known) Versions() string { return "of the test" }

func (known) Source(a netip.Addr) analysis.Source {
	switch {
	case a == netip.MustParseAddr("198.51.100.200"):
		return analysis.Source{Country: "US", ASN: 64500, ASOrg: "Example Research", NetType: "hosting", Scanner: "Example Research", ScannerProof: "confirmed"}
	case a.Is6():
		return analysis.Source{Country: "DE", ASN: 64501, ASOrg: "Six, Inc."}
	}
	return analysis.Source{Country: "NL", ASN: 64502, ASOrg: "=Net"}
}

func (k known) Begin(e *event.Event) store.Interpretation { return k.rules.NewSession(e) }

// fixture is a job over the lines of testdata/journal.jsonl.
func fixture(t testing.TB) *Job {
	t.Helper()
	text, err := os.ReadFile("testdata/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSpace(text), []byte("\n"))
	return jobOf(t, func(context.Context, string, journal.Cursor) iter.Seq2[journal.Batch, error] {
		return func(yield func(journal.Batch, error) bool) {
			yield(journal.Batch{Next: journal.Cursor{Segment: 1, Offset: int64(len(text))}, Lines: lines}, nil)
		}
	})
}

func jobOf(t testing.TB, read Reader) *Job {
	t.Helper()
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	w, err := s.Writer(t.Context(), known{rules})
	if err != nil {
		t.Fatal(err)
	}
	from := func(c journal.Cursor) iter.Seq2[journal.Batch, error] { return read(t.Context(), "", c) }
	if err := errors.Join(w.Follow(t.Context(), store.Lines{Read: from}, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	return &Job{Store: s, Rules: rules, Read: read}
}

// golden compares with a file of testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; look at it with -update and git diff", name)
	}
}

// at are the options of all golden files.
var at = IntelOptions{TLP: "green", Identity: "Test", Limit: 100, Made: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)}

// salted is an anonymiser whose hashes are always the same.
func salted() *Anonymiser {
	a := NewAnonymiser()
	a.salt = []byte("of the test")
	return a
}

// Every format of the fixture, as recorded and anonymised.
func TestGolden(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name  string
		write func(j *Job, w *bytes.Buffer) error
	}{
		{"sessions.csv", func(j *Job, w *bytes.Buffer) error { return j.CSV(ctx, w, Sessions, true) }},
		{"acts.csv", func(j *Job, w *bytes.Buffer) error { return j.CSV(ctx, w, Acts, true) }},
		{"credentials.csv", func(j *Job, w *bytes.Buffer) error { return j.CSV(ctx, w, Credentials, true) }},
		{"artifacts.csv", func(j *Job, w *bytes.Buffer) error { return j.CSV(ctx, w, Artifacts, true) }},
		{"shadowserver.csv", func(j *Job, w *bytes.Buffer) error { return j.Shadowserver(ctx, w, true) }},
		{"enriched.jsonl", func(j *Job, w *bytes.Buffer) error { return j.JSONL(ctx, w, true) }},
		{"ecs.jsonl", func(j *Job, w *bytes.Buffer) error { return j.ECS(ctx, w) }},
		{"layer.json", func(j *Job, w *bytes.Buffer) error { return j.Layer(ctx, w, LayerOptions{Domain: "ics"}) }},
		{"ioc.txt", func(j *Job, w *bytes.Buffer) error { return j.Indicators(ctx, w, Lists()) }},
		{"stix.json", func(j *Job, w *bytes.Buffer) error { _, err := j.STIX(ctx, w, at); return err }},
		{"misp.json", func(j *Job, w *bytes.Buffer) error { _, err := j.MISP(ctx, w, at); return err }},
		{"sessions.pcapng", func(j *Job, w *bytes.Buffer) error {
			return j.Packets(ctx, w, pcapng.Options{Application: "Sundew"})
		}},
	} {
		for _, anonymous := range []bool{false, true} {
			name := c.name
			j := fixture(t)
			if anonymous {
				name = "anonymous-" + name
				j.Anon = salted()
			}
			t.Run(name, func(t *testing.T) {
				var b bytes.Buffer
				if err := c.write(j, &b); err != nil {
					t.Fatal(err)
				}
				golden(t, name, b.Bytes())
				if anonymous {
					betrays(t, b.String())
				}
			})
		}
	}
}

// betrays asserts that nothing is left of what anonymised exports leave out.
func betrays(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		"198.51.100.7", "198.51.100.200", "203.0.113.8", "2001:db8:5::7", // visitors
		"192.0.2.5", "2001:db8::5", // the sensor
		"hunter2", "68756e74657232", // a password, as text and in hex
		"calc", "63616c63", // what a visitor sent
	} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is in it: …%s…", secret, text[max(0, i-60):min(len(text), i+60)])
		}
	}
	for _, ip := range []string{"198.51.100.7", "203.0.113.81", "192.0.2.5"} {
		if strings.Contains(text, string(netip.MustParseAddr(ip).AsSlice())) {
			t.Errorf("the octets of %s are in it", ip)
		}
	}
}

// A request may name the address that it is sent to.
func TestSensorIsNotNamed(t *testing.T) {
	a := salted()
	for ref, want := range map[string]string{
		"http://192.0.2.5/a?b=192.0.2.5": "http://sensor/a?b=sensor", "192.0.2.5:443": "sensor:443", "/plain": "/plain", "http://198.51.100.200:80/": "http://198.51.100.200:80/",
	} {
		e := event.Event{Src: &event.Endpoint{IP: netip.MustParseAddr("198.51.100.7")}, Dst: &event.Endpoint{IP: netip.MustParseAddr("192.0.2.5"), Port: 80}, Target: &event.Target{Kind: event.TargetPath, Ref: ref}}
		if a.Event(&e); e.Target.Ref != want {
			t.Errorf("%s becomes %s, want %s", ref, e.Target.Ref, want)
		}
	}
}

func TestGuard(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "  =1": "'  =1", "\n=1": "'\n=1", "a=1": "a=1", "a\tb": "a\tb",
		"＝1+1": "'＝1+1", " ＋1": "' ＋1", "－1": "'－1", "＠A1": "'＠A1", "\xff": "\xff", "  ": "  ",
	} {
		if got := Guard(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

// What is written is read back by the library's own reader; another's is asked
// in interop.
func TestParquet(t *testing.T) {
	j := fixture(t)
	var sessions, acts bytes.Buffer
	if err := j.Parquet(t.Context(), &sessions, Sessions); err != nil {
		t.Fatal(err)
	}
	if err := j.Parquet(t.Context(), &acts, Acts); err != nil {
		t.Fatal(err)
	}
	ss, err := parquet.Read[sessionRow](bytes.NewReader(sessions.Bytes()), int64(sessions.Len()))
	if err != nil {
		t.Fatal(err)
	}
	as, err := parquet.Read[actRow](bytes.NewReader(acts.Bytes()), int64(acts.Len()))
	if err != nil {
		t.Fatal(err)
	}
	total, open := 0, 0
	for _, s := range ss {
		total += int(s.Acts)
		if s.Closed == nil {
			open++
		}
	}
	if len(ss) != 14 || open != 1 || len(as) == 0 {
		t.Errorf("%d sessions, %d open, %d acts (sessions say %d)", len(ss), open, len(as), total)
	}
	if at := time.UnixMicro(ss[0].Opened).UTC(); at.Year() != 2026 || ss[0].Src != "198.51.100.7" || ss[0].Protocol != "modbus" {
		t.Errorf("the first is %+v at %v", ss[0], at)
	}
	if err := j.Parquet(t.Context(), &acts, Credentials); err == nil {
		t.Error("a table that is none was written")
	}
}

// A filter that takes nothing is said, not written as an empty file of events.
func TestNothing(t *testing.T) {
	j := fixture(t)
	j.Filter.Protocol = []string{"kamstrup"}
	for name, err := range map[string]error{
		"jsonl":  j.JSONL(t.Context(), &bytes.Buffer{}, false),
		"pcapng": j.Packets(t.Context(), &bytes.Buffer{}, pcapng.Options{}),
	} {
		if err != ErrNone {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := j.STIX(t.Context(), &bytes.Buffer{}, at); err != ErrNone {
		t.Errorf("stix: %v", err)
	}
	if err := j.CSV(t.Context(), &bytes.Buffer{}, "visitors", true); err == nil {
		t.Error("a table that is none was written")
	}
}

// Plain JSON Lines are the journal's own octets.
func TestJSONLIsTheJournal(t *testing.T) {
	j := fixture(t)
	j.Filter.Protocol = []string{"modbus"}
	var b bytes.Buffer
	if err := j.JSONL(t.Context(), &b, false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for l := range strings.Lines(b.String()) {
		if n++; !strings.Contains(string(text), l) {
			t.Errorf("not of the journal: %s", l)
		}
	}
	if n != 6 {
		t.Errorf("%d lines", n)
	}
}

// Sessions of imported journals are read from theirs.
func TestOrigins(t *testing.T) {
	text, err := os.ReadFile("testdata/journal.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][][]byte{}
	for l := range bytes.Lines(text) {
		origin := ""
		if bytes.Contains(l, []byte(`"protocol":"ftp"`)) {
			origin = "far"
		}
		parts[origin] = append(parts[origin], bytes.Clone(l))
	}
	asked := map[string]int{}
	read := func(_ context.Context, origin string, _ journal.Cursor) iter.Seq2[journal.Batch, error] {
		return func(yield func(journal.Batch, error) bool) {
			asked[origin]++
			yield(journal.Batch{Next: journal.Cursor{Segment: 1, Offset: 1 << 20}, Lines: parts[origin]}, nil)
		}
	}
	j := jobOf(t, read)
	w, err := j.Store.Writer(t.Context(), known{j.Rules})
	if err != nil {
		t.Fatal(err)
	}
	far := store.Lines{Origin: "far", Read: func(c journal.Cursor) iter.Seq2[journal.Batch, error] { return read(t.Context(), "far", c) }}
	if err := errors.Join(w.Follow(t.Context(), far, nil), w.Close()); err != nil {
		t.Fatal(err)
	}
	clear(asked)
	var b bytes.Buffer
	if err := j.JSONL(t.Context(), &b, false); err != nil {
		t.Fatal(err)
	}
	if got, want := bytes.Count(b.Bytes(), []byte("\n")), bytes.Count(text, []byte("\n")); got != want || asked[""] != 1 || asked["far"] != 1 {
		t.Errorf("%d lines of %d, read %v", got, want, asked)
	}
	clear(asked)
	j.Filter.Origin = []string{"far"}
	if err := j.JSONL(t.Context(), &b, false); err != nil || asked[""] != 0 {
		t.Errorf("%v, read %v", err, asked)
	}
}

func TestHostless(t *testing.T) {
	for ref, want := range map[string]string{
		"/a?b=c": "/a?b=c", "http://192.0.2.5/a": "http://host/a", "http://192.0.2.5": "http://host", "/go?to=http://192.0.2.5:80/x": "/go?to=http://host/x",
		"a://b c://d/e": "a://host c://host/e", "": "", "://": "://host",
	} {
		if got := hostless(ref); got != want {
			t.Errorf("%q: %q, want %q", ref, got, want)
		}
	}
}
