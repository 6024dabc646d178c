package store

import (
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// stretched are lines as if all took a thousand times as long: many hours.
func stretched(lines []string) []string {
	ts, us := regexp.MustCompile(`"ts":"([^"]+)"`), regexp.MustCompile(`"at_us":(\d+)`)
	out := make([]string, len(lines))
	for i, l := range lines {
		l = ts.ReplaceAllStringFunc(l, func(m string) string {
			at, _ := time.Parse(time.RFC3339Nano, ts.FindStringSubmatch(m)[1])
			return fmt.Sprintf(`"ts":%q`, made.Add(1000*at.Sub(made)).Format(time.RFC3339Nano))
		})
		out[i] = us.ReplaceAllStringFunc(l, func(m string) string {
			n, _ := strconv.Atoi(us.FindStringSubmatch(m)[1])
			return fmt.Sprintf(`"at_us":%d`, 1000*n)
		})
	}
	return out
}

func retain(t testing.TB, s *Store, r *journal.Reader, by Interpreter, b Bounds) Retained {
	t.Helper()
	w, err := s.Writer(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if r != nil {
		read := func(c journal.Cursor) iter.Seq2[journal.Batch, error] {
			return r.Scan(t.Context(), c, journal.Cursor{})
		}
		if err := w.Follow(t.Context(), Lines{Read: read}, nil); err != nil {
			t.Fatal(err)
		}
	}
	done, err := w.Retain(t.Context(), b, func(time.Duration) {})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// A store that lost its details piece by piece, while it grew, has what one has
// that lost them at once; both have the counts of one that lost none.
func TestRetention(t *testing.T) {
	dir, by := t.TempDir(), interpreter(t)
	lines := stretched(play(500, 3).lines)
	grown, once, whole := open(t, filepath.Join(dir, "grown.db")), open(t, filepath.Join(dir, "once.db")), open(t, filepath.Join(dir, "whole.db"))
	for _, s := range []*Store{grown, once, whole} {
		defer s.Close()
	}
	bounds := []Bounds{{First: 1}, {First: 2, Kept: 1}, {First: 3, Kept: 1}, {First: 3, Kept: 2}, {First: 4, Kept: 3}}
	var r *journal.Reader
	for i, b := range bounds {
		r = write(t, filepath.Join(dir, "journal"), lines[len(lines)*i/len(bounds):len(lines)*(i+1)/len(bounds)])
		retain(t, grown, r, by, b)
	}
	end, err := r.End()
	if err != nil || end.Segment < uint64(len(bounds)) {
		t.Fatal(end, err)
	}
	last := bounds[len(bounds)-1]
	done := retain(t, once, r, by, last)
	if done.Sessions == 0 || done.Acts == 0 || done.Hours != 0 {
		t.Fatalf("deleted %+v", done)
	}
	equal(t, grown, once)
	follow(t, whole, r, by)
	compareRetained(t, once, whole, last)

	w, err := once.Writer(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	sessions, acts := w.Size()
	w.Close()
	for table, want := range map[string]int64{"sessions": sessions, "acts": acts} {
		var n int64
		if err := once.db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&n); err != nil || n != want {
			t.Errorf("%d rows of %s, the writer says %d: %v", n, table, want, err)
		}
	}
	follow(t, once, r, by) // what is read twice does not come back
	equal(t, grown, once)
}

func compareRetained(t *testing.T, pruned, whole *Store, b Bounds) {
	t.Helper()
	ctx := t.Context()
	since, err := pruned.DetailsSince(ctx)
	if err != nil || since.IsZero() || since.Minute() != 0 {
		t.Fatal(since, err)
	}
	all := Filter{}
	for name, f := range map[string]Filter{"all": all, "from an hour": {From: made.Truncate(time.Hour).Add(time.Hour)}, "of it, http": {Protocol: []string{"http"}, To: since}, "details": {From: since.Add(7 * time.Minute)}} {
		for _, by := range []string{ByLabel, ByCountry, ByProtocol, ByTool} {
			got, err := pruned.Count(ctx, f, by, 50)
			want, err2 := whole.Count(ctx, f, by, 50)
			if err != nil || err2 != nil || !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%s by %s: %+v, want %+v, %v, %v", name, by, got, want, err, err2)
			}
		}
	}
	a, _ := pruned.Totals(ctx, all)
	z, _ := whole.Totals(ctx, all)
	if a.First = a.First.Truncate(time.Hour); a.Sessions != z.Sessions || a.Acts != z.Acts || a.Sources != z.Sources || a.First != z.First.Truncate(time.Hour) || a.Last != z.Last {
		t.Errorf("%+v, want %+v", a, z)
	}
	// A part of an hour without details is told as the whole hour.
	part, _ := pruned.Totals(ctx, Filter{From: made.Add(10 * time.Minute), To: made.Add(20 * time.Minute)})
	hour, _ := whole.Totals(ctx, Filter{To: made.Truncate(time.Hour).Add(time.Hour)})
	if part.Sessions != hour.Sessions || hour.Sessions == 0 {
		t.Errorf("%d sessions of the first hour, want %d", part.Sessions, hour.Sessions)
	}
	want := map[string]bool{}
	grave := map[string]bool{}
	_ = whole.EachAct(ctx, all, func(a *Act) error {
		grave[a.Session] = grave[a.Session] || !event.Class(a.Class).Passive()
		return nil
	})
	kept := 0
	_ = whole.EachSession(ctx, all, func(s *Session) error {
		switch {
		case s.end.Segment >= b.First || s.Closed.IsZero():
		case s.end.Segment >= b.Kept && grave[s.ID]:
			kept++
		default:
			return nil
		}
		want[s.ID] = true
		return nil
	})
	got := map[string]bool{}
	_ = pruned.EachSession(ctx, all, func(s *Session) error { got[s.ID] = true; return nil })
	if !maps.Equal(got, want) || kept == 0 || len(got) == int(z.Sessions) {
		t.Errorf("%d sessions, want %d, %d of them kept", len(got), len(want), kept)
	}
	if at, lacks, err := pruned.Lacks(ctx, all); !lacks || at != since || err != nil {
		t.Error("does not say that it lacks some", err)
	}
	if _, lacks, _ := pruned.Lacks(ctx, Filter{From: since}); lacks {
		t.Error("lacks some where it has all")
	}
}

// Imported journals keep what they have; their part of an hour stays.
func TestRetentionIsOfTheOwn(t *testing.T) {
	dir, by := t.TempDir(), interpreter(t)
	write(t, JournalDir(dir, ""), stretched(play(200, 1).lines))
	write(t, JournalDir(dir, "old"), renamed(stretched(play(200, 5).lines), "old", "o", "0188-"))
	s, alone := open(t, filepath.Join(dir, "both.db")), open(t, filepath.Join(dir, "alone.db"))
	defer s.Close()
	defer alone.Close()
	take(t, s, dir, by, "", "old")
	take(t, alone, dir, by, "old")
	retain(t, s, nil, by, Bounds{First: 1 << 40, Kept: 1 << 40, Counts: made.Add(1000 * time.Hour)})
	a, textA := project(t, s)
	b, textB := project(t, alone)
	for _, name := range []string{"origins", "listening"} { // it is known, and still listens
		delete(a, name)
		delete(b, name)
	}
	if !maps.Equal(a, b) {
		t.Errorf("%v\n%v\n%s", a, b, difference(textA, textB))
	}
}

// A year at a steady pace fits into what it may have.
func TestRetentionBoundsTheFile(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	dir, by := t.TempDir(), interpreter(t)
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	const most = 500 << 10
	sessions := int64(0)
	for month := range 12 {
		lines := stretched(renamed(play(150, uint64(month)).lines, "s1", fmt.Sprint("m", month), fmt.Sprintf("02%02d-", month)))
		later := regexp.MustCompile(`"ts":"2026-11-`)
		for i := range lines {
			lines[i] = later.ReplaceAllString(lines[i], fmt.Sprintf(`"ts":"2027-%02d-`, month+1))
		}
		r := write(t, filepath.Join(dir, "journal"), lines)
		done := retain(t, s, r, by, Bounds{First: 1, Octets: most})
		sessions += done.Sessions
		checkpoint(t, s)
		info, err := os.Stat(s.file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > most+most/4 {
			t.Errorf("%d octets after %d months, %d may be used, and a month more", info.Size(), month+1, most)
		}
	}
	all, err := s.Totals(t.Context(), Filter{})
	if err != nil || sessions == 0 || all.Sessions < 12*140 {
		t.Errorf("%d deleted, %+v, %v", sessions, all, err)
	}
	retain(t, s, nil, by, Bounds{First: 1, Octets: 1})
	var pages, spare int
	err = s.own.QueryRow("SELECT page_count, freelist_count FROM pragma_page_count, pragma_freelist_count").Scan(&pages, &spare)
	if p, perr := s.Sessions(t.Context(), Filter{}, 1, ""); err != nil || perr != nil || 2*spare > pages || len(p.Sessions) > 0 && !p.Sessions[0].Closed.IsZero() {
		t.Errorf("%d of %d pages are free, %+v is left: %v, %v", spare, pages, p, err, perr)
	}
}

// checkpoint puts all that was written into the store's file.
func checkpoint(t testing.TB, s *Store) {
	t.Helper()
	if _, err := s.own.Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
}
