package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// age makes a segment's files older.
func age(t *testing.T, j *Journal, n uint64, by time.Duration) {
	t.Helper()
	list, err := pieces(j.cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if p.n == n {
			when := time.Now().Add(-by)
			if err := os.Chtimes(filepath.Join(j.cfg.Dir, numbered(p.n, p.suffix)), when, when); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func names(t *testing.T, j *Journal) map[string]bool {
	t.Helper()
	list, err := pieces(j.cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, p := range list {
		have[numbered(p.n, p.suffix)] = true
	}
	return have
}

func TestRetentionByAge(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 4)
	j.tend(t.Context())
	hash, _ := j.hashes.get(1)
	age(t, j, 1, 91*24*time.Hour)
	age(t, j, 2, 91*24*time.Hour)
	age(t, j, 3, 89*24*time.Hour)
	j.tend(t.Context())
	have := names(t, j)
	for name, want := range map[string]bool{
		"0000000001.jsonl.zst": false, "0000000001.kept.jsonl.zst": true,
		"0000000002.jsonl.zst": false, "0000000002.kept.jsonl.zst": true,
		"0000000003.jsonl.zst": true, "0000000004.jsonl.zst": true, "0000000005.jsonl": true,
	} {
		if have[name] != want {
			t.Errorf("%s there: %v", name, have[name])
		}
	}

	var kept [][]byte
	for b, err := range (&Reader{j.cfg.Dir}).Kept(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range b.Lines {
			kept = append(kept, bytes.Clone(l))
		}
	}
	if len(kept) != 4 {
		t.Fatalf("kept %q", kept)
	}
	head, err := event.Parse(kept[0])
	var d retentionDetail
	if err == nil {
		err = json.Unmarshal(head.Detail, &d)
	}
	if err != nil || head.What != "retention" || d.Segment != 1 || d.SHA256 != hash.SHA256 || d.Lines != 10 || head.Sensor != "test" {
		t.Errorf("header %s: %v", kept[0], err)
	}
	if e, err := event.Parse(kept[1]); err != nil || e.Class != event.Write || e.Seq != 3 {
		t.Errorf("kept act %s: %v", kept[1], err)
	}

	var told []string
	for _, s := range j.notices {
		told = append(told, s.What)
	}
	if len(told) != 2 || told[0] != "retention" {
		t.Errorf("told %q", told)
	}
	wantRun(t, "what is left", all(t, j.cfg.Dir, Cursor{}), 20, lines)

	age(t, j, 1, 366*24*time.Hour)
	j.tend(t.Context())
	if have := names(t, j); have["0000000001.kept.jsonl.zst"] || !have["0000000002.kept.jsonl.zst"] {
		t.Errorf("after a year: %v", have)
	}
}

func TestRetentionByOctets(t *testing.T) {
	j, _ := closedSegments(t, t.TempDir(), 0)
	w := newWriter()
	for i := range 40 { // eight segments of four reads and a write
		j.Append(w.line(i, event.Read, 5000), event.Read)
		if i%5 == 4 {
			j.Append(w.line(i, event.Write, 10), event.Write)
			if err := j.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
	}
	j.tend(t.Context())
	s, err := j.Stats()
	if err != nil {
		t.Fatal(err)
	}
	j.cfg.MaxBytes = s.Octets / 2
	for range 3 { // what is kept of them counts too, and at most a quarter of the quota
		j.tend(t.Context())
	}
	s, err = j.Stats()
	if err != nil || s.Octets > j.cfg.MaxBytes {
		t.Errorf("%d octets with a quota of %d: %v", s.Octets, j.cfg.MaxBytes, err)
	}
	have := names(t, j)
	if have["0000000001.jsonl.zst"] || !have["0000000008.jsonl.zst"] || !have["0000000009.jsonl"] {
		t.Errorf("not the oldest were deleted: %v", have)
	}
	var kept int64
	list, _ := pieces(j.cfg.Dir)
	for _, p := range list {
		if p.suffix == keptSuffix {
			kept += p.size
		}
	}
	if kept > j.cfg.MaxBytes/4 {
		t.Errorf("kept files have %d octets of %d", kept, j.cfg.MaxBytes)
	}
}

func TestLostIsSaidOnce(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 4)
	age(t, j, 1, 91*24*time.Hour)
	age(t, j, 2, 91*24*time.Hour)
	j.tend(t.Context())
	from := Cursor{1, 100}
	var lost []*Lost
	var list []int
	for b, err := range j.Follow(t.Context(), "left-behind", from) {
		var l *Lost
		if errors.As(err, &l) {
			if b.Next != l.To {
				t.Errorf("next %v, to %v", b.Next, l.To)
			}
			lost = append(lost, l)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if list = append(list, seqs(t, b.Lines)...); len(list) == lines-20 {
			break
		}
	}
	if len(lost) != 1 || lost[0].From != from || lost[0].To != (Cursor{Segment: 3}) || lost[0].Err != nil {
		t.Errorf("lost %v", lost)
	}
	wantRun(t, "after the loss", list, 20, lines)
	if s, err := j.Stats(); err != nil || s.Lost != 1 {
		t.Errorf("stats: %+v, %v", s, err)
	}
	last := j.notices[len(j.notices)-1]
	if want := (lostDetail{Follower: "left-behind", From: "1:100", To: "3:0"}); last.What != "lost" || last.Detail != want {
		t.Errorf("told %+v", last)
	}
}

func TestNumbersAreNeverUsedAgain(t *testing.T) {
	dir := t.TempDir()
	j, _ := closedSegments(t, dir, 2)
	j.tend(t.Context())
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for name := range names(t, j) { // somebody empties the directory but for the hash list
		os.Remove(filepath.Join(dir, name))
	}
	j2, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j2.Close()
	if j2.end.Segment != 3 {
		t.Errorf("writes segment %d, want 3", j2.end.Segment)
	}
}

func TestRedact(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 3)
	age(t, j, 1, 91*24*time.Hour)
	j.tend(t.Context()) // segment 1 becomes a kept file
	j.Append(newWriter().line(lines, event.Write, 10), event.Write)
	before, _ := j.hashes.get(2)
	var cursors []Cursor
	for b := range (&Reader{j.cfg.Dir}).Scan(t.Context(), Cursor{}, Cursor{}) {
		cursors = append(cursors, b.Next)
	}
	done, err := j.Redact(t.Context(), func(line []byte) bool {
		e, err := event.Parse(line)
		return err == nil && e.Class == event.Write
	})
	if err != nil || done != (Redacted{Segments: 4, Lines: 4}) {
		t.Fatalf("%+v, %v", done, err)
	}
	wantRun(t, "no seq is missing", all(t, j.cfg.Dir, Cursor{}), 10, lines+1)
	for i, at := range cursors {
		list := all(t, j.cfg.Dir, at)
		if want := lines + 1 - 10*(i+2); len(list) != want {
			t.Errorf("%v gives %d lines, want %d: the cursor moved", at, len(list), want)
		}
	}
	tombs := 0
	for b := range (&Reader{j.cfg.Dir}).Scan(t.Context(), Cursor{}, Cursor{}) {
		for _, l := range b.Lines {
			e, err := event.Parse(l)
			if err != nil {
				t.Fatal(err)
			}
			if e.What == "redact" {
				tombs++
				if bytes.Contains(l, []byte("198.51.100")) || e.Session == "" {
					t.Errorf("tombstone %q", l)
				}
			}
		}
	}
	if tombs != 3 {
		t.Errorf("%d tombstones, want 3", tombs)
	}
	after, _ := j.hashes.get(2)
	if after.Was != before.SHA256 || after.SHA256 == before.SHA256 || after.Why != "redacted" || after.Octets != before.Octets {
		t.Errorf("hash list: %+v after %+v", after, before)
	}
	if sum, err := j.measure(t.Context(), 2); err != nil || sum.SHA256 != after.SHA256 {
		t.Errorf("the segment's hash is %s, listed %s: %v", sum.SHA256, after.SHA256, err)
	}
}
