package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

func TestRotationUnderFollowers(t *testing.T) {
	const lines = 4000
	j, stop := start(t, Config{SegmentBytes: 32 << 10})
	var all sync.WaitGroup
	for f := range 3 {
		all.Go(func() {
			next, at := 0, Cursor{}
			for next < lines { // leave and come back now and then
				for b, err := range j.Follow(t.Context(), fmt.Sprint("f", f), at) {
					if err != nil {
						t.Error(err)
						return
					}
					for _, l := range b.Lines {
						e, err := event.Parse(l)
						if err != nil || e.Seq != next {
							t.Errorf("follower %d: seq %d, want %d (%v)", f, e.Seq, next, err)
							return
						}
						next++
					}
					at = b.Next
					if next == lines || f > 0 && next%7 == 0 {
						break
					}
				}
			}
		})
	}
	w := newWriter()
	for i := range lines {
		class := event.Read
		if i%50 == 0 {
			class = event.Write
		}
		if err := j.Append(w.line(i, class, 100), class); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if list, _ := segments(j.cfg.Dir); len(list) < 5 {
		t.Errorf("only %d segments", len(list))
	}
}

func TestSlowFollowerSlowsNobody(t *testing.T) {
	const lines = 20000
	j, _ := start(t, Config{SegmentBytes: 1 << 20})
	w := newWriter()
	j.Append(w.line(0, event.Read, 100), event.Read)
	holding, release := make(chan struct{}), make(chan struct{})
	var slow sync.WaitGroup
	slow.Go(func() {
		next := 0
		for b, err := range j.Follow(t.Context(), "slow", Cursor{}) {
			if next == 0 {
				close(holding)
				<-release
			}
			if err != nil {
				t.Error(err)
				return
			}
			if next += len(b.Lines); next == lines {
				return
			}
		}
	})
	<-holding
	for i := range lines - 1 {
		class := event.Read
		if i%1000 == 0 {
			class = event.Write
		}
		if err := j.Append(w.line(i+1, class, 100), class); err != nil {
			t.Fatal(err)
		}
	}
	fast := 0
	for b, err := range j.Follow(t.Context(), "fast", Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		if fast += len(b.Lines); fast == lines {
			break
		}
	}
	s, err := j.Stats()
	if err != nil || len(s.Followers) != 1 || s.Followers[0].Name != "slow" || s.Followers[0].Behind < 1<<20 {
		t.Errorf("stats: %+v, %v", s, err)
	}
	close(release)
	slow.Wait()
}

// closedSegments makes a journal of n closed segments of ten lines each, and
// gives the lines' total.
func closedSegments(t *testing.T, dir string, n int) (*Journal, int) {
	t.Helper()
	j, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	w := newWriter()
	seq := 0
	for range n {
		for range 10 {
			class := event.Read
			if seq%10 == 3 {
				class = event.Write
			}
			j.Append(w.line(seq, class, 50), class) // nothing runs: in memory
			seq++
		}
		if err := j.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	return j, seq
}

func TestCursorsOutliveCompression(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 3)
	var before []Batch
	r := &Reader{j.cfg.Dir}
	var places []Cursor
	for b, err := range r.Scan(t.Context(), Cursor{}, Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		at := b.Next
		for i := len(b.Lines) - 1; i >= 0; i-- {
			at.Offset -= int64(len(b.Lines[i]))
			places = append(places, at)
		}
		before = append(before, b)
	}
	if len(places) != lines || len(before) != 3 {
		t.Fatalf("%d places in %d batches", len(places), len(before))
	}
	read := func() (list [][]int) {
		for _, at := range places {
			list = append(list, all(t, j.cfg.Dir, at))
		}
		return list
	}
	plain := read()
	j.tend(t.Context())
	if left, _ := filepath.Glob(filepath.Join(j.cfg.Dir, "*.jsonl")); len(left) != 2 { // active, hashes
		t.Fatalf("not packed: %v", left)
	}
	packed := read()
	if fmt.Sprint(plain) != fmt.Sprint(packed) {
		t.Error("a cursor gives other lines after compression")
	}
}

func TestFollowGoesOnWhileItsSegmentIsPacked(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 4)
	next := 0
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for b, err := range j.Follow(ctx, "f", Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		wantRun(t, "batch", seqs(t, b.Lines), next, next+len(b.Lines))
		next += len(b.Lines)
		j.tend(ctx) // deletes the plain file that is open
		if next == lines {
			return
		}
	}
	t.Errorf("%d lines, want %d", next, lines)
}

