package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

func TestTornTail(t *testing.T) {
	w := newWriter()
	var whole []byte
	for i := range 5 {
		whole = append(whole, w.line(i, event.Read, 20)...)
	}
	sixth := bytes.Clone(w.line(5, event.Read, 20))
	cases := map[string][]byte{
		"nothing":                nil,
		"half a line":            sixth[:len(sixth)/2],
		"all but the newline":    sixth[:len(sixth)-1],
		"zeros":                  make([]byte, 4096),
		"zeros, then a line":     append(append(make([]byte, 100), '\n'), sixth...),
		"zeros inside a line":    append(append(bytes.Clone(sixth[:50]), make([]byte, 60)...), sixth[110:]...),
		"a longer tail than any": bytes.Repeat([]byte("x"), 2*event.MaxLine),
	}
	for name, tail := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, segmentName(3)), append(bytes.Clone(whole), tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			told := make(chan event.Status, 10)
			j, stop := start(t, Config{Dir: dir, Status: func(s event.Status) { told <- s }})
			if err := j.Append(w.line(5, event.Write, 20), event.Write); err != nil {
				t.Fatal(err)
			}
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			wantRun(t, "mended", all(t, dir, Cursor{}), 0, 6)
			torn, err := os.ReadFile(filepath.Join(dir, "0000000003.torn"))
			if len(tail) == 0 {
				if !errors.Is(err, os.ErrNotExist) || len(told) != 0 {
					t.Errorf("torn file without a torn tail: %v, %d told", err, len(told))
				}
				return
			}
			if !bytes.Equal(torn, tail) {
				t.Errorf("torn file has %d octets, want %d: %v", len(torn), len(tail), err)
			}
			if s := <-told; s.What != "lost" || s.Detail != (tornDetail{"0000000003.torn", int64(len(tail))}) {
				t.Errorf("told %+v", s)
			}
		})
	}
}

// TestCuts opens a journal cut off at many places of its last two lines.
func TestCuts(t *testing.T) {
	w := newWriter()
	var octets []byte
	var ends []int
	for i := range 3 {
		octets = append(octets, w.line(i, event.Read, 2)...)
		ends = append(ends, len(octets))
	}
	for cut := ends[0]; cut <= len(octets); cut += 1 + (cut-ends[0])%9 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, segmentName(1)), octets[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := Open(Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, e := range ends {
			if e <= cut {
				want++
			}
		}
		wantRun(t, fmt.Sprintf("cut at %d", cut), all(t, dir, Cursor{}), 0, want)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPackingInterrupted(t *testing.T) {
	dir := t.TempDir()
	j, stop := start(t, Config{Dir: dir})
	w := newWriter()
	j.Append(w.line(0, event.Write, 0), event.Write)
	if err := errors.Join(stop(), j.Rotate(), j.Close()); err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(filepath.Join(dir, segmentName(1)))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := pieces(dir)
	if err := j.pack(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	// As if the crash had come before the plain file was deleted, and another
	// while the next packed file was being written.
	for name, data := range map[string][]byte{segmentName(1): plain, "0000000002.jsonl.zst.tmp": {1, 2}, "hashes.jsonl": nil} {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		f.Write(data)
		if name == "hashes.jsonl" {
			f.WriteString(`{"segment":2,"oct`)
		}
		f.Close()
	}
	j2, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j2.Close()
	wantRun(t, "once", all(t, dir, Cursor{}), 0, 1)
	if j2.end != (Cursor{2, 0}) {
		t.Errorf("writes at %v, want 2:0", j2.end)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if e, ok := j2.hashes.get(1); !ok || e.Lines != 1 || e.Octets != int64(len(plain)) {
		t.Errorf("hash list has %+v", e)
	}
}

// TestKillHelper is the process that TestKill kills: it prints the number of
// each write that Append has returned from.
func TestKillHelper(t *testing.T) {
	dir := os.Getenv("JOURNAL_KILL_DIR")
	if dir == "" {
		t.Skip("only as a child of TestKill")
	}
	j, _ := start(t, Config{Dir: dir, SegmentBytes: 64 << 10})
	w := newWriter()
	for i := 0; ; i += 2 {
		if err := errors.Join(j.Append(w.line(i, event.Read, 30), event.Read), j.Append(w.line(i+1, event.Write, 30), event.Write)); err != nil {
			t.Fatal(err)
		}
		fmt.Println("wrote", i+1)
	}
}

func TestKill(t *testing.T) {
	dir := t.TempDir()
	next := 0
	for round := range 4 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKillHelper$")
		child.Env = append(os.Environ(), "JOURNAL_KILL_DIR="+filepath.Join(dir, strconv.Itoa(round)))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		acked := 0
		var kill sync.Once // counted from the first write: a busy machine starts processes slowly
		for lines := bufio.NewScanner(out); lines.Scan(); {
			fmt.Sscanf(lines.Text(), "wrote %d", &acked)
			kill.Do(func() {
				time.AfterFunc(time.Duration(20+50*round)*time.Millisecond, func() { child.Process.Kill() })
			})
		}
		child.Wait()
		if acked == 0 {
			t.Fatal("killed before it wrote anything")
		}
		j, err := Open(Config{Dir: filepath.Join(dir, strconv.Itoa(round))})
		if err != nil {
			t.Fatal(err)
		}
		list := all(t, j.cfg.Dir, Cursor{})
		if len(list) <= acked {
			t.Errorf("%d lines in the journal, but %d was acknowledged", len(list), acked)
		}
		wantRun(t, "killed", list, 0, len(list))
		next += len(list)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d lines survived", next)
}
