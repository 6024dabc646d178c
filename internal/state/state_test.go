package state_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/state"
)

func open(t *testing.T, dir string, quota int) *state.Device {
	t.Helper()
	d, err := state.Open(dir, quota)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSurvivesRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plc")
	d := open(t, dir, 0)
	if err := d.Save("device.clock", map[string]int{"offset": 7}); err != nil {
		t.Fatal(err)
	}
	if err := d.Save("ipmi.users", []string{"root"}); err != nil {
		t.Fatal(err)
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir, 0)
	var clock map[string]int
	var users []string
	if err := errors.Join(again.Load("device.clock", &clock), again.Load("ipmi.users", &users)); err != nil {
		t.Fatal(err)
	}
	if clock["offset"] != 7 || len(users) != 1 || users[0] != "root" {
		t.Errorf("after a restart: %v, %v", clock, users)
	}
	leftovers, _ := filepath.Glob(filepath.Join(dir, ".saving-*"))
	if len(leftovers) != 0 {
		t.Errorf("temporary files stay: %v", leftovers)
	}
}

func TestLoadWithoutValue(t *testing.T) {
	into := "as it was"
	if err := open(t, t.TempDir(), 0).Load("ftp.name", &into); err != nil || into != "as it was" {
		t.Errorf("got %q, %v", into, err)
	}
}

func TestKeys(t *testing.T) {
	d := open(t, t.TempDir(), 0)
	for _, key := range []string{"", "clock", "../x.y", "a/b.c", "a..b", ".a.b", "A.b", "a.b/", strings.Repeat("a", 200) + ".b"} {
		if err := d.Save(key, 1); !errors.Is(err, state.ErrKey) {
			t.Errorf("Save(%q) = %v, want ErrKey", key, err)
		}
		if err := d.Load(key, new(int)); !errors.Is(err, state.ErrKey) {
			t.Errorf("Load(%q) = %v, want ErrKey", key, err)
		}
	}
}

func TestQuota(t *testing.T) {
	d := open(t, t.TempDir(), 2000)
	if err := d.Save("s7comm.block", strings.Repeat("x", 1000)); err != nil {
		t.Fatal(err)
	}
	if err := d.Save("s7comm.more", strings.Repeat("y", 1000)); !errors.Is(err, state.ErrQuota) {
		t.Fatalf("beyond the quota: %v", err)
	}
	if err := d.Save("s7comm.block", strings.Repeat("z", 5000)); !errors.Is(err, state.ErrQuota) {
		t.Fatalf("a value grown beyond the quota: %v", err)
	}
	var kept string
	if err := d.Load("s7comm.block", &kept); err != nil || kept != strings.Repeat("x", 1000) {
		t.Errorf("the refused save changed the value: %.10q, %v", kept, err)
	}
	if err := d.Save("s7comm.block", "small"); err != nil {
		t.Errorf("a value that shrinks: %v", err)
	}
	for i := range 20 {
		err := d.Save("tiny."+string(rune('a'+i)), 1)
		if i > 7 && !errors.Is(err, state.ErrQuota) {
			t.Fatalf("tiny key %d: %v; keys must count against the quota", i, err)
		}
	}
}

func TestDamagedFileIsSetAside(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ftp.users.json": `["a"`, "http.page.json": `"ok"`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := state.Open(dir, 0)
	if err == nil || !strings.Contains(err.Error(), "ftp.users.json") || d == nil {
		t.Fatalf("got %v, %v", d, err)
	}
	var page string
	if err := d.Load("http.page", &page); err != nil || page != "ok" {
		t.Errorf("the sound file: %q, %v", page, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ftp.users.json.bad")); err != nil {
		t.Errorf("the damaged file is not kept: %v", err)
	}
}

// Saves that follow each other closely are one writing, within a second.
func TestRunGathersSaves(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "plc.counter.json")
	synctest.Test(t, func(t *testing.T) {
		d := open(t, dir, 0)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.Run(ctx, func(err error) { t.Error(err) }) }()
		for i := range 100 {
			if err := d.Save("plc.counter", i); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if _, err := os.Stat(file); err == nil {
			t.Error("written before the pause")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b, err := os.ReadFile(file); err != nil || string(b) != "99" {
			t.Errorf("after a second: %q, %v", b, err)
		}
		if err := d.Save("plc.counter", 100); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(file); err != nil || string(b) != "100" {
			t.Errorf("after the end: %q, %v", b, err)
		}
	})
}

// A writing that failed is tried again, and said.
func TestRunTriesAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plc")
	synctest.Test(t, func(t *testing.T) {
		d := open(t, dir, 0)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		warned := 0
		done := make(chan error)
		go func() { done <- d.Run(ctx, func(error) { warned++ }) }()
		if err := d.Save("plc.name", "x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if warned != 1 {
			t.Errorf("warned %d times, want 1", warned)
		}
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if b, err := os.ReadFile(filepath.Join(dir, "plc.name.json")); err != nil || string(b) != `"x"` {
			t.Errorf("after the folder came back: %q, %v", b, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// A visitor who has the device keep a thing and forget it again, a thousand times
// under other names, uses up neither its quota nor the disk.
func TestForgottenKeysTakeNoRoom(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, 1000)
	for i := range 1000 {
		key := "s7comm.memory-84-" + strconv.Itoa(i)
		if err := d.Save(key, "values"); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			d.Flush()
		}
		if err := d.Save(key, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d files are left", len(files))
	}
	v := "as before"
	if err := d.Load("s7comm.memory-84-7", &v); err != nil || v != "as before" {
		t.Errorf("%q, %v", v, err)
	}
}

func TestReset(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir, 0)
	if err := errors.Join(d.Save("plc.name", "x"), d.Flush(), d.Reset()); err != nil {
		t.Fatal(err)
	}
	var name string
	if err := open(t, dir, 0).Load("plc.name", &name); err != nil || name != "" {
		t.Errorf("after Reset: %q, %v", name, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	d := open(t, t.TempDir(), 0)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				var got int
				if err := errors.Join(d.Save("plc.n", n*i), d.Load("plc.n", &got), d.Flush()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
