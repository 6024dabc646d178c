package store

import (
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
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

// fails is an interpreter that a certain act is too much for.
type fails struct{ plain }

func (f fails) Begin(e *event.Event) Interpretation { return failing{f.plain.Begin(e)} }

type failing struct{ Interpretation }

func (f failing) Add(e *event.Event) analysis.ActFinding {
	var none []int
	return analysis.ActFinding{Severity: none[e.Seq]}
}

// A fault of analysis ends the following, not the sensor that it is a part of.
func TestFaultOfAnalysis(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	r := write(t, filepath.Join(dir, "journal"), odd(1))
	err := s.Follow(t.Context(), fails{interpreter(t)}, func(c journal.Cursor) iter.Seq2[journal.Batch, error] {
		return r.Scan(t.Context(), c, journal.Cursor{})
	}, nil)
	if err == nil {
		t.Error("no error")
	}
	follow(t, s, r, interpreter(t)) // a better build goes on
	if got, err := s.Totals(t.Context(), Filter{}); err != nil || got.Sessions != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// Places beyond those that can be told apart are counted, and spoil no answer.
func TestPlacesBeyondAll(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	r := write(t, filepath.Join(dir, "journal"), append(odd(1), play(50, 1).lines...))
	w, err := s.Writer(t.Context(), interpreter(t))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.books.places.last = maxPlaces - 1
	if err := w.Follow(t.Context(), Lines{Read: func(c journal.Cursor) iter.Seq2[journal.Batch, error] {
		return r.Scan(t.Context(), c, journal.Cursor{})
	}}, nil); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]Filter{"whole hours": {}, "a part of one": {From: made.Add(-time.Minute)}} {
		got, err := s.Count(t.Context(), f, ByPersona, 10)
		if err != nil || len(got) != 2 || got[0].Name != "" || got[0].Sessions != 49 || got[1].Name != "p" || got[1].Sessions != 1 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
