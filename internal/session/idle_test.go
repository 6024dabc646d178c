package session_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// A transfer beside the session lengthens a read that is under way; HangUp's
// deadline outlives it, and so does the total.
func TestSetIdleKeepsTotalAndHangUp(t *testing.T) {
	for name, c := range map[string]struct {
		total  time.Duration
		hangUp bool
		want   time.Duration
		err    error
	}{
		"longer":    {0, false, 40 * time.Second, session.ErrIdle},
		"total":     {20 * time.Second, false, 20 * time.Second, session.ErrTotal},
		"after end": {0, true, 5 * time.Second, session.ErrInterrupt},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp", func(cfg *session.Config) { cfg.Idle, cfg.Total = 15*time.Second, c.total })
				if c.hangUp {
					time.AfterFunc(5*time.Second, func() { r.HangUp("shutdown"); r.SetIdle(time.Hour) })
				}
				time.AfterFunc(10*time.Second, func() { r.SetIdle(30 * time.Second) })
				start := time.Now()
				_, err := r.R().ReadByte()
				if d := time.Since(start); d != c.want || !errors.Is(err, c.err) {
					t.Errorf("the read ends after %v with %v, want %v with %v", d, err, c.want, c.err)
				}
				time.Sleep(time.Minute)
				r.end(err)
			})
		})
	}
}

func TestArtifactIsReadBack(t *testing.T) {
	var kept prototest.Artifacts
	r := newRig(t, "tcp", func(c *session.Config) { c.Artifacts = &kept })
	a, err := r.Keep("a.bin", "file", strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Artifact(a.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if p, err := io.ReadAll(f); err != nil || string(p) != "content" {
		t.Errorf("read back %q, %v", p, err)
	}
	if _, err := r.Artifact(strings.Repeat("0", 64)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown artifact: %v", err)
	}
	if _, err := newRig(t, "tcp", nil).Artifact(a.SHA256); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a store: %v", err)
	}
}
