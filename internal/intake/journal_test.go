package intake

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// visits writes acts of some sources to a sensor's journal and closes its segment
// if that is asked for.
func visits(t *testing.T, data, sensor string, closed bool, sources ...string) {
	t.Helper()
	j, err := journal.Open(journal.Config{Dir: filepath.Join(data, "journal")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := j.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for i, src := range sources {
		enc := event.NewEncoder(event.Envelope{Session: fmt.Sprintf("%s-%s-%d", sensor, src, i), Boot: "b-" + sensor, Sensor: sensor, Protocol: "modbus", Transport: "tcp",
			Src: netip.AddrPortFrom(netip.MustParseAddr(src), 4000), Dst: netip.MustParseAddrPort("192.0.2.5:502")})
		if err := j.Append(enc.AppendAct(nil, event.Stamp{Time: time.Now(), Seq: 1}, &event.Act{Op: "read", Class: event.Read}, event.Octets{}, event.Octets{}, 0), event.Read); err != nil {
			t.Fatal(err)
		}
	}
	if closed {
		if err := j.Rotate(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) { // until it is packed
			if plain, _ := filepath.Glob(filepath.Join(data, "journal", "0*.jsonl")); len(plain) == 1 { // the active one
				break
			}
			if time.Now().After(end) {
				t.Fatal("the segment is not packed")
			}
		}
	}
	stop()
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, path, data, name string) (Result, error) {
	t.Helper()
	return ImportJournal(t.Context(), Config{Path: path, Data: data, Name: name}, time.Now())
}

func sources(t *testing.T, dir string) string {
	t.Helper()
	var out []string
	for _, e := range events(t, dir) {
		if e.Src != nil {
			out = append(out, e.Src.IP.String())
		} else {
			out = append(out, e.What)
		}
	}
	return strings.Join(out, " ")
}

func TestJournalGrows(t *testing.T) {
	far, data := t.TempDir(), t.TempDir()
	visits(t, far, "lon-1", false, "198.51.100.1", "198.51.100.2")
	if r, err := take(t, far, data, ""); err != nil || r.Name != "lon-1" || r.Lines != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	here := filepath.Join(data, "imported", "lon-1")
	visits(t, far, "lon-1", true, "198.51.100.3")
	visits(t, far, "lon-1", false, "198.51.100.4")
	for i := range 2 {
		r, err := take(t, filepath.Join(far, "journal"), data, "")
		if err != nil || (r.Segments == 0) != (i == 1) {
			t.Fatalf("time %d: %+v, %v", i, r, err)
		}
		if got := sources(t, here); got != "198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4" {
			t.Errorf("time %d: %s", i, got)
		}
	}
	list, err := List(data)
	if err != nil || len(list) != 1 || list[0].Sensors[0] != "lon-1" {
		t.Errorf("%+v, %v", list, err)
	}
	// A backup of it is the same journal, however old.
	path, _, err := backup.Create(t.Context(), backup.Config{Data: far, Dir: t.TempDir(), Build: "test"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	visits(t, far, "lon-1", false, "198.51.100.5")
	if _, err := take(t, far, data, "lon-1"); err != nil {
		t.Fatal(err)
	}
	if r, err := take(t, path, data, "lon-1"); err != nil || r.Segments != 0 || !strings.HasSuffix(sources(t, here), "100.5") {
		t.Errorf("an older backup: %+v, %v, %s", r, err, sources(t, here))
	}
}

func TestJournalsAreNotMixed(t *testing.T) {
	a, b, data := t.TempDir(), t.TempDir(), t.TempDir()
	visits(t, a, "lon-1", true, "198.51.100.1")
	visits(t, b, "lon-1", true, "203.0.113.1")
	visits(t, data, "here", false, "203.0.113.9")
	if _, err := take(t, a, data, "a"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, name, want string }{
		{b, "a", "another than"}, {a, "again", "here already, as a"}, {data, "own", "own journal"}, {filepath.Join(data, "journal"), "own", "own journal"},
		{t.TempDir(), "none", "neither a sensor's"}, {a, "A b", "no name of an origin"},
	} {
		if _, err := take(t, c.path, data, c.name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	copied := filepath.Join(t.TempDir(), "copy") // its own journal by another path
	if err := os.CopyFS(copied, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	if _, err := take(t, copied, data, "own"); err == nil || !strings.Contains(err.Error(), "own journal") {
		t.Errorf("a copy of its own journal: %v", err)
	}
	if _, err := take(t, b, data, "b"); err != nil {
		t.Error(err)
	}
	if got := sources(t, filepath.Join(data, "imported", "a")); got != "198.51.100.1" {
		t.Errorf("a has %s", got)
	}
}

func TestDamagedJournal(t *testing.T) {
	far, data := t.TempDir(), t.TempDir()
	visits(t, far, "lon-1", true, "198.51.100.1")
	file := filepath.Join(far, "journal", journal.Name(1, journal.Packed))
	var b bytes.Buffer
	if _, err := journal.RedactFile(t.Context(), filepath.Base(file), mustOpen(t, file), &b, func([]byte) bool { return true }); err != nil {
		t.Fatal(err)
	}
	write(t, file, b.String())
	if _, err := take(t, far, data, "a"); err == nil || !strings.Contains(err.Error(), "hash list") {
		t.Errorf("%v", err)
	}
	if got, err := os.ReadDir(filepath.Join(data, "imported")); err != nil || len(got) > 0 {
		t.Errorf("something was imported: %v, %v", got, err)
	}
}

func mustOpen(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// What was erased here does not come back, and what was erased there goes here too.
func TestErasedStaysErased(t *testing.T) {
	far, data := t.TempDir(), t.TempDir()
	visits(t, far, "lon-1", true, "198.51.100.1", "198.51.100.2")
	if _, err := take(t, far, data, "a"); err != nil {
		t.Fatal(err)
	}
	here := filepath.Join(data, "imported", "a")
	erase := func(dir, src string) {
		t.Helper()
		r, err := journal.RedactDir(t.Context(), dir, func(l []byte) bool { return bytes.Contains(l, []byte(src)) }, func(journal.Change) error { return nil })
		if err != nil || r.Lines != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	erase(here, "198.51.100.1")
	if r, err := take(t, far, data, "a"); err != nil || r.Erased != 1 || sources(t, here) != "redact 198.51.100.2" {
		t.Errorf("%+v, %v: %s", r, err, sources(t, here))
	}
	other := t.TempDir()
	if _, err := take(t, far, other, "a"); err != nil {
		t.Fatal(err)
	}
	erase(filepath.Join(far, "journal"), "198.51.100.2")
	if _, err := take(t, far, other, "a"); err != nil {
		t.Fatal(err)
	}
	if got := sources(t, filepath.Join(other, "imported", "a")); got != "198.51.100.1 redact" {
		t.Error(got)
	}
}

// A journal is refused in words that turn no terminal, whatever its sensor is called.
func TestRefusalOfAHostileName(t *testing.T) {
	a, b, data := t.TempDir(), t.TempDir(), t.TempDir()
	visits(t, a, "lon-1", true, "198.51.100.1")
	if _, err := take(t, a, data, "a"); err != nil {
		t.Fatal(err)
	}
	line := `{"v":1,"kind":"status","ts":"2026-11-01T22:30:00Z","seq":1,"boot":"b","sensor":"\u001b]0;x\u0007","what":"start"}` + "\n"
	if err := os.WriteFile(filepath.Join(b, journal.Name(9, journal.Plain)), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := take(t, b, data, "a")
	if err == nil || !strings.Contains(err.Error(), "another --name") || strings.ContainsAny(err.Error(), "\x1b\x07") {
		t.Errorf("%q", err)
	}
}
