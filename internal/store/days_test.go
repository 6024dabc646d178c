package store

import (
	"cmp"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
)

// digested makes the digests of all days of a store that are over.
func digested(t *testing.T, s *Store) (days int) {
	t.Helper()
	w, err := s.Writer(t.Context(), interpreter(t))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	w.commits = 100
	if err := w.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for {
		if err := w.digest(t.Context()); err != nil {
			t.Fatal(w.rollback(t.Context(), err))
		}
		if w.calendar.under == nil {
			break
		}
		<-w.calendar.under.done
	}
	if err := w.commit(t.Context(), &reading{Origin: Origin{Name: "none", Kind: Imported}}, false); err != nil {
		t.Fatal(err)
	}
	if err := s.db.QueryRow(`SELECT COUNT(DISTINCT day) FROM days`).Scan(&days); err != nil {
		t.Fatal(err)
	}
	return days
}

// answers are those of questions that digests help with.
func answers(t *testing.T, s *Store, f Filter) map[string]any {
	t.Helper()
	s.Forget()
	out := map[string]any{}
	ask := func(name string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(name, err)
		}
		out[name] = v
	}
	ctx := t.Context()
	totals, err := s.Totals(ctx, f)
	ask("totals", totals, err)
	for _, by := range []string{ByProtocol, ByCountry, ByLabel, ByTool, ByASN} {
		c, err := s.Count(ctx, f, by, 100)
		ask(by, c, err)
	}
	actors, err := s.Actors(ctx, f, 50)
	ask("actors", actors, err)
	techs, err := s.Techniques(ctx, f)
	ask("techniques", techs, err)
	contacts, err := s.Contacts(ctx, f, made.Add(240*time.Hour))
	ask("contacts", contacts, err)
	for _, limit := range []int{1, 2, 1000} {
		creds, err := s.Credentials(ctx, f, limit)
		ask(fmt.Sprint("credentials ", limit), creds, err)
		targets, err := s.Targets(ctx, f, limit)
		ask(fmt.Sprint("targets ", limit), targets, err)
		values, err := s.Written(ctx, f, limit)
		ask(fmt.Sprint("values ", limit), values, err)
	}
	list, err := s.Sessions(ctx, f, 40, "")
	ask("sessions", list, err)
	files, err := s.Files(ctx, f, 10)
	ask("files", files, err)
	n, err := s.FilesIn(ctx, f)
	ask("number of files", n, err)
	deeds, err := s.Deeds(ctx, f)
	slices.SortFunc(deeds, func(a, b Deed) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	ask("deeds", deeds, err)
	return out
}

// With digests, without, and from rows: the answers are the same.
func TestDigests(t *testing.T) {
	s, _ := filledLong(t)
	day := made.Truncate(unitDay)
	// Not of roll-ups, and true of every session:
	rows := Term{Key: KeyReason, Not: true, Text: []string{"none has this"}}
	filters := map[string]Filter{
		"all": {}, "a protocol": {Protocol: []string{"http"}}, "a country": {Country: []string{"NL"}}, "no scanners": {Research: "hide"},
		"two days": {From: day.Add(unitDay), To: day.Add(3 * unitDay)}, "parts of days": {From: day.Add(30 * time.Hour), To: day.Add(80*time.Hour + time.Minute)},
		"a network": {Src: netip.MustParsePrefix("203.0.113.0/28"), Protocol: []string{"modbus"}}, "but one": {Terms: []Term{{Key: KeySrc, Not: true, Range: []netip.Prefix{netip.MustParsePrefix("198.51.100.1/32")}}}},
		"nobody": {Country: []string{"XX"}}, "a label": {Label: []string{analysis.ICSWrite}}, "a label and a country": {Label: []string{analysis.ICSWrite}, Country: []string{"DE"}},
		"nothing": {From: day.Add(-unitDay), To: day.Add(-time.Hour)},
	}
	before := map[string]map[string]any{}
	for name, f := range filters {
		before[name] = answers(t, s, f)
	}
	if n := digested(t, s); n < 2 {
		t.Fatalf("%d days are digested", n)
	}
	for name, f := range filters {
		after := answers(t, s, f)
		byHours := f.Coarse() // deeds count at their own time, and not at their session's
		f.Terms = append(f.Terms, rows)
		slow := answers(t, s, f)
		for what := range after {
			if !reflect.DeepEqual(after[what], before[name][what]) {
				t.Errorf("%s: %s by digests\n%+v, else\n%+v", name, what, after[what], before[name][what])
			}
			if what != "contacts" && (what != "deeds" || !byHours) && !reflect.DeepEqual(after[what], slow[what]) {
				t.Errorf("%s: %s by digests\n%+v, by rows\n%+v", name, what, after[what], slow[what])
			}
		}
	}
}

// A day that changes has no digests, and is digested again.
func TestDigestsGo(t *testing.T) {
	dir := t.TempDir()
	sc := playEvery(4*time.Minute, 300, 2)
	half := len(sc.lines) * 2 / 3
	s := open(t, filepath.Join(dir, "store.db"))
	defer s.Close()
	follow(t, s, write(t, filepath.Join(dir, "journal"), sc.lines[:half]), interpreter(t))
	first := digested(t, s)
	follow(t, s, write(t, filepath.Join(dir, "journal"), sc.lines[half:]), interpreter(t)) // of sessions from before, too
	left := 0
	if err := s.db.QueryRow(`SELECT COUNT(DISTINCT day) FROM days`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if first < 2 || left >= first {
		t.Errorf("%d days were digested, and %d still are after lines of these days", first, left)
	}
	got := answers(t, s, Filter{})
	if again := digested(t, s); again <= first {
		t.Errorf("%d days are digested again, %d before", again, first)
	}
	if then := answers(t, s, Filter{}); !reflect.DeepEqual(then, got) {
		t.Errorf("%+v, want %+v", then, got)
	}
}
