package journal

import (
	"errors"
	"os"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
)

// TestGolden reads a journal that the first release wrote. It is never made
// anew: every later release must read it.
func TestGolden(t *testing.T) {
	const dir = "testdata/v1"
	wantRun(t, "segments", all(t, dir, Cursor{}), 20, 47)
	wantRun(t, "from inside a packed segment", all(t, dir, Cursor{Segment: 3, Offset: 2621}), 25, 47)

	kept := 0
	for b, err := range (&Reader{dir}).Kept(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range b.Lines {
			e, err := event.Parse(l)
			if err != nil || i == 0 && e.What != "retention" || i > 0 && e.Class != event.Write {
				t.Errorf("kept line %d: %v %s", i, err, l)
			}
			kept++
		}
	}
	if kept != 4 {
		t.Errorf("%d kept lines, want 4", kept)
	}

	hashes, err := readHashes(dir)
	if err != nil {
		t.Fatal(err)
	}
	j := &Journal{cfg: Config{Dir: dir}}
	for n := uint64(3); n <= 4; n++ {
		sum, err := j.measure(t.Context(), n)
		listed, ok := hashes.get(n)
		if err != nil || !ok || sum.SHA256 != listed.SHA256 || sum.Lines != listed.Lines {
			t.Errorf("segment %d: %+v, listed %+v (%v)", n, sum, listed, err)
		}
	}
	if c, err := loadCursor(dir, "conpotjson"); err != nil || c != (Cursor{Segment: 3, Offset: 2621}) {
		t.Errorf("cursor %v, %v", c, err)
	}
}

// TestGoldenIsWrittenOn opens a copy of it for writing.
func TestGoldenIsWrittenOn(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/v1")); err != nil {
		t.Fatal(err)
	}
	j, stop := start(t, Config{Dir: dir})
	if err := j.Append(newWriter().line(47, event.Write, 0), event.Write); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stop(), j.Close()); err != nil {
		t.Fatal(err)
	}
	wantRun(t, "golden and on", all(t, dir, Cursor{}), 20, 48)
}
