package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis/enrich"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

// An imported journal that cannot be read keeps neither the sensor's own nor another
// waiting, and is complained of once.
func TestBadImportsAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, name := range []string{"unreadable", "good"} {
		at := filepath.Join(dir, "elsewhere", name)
		segmentOf(t, at, "198.51.100.7", day)
		to := store.JournalDir(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(at, "journal"), to); err != nil {
			t.Fatal(err)
		}
	}
	last := filepath.Join(store.JournalDir(dir, "unreadable"), "0000000002.jsonl")
	if err := errors.Join(os.Remove(last), os.WriteFile(last+".zst", bytes.Repeat([]byte{0x5a}, 100), 0o600)); err != nil {
		t.Fatal(err)
	}
	segmentOf(t, dir, "198.51.100.1", day)
	said := keepUntil(t, dir, 2)
	if strings.Count(said, "cannot be taken in") != 1 || !strings.Contains(said, "journal=unreadable") {
		t.Errorf("it says %s", said)
	}
}

// keepUntil runs a store's keeper until it has so many sessions, and returns its log.
func keepUntil(t *testing.T, dir string, want int64) string {
	t.Helper()
	j, err := journal.Open(journal.Config{Dir: filepath.Join(dir, "journal"), MaxBytes: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	by, err := newInterpreter(directory(dir), enrich.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	k := newStoreKeeper(directory(dir), j, by, retention{}, slog.New(slog.NewTextHandler(&said, nil)))
	ctx, stop := context.WithCancel(t.Context())
	wrote, kept := make(chan error, 1), make(chan struct{})
	go func() { wrote <- j.Run(ctx) }()
	go func() { k.run(ctx); close(kept) }()
	have := int64(0)
	for range 200 {
		if s, err := store.OpenRead(k.file()); err == nil {
			if sum, err := s.Totals(ctx, store.Filter{}); err == nil {
				have = sum.Sessions
			}
			s.Close()
		}
		if have == want {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(1500 * time.Millisecond) // it looks at imports again
	stop()
	<-kept
	if err := errors.Join(<-wrote, j.Close()); err != nil {
		t.Fatal(err)
	}
	if have != want {
		t.Errorf("%d sessions, want %d; it says %s", have, want, said.String())
	}
	return said.String()
}
