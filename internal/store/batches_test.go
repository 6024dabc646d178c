package store

import (
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sundew-ics/sundew/internal/journal"
)

// What sessions prove does not depend on where a batch or a transaction ends: a
// session that is seen before its first act said nothing only until then.
func TestOneLineAtATime(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	dir, by := t.TempDir(), interpreter(t)
	lines := play(150, 8).lines
	lines = lines[:len(lines)-3] // some go on
	r := write(t, filepath.Join(dir, "journal"), lines)
	at := func(f *Store, most int) {
		w, err := f.Writer(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		read := func(c journal.Cursor) iter.Seq2[journal.Batch, error] {
			return func(yield func(journal.Batch, error) bool) {
				for b, err := range r.Scan(t.Context(), c, journal.Cursor{}) {
					next := b.Next
					for _, l := range b.Lines {
						next.Offset -= int64(len(l))
					}
					for part := range slices.Chunk(b.Lines, most) {
						for _, l := range part {
							next.Offset += int64(len(l))
						}
						if !yield(journal.Batch{Next: next, Lines: part}, err) {
							return
						}
					}
				}
			}
		}
		if err := w.Follow(t.Context(), Lines{Read: read}, nil); err != nil {
			t.Fatal(err)
		}
	}
	once := open(t, filepath.Join(dir, "once.db"))
	defer once.Close()
	at(once, 1<<20)
	want, err := once.Techniques(t.Context(), Filter{})
	if err != nil || len(want) < 3 {
		t.Fatal(want, err)
	}
	for _, most := range []int{1, 2, 7} {
		s := open(t, filepath.Join(dir, fmt.Sprint(most, ".db")))
		defer s.Close()
		at(s, most)
		equalBut(t, s, once)
		got, err := s.Techniques(t.Context(), Filter{})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%d lines at a time: techniques %+v, want %+v, %v", most, got, want, err)
		}
	}
}
