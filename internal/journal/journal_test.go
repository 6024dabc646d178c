package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// A writer makes numbered lines of one session.
type writer struct {
	enc *event.Encoder
	buf []byte
}

func newWriter() *writer {
	return &writer{enc: event.NewEncoder(event.Envelope{
		Session: "01990000-0000-7000-8000-000000000001", Boot: "01990000-0000-7000-8000-000000000000",
		Sensor: "test", Protocol: "modbus", Transport: "tcp",
		Src: netip.MustParseAddrPort("198.51.100.23:49220"), Dst: netip.MustParseAddrPort("192.0.2.5:502"),
	})}
}

// firstLine is the time of line 0: now, since old segments are closed and deleted.
var firstLine = time.Now().UTC().Truncate(time.Second)

// line is act number seq, with pad octets of request.
func (w *writer) line(seq int, class event.Class, pad int) []byte {
	act := event.Act{Op: "op", Class: class}
	stamp := event.Stamp{Time: firstLine.Add(time.Duration(seq) * time.Second), Seq: seq}
	request := make([]byte, pad)
	if pad >= 1000 { // such lines do not compress
		rand.NewChaCha8([32]byte{byte(seq), byte(seq >> 8)}).Read(request)
	}
	w.buf = w.enc.AppendAct(w.buf[:0], stamp, &act, event.Octets{Kept: request, Len: pad}, event.Octets{}, 0)
	return w.buf
}

// start runs a journal; stop ends Run and gives its error, and may be called
// twice. The journal is closed with the test.
func start(t *testing.T, cfg Config) (j *Journal, stop func() error) {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop = run(t, j)
	t.Cleanup(func() {
		stop()
		if err := j.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return j, stop
}

func run(t *testing.T, j *Journal) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	for !isRunning(j) {
		time.Sleep(time.Millisecond)
	}
	return sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

func isRunning(j *Journal) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running
}

// seqs reads lines, which must parse.
func seqs(t *testing.T, lines [][]byte) []int {
	t.Helper()
	var list []int
	for _, l := range lines {
		e, err := event.Parse(l)
		if err != nil {
			t.Fatalf("%v in %q", err, l)
		}
		list = append(list, e.Seq)
	}
	return list
}

// all reads a journal directory from a cursor to its end.
func all(t *testing.T, dir string, from Cursor) []int {
	t.Helper()
	r, err := OpenRead(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	for b, err := range r.Scan(t.Context(), from, Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seqs(t, b.Lines)...)
	}
	return list
}

// wantRun checks that list is from, from+1, … to-1.
func wantRun(t *testing.T, what string, list []int, from, to int) {
	t.Helper()
	if len(list) != to-from {
		t.Fatalf("%s: %d lines, want %d", what, len(list), to-from)
	}
	for i, n := range list {
		if n != from+i {
			t.Fatalf("%s: line %d has seq %d, want %d", what, i, n, from+i)
		}
	}
}

func TestAppendedLinesAreFollowed(t *testing.T) {
	j, stop := start(t, Config{})
	w := newWriter()
	for i := range 100 {
		if err := j.Append(w.line(i, event.Read, 10), event.Read); err != nil {
			t.Fatal(err)
		}
	}
	var list []int
	var middle Cursor
	for b, err := range j.Follow(t.Context(), "f", Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seqs(t, b.Lines)...)
		if len(list) == 100 {
			middle = b.Next
			break
		}
	}
	wantRun(t, "live", list, 0, 100)
	for i := range 50 {
		j.Append(w.line(100+i, event.Read, 10), event.Read)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	list = nil
	for b, err := range j.Follow(t.Context(), "f", middle) { // ends, as the journal has
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seqs(t, b.Lines)...)
	}
	wantRun(t, "after Run", list, 100, 150)
	if err := j.Append(w.line(0, event.Read, 0), event.Read); !errors.Is(err, ErrClosed) {
		t.Errorf("append after Run: %v", err)
	}
}

