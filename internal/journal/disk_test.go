package journal

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// A fullDisk takes so many octets and no more, a line's start included.
type fullDisk struct {
	*os.File
	left *int64
}

func (f fullDisk) WriteAt(p []byte, off int64) (int, error) {
	if int64(len(p)) <= *f.left {
		*f.left -= int64(len(p))
		return f.File.WriteAt(p, off)
	}
	n, err := f.File.WriteAt(p[:*f.left], off)
	*f.left = 0
	return n, errors.Join(err, syscall.ENOSPC)
}

// on opens a journal whose disk is made by wrap.
func on(t *testing.T, dir string, wrap func(*os.File) file) *Journal {
	t.Helper()
	j, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	j.file = wrap(j.file.(*os.File))
	return j
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	var j *Journal
	room := int64(1500) // the first line and the start of the second
	j = on(t, dir, func(f *os.File) file { return fullDisk{f, &room} })
	stop := run(t, j)
	w := newWriter()
	kept, began := 0, time.Now()
	if err := j.Append(w.line(kept, event.Write, 300), event.Write); err != nil {
		t.Fatal(err)
	}
	kept++
	if err := j.Append(w.line(kept, event.Write, 300), event.Write); !errors.Is(err, ErrUnwritten) {
		t.Fatalf("act on a full disk: %v, want ErrUnwritten", err)
	}
	kept++
	for ; ; kept++ { // lines wait in memory until it is full
		err := j.Append(w.line(kept, event.Read, 8000), event.Read)
		if errors.Is(err, ErrDropped) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 9 {
		if err := j.Append(w.line(kept, event.Read, 8000), event.Read); !errors.Is(err, ErrDropped) {
			t.Fatalf("buffers full: %v, want ErrDropped", err)
		}
	}
	// The reserve still takes acts that do more than look, and closes.
	if err := j.Append(w.line(kept, event.Control, 8000), event.Control); !errors.Is(err, ErrUnwritten) {
		t.Fatalf("control: %v, want ErrUnwritten", err)
	}
	kept++
	if err := j.Append(w.line(kept, event.Other, 8000), NoClass); err != nil {
		t.Fatalf("close: %v", err)
	}
	kept++
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d lines took %v: appenders waited for a disk that fails", kept, took)
	}
	if s, err := j.Stats(); err != nil || !errors.Is(s.Failing, syscall.ENOSPC) || s.Drops[event.Read] != 10 {
		t.Errorf("stats: %+v, %v", s, err)
	}
	var told []event.Status
	j.cfg.Status = func(s event.Status) { told = append(told, s) }
	j.report(nil)
	if len(told) != 1 || told[0].What != "drop" || told[0].Detail.(dropDetail).Dropped[event.Read] != 10 {
		t.Errorf("told %+v", told)
	}

	j.fileMu.Lock()
	room = 1 << 40
	j.fileMu.Unlock()
	for j.Append(w.line(kept, event.Write, 10), event.Write) != nil { // at most retryEvery
		kept++
		time.Sleep(20 * time.Millisecond)
	}
	kept++
	if err := errors.Join(stop(), j.Close()); err != nil {
		t.Fatal(err)
	}
	wantRun(t, "after the disk had room again", all(t, dir, Cursor{}), 0, kept)
}

func TestEndOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	room := int64(1000)
	j := on(t, dir, func(f *os.File) file { return fullDisk{f, &room} })
	stop := run(t, j)
	w := newWriter()
	for i := range 5 {
		j.Append(w.line(i, event.Write, 100), event.Write)
	}
	if err := stop(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Run: %v, want ENOSPC", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	list := all(t, dir, Cursor{})
	wantRun(t, "what fitted", list, 0, len(list))
	if lost := j.Drops()[NoClass]; len(list) == 0 || int(lost) != 5-len(list) {
		t.Errorf("%d lines in the file, %d counted as lost, of 5", len(list), lost)
	}
	// Nothing torn is left for the next writer to report.
	j, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if len(j.notices) != 0 {
		t.Errorf("notices: %+v", j.notices)
	}
}

