package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// serve runs a server that knows "seven" and "twice" in a directory of the test.
func serve(t *testing.T) (dir string, stop func()) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, File), nil, 0o600); err != nil { // left by a crash
		t.Fatal(err)
	}
	s, err := Listen(dir, map[string]Handler{
		"seven": func(context.Context, json.RawMessage) (any, error) { return 7, nil },
		"twice": func(_ context.Context, ask json.RawMessage) (any, error) {
			var n int
			if err := json.Unmarshal(ask, &n); err != nil {
				return nil, errors.New("that is no number")
			}
			return 2 * n, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { s.Run(ctx) })
	return dir, func() { cancel(); wg.Wait() }
}

func TestAsk(t *testing.T) {
	if err := Ask(t.Context(), t.TempDir(), "seven", nil, nil); !errors.Is(err, ErrNotRunning) {
		t.Errorf("without a sensor: %v", err)
	}
	dir, stop := serve(t)
	var got int
	if err := Ask(t.Context(), dir, "seven", nil, &got); err != nil || got != 7 {
		t.Errorf("seven: %d, %v", got, err)
	}
	if err := Ask(t.Context(), dir, "twice", 21, &got); err != nil || got != 42 {
		t.Errorf("twice 21: %d, %v", got, err)
	}
	for about, want := range map[string]string{"twice": "that is no number", "weather": "knows nothing about"} {
		if err := Ask(t.Context(), dir, about, "x", &got); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", about, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, File)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket's mode is %v, %v", info.Mode(), err)
	}
	stop()
	if err := Ask(t.Context(), dir, "seven", nil, &got); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
}

// Whoever connects and says nothing, or nonsense, keeps nobody else waiting.
func TestSilentAndForeign(t *testing.T) {
	dir, stop := serve(t)
	defer stop()
	silent, err := net.Dial("unix", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	foreign, err := net.Dial("unix", filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	io.WriteString(foreign, "GET / HTTP/1.1\r\n\r\n")
	if b, err := io.ReadAll(foreign); err != nil || !strings.Contains(string(b), "no JSON object") {
		t.Errorf("the answer to HTTP is %q, %v", b, err)
	}
	var got int
	if err := Ask(t.Context(), dir, "seven", nil, &got); err != nil || got != 7 {
		t.Errorf("while another is silent: %d, %v", got, err)
	}
}