func TestActiveActsAreInTheFileBeforeAppendReturns(t *testing.T) {
	j, _ := start(t, Config{})
	w := newWriter()
	for i, class := range []event.Class{event.Write, event.Control, event.Auth, event.Malformed, event.Other} {
		line := w.line(i, class, 4)
		if err := j.Append(line, class); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(j.cfg.Dir, segmentName(1)))
		if err != nil || !strings.HasSuffix(string(b), string(line)) {
			t.Errorf("%s is not in the file: %v", class, err)
		}
	}
}

func TestAppendTakesOnlyLines(t *testing.T) {
	j, _ := start(t, Config{})
	for name, line := range map[string]string{
		"empty": "", "no newline": "{}", "two lines": "{}\n{}\n", "too long": strings.Repeat("x", event.MaxLine) + "\n",
	} {
		if err := j.Append([]byte(line), event.Read); !errors.Is(err, ErrLine) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneWriter(t *testing.T) {
	j, _ := start(t, Config{})
	_, err := Open(Config{Dir: j.cfg.Dir})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("id %d", os.Getpid())) {
		t.Errorf("second writer: %v", err)
	}
}

func TestPermissionErrorSaysWhatToDo(t *testing.T) {
	err := explain("/var/lib/sundew/journal", &os.PathError{Op: "open", Path: "x", Err: os.ErrPermission})
	if !strings.Contains(err.Error(), fmt.Sprintf("chown -R %d /var/lib/sundew/journal", os.Geteuid())) || !errors.Is(err, os.ErrPermission) {
		t.Error(err)
	}
}

func TestReopenContinues(t *testing.T) {
	dir := t.TempDir()
	for round := range 3 {
		j, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		stop := run(t, j)
		w := newWriter()
		for i := range 10 {
			j.Append(w.line(round*10+i, event.Read, 0), event.Read)
		}
		if err := errors.Join(stop(), j.Close()); err != nil {
			t.Fatal(err)
		}
	}
	wantRun(t, "three runs", all(t, dir, Cursor{}), 0, 30)
	if list, _ := segments(dir); len(list) != 1 {
		t.Errorf("segments %v, want one", list)
	}
}

func TestNamedCursors(t *testing.T) {
	j, _ := start(t, Config{})
	want := Cursor{7, 1234}
	if err := j.SaveCursor("conpotjson", want); err != nil {
		t.Fatal(err)
	}
	if got, err := j.LoadCursor("conpotjson"); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := j.LoadCursor("other"); err != nil || got != (Cursor{}) {
		t.Errorf("unknown name: %v, %v", got, err)
	}
	for _, name := range []string{"", "../lock", "a/b", ".x", "A", "x.tmp"} {
		if err := j.SaveCursor(name, want); err == nil {
			t.Errorf("%q accepted", name)
		}
	}
	for _, s := range []string{"", "1", "a:1", "1:-1", "1:2:3"} {
		if c, err := ParseCursor(s); err == nil {
			t.Errorf("%q is %v", s, c)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	j, _ := start(t, Config{})
	for _, class := range []event.Class{event.Read, event.Write, NoClass} {
		line := append([]byte(nil), newWriter().line(1, event.Read, 12)...)
		j.Append(line, class)
		// The writer's own few allocations are counted too, so a fraction is allowed.
		if n := testing.AllocsPerRun(500, func() { j.Append(line, class) }); n > 0.5 {
			t.Errorf("class %q: %v allocations an append", class, n)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, class := range []event.Class{event.Read, event.Write} {
		b.Run(string(class), func(b *testing.B) {
			j, err := Open(Config{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var ended sync.WaitGroup
			ended.Go(func() { j.Run(ctx) })
			line := newWriter().line(1, class, 12)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					j.Append(line, class)
				}
			})
			cancel()
			ended.Wait()
			b.ReportMetric(float64(j.Drops()[class]), "drops")
			j.Close()
		})
	}
}