func TestReaderIgnoresTheUnterminatedTail(t *testing.T) {
	dir := t.TempDir()
	w := newWriter()
	path := filepath.Join(dir, segmentName(1))
	first := string(w.line(0, event.Read, 0))
	second := string(w.line(1, event.Read, 0))
	write := func(s string) {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = f.WriteString(s)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Error(err)
		}
	}
	write(first + second[:20])
	wantRun(t, "half a line", all(t, dir, Cursor{}), 0, 1)
	r, err := OpenRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	for b, err := range r.Follow(t.Context(), Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seqs(t, b.Lines)...)
		if len(list) == 2 {
			break
		}
		write(second[20:])
	}
	wantRun(t, "live", list, 0, 2)
	if _, err := OpenRead(t.TempDir()); err == nil {
		t.Error("an empty directory is a journal")
	}
}

func TestSeek(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 4)
	r := &Reader{j.cfg.Dir}
	base := firstLine // line n is at n seconds
	for n := range lines {
		at, err := r.Seek(base.Add(time.Duration(n) * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		list := all(t, j.cfg.Dir, at)
		if list[0] > n || list[0] < n-10 {
			t.Errorf("seek to %d gives %d", n, list[0])
		}
	}
}

func TestCursorOfAnotherJournal(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 2)
	for _, from := range []Cursor{{99, 0}, {2, 1 << 40}, {1, 1 << 40}} {
		var lost []*Lost
		n := 0
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		j.Append(newWriter().line(lines, event.Read, 0), event.Read)
		if err := j.Rotate(); err != nil {
			t.Fatal(err)
		}
		lines++
		for b, err := range j.Follow(ctx, "f", from) {
			var l *Lost
			if errors.As(err, &l) {
				lost = append(lost, l)
			} else if err != nil {
				t.Fatal(err)
			}
			if n += len(b.Lines); len(b.Lines) > 0 && seqs(t, b.Lines[len(b.Lines)-1:])[0] == lines-1 {
				break
			}
		}
		cancel()
		if len(lost) != 1 || lost[0].From != from || n == 0 {
			t.Errorf("from %v: lost %v, %d lines", from, lost, n)
		}
	}
}

func TestDamagedSegmentIsPassedOver(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 3)
	j.tend(t.Context())
	path := filepath.Join(j.cfg.Dir, numbered(2, packedSuffix))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	var lost *Lost
	seen := map[int]bool{}
	for b, err := range (&Reader{j.cfg.Dir}).Scan(t.Context(), Cursor{}, Cursor{}) {
		if err != nil && !errors.As(err, &lost) {
			t.Fatal(err)
		}
		for _, n := range seqs(t, b.Lines) {
			seen[n] = true
		}
	}
	if lost == nil || lost.Err == nil || lost.From.Segment != 2 || lost.To != (Cursor{Segment: 3}) {
		t.Errorf("lost: %v", lost)
	}
	if !seen[0] || !seen[9] || !seen[20] || !seen[lines-1] {
		t.Errorf("whole segments are missing: %v", seen)
	}
}

// A follower that waits at the beginning of an empty segment is told that it is there:
// it compares its cursor with Synced to know that it has all there is.
func TestFollowerLearnsOfAnEmptySegment(t *testing.T) {
	j, lines := closedSegments(t, t.TempDir(), 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	seen, empty := 0, 0
	for b, err := range j.Follow(ctx, "test", Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		seen += len(b.Lines)
		if len(b.Lines) == 0 {
			empty++
		}
		if b.Next == j.Synced() {
			break
		}
	}
	if seen != lines || empty != 1 {
		t.Errorf("%d lines of %d, %d batches without", seen, lines, empty)
	}
	stop()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Fatal(err)
	}
}
