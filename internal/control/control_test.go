package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestAsk(t *testing.T) {
	dir := t.TempDir()
	var got struct{ N int }
	if err := Ask(t.Context(), dir, &got); !errors.Is(err, ErrNotRunning) {
		t.Errorf("without a sensor: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, File), nil, 0o600); err != nil { // left by a crash
		t.Fatal(err)
	}
	s, err := Listen(dir, func() any { return struct{ N int }{7} })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	if err := Ask(t.Context(), dir, &got); err != nil || got.N != 7 {
		t.Errorf("answer %+v, %v", got, err)
	}
	if info, err := os.Stat(filepath.Join(dir, File)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	cancel()
	wg.Wait()
	if err := Ask(t.Context(), dir, &got); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
}
