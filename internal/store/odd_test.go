package store

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// odd are the lines of a session, its act twice, that says it had so many acts.
func odd(acts int64) []string {
	line := func(kind string, seq int, rest string) string {
		return fmt.Sprintf(`{"v":1,"kind":%q,"ts":"2026-11-01T22:30:00.5Z","at_us":0,"seq":%d,"session":"0199-odd","boot":"b1","sensor":"s1","protocol":"http","transport":"tcp","src":{"ip":"203.0.113.9","port":40000},"dst":{"ip":"192.0.2.5","port":80}%s}`, kind, seq, rest)
	}
	act := line("act", 1, `,"op":"login","class":"auth","outcome":"refused","cred":{"user":"a","secret":"b","method":"form"},"artifact":{"sha256":"ab","size":3}`)
	return []string{line("session.open", 0, `,"persona":"p","device":"plc","listener":"http","octets":"wire"`), act, act, line("session.close", 2, fmt.Sprintf(`,"acts":%d`, acts))}
}

// A journal of another's making may have a line twice, as a log that was written
// again after a crash has: the store takes it and goes on.
func TestLineTwice(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	follow(t, s, write(t, filepath.Join(dir, "journal"), odd(1)), interpreter(t))
	pairs, err := s.Credentials(t.Context(), Filter{}, 10)
	if err != nil || len(pairs) != 1 || pairs[0].Tries != 1 {
		t.Errorf("%+v, %v", pairs, err)
	}
	files, err := s.Files(t.Context(), Filter{}, 10)
	if err != nil || len(files) != 1 || files[0].Times != 1 {
		t.Errorf("%+v, %v", files, err)
	}
}

// A number of acts that no session has spoils no answer.
func TestActsBeyondAll(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	follow(t, s, write(t, filepath.Join(dir, "journal"), odd(3_000_000_000)), interpreter(t))
	for name, f := range map[string]Filter{"whole hours": {}, "a part of one": {From: made.Add(-time.Minute)}} {
		got, err := s.Totals(t.Context(), f)
		if err != nil || got.Sessions != 1 || got.Acts < 1<<30 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
