package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/demo"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/report/document"
)

// journalOf makes a directory whose journal has the lines that put is given.
func journalOf(t *testing.T, fill func(put func([]byte))) string {
	t.Helper()
	dir := t.TempDir()
	j, err := journal.Open(journal.Config{Dir: filepath.Join(dir, "journal"), MaxBytes: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	fill(func(line []byte) {
		if err := j.Append(line, event.Read); err != nil {
			t.Error(err)
		}
	})
	stop()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hostileVisit is a visitor all of whose words are traps.
func hostileVisit(put func([]byte)) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	service := map[string]any{"persona": "fuel-station", "device": "d", "service": "ftp", "protocol": "ftp", "network": "tcp", "addr": "192.0.2.77:21"}
	put(event.AppendStatus(nil, at.Add(-2*time.Hour), 0, "<b>s1", "b1", event.Status{What: "start", Detail: map[string]any{"services": []any{service}}}))
	put(event.AppendStatus(nil, at.Add(-time.Hour), 1, "<b>s1", "b1", event.Status{What: "drop", Detail: map[string]any{"dropped": map[string]int{"<img src=x>": 3}}}))
	e := event.NewEncoder(event.Envelope{Session: "01a1159c-ccc0-7b70-9e31-df4a716e2d29", Boot: "b1", Sensor: "<b>s1", Protocol: "ftp", Transport: "tcp",
		Src: netip.MustParseAddrPort("198.51.100.9:4711"), Dst: netip.MustParseAddrPort("192.0.2.77:21")})
	put(e.AppendOpen(nil, event.Stamp{Time: at}, event.Open{Persona: "fuel-station", Device: "d", Listener: "ftp", Octets: "wire"}))
	trap := "<script>alert(1)</script>"
	for i, act := range []event.Act{
		{Op: "pass", Class: event.Auth, Outcome: event.Refused, Cred: &event.Cred{User: "=cmd|' /C calc'!A0", Secret: trap, Method: "password"}},
		{Op: "pass", Class: event.Auth, Outcome: event.Refused, Cred: &event.Cred{User: "\"><svg onload=alert(1)>", Secret: "\u202egnp.exe\x1b[2J", Method: "password"}},
		{Op: "stor", Class: event.FileWrite, Target: event.Target{Kind: event.TargetFile, Ref: trap}, Values: []string{"@SUM(1)"},
			Artifact: &event.Artifact{SHA256: strings.Repeat("ab", 32), Size: 3, Name: "+" + trap, Kind: "ftp-upload"}},
	} {
		when := time.Duration(i+1) * time.Second
		put(e.AppendAct(nil, event.Stamp{Time: at.Add(when), At: when, Seq: i + 1}, &act, event.Octets{Kept: []byte("x"), Len: 1}, event.Octets{}, 0))
	}
	put(e.AppendClose(nil, event.Stamp{Time: at.Add(5 * time.Second), At: 5 * time.Second, Seq: 4}, event.Close{Start: at, End: at.Add(5 * time.Second), DurationUS: 5e6, Reason: "visitor", Acts: 3}))
	put(event.AppendStatus(nil, at.Add(time.Hour), 2, "<b>s1", "b1", event.Status{What: "stop"}))
}

// What visitors say does nothing in a report: not on the page, not in a figure,
// not in a spreadsheet. The sensor's own address is nowhere.
func TestReportIsInert(t *testing.T) {
	dir := journalOf(t, hostileVisit)
	out := filepath.Join(t.TempDir(), "report")
	sundew(t, "report", "--data", dir, "-o", out, "--title", "<i>T & T")
	files := checkManifest(t, out)
	page := string(files["report.html"])
	for _, bad := range []string{"<script", "<img", "onload=alert", "<i>", "<b>s1", "\u202e", "\x1b"} {
		if i := strings.Index(page, bad); i >= 0 && !strings.Contains(page[max(0, i-40):i], "&lt;") {
			t.Errorf("%q is live: …%s…", bad, page[max(0, i-60):min(len(page), i+60)])
		}
	}
	for _, want := range []string{"default-src &#39;none&#39;; style-src &#39;sha256-", "&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;i&gt;T &amp; T", "\\u202Egnp.exe"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	for _, tag := range regexp.MustCompile(`<[^>]+>`).FindAllString(page, -1) {
		if m := regexp.MustCompile(`(?i)^<(img|iframe|object|embed|link|form|script|base)|\s(src|style|on[a-z]+)=`).FindString(tag); m != "" {
			t.Errorf("the page has %s", tag)
		}
	}
	guarded := 0
	for name, b := range files {
		if strings.Contains(string(b), "192.0.2.77") {
			t.Errorf("%s names the sensor's address", name)
		}
		if !strings.HasSuffix(name, ".csv") {
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, r := range rows {
			for _, c := range r {
				if c != "" && strings.ContainsRune("=+@", rune(c[0])) {
					t.Errorf("%s has a formula %q", name, c)
				}
				if strings.HasPrefix(c, "'=") || strings.HasPrefix(c, "'@") || strings.HasPrefix(c, "'+") {
					guarded++
				}
			}
		}
	}
	if guarded < 3 {
		t.Errorf("%d guarded cells: the traps are not in the tables", guarded)
	}
	var b bytes.Buffer
	if code := execute(t.Context(), []string{"report", "--data", dir, "-o", out}, &terminal{program: "sundew", out: &b, err: &b}); code != 1 || !strings.Contains(b.String(), "not empty") {
		t.Errorf("into a full directory: %d, %s", code, b.String())
	}
}

// checkManifest reads a report's files and compares them with its manifest.
func checkManifest(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "MANIFEST.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m document.Manifest
	decode(t, b, &m)
	files := map[string][]byte{}
	for _, f := range m.Files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(b)) != f.Octets {
			t.Errorf("%s is not what the manifest says", f.Name)
		}
		switch filepath.Ext(f.Name) {
		case ".gz":
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if b, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		case ".svg":
			if err := xml.Unmarshal(b, new(struct{})); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
		files[f.Name] = b
	}
	found := 0
	if err := filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if found != len(m.Files)+1 {
		t.Errorf("%d files, the manifest has %d", found, len(m.Files))
	}
	return files
}

// A report of the demo says what was planted, and that it is synthetic.
func TestReportOfDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	sundew(t, "demo", "-o", dir, "--days", "8")
	out := filepath.Join(t.TempDir(), "report")
	text := sundew(t, "report", "--data", dir, "-o", out)
	var planted demo.Planted
	b, err := os.ReadFile(filepath.Join(dir, "planted.json"))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, b, &planted)
	files := checkManifest(t, out)
	page := string(files["report.html"])
	for _, want := range []string{"SYNTHETIC", "3 sensors with 4 personas", count(planted.Sessions) + " sessions", count(planted.Sources) + " sources", count(planted.Acts) + " acts", "by what they share", "stands out"} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary has no %q: %s", want, text)
		}
	}
	for _, want := range []string{"Synthetic data.", "Figure 19.", "Comparison by sensor", "did not listen from", "clock stepped", "lost lines", "203.0.113.41", "T0801", "WE_R_HERE"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	sessions := 0
	for l := range bytes.Lines(files["data/sessions.jsonl.gz"]) {
		if sessions++; !json.Valid(l) {
			t.Fatalf("no JSON: %s", l)
		}
	}
	if sessions != planted.Sessions {
		t.Errorf("%d sessions in the data, %d planted", sessions, planted.Sessions)
	}
	if n := total(t, files, "sessions-by-day", ""); n != planted.Sessions {
		t.Errorf("%d sessions by day, %d planted", n, planted.Sessions)
	}
	if n := total(t, files, "week", ""); n != planted.Sessions {
		t.Errorf("%d sessions in the week, %d planted", n, planted.Sessions)
	}
	last := planted.Until.AddDate(0, 0, -1).Format(time.DateOnly)
	if n := total(t, files, "sources", last); n != planted.Sources {
		t.Errorf("%d sources on the last day, %d planted", n, planted.Sources)
	}
	again := filepath.Join(t.TempDir(), "report")
	sundew(t, "report", "--data", dir, "-o", again, "--research", "hide", "--protocol", "s7comm")
	if page := string(checkManifest(t, again)["report.html"]); !strings.Contains(page, "<code>--protocol s7comm</code>") || strings.Contains(page, "known research scanners made") {
		t.Error("the question is not on the page")
	}
}

