package conpotjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/sink"
)

var update = flag.Bool("update", false, "write testdata/conpot.json anew")

// decoder gives settings as a configuration file would.
func decoder(s settings) func(any) error {
	return func(into any) error {
		*into.(*settings) = s
		return nil
	}
}

func newSink(t *testing.T, s settings) sink.Sink {
	t.Helper()
	out, err := Driver().New(decoder(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

func act(op string) []event.Event {
	return []event.Event{{V: 1, Kind: event.KindAct, Session: "s", Protocol: "modbus", Op: op}}
}

// ops reads the event_type of each line of a log.
func ops(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range bytes.Lines(b) {
		var l struct {
			Op string `json:"event_type"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		list = append(list, l.Op)
	}
	return strings.Join(list, " ")
}

// TestGolden runs the whole way: a journal on disk, a follower, the log.
func TestGolden(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/journal")); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(journal.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Run(ctx); err != nil { // a closed journal ends its followers
		t.Fatal(err)
	}
	path := filepath.Join(dir, "conpot.json")
	out := newSink(t, settings{Path: path, PublicIP: "192.0.2.80"})
	if err := sink.Run(t.Context(), "conpotjson", out, j, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/conpot.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := bytes.SplitAfter(got, []byte("\n")), bytes.SplitAfter(want, []byte("\n"))
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) || !bytes.Equal(gotLines[i], wantLines[i]) {
			t.Fatalf("line %d differs:\n%s\nwant:\n%s", i+1, lineAt(gotLines, i), lineAt(wantLines, i))
		}
	}
	if c, err := j.LoadCursor("conpotjson"); err != nil || c.Offset == 0 {
		t.Errorf("bookmark %v, %v", c, err)
	}
}

func lineAt(lines [][]byte, i int) []byte {
	if i < len(lines) {
		return lines[i]
	}
	return nil
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "conpot.json")
	out := newSink(t, settings{Path: path})
	write := func(op string) {
		t.Helper()
		if err := out.Write(t.Context(), act(op)); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	write("b")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	write("c")
	if err := os.Truncate(path, 0); err != nil { // logrotate's copytruncate
		t.Fatal(err)
	}
	write("d")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write("e")
	if old, now := ops(t, path+".1"), ops(t, path); old != "a b" || now != "e" {
		t.Errorf("rotated %q, now %q", old, now)
	}
}

func TestRestartAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "conpot.json")
	for _, op := range []string{"a", "b"} {
		out := newSink(t, settings{Path: path})
		if err := errors.Join(out.Write(t.Context(), act(op)), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if got := ops(t, path); got != "a b" {
		t.Errorf("%q", got)
	}
}

func TestDirectoryGoneAndBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	out := newSink(t, settings{Path: filepath.Join(dir, "conpot.json")})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := out.Write(t.Context(), act("a")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := out.Write(t.Context(), act("a")); err != nil {
		t.Fatal(err)
	}
	if got := ops(t, filepath.Join(dir, "conpot.json")); got != "a" {
		t.Errorf("%q", got)
	}
}

func TestFullDisk(t *testing.T) {
	out := newSink(t, settings{Path: "/dev/full"})
	if err := out.Write(t.Context(), act("a")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%v, want ENOSPC", err)
	}
}

func TestSettings(t *testing.T) {
	unknown := errors.New("unknown key")
	if _, err := Driver().New(func(any) error { return unknown }); !errors.Is(err, unknown) {
		t.Errorf("decode error: %v", err)
	}
	for name, c := range map[string]struct {
		s    settings
		want string
	}{
		"no path":         {settings{}, "path is missing"},
		"no directory":    {settings{Path: filepath.Join(t.TempDir(), "no", "conpot.json")}, "no such file"},
		"not an address":  {settings{Path: filepath.Join(t.TempDir(), "c"), PublicIP: "example"}, "public_ip"},
		"a directory":     {settings{Path: t.TempDir()}, "is a directory"},
		"all three given": {settings{Path: filepath.Join(t.TempDir(), "c"), PublicIP: "2001:db8::1", SensorID: "x"}, ""},
	} {
		out, err := Driver().New(decoder(c.s))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			out.Close()
		}
	}
}
