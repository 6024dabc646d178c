package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
)

func pack(t *testing.T, p []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(p, nil)
}

// lines are sessions with three acts each.
func lines(sessions int) []byte {
	var b bytes.Buffer
	for i := range sessions {
		fmt.Fprintf(&b, `{"v":1,"kind":"session.open","session":"%d"}`+"\n", i)
		for n := range 3 {
			fmt.Fprintf(&b, `{"v":1,"kind":"act","session":"%d","seq":%d,"request":"%s"}`+"\n", i, n, strings.Repeat("ab", 500))
		}
	}
	return b.Bytes()
}

// sensor is a data directory: 7 sessions in a packed segment, 5 in the open one
// whose last line is on its way, 2 in a kept one.
func sensor(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, b := range map[string][]byte{
		"journal/0000000001.jsonl.zst": pack(t, lines(7)), "journal/0000000002.jsonl": append(lines(5), `{"v":1,"kind":"act","se`...),
		"journal/0000000000.kept.jsonl.zst": pack(t, lines(2)), "journal/lock": nil, "journal/sha256": []byte("x\n"), "artifacts/ab/abcd": []byte("firmware"), "artifacts/.part": []byte("half"),
		"state/plc.json": []byte("{}"), "seed": bytes.Repeat([]byte{7}, 32), "store.db": []byte("computed"),
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestThereAndBack(t *testing.T) {
	data, out := sensor(t), t.TempDir()
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	var done, total int64
	path, m, err := Create(t.Context(), Config{Data: data, Dir: out, Build: "b", WithSeed: true, Progress: func(d, n int64) { done, total = d, n }}, now)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Base(path) != "sundew-20261123.tar.zst" || m.Sessions != 14 || m.Acts != 42 || m.Lines != 56 || done == 0 || total < done {
		t.Errorf("%s: %+v, progress %d of %d", path, m, done, total)
	}
	var names []string
	for _, f := range m.Files {
		names = append(names, f.Path)
	}
	if got := strings.Join(names, " "); got != "journal/0000000000.kept.jsonl.zst journal/0000000001.jsonl.zst journal/0000000002.jsonl journal/sha256 artifacts/ab/abcd state/plc.json seed" {
		t.Errorf("files %s", got)
	}
	to := filepath.Join(t.TempDir(), "new")
	back, err := Restore(t.Context(), path, to, nil)
	if err != nil || back.Sessions != 14 {
		t.Fatalf("%+v, %v", back, err)
	}
	for _, name := range append(names, "seed") {
		was, _ := os.ReadFile(filepath.Join(data, name))
		is, err := os.ReadFile(filepath.Join(to, name))
		if name == "journal/0000000002.jsonl" {
			was = lines(5)
		}
		if err != nil || !bytes.Equal(was, is) {
			t.Errorf("%s: %d octets, %d before, %v", name, len(is), len(was), err)
		}
	}
	if _, err := Restore(t.Context(), path, to, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("written over: %v", err)
	}
	if path, _, err = Create(t.Context(), Config{Data: data, Dir: out}, now); err != nil || filepath.Base(path) != "sundew-20261123-2.tar.zst" {
		t.Errorf("the second of a day: %s, %v", path, err)
	}
}

func TestSealedSeed(t *testing.T) {
	data := sensor(t)
	flip := func(b []byte) ([]byte, error) { b = slices.Clone(b); slices.Reverse(b); return append(b, 'x'), nil }
	back := func(b []byte) ([]byte, error) { b = slices.Clone(b[:len(b)-1]); slices.Reverse(b); return b, nil }
	path, _, err := Create(t.Context(), Config{Data: data, Dir: t.TempDir(), WithSeed: true, Seal: flip}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, unseal := range []func([]byte) ([]byte, error){nil, back} {
		to := filepath.Join(t.TempDir(), "new")
		if _, err := Restore(t.Context(), path, to, unseal); err != nil {
			t.Fatal(err)
		}
		seed, err := os.ReadFile(filepath.Join(to, "seed"))
		if there := err == nil && len(seed) == 32; there != (unseal != nil) {
			t.Errorf("seed of %d octets, %v", len(seed), err)
		}
	}
}

// rewrite makes an archive anew with each entry as change has it.
func rewrite(t *testing.T, archive string, change func(h *tar.Header, b []byte) []byte, more ...*tar.Header) string {
	t.Helper()
	in, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(bytes.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range more {
		w.WriteHeader(h)
		w.Write(make([]byte, h.Size))
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			break
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if b = change(h, b); b == nil {
			continue
		}
		h.Size = int64(len(b))
		w.WriteHeader(h)
		w.Write(b)
	}
	w.Close()
	path := filepath.Join(t.TempDir(), "changed.tar.zst")
	if err := os.WriteFile(path, pack(t, out.Bytes()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// No archive that was changed, cut or made by somebody else leaves anything.
func TestHostileArchives(t *testing.T) {
	good, _, err := Create(t.Context(), Config{Data: sensor(t), Dir: t.TempDir()}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.tar.zst")
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	same := func(_ *tar.Header, b []byte) []byte { return b }
	file := func(name string, kind byte) *tar.Header {
		return &tar.Header{Name: name, Size: 4, Mode: 0o600, Typeflag: kind}
	}
	link := &tar.Header{Name: "journal/x", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}
	for name, archive := range map[string]string{
		"cut": cut, "no archive": filepath.Join("backup_test.go"),
		"changed": rewrite(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasSuffix(h.Name, "abcd") {
				b[0] ^= 1
			}
			return b
		}),
		"removed": rewrite(t, good, func(h *tar.Header, b []byte) []byte {
			if strings.HasSuffix(h.Name, "abcd") {
				return nil
			}
			return b
		}),
		"counted wrong": rewrite(t, good, func(h *tar.Header, b []byte) []byte {
			return bytes.Replace(b, []byte(`"acts": 42`), []byte(`"acts": 41`), 1)
		}),
		"later version": rewrite(t, good, func(h *tar.Header, b []byte) []byte {
			return bytes.Replace(b, []byte(`"version": 1`), []byte(`"version": 2`), 1)
		}),
		"no manifest": rewrite(t, good, func(h *tar.Header, b []byte) []byte {
			if h.Name == manifestName {
				return nil
			}
			return b
		}),
		"added": rewrite(t, good, same, file("journal/more.jsonl", tar.TypeReg)), "twice": rewrite(t, good, same, file("state/plc.json", tar.TypeReg)),
		"escape": rewrite(t, good, same, file("journal/../../evil", tar.TypeReg)), "absolute": rewrite(t, good, same, file("/etc/evil", tar.TypeReg)),
		"elsewhere": rewrite(t, good, same, file("bin/evil", tar.TypeReg)), "link": rewrite(t, good, same, link),
	} {
		parent := t.TempDir()
		if m, err := Restore(t.Context(), archive, filepath.Join(parent, "new"), nil); err == nil {
			t.Errorf("%s: restored: %+v", name, m)
		}
		if left, _ := os.ReadDir(parent); len(left) != 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	if _, _, err := Create(t.Context(), Config{Data: t.TempDir(), Dir: t.TempDir()}, time.Now()); err == nil || !strings.Contains(err.Error(), "nothing of a sensor") {
		t.Errorf("an empty directory: %v", err)
	}
	out := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	if _, _, err := Create(ctx, Config{Data: sensor(t), Dir: out, Progress: func(int64, int64) { cancel() }}, time.Now()); err == nil {
		t.Error("an interrupted backup is one")
	}
	if left, _ := os.ReadDir(out); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// Forty days leave thirty archives; a failure on the way costs that day only.
func TestFortyDays(t *testing.T) {
	data, out := sensor(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := &Daily{Config: Config{Data: data, Dir: out}, At: "02:00", Keep: 30 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)}
		if err := d.Check(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); d.Run(ctx) }()
		for day := range 40 {
			time.Sleep(24 * time.Hour)
			synctest.Wait()
			if n, want := len(archives(out)), min(day+1, 30); n != want {
				t.Fatalf("day %d: %d archives, want %d", day+1, n, want)
			}
		}
		if l := d.Last(); l.Error != "" || l.Octets == 0 || l.All < 30*l.Octets/2 || time.Since(l.When) > 24*time.Hour {
			t.Errorf("last %+v", l)
		}
		cancel()
		<-done
	})
	for _, a := range archives(out) {
		if _, err := Verify(t.Context(), a.path); err != nil {
			t.Error(err)
		}
	}
	list := archives(out)
	if n, err := Purge(out, time.Time{}, 10*list[29].octets); err != nil || n < 19 || n > 21 {
		t.Errorf("%d of 30 archives were removed to leave the octets of ten: %v", n, err)
	}
	rest := len(archives(out)) - 1
	if n, err := Purge(out, time.Now().AddDate(100, 0, 0), 0); err != nil || n != rest {
		t.Errorf("removed %d, %v", n, err)
	}
	if left := archives(out); len(left) != 1 || left[0].path != list[29].path {
		t.Errorf("the last good one is gone: %v", left)
	}
}

// The clock is put forward and back over the hour: one archive a day.
func TestSummerTime(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("skipped: no time zones here")
	}
	d := &Daily{At: "02:30"}
	for _, start := range []time.Time{time.Date(2026, 3, 27, 12, 0, 0, 0, berlin), time.Date(2026, 10, 23, 12, 0, 0, 0, berlin)} {
		days := map[string]int{}
		at := start
		for range 5 {
			at = d.next(at)
			days[at.Format("0102")]++
		}
		if len(days) != 5 {
			t.Errorf("from %v: %v", start, days)
		}
	}
}

// After a long silence one is made at the start.
func TestLate(t *testing.T) {
	data, out := sensor(t), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d := &Daily{Config: Config{Data: data, Dir: out}, At: "02:00", Keep: 30 * 24 * time.Hour, Log: slog.New(slog.DiscardHandler)}
		path, _, err := Create(t.Context(), d.Config, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d.Run(ctx)
		if n := len(archives(out)); n != 2 {
			t.Errorf("%d archives", n)
		}
	})
}

func TestSettings(t *testing.T) {
	for _, d := range []*Daily{{At: "2 o'clock", Keep: time.Hour}, {At: "25:00", Keep: time.Hour}, {At: "02:00"}} {
		if err := d.Check(); err == nil {
			t.Errorf("%q, %v is taken", d.At, d.Keep)
		}
	}
}

func TestManifestIsReadable(t *testing.T) {
	b, err := json.Marshal(Manifest{Version: 1, Files: []File{{"seed", 1, "ab"}}})
	if err != nil || !strings.Contains(string(b), `"path":"seed"`) {
		t.Errorf("%s, %v", b, err)
	}
}