// total sums the third column of a figure's numbers, of rows that begin with a text.
func total(t *testing.T, files map[string][]byte, figure, begins string) (sum int) {
	t.Helper()
	for name, b := range files {
		if ok, _ := filepath.Match("tables/figure-??-"+figure+".csv", name); !ok {
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows[1:] {
			if strings.HasPrefix(r[0], begins) {
				n, err := strconv.Atoi(r[2])
				if err != nil {
					t.Fatal(err)
				}
				sum += n
			}
		}
		return sum
	}
	t.Errorf("no figure %s", figure)
	return 0
}

func count(n int) string {
	s := strconv.Itoa(n)
	if len(s) > 3 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return s
}

// Without visitors a report says so.
func TestReportOfNothing(t *testing.T) {
	dir := journalOf(t, func(put func([]byte)) {
		at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		put(event.AppendStatus(nil, at, 0, "s1", "b1", event.Status{What: "start", Detail: map[string]any{"services": []any{map[string]any{"persona": "p", "device": "d", "service": "modbus", "protocol": "modbus", "network": "tcp", "addr": "192.0.2.77:502"}}}}))
		put(event.AppendStatus(nil, at.Add(time.Hour), 1, "s1", "b1", event.Status{What: "stop"}))
	})
	out := filepath.Join(t.TempDir(), "report")
	if text := sundew(t, "report", "--data", dir, "-o", out); !strings.Contains(text, "Nobody came") || !strings.Contains(text, "1 sensor with 1 persona") {
		t.Error(text)
	}
	checkManifest(t, out)
}