// A stuckDisk does not return from a write until it may.
type stuckDisk struct {
	file
	free chan struct{}
}

func (f stuckDisk) WriteAt(p []byte, off int64) (int, error) {
	<-f.free
	return f.file.WriteAt(p, off)
}

// inBubble runs f under fake time with a journal on a disk that is stuck until
// free is closed.
func inBubble(t *testing.T, f func(t *testing.T, j *Journal, free chan struct{})) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		free := make(chan struct{})
		j.file = stuckDisk{j.file, free}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- j.Run(ctx) }()
		synctest.Wait()
		f(t, j, free)
		cancel()
		if err := errors.Join(<-ended, j.Close()); err != nil {
			t.Error(err)
		}
	})
}

func TestStuckDiskDoesNotHoldVisitors(t *testing.T) {
	inBubble(t, func(t *testing.T, j *Journal, free chan struct{}) {
		w, began := newWriter(), time.Now()
		if err := j.Append(w.line(0, event.Write, 0), event.Write); !errors.Is(err, ErrUnwritten) {
			t.Errorf("%v, want ErrUnwritten", err)
		}
		if waited := time.Since(began); waited != stallAfter {
			t.Errorf("waited %v, want %v", waited, stallAfter)
		}
		began = time.Now()
		if err := j.Append(w.line(1, event.Write, 0), event.Write); !errors.Is(err, ErrUnwritten) || time.Since(began) != 0 {
			t.Errorf("second: %v after %v", err, time.Since(began))
		}
		close(free)
		synctest.Wait()
		time.Sleep(time.Second)
		if err := j.Append(w.line(2, event.Write, 0), event.Write); err != nil {
			t.Errorf("after the disk answered: %v", err)
		}
		wantRun(t, "in the end", all(t, j.cfg.Dir, Cursor{}), 0, 3)
	})
}

func TestFullBuffersWait50ms(t *testing.T) {
	inBubble(t, func(t *testing.T, j *Journal, free chan struct{}) {
		w := newWriter()
		j.Append(w.line(0, event.Read, 0), event.Read)
		time.Sleep(writeEvery)
		synctest.Wait() // the writer holds the first buffer now
		n := 1
		for ; len(j.fill) < bufferSize-reserveSize-20000; n++ {
			j.Append(w.line(n, event.Read, 8000), event.Read)
		}
		var err error
		began := time.Now()
		for ; err == nil; n++ {
			err = j.Append(w.line(n, event.Read, 8000), event.Read)
		}
		if waited := time.Since(began); !errors.Is(err, ErrDropped) || waited != fullWait {
			t.Errorf("%v after %v, want ErrDropped after %v", err, waited, fullWait)
		}
		began = time.Now()
		go func() {
			time.Sleep(30 * time.Millisecond)
			close(free)
		}()
		if err := j.Append(w.line(n-1, event.Read, 8000), event.Read); err != nil || time.Since(began) != 30*time.Millisecond {
			t.Errorf("%v after %v, want room after 30 ms", err, time.Since(began))
		}
		time.Sleep(time.Second)
		wantRun(t, "all but the dropped", all(t, j.cfg.Dir, Cursor{}), 0, n)
	})
}

func TestRhythm(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- j.Run(ctx) }()
		synctest.Wait()
		j.Append(newWriter().line(0, event.Read, 0), event.Read)
		for _, step := range []struct {
			after           time.Duration
			written, synced bool
		}{{writeEvery - 1, false, false}, {1, true, false}, {syncEvery - 1, true, false}, {1, true, true}} {
			time.Sleep(step.after)
			synctest.Wait()
			s, err := j.Stats()
			if err != nil || (s.End.Offset > 0) != step.written || (s.Synced.Offset > 0) != step.synced {
				t.Errorf("written to %v, fsynced to %v; want %+v (%v)", s.End, s.Synced, step, err)
			}
		}
		cancel()
		if err := errors.Join(<-ended, j.Close()); err != nil {
			t.Error(err)
		}
	})
}
