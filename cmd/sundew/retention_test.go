package main

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// segmentOf adds a segment to the journal in dir, with sessions of an address.
func segmentOf(t *testing.T, dir, src string, at time.Time) {
	t.Helper()
	j, err := journal.Open(journal.Config{Dir: filepath.Join(dir, "journal"), MaxBytes: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- j.Run(ctx) }()
	e := event.NewEncoder(event.Envelope{Session: "01a1159c-ccc0-7b70-9e31-" + src, Boot: "b1", Sensor: "s1", Protocol: "modbus", Transport: "tcp",
		Src: netip.MustParseAddrPort(src + ":4711"), Dst: netip.MustParseAddrPort("192.0.2.77:502")})
	for _, line := range [][]byte{
		e.AppendOpen(nil, event.Stamp{Time: at}, event.Open{Persona: "p", Device: "d", Listener: "modbus", Octets: "wire"}),
		e.AppendClose(nil, event.Stamp{Time: at.Add(time.Second), Seq: 1, At: time.Second}, event.Close{Start: at, End: at.Add(time.Second), Reason: "visitor"}),
	} {
		if err := j.Append(line, event.Read); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Rotate(); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Fatal(err)
	}
}

// What the journal has dropped is counted, no more listed, and said so.
func TestDetailsFollowTheJournal(t *testing.T) {
	dir := t.TempDir()
	day := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i, src := range []string{"198.51.100.1", "198.51.100.2", "198.51.100.3"} {
		segmentOf(t, dir, src, day.Add(time.Duration(i)*24*time.Hour))
	}
	run := func(args ...string) (string, string) {
		var out, err bytes.Buffer
		if code := execute(t.Context(), append(args, "--data", dir), &terminal{program: "sundew", out: &out, err: &err}); code != 0 {
			t.Fatalf("%v: %s", args, err.String())
		}
		return out.String(), err.String()
	}
	if out, err := run("sessions"); err != "" || !strings.Contains(out, "198.51.100.1") {
		t.Fatal(out, err)
	}
	first, _, err := journal.Held(filepath.Join(dir, "journal"))
	if err != nil || first != 1 {
		t.Fatal(first, err)
	}
	list, err := filepath.Glob(filepath.Join(dir, "journal", "0000000001.*"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := os.Remove(list[0]); err != nil {
		t.Fatal(err)
	}
	out, said := run("sessions")
	if strings.Contains(out, "198.51.100.1") || !strings.Contains(out, "198.51.100.2") || !strings.Contains(said, "details begin at 2026-11-20 13:00:00 UTC") {
		t.Errorf("%s%s", out, said)
	}
	if _, said := run("sessions", "--from", "2026-11-21"); said != "" {
		t.Errorf("of a later time: %s", said)
	}
	if out, said := run("stats"); !strings.Contains(out, "3 sessions of 3 sources, 2026-11-20 12:00:00") || said == "" {
		t.Errorf("%s%s", out, said)
	}
}
