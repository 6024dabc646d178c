package redact

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/artifact"
	"github.com/sundew-ics/sundew/internal/backup"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

const victim, bystander = "198.51.100.23", "203.0.113.9"

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		source, text string
		want         bool
	}{
		{victim, `from 198.51.100.23 port 4`, true},
		{victim, `198.51.100.23:4000`, true},
		{victim, `PORT 198,51,100,23,4,1`, true},
		{victim, `EPRT |1|198.51.100.23|6275|`, true},
		{victim, hex.EncodeToString([]byte("PORT 198,51,100,23,4,1\r\n")), true},
		{victim, `"\\x0a198.51.100.23\\x0d"`, true},
		{victim, `"\f198.51.100.23\n"`, true},
		{victim, `::ffff:198.51.100.23`, true},
		{victim, `198.51.100.230`, false},
		{victim, `1198.51.100.23`, false},
		{victim, `1.198.51.100.23`, false},
		{victim, `198.51.100.23.1`, false},
		{victim, `198.51.100.2`, false},
		{victim, `198.51.100.23.`, true},
		{"198.51.100.0/24", `PORT 198,51,100,77,4,1`, true},
		{"198.51.100.0/24", `"\\x0a198.51.100.77"`, true},
		{"198.51.100.0/24", `198.51.101.77, 10.0.0.1`, false},
		{"198.51.100.0/24", `1.3.6.1.4.1.198.51.100.7`, false},
		{"2001:db8::23", `[2001:DB8:0:0::23]:502`, true},
		{"2001:db8::23", `2001:0db8:0000:0000:0000:0000:0000:0023`, true},
		{"2001:db8::23", `2001:db8::230`, false},
		{"2001:db8::/32", `EPRT |2|2001:db8:7::1|5282|`, true},
		{"2001:db8::/32", `12:34:56`, false},
		{"2001:db8::23", `"2001:db8::/64"`, true},
		{"2001:db8::23", `"2001:db8:1::/64"`, false},
		{victim, `198.51.100.0/24`, true},
		{victim, `0.0.0.0/0`, false},
	} {
		p, err := Parse(c.source)
		if err != nil {
			t.Fatal(err)
		}
		if got := newMatcher(p).text([]byte(c.text), true); got != c.want {
			t.Errorf("%s in %s: %v", c.source, c.text, got)
		}
	}
	for _, s := range []string{"", "x", "0.0.0.0/0", "::/3", "198.51.100"} {
		if _, err := Parse(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}

// The sensor's own address is not a source, even where it is the same.
func TestOwnAddress(t *testing.T) {
	p, _ := Parse("127.0.0.1")
	m := newMatcher(p)
	enc := func(src string) []byte {
		e := event.NewEncoder(event.Envelope{Session: "s", Boot: "b", Sensor: "x", Protocol: "ftp", Transport: "tcp", Src: netip.MustParseAddrPort(src), Dst: netip.MustParseAddrPort("127.0.0.1:21")})
		return e.AppendAct(nil, event.Stamp{}, &event.Act{Op: "pasv"}, event.Octets{}, event.Octets{}, 0)
	}
	status := event.AppendStatus(nil, time.Now(), 1, "x", "b", event.Status{What: "start", Detail: map[string]string{"addr": "127.0.0.1:21"}})
	for want, lines := range map[bool][][]byte{true: {enc("127.0.0.1:4000")}, false: {enc("127.0.0.2:4000"), status}} {
		for _, l := range lines {
			if m.line(l) != want {
				t.Errorf("%v for %s", !want, l)
			}
		}
	}
}

// A world is a sensor's directory, a backup directory, and what was in the journal.
type world struct{ data, backups string }

// recorded lets two sources do the same, once also beside each other: the victim
// is named by the bystander too, and both brought a file.
func (w *world) recorded(t *testing.T, closed bool) {
	t.Helper()
	j, err := journal.Open(journal.Config{Dir: filepath.Join(w.data, "journal")})
	if err != nil {
		t.Fatal(err)
	}
	a, err := artifact.Open(artifact.Config{Dir: filepath.Join(w.data, "artifacts")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := j.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	add := func(l []byte) {
		t.Helper()
		if err := j.Append(l, event.Read); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	add(event.AppendStatus(nil, at, 1, "lon-1", "boot", event.Status{What: "start", Detail: map[string]any{"services": []map[string]string{{"persona": "p", "device": "d", "service": "ftp", "protocol": "ftp", "network": "tcp", "addr": "192.0.2.5:21"}}}}))
	for i, src := range []string{victim, bystander, victim, bystander} {
		enc := event.NewEncoder(event.Envelope{Session: fmt.Sprintf("session-%d", i), Boot: "boot", Sensor: "lon-1", Protocol: "ftp", Transport: "tcp",
			Src: netip.AddrPortFrom(netip.MustParseAddr(src), 4000), Dst: netip.MustParseAddrPort("192.0.2.5:21")})
		seq := 0
		stamp := func() event.Stamp {
			seq++
			return event.Stamp{Time: at.Add(time.Duration(i)*time.Minute + time.Duration(seq)*time.Second), At: time.Duration(seq) * time.Second, Seq: seq - 1}
		}
		add(enc.AppendOpen(nil, stamp(), event.Open{Persona: "p", Device: "d", Listener: "ftp"}))
		brought := []string{"both", "both", "alone", "other"}[i]
		file, err := a.Put(src, "name-"+brought, "file", strings.NewReader(brought))
		if err != nil {
			t.Fatal(err)
		}
		add(enc.AppendAct(nil, stamp(), &event.Act{Op: "stor", Class: event.FileWrite, Artifact: &file, Cred: &event.Cred{User: "u", Secret: "s"}}, event.Octets{}, event.Octets{}, 0))
		if i == 1 { // the bystander names the victim
			p := []byte("PORT 198,51,100,23,4,1\r\n")
			add(enc.AppendAct(nil, stamp(), &event.Act{Op: "port", Class: event.Other}, event.Octets{Kept: p, Len: len(p)}, event.Octets{}, 0))
		}
		add(enc.AppendClose(nil, stamp(), event.Close{Reason: "visitor", Acts: seq - 2}))
	}
	add(event.AppendStatus(nil, at.Add(time.Hour), 2, "lon-1", "boot", event.Status{What: "limit", Detail: map[string]string{"source": victim + "/32"}}))
	add(event.AppendStatus(nil, at.Add(time.Hour), 3, "lon-1", "boot", event.Status{What: "stop"}))
	if closed {
		if err := j.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
	if err := errors.Join(j.Close(), a.Close()); err != nil {
		t.Fatal(err)
	}
}

// newWorld has a closed segment, a packed one, an open one with a torn tail, an
// imported journal, a device's state, a store and a backup, all with the victim.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t.TempDir(), t.TempDir()}
	w.recorded(t, true)
	file := filepath.Join(w.data, "state", "p", "d", "bacnet.bdt.json")
	put(t, file, `["198.51.100.23:47808"]`)
	put(t, filepath.Join(w.data, "state", "p", "d", "other.values.json"), `[1]`)
	put(t, filepath.Join(w.data, "alerts", "mail.json"), `{"seen":{"198.51.100.23":"2026-11-22T20:00:00Z"}}`)
	if err := os.CopyFS(filepath.Join(w.data, "imported", "far"), os.DirFS(filepath.Join(w.data, "journal"))); err != nil {
		t.Fatal(err)
	}
	active, _ := filepath.Glob(filepath.Join(w.data, "journal", "0*.jsonl"))
	f, err := os.OpenFile(active[len(active)-1], os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, `{"v":1,"src":{"ip":"198.51.100.23"`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	w.ask(t)
	if _, _, err := backup.Create(t.Context(), backup.Config{Data: w.data, Dir: w.backups, Build: "test"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	return w
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// rules are the real ones, with nothing known of addresses.
type rules struct{ *analysis.Rules }

func (rules) Versions() string                                { return "test" }
func (rules) Source(netip.Addr) analysis.Source               { return analysis.Source{} }
func (r rules) Begin(e *event.Event) store.Interpretation     { return r.NewSession(e) }
func (w *world) ask(t *testing.T) map[string]store.Projection { return project(t, w.data, w.data) }

// project makes or goes on with a store of data's journal in dir and says what is in it.
func project(t *testing.T, data, dir string) map[string]store.Projection {
	t.Helper()
	r, err := journal.OpenRead(filepath.Join(data, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	by, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), filepath.Join(dir, "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	read := func(c journal.Cursor) iter.Seq2[journal.Batch, error] {
		return r.Scan(t.Context(), c, journal.Cursor{})
	}
	if err := s.Follow(t.Context(), rules{by}, read, nil); err != nil {
		t.Fatal(err)
	}
	p, err := s.Project(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (w *world) config(t *testing.T) Config {
	t.Helper()
	p, err := Parse(victim)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Data: w.data, Backup: w.backups, Source: p, Reason: "asked for", Boot: "redact-boot", Build: "test"}
}

// clean fails if any file of the world has the victim in any form.
func (w *world) clean(t *testing.T) {
	t.Helper()
	m := newMatcher(netip.MustParsePrefix(victim + "/32"))
	forms := [][]byte{[]byte(victim), []byte("198,51,100,23"), []byte(hex.EncodeToString([]byte(victim))), []byte(hex.EncodeToString([]byte("198,51,100,23"))),
		append(make([]byte, 10), 0xff, 0xff, 198, 51, 100, 23)} // as the store has it
	check := func(name string, b []byte) {
		if m.text(b, true) {
			t.Errorf("%s still names the source", name)
		}
		for _, f := range forms {
			if bytes.Contains(b, f) {
				t.Errorf("%s still has %q", name, f)
			}
		}
	}
	look := func(name string, b []byte) {
		check(name, b)
		if strings.HasSuffix(name, ".zst") && !strings.HasSuffix(name, ".tar.zst") {
			r, err := journal.Unpack(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			all, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			check(name, all)
		}
	}
	for _, root := range []string{w.data, w.backups} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			if strings.HasSuffix(path, ".tar.zst") {
				return backup.Each(t.Context(), path, func(name string, r io.Reader) error {
					b, err := io.ReadAll(r)
					look(path+":"+name, b)
					return err
				})
			}
			b, err := os.ReadFile(path)
			look(path, b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// without makes a world of the same journal's lines with nothing for the victim's.
func (w *world) without(t *testing.T) *world {
	t.Helper()
	m := newMatcher(netip.MustParsePrefix(victim + "/32"))
	r, err := journal.OpenRead(filepath.Join(w.data, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for b, err := range r.Scan(t.Context(), journal.Cursor{}, journal.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range b.Lines {
			if m.line(l) { // the others stay where they are
				l = fmt.Appendf(nil, "{}%*s\n", len(l)-3, "")
			}
			text.Write(l)
		}
	}
	o := &world{t.TempDir(), t.TempDir()}
	put(t, filepath.Join(o.data, "journal", journal.Name(1, journal.Plain)), text.String())
	return o
}

// same compares projections but for the notes and the number of lines, where the
// redaction itself counts.
func same(t *testing.T, got, want map[string]store.Projection) {
	t.Helper()
	for name, p := range want {
		if name != "notes" && name != "origins" && got[name] != p {
			t.Errorf("table %s: %+v, want %+v", name, got[name], p)
		}
	}
	if got["notes"].Rows != want["notes"].Rows+2 {
		t.Errorf("%d notes, want %d, the erased one and the redaction", got["notes"].Rows, want["notes"].Rows)
	}
}

func TestErase(t *testing.T) {
	w := newWorld(t)
	want := project(t, w.without(t).data, t.TempDir())
	found, err := Look(t.Context(), w.config(t))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(found)
	if found.Lines != 8 || found.Sessions != 3 || found.Acts != 3 || found.Imported["far"] != 8 || found.Sightings != 2 || found.Files != 1 || len(found.State) != 2 || len(found.Backups) != 1 || found.Backups[0].Lines != 8 {
		t.Errorf("found %s", b)
	}
	r, err := journal.OpenRead(filepath.Join(w.data, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	var cursors []journal.Cursor
	for b, err := range r.Scan(t.Context(), journal.Cursor{}, journal.Cursor{}) {
		if err != nil {
			t.Fatal(err)
		}
		cursors = append(cursors, b.Next)
	}
	erased, remains, err := Erase(t.Context(), w.config(t), time.Now())
	if err != nil || len(remains) > 0 || erased.Lines != found.Lines+1 { // the torn tail is a file of its own then
		t.Fatalf("%+v, %v, %v", erased, remains, err)
	}
	w.clean(t)
	same(t, w.ask(t), want)
	w.clean(t) // the store that was made anew, its free pages too
	for _, c := range cursors {
		for b, err := range r.Scan(t.Context(), c, journal.Cursor{}) {
			if err != nil {
				t.Errorf("from %v: %v", c, err)
			}
			for _, l := range b.Lines {
				if !json.Valid(l) {
					t.Errorf("from %v: %s", c, l)
				}
			}
		}
	}
	for name, there := range map[string]bool{"both": true, "alone": false, "other": true} {
		found := false
		for s, err := range artifact.ReadIndex(filepath.Join(w.data, "artifacts")) {
			if err != nil {
				t.Fatal(err)
			}
			if string(s.Name) == "name-"+name {
				f, err := artifact.Get(filepath.Join(w.data, "artifacts"), s.SHA256)
				if err != nil {
					t.Error(err)
					continue
				}
				f.Close()
				found = true
			}
		}
		if found != there {
			t.Errorf("file %s: %v", name, found)
		}
	}
	list, err := os.ReadFile(filepath.Join(w.data, ListName))
	if err != nil || !strings.Contains(string(list), `"reason":"asked for"`) || strings.Count(string(list), `"was":`) < 3 || !strings.Contains(string(list), `"done":true`) {
		t.Errorf("the list: %s, %v", list, err)
	}
	again, _, err := Erase(t.Context(), w.config(t), time.Now())
	if err != nil || !again.None() {
		t.Errorf("again: %+v, %v", again, err)
	}
	after, _ := os.ReadFile(filepath.Join(w.data, ListName))
	if string(after) != string(list) {
		t.Error("nothing was erased, and it was recorded")
	}
}

// countdown is a context that ends when it has been asked for a number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestInterruptedAnywhere(t *testing.T) {
	first := newWorld(t)
	want := project(t, first.without(t).data, t.TempDir())
	for n := 0; ; n += 1 + n/8 {
		w := &world{t.TempDir(), t.TempDir()}
		if err := errors.Join(os.CopyFS(w.data, os.DirFS(first.data)), os.CopyFS(w.backups, os.DirFS(first.backups))); err != nil {
			t.Fatal(err)
		}
		_, _, err := Erase(&countdown{t.Context(), n}, w.config(t), time.Now())
		whole := err == nil
		if !whole {
			if _, _, err := Erase(t.Context(), w.config(t), time.Now()); err != nil {
				t.Fatalf("after %d: %v", n, err)
			}
		}
		w.clean(t)
		same(t, w.ask(t), want)
		if t.Failed() {
			t.Fatalf("interrupted at check %d", n)
		}
		if whole {
			if n < 10 {
				t.Errorf("only %d interruptions were tried", n)
			}
			return
		}
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	cfg := w.config(t)
	cfg.Reason = "letter of 198.51.100.23"
	if _, _, err := Erase(t.Context(), cfg, time.Now()); err == nil {
		t.Error("a reason that names the source is taken")
	}
	held, err := journal.Lock(filepath.Join(w.data, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Erase(t.Context(), w.config(t), time.Now()); !errors.Is(err, ErrRunning) {
		t.Errorf("with a sensor running: %v", err)
	}
	held.Close()
	cfg.Data = t.TempDir()
	if _, err := Look(t.Context(), cfg); err == nil {
		t.Error("an empty directory is looked at")
	}
}
