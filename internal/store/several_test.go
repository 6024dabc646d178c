package store

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// renamed is a script as another sensor's journal has it.
func renamed(lines []string, sensor, boot, ids string) []string {
	var out []string
	for _, l := range lines {
		l = strings.ReplaceAll(l, `"sensor":"s1"`, `"sensor":"`+sensor+`"`)
		l = strings.ReplaceAll(l, `"boot":"b`, `"boot":"`+boot)
		out = append(out, strings.ReplaceAll(l, `"session":"0199-`, `"session":"`+ids))
	}
	return out
}

// take follows all that the journals below dir hold.
func take(t testing.TB, s *Store, dir string, by Interpreter, origins ...string) {
	t.Helper()
	w, err := s.Writer(t.Context(), by)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, o := range origins {
		l, err := LinesOf(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Follow(t.Context(), l, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// Several journals, each in pieces, with sessions under way at each restart, make
// the store that they make at once.
func TestSeveralGrownEqualsMadeAnew(t *testing.T) {
	dir, by := t.TempDir(), interpreter(t)
	own := play(200, 1).lines
	old := renamed(play(200, 5).lines, "old", "o", "0188-")
	old[0] = strings.Replace(old[0], `"detail":{`, `"detail":{"imported":"conpot, /var/log/conpot.json","synthetic":true,`, 1)
	lost := renamed(play(100, 6).lines, "lost", "l", "0177-")
	journals := map[string][]string{"": own, "old": old, "lost": lost}
	file := filepath.Join(dir, "grown.db")
	for i := range 5 {
		for name, lines := range journals {
			write(t, JournalDir(dir, name), lines[len(lines)*i/5:len(lines)*(i+1)/5])
		}
		s := open(t, file)
		take(t, s, dir, by, "", "old", "lost")
		take(t, s, dir, by, "lost", "")
		s.Close()
	}
	grown, fresh := open(t, file), open(t, filepath.Join(dir, "fresh.db"))
	defer grown.Close()
	defer fresh.Close()
	take(t, fresh, dir, by, "lost", "old", "")
	equal(t, grown, fresh)

	list, err := grown.Origins(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for i, want := range []Origin{{Name: "", Kind: Own}, {Name: "lost", Kind: Imported}, {Name: "old", Kind: Synthetic, Note: "conpot, /var/log/conpot.json"}} {
		o := list[i]
		if o.Name != want.Name || o.Kind != want.Kind || o.Note != want.Note || int(o.Lines) != len(journals[o.Name]) || !o.First.Before(o.Last) {
			t.Errorf("%+v, want %+v", o, want)
		}
	}
	total := func(f Filter) int64 {
		v, err := grown.Totals(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return v.Sessions
	}
	if a, b, all := total(Filter{Origin: []string{"old"}}), total(Filter{Origin: []string{"", "lost"}}), total(Filter{}); a == 0 || b == 0 || a+b != all {
		t.Errorf("%d of one origin and %d of the others, %d in all", a, b, all)
	}
	p, err := grown.Sessions(t.Context(), Filter{Origin: []string{"old"}}, 5, "")
	if err != nil || len(p.Sessions) != 5 {
		t.Fatal(p, err)
	}
	for _, v := range p.Sessions {
		lines, err := Transcript(t.Context(), dir, &v)
		if err != nil || v.Origin != "old" || len(lines) == 0 || lines[0].Kind != event.KindOpen || lines[0].Sensor != "old" {
			t.Errorf("%+v: %d lines, %v", v, len(lines), err)
		}
	}
	if c, err := grown.Contacts(t.Context(), Filter{Origin: []string{"lost"}}, made.Add(time.Hour)); err != nil || len(c) != 2 || c[1].Origin != "lost" || c[1].Sessions == 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func equal(t *testing.T, a, b *Store) {
	t.Helper()
	x, textX := project(t, a)
	y, textY := project(t, b)
	if !maps.Equal(x, y) {
		t.Errorf("grown %v\nanew  %v\n%s", x, y, difference(textX, textY))
	}
	for name, p := range x {
		if p.Rows == 0 {
			t.Errorf("%s is empty: nothing was compared", name)
		}
	}
}

// A journal that is imported twice counts once, whichever copy is read first.
func TestImportedTwice(t *testing.T) {
	dir, by := t.TempDir(), interpreter(t)
	lines := play(100, 1).lines
	for _, name := range []string{"", "copy", "again"} {
		write(t, JournalDir(dir, name), lines)
	}
	once := open(t, filepath.Join(dir, "once.db"))
	defer once.Close()
	take(t, once, dir, by, "")
	want, err := once.Totals(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, order := range [][]string{{"", "copy", "again"}, {"again", "", "copy"}} {
		s := open(t, filepath.Join(dir, fmt.Sprint(i, ".db")))
		defer s.Close()
		take(t, s, dir, by, order...)
		got, err := s.Totals(t.Context(), Filter{})
		if err != nil || got != want {
			t.Errorf("%v: %+v, want %+v, %v", order, got, want, err)
		}
		p, err := s.Sessions(t.Context(), Filter{}, 1, "")
		if err != nil || p.Sessions[0].Origin != order[0] {
			t.Errorf("%v: %+v, %v", order, p, err)
		}
	}
}

// What retention left of old segments is read first, and once; an interruption
// changes nothing.
func TestKept(t *testing.T) {
	dir, by := t.TempDir(), interpreter(t)
	at := JournalDir(dir, "")
	lines := play(300, 1).lines
	for i := range 6 { // each opening begins a segment
		write(t, at, lines[len(lines)*i/6:len(lines)*(i+1)/6])
	}
	old := time.Now().Add(-91 * 24 * time.Hour)
	for n := 1; n <= 3; n++ {
		for _, suffix := range []string{".jsonl", ".jsonl.zst"} {
			os.Chtimes(filepath.Join(at, fmt.Sprintf("%010d%s", n, suffix)), old, old)
		}
	}
	j, err := journal.Open(journal.Config{Dir: at, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- j.Run(ctx) }()
	for range 200 {
		if list, _ := filepath.Glob(filepath.Join(at, "*.kept.jsonl.zst")); len(list) == 3 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	j.Close()
	if list, _ := filepath.Glob(filepath.Join(at, "*.kept.jsonl.zst")); len(list) != 3 {
		t.Fatalf("%d segments were kept in part", len(list))
	}

	fresh := open(t, filepath.Join(dir, "fresh.db"))
	defer fresh.Close()
	take(t, fresh, dir, by, "")
	total, err := fresh.Totals(t.Context(), Filter{})
	if err != nil || total.Sessions < 100 {
		t.Fatal(total, err)
	}
	file := filepath.Join(dir, "grown.db")
	for i := range 3 { // broken off after so many files
		s := open(t, file)
		w, err := s.Writer(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		l, err := LinesOf(t.Context(), dir, "")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		kept, files := l.Kept, 0
		l.Kept = func(after uint64) iter.Seq2[journal.Batch, error] {
			return func(yield func(journal.Batch, error) bool) {
				for b, err := range kept(after) {
					if files++; files > i {
						stop()
					}
					if !yield(b, err) {
						return
					}
				}
			}
		}
		if err := w.Follow(ctx, l, nil); err != nil {
			t.Fatal(err)
		}
		w.Close()
		s.Close()
		stop()
	}
	grown := open(t, file)
	defer grown.Close()
	take(t, grown, dir, by, "")
	equalBut(t, grown, fresh, "sessions", "findings", "hours", "origins", "traces", "listening")
	again, err := grown.Totals(t.Context(), Filter{})
	if err != nil || again.Sessions != total.Sessions || again.Sources != total.Sources {
		t.Errorf("%+v, want %+v, %v", again, total, err)
	}
	p, err := fresh.Sessions(t.Context(), Filter{Label: []string{"ics_write"}}, 1000, "")
	if err != nil || len(p.Sessions) == 0 {
		t.Fatal(p, err)
	}
	last := p.Sessions[len(p.Sessions)-1]
	events, err := Transcript(t.Context(), dir, &last)
	if err != nil || len(events) == 0 {
		t.Errorf("%+v: %d lines of what was kept, %v", last, len(events), err)
	}
}

// equalBut compares all projections but some.
func equalBut(t *testing.T, a, b *Store, but ...string) {
	t.Helper()
	x, textX := project(t, a)
	y, textY := project(t, b)
	for _, name := range but {
		delete(x, name)
		delete(y, name)
	}
	if !maps.Equal(x, y) {
		t.Errorf("grown %v\nanew  %v\n%s", x, y, difference(textX, textY))
	}
}

// Counts of any period and filter, by the roll-up, are those of the rows.
func TestRollupEqualsRows(t *testing.T) {
	s, sc := filled(t, 400)
	ctx := t.Context()
	begin, end := made.Add(100*time.Millisecond), sc.at.Add(-time.Second)
	for name, f := range map[string]Filter{
		"all": {}, "from within an hour": {From: begin}, "to within an hour": {To: end}, "within one hour": {From: begin, To: begin.Add(9 * time.Second)},
		"both": {From: begin, To: end}, "label": {Label: []string{"brute_force"}, From: begin}, "protocol": {Protocol: []string{"modbus"}, To: end},
		"country": {Country: []string{"GB"}}, "research": {Research: "hide"}, "severity": {Severity: 8}, "pace": {Automation: []string{"indeterminate"}},
		"nobody": {Country: []string{"XX"}}, "tool": {Tool: "none"}, "none then": {From: end.Add(time.Hour)},
	} {
		w := f.sessions()
		var want Totals
		var first, last int64
		if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(DISTINCT source), COALESCE(SUM(acts), 0), COALESCE(MIN(opened), 0), COALESCE(MAX(opened), 0) FROM sessions`+w.String(), w.args...).
			Scan(&want.Sessions, &want.Sources, &want.Acts, &first, &last); err != nil {
			t.Fatal(name, err)
		}
		if first != 0 {
			want.First, want.Last = timeOf(first), timeOf(last)
		}
		got, err := s.Totals(ctx, f)
		if err != nil || got != want {
			t.Errorf("%s: %+v, the rows say %+v, %v", name, got, want, err)
		}
		var marks []mark
		for after := ""; ; {
			p, err := s.Sessions(ctx, f, 17, after)
			if err != nil {
				t.Fatal(name, err)
			}
			for _, v := range p.Sessions {
				marks = append(marks, mark{v.Opened.UnixNano(), v.key})
			}
			if after = p.Next; after == "" {
				break
			}
		}
		if int64(len(marks)) != want.Sessions {
			t.Errorf("%s: %d sessions on pages, %d rows", name, len(marks), want.Sessions)
		}
		for i := range marks[min(1, len(marks)):] {
			if !marks[i+1].before(marks[i]) {
				t.Fatalf("%s: the order of the pages is wrong at %d", name, i)
			}
		}
	}
}
