package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/sundew-ics/sundew/internal/event"
)

func open(t *testing.T, cfg Config) *Store {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func content(t *testing.T, s *Store, hash string) string {
	t.Helper()
	f, err := s.Get(hash)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tree lists the files of a store but for its index.
func tree(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != indexName {
			list = append(list, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPut(t *testing.T) {
	s := open(t, Config{})
	a, err := s.Put("198.51.100.23", "../../etc/passwd\n", "ftp-file", strings.NewReader("payload"))
	if err != nil {
		t.Fatal(err)
	}
	want := event.Artifact{SHA256: sum("payload"), Size: 7, Name: "../../etc/passwd\n", Kind: "ftp-file"}
	if a != want {
		t.Errorf("%+v, want %+v", a, want)
	}
	if got := content(t, s, a.SHA256); got != "payload" {
		t.Errorf("kept %q", got)
	}
	path := "/" + a.SHA256[:2] + "/" + a.SHA256[2:]
	if list := tree(t, s.cfg.Dir); len(list) != 1 || list[0] != path {
		t.Errorf("files %q", list)
	}
	info, err := os.Stat(s.cfg.Dir + path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	for g, err := range s.List() {
		if err != nil || g.SHA256 != a.SHA256 || g.Whole != a.SHA256 || g.Kept != 7 || g.Source != "198.51.100.23" || g.Name != `../../etc/passwd\x0a` {
			t.Errorf("index %+v, %v", g, err)
		}
	}
}

func TestSameOctetsAreKeptOnce(t *testing.T) {
	s := open(t, Config{})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := s.Put(fmt.Sprint("source", i), "n", "k", strings.NewReader("same")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	n := 0
	for _, err := range s.List() {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if kept, _ := s.Octets(); kept != 4 || n != 8 || len(tree(t, s.cfg.Dir)) != 1 {
		t.Errorf("%d octets in %d files, %d sightings", kept, len(tree(t, s.cfg.Dir)), n)
	}
}

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		cfg   Config
		puts  []int // sizes, one source
		kept  []int // of each; -1: nothing
		quota int   // how many of them are over quota
	}{
		"file cap":         {Config{MaxFile: 100}, []int{100, 101, 5000}, []int{100, 100, 100}, 0},
		"source":           {Config{PerSource: 3 * putCost}, []int{putCost, putCost, 10}, []int{putCost, -1, -1}, 2},
		"source, by files": {Config{PerSource: 2*putCost + 10}, []int{1, 2, 3}, []int{1, 2, -1}, 1},
		"total":            {Config{Total: 3 * putCost}, []int{100, 2 * putCost, 50}, []int{100, -1, 50}, 1},
		"empty file":       {Config{}, []int{0}, []int{0}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, c.cfg)
			over := 0
			for i, n := range c.puts {
				data := strings.Repeat(string(rune('a'+i)), n)
				a, err := s.Put("x", "", "", strings.NewReader(data))
				if errors.Is(err, ErrQuota) {
					over++
				} else if err != nil {
					t.Fatal(err)
				}
				if a.Size != int64(n) || a.Truncated != (c.kept[i] < n) {
					t.Errorf("put %d: %+v", i, a)
				}
				f, err := s.Get(a.SHA256)
				if c.kept[i] < 0 {
					if !errors.Is(err, fs.ErrNotExist) || a.SHA256 != sum(data) {
						t.Errorf("put %d is kept, or has hash %s: %v", i, a.SHA256, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				b, _ := io.ReadAll(f)
				f.Close()
				if string(b) != data[:c.kept[i]] || a.SHA256 != sum(string(b)) {
					t.Errorf("put %d: %d octets kept, want %d", i, len(b), c.kept[i])
				}
			}
			if over != c.quota {
				t.Errorf("%d over quota, want %d", over, c.quota)
			}
			if _, err := s.Put("y", "", "", strings.NewReader("y")); name == "source" && err != nil {
				t.Errorf("another source: %v", err)
			}
		})
	}
}

// Many small files fill the store too, whoever sends them, and a full store does
// not grow by taking note of more.
func TestSmallFilesFillTheStore(t *testing.T) {
	s := open(t, Config{Total: 20 * putCost})
	for i := range 1000 {
		if _, err := s.Put(fmt.Sprintf("192.0.2.%d", i%250), "name", "", strings.NewReader(fmt.Sprint(i))); err != nil && !errors.Is(err, ErrQuota) {
			t.Fatal(err)
		}
	}
	if n := len(tree(t, s.cfg.Dir)); n > 20 || n < 15 {
		t.Errorf("%d files of a block each in a store of 20", n)
	}
	if s.size > 20*putCost {
		t.Errorf("an index of %d octets", s.size)
	}
}

// The addresses of an IPv6 network are one source.
func TestSourceOfIPv6(t *testing.T) {
	s := open(t, Config{PerSource: 2 * putCost})
	over := 0
	for i := range 10 {
		if _, err := s.Put(fmt.Sprintf("2001:db8:1:2::%d", i), "", "", strings.NewReader("")); errors.Is(err, ErrQuota) {
			over++
		}
	}
	if over != 8 || len(s.used) != 1 {
		t.Errorf("%d of 10 over quota, %d sources", over, len(s.used))
	}
	if _, err := s.Put("2001:db8:1:3::1", "", "", strings.NewReader("")); err != nil {
		t.Errorf("another network: %v", err)
	}
}

func TestReopenKnowsWhatWasUsed(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), PerSource: 2*putCost + 100}
	s := open(t, cfg)
	if _, err := s.Put("x", "", "", strings.NewReader(strings.Repeat("a", 60))); err != nil {
		t.Fatal(err)
	}
	s.Close()
	// A crash: an upload in progress and a torn line of the index.
	if err := os.WriteFile(filepath.Join(cfg.Dir, tempDir, "put-1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(cfg.Dir, indexName), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"ts":"2026`)
	f.Close()

	s = open(t, cfg)
	if kept, _ := s.Octets(); kept != 60 {
		t.Errorf("%d octets kept", kept)
	}
	if list := tree(t, cfg.Dir); len(list) != 1 {
		t.Errorf("files %q", list)
	}
	if _, err := s.Put("x", "", "", strings.NewReader(strings.Repeat("b", 60))); !errors.Is(err, ErrQuota) {
		t.Errorf("the day's quota was forgotten: %v", err)
	}
	n := 0
	for _, err := range ReadIndex(cfg.Dir) {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d sightings, want 2", n)
	}
}

func TestConnectionLostWhileSending(t *testing.T) {
	s := open(t, Config{})
	broken := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))
	a, err := s.Put("x", "n", "k", broken)
	if !errors.Is(err, io.ErrUnexpectedEOF) || a.SHA256 != sum("half") {
		t.Fatalf("%+v, %v", a, err)
	}
	if got := content(t, s, a.SHA256); got != "half" {
		t.Errorf("kept %q", got)
	}
}

func TestGetTakesOnlyHashes(t *testing.T) {
	s := open(t, Config{})
	for _, name := range []string{"", "..", "../index.jsonl", strings.Repeat("../", 20) + "etcc", strings.Repeat("z", 64), strings.Repeat("0", 64)} {
		if f, err := s.Get(name); !errors.Is(err, fs.ErrNotExist) {
			f.Close()
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLongFileIsCut(t *testing.T) {
	s := open(t, Config{MaxFile: 1 << 20})
	a, err := s.Put("x", "", "", io.LimitReader(zeros{}, 64<<20))
	if err != nil || a.Size != 64<<20 || !a.Truncated {
		t.Fatalf("%+v, %v", a, err)
	}
	h := sha256.Sum256(bytes.Repeat([]byte{0}, 1<<20))
	if a.SHA256 != hex.EncodeToString(h[:]) {
		t.Errorf("hash %s", a.SHA256)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
