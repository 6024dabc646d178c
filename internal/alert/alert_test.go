package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/sink"
	"github.com/sundew-ics/sundew/internal/sink/sinktest"
	"github.com/sundew-ics/sundew/internal/sink/webhook"
)

// box is a deliverer that fails as long as it is told to.
type box struct {
	mu   sync.Mutex
	down bool
	got  []*Message
	at   []time.Time
}

func (b *box) deliver(_ context.Context, m *Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errors.New("down")
	}
	b.got, b.at = append(b.got, m), append(b.at, time.Now())
	return nil
}

func (b *box) reach() sink.Reach { return sink.Reach{} }

func (b *box) set(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// said are the messages in short.
func (b *box) said() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, m := range b.got {
		switch {
		case m.Digest != nil:
			out = append(out, fmt.Sprintf("digest %d/%d", m.Digest.Alerts, m.Digest.Late))
		default:
			out = append(out, fmt.Sprintf("%s %s %s", m.Reason, m.Src.IP, m.Act.Op))
		}
	}
	return strings.Join(out, ", ")
}

func newAlerter(t *testing.T, dir string, change func(*Settings), by deliverer) *Alerter {
	t.Helper()
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	s := Settings{To: "webhook", URL: "http://127.0.0.1:1/"}
	if change != nil {
		change(&s)
	}
	a, err := New(Config{Settings: s, Dir: dir, Rules: rules, Log: slog.New(slog.DiscardHandler), Source: func(a netip.Addr) analysis.Source {
		if a == netip.MustParseAddr("192.0.2.77") {
			return analysis.Source{Scanner: "Censys", ScannerProof: "claimed"}
		}
		return analysis.Source{}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if by != nil {
		a.by = by
	}
	return a
}

// visit are a session's lines: its acts given as op:class.
func visit(id, src string, begun time.Time, acts ...string) (lines [][]byte) {
	enc := event.NewEncoder(event.Envelope{Session: id, Boot: "b", Sensor: "lon-1", Protocol: "s7comm", Transport: "tcp",
		Src: netip.AddrPortFrom(netip.MustParseAddr(src), 4000), Dst: netip.MustParseAddrPort("192.0.2.5:102")})
	seq := 0
	stamp := func() event.Stamp {
		seq++
		return event.Stamp{Time: begun.Add(time.Duration(seq) * time.Millisecond), At: time.Duration(seq) * time.Millisecond, Seq: seq - 1}
	}
	open := event.Open{Persona: "p", Device: "plc", Listener: "s7"}
	if strings.HasPrefix(id, "probe") {
		open.Probe = "nonce"
	}
	lines = append(lines, enc.AppendOpen(nil, stamp(), open))
	for _, a := range acts {
		op, class, _ := strings.Cut(a, ":")
		lines = append(lines, enc.AppendAct(nil, stamp(), &event.Act{Op: op, Class: event.Class(class), Target: event.Target{Kind: event.TargetDB, Ref: "DB1"}, Values: []string{"evil\r\nBcc: x@y"}}, event.Octets{}, event.Octets{}, 0))
	}
	return append(lines, enc.AppendClose(nil, stamp(), event.Close{Reason: "visitor", Acts: len(acts)}))
}

// tape is a journal of lines, each a batch, that goes on with what is added.
type tape struct {
	mu    sync.Mutex
	lines [][]byte
}

func (tp *tape) add(lines ...[]byte) {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	tp.lines = append(tp.lines, lines...)
}

func (tp *tape) Stats() (journal.Stats, error) {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	return journal.Stats{Synced: journal.Cursor{Segment: 1, Offset: int64(len(tp.lines))}}, nil
}

func (tp *tape) Follow(ctx context.Context, _ string, from journal.Cursor) iter.Seq2[journal.Batch, error] {
	return func(yield func(journal.Batch, error) bool) {
		for at := from.Offset; ctx.Err() == nil; {
			tp.mu.Lock()
			var lines [][]byte
			if at < int64(len(tp.lines)) {
				lines = tp.lines[at : at+1]
			}
			tp.mu.Unlock()
			if lines == nil {
				time.Sleep(300 * time.Millisecond)
				continue
			}
			at++
			if !yield(journal.Batch{Next: journal.Cursor{Segment: 1, Offset: at}, Lines: lines}, nil) {
				return
			}
		}
	}
}

// play runs an alerter over what f adds to its journal, under fake time.
func play(t *testing.T, dir string, tp *tape, change func(*Settings), f func(*box)) *box {
	t.Helper()
	b := &box{}
	synctest.Test(t, func(t *testing.T) {
		a := newAlerter(t, dir, change, b)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := a.Run(ctx, tp); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Millisecond)
		f(b)
		stop()
		wg.Wait()
	})
	return b
}

func TestWhatAlerts(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Settings)
		visits func(now time.Time) [][]byte
		want   string
	}{
		{"a look alerts nobody", nil, func(now time.Time) [][]byte {
			return visit("1", "198.51.100.1", now, "read_szl:identify", "read_var:read")
		}, ""},
		{"the first write of a source", nil, func(now time.Time) [][]byte {
			return append(append(visit("1", "198.51.100.1", now, "read_var:read", "write_var:write", "write_var:write"), visit("2", "198.51.100.1", now, "write_var:write")...),
				visit("3", "198.51.100.2", now, "plc_control:control")...)
		}, "first_act 198.51.100.1 write_var, first_act 198.51.100.2 plc_control"},
		{"a /64 is one source", nil, func(now time.Time) [][]byte {
			return append(visit("1", "2001:db8::1", now, "write_var:write"), visit("2", "2001:db8::2", now, "write_var:write")...)
		}, "first_act 2001:db8::1 write_var"},
		{"the score, once", func(s *Settings) { s.Classes = []string{"firmware"}; s.Score = 0.6 }, func(now time.Time) [][]byte {
			return visit("1", "198.51.100.1", now, "start_upload:program_upload", "plc_stop:mode", "plc_stop:mode")
		}, "score 198.51.100.1 plc_stop"},
		{"an act and the score that it brings are one", func(s *Settings) { s.Score = 0.3 }, func(now time.Time) [][]byte {
			return visit("1", "198.51.100.1", now, "plc_stop:mode", "plc_stop:mode")
		}, "first_act 198.51.100.1 plc_stop"},
		{"scanners by their acts", func(s *Settings) { s.Score = 0.3; s.Classes = []string{"write"} }, func(now time.Time) [][]byte {
			return visit("1", "192.0.2.77", now, "plc_stop:mode", "write_var:write")
		}, "first_act 192.0.2.77 write_var"},
		{"scanners by none", func(s *Settings) { s.Scanners = "none" }, func(now time.Time) [][]byte { return visit("1", "192.0.2.77", now, "write_var:write") }, ""},
		{"scanners by all", func(s *Settings) { s.Scanners = "all"; s.Score = 0.3; s.Classes = []string{"firmware"} }, func(now time.Time) [][]byte {
			return visit("1", "192.0.2.77", now, "plc_stop:mode")
		}, "score 192.0.2.77 plc_stop"},
		{"the operator's own probe", nil, func(now time.Time) [][]byte { return visit("probe", "127.0.0.1", now, "write_var:write") }, ""},
		{"late ones together", nil, func(now time.Time) [][]byte {
			return append(visit("1", "198.51.100.1", now.Add(-2*time.Hour), "write_var:write"), visit("2", "198.51.100.2", now.Add(-3*time.Hour), "write_var:write")...)
		}, "digest 2/2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tp := &tape{}
			dir := t.TempDir()
			late := c.want == "digest 2/2"
			if late { // what came while it did not run
				play(t, dir, tp, c.change, func(*box) { time.Sleep(time.Second) })
			}
			b := play(t, dir, tp, c.change, func(b *box) {
				if late {
					time.Sleep(4 * time.Hour)
				}
				tp.add(c.visits(time.Now())...)
				time.Sleep(30 * time.Second)
			})
			if got := b.said(); got != c.want {
				t.Errorf("said %q, want %q", got, c.want)
			}
		})
	}
}

func TestRepeatsAfterADay(t *testing.T) {
	tp := &tape{}
	b := play(t, t.TempDir(), tp, nil, func(b *box) {
		for i := range 3 { // the third is more than a day after the first
			tp.add(visit(fmt.Sprint(i), "198.51.100.1", time.Now(), "write_var:write")...)
			time.Sleep(13 * time.Hour)
		}
	})
	if got := b.said(); got != "first_act 198.51.100.1 write_var, first_act 198.51.100.1 write_var" {
		t.Error(got)
	}
}

// A flood is a few alerts and then a digest a minute, and nothing of it is lost.
func TestRate(t *testing.T) {
	tp := &tape{}
	b := play(t, t.TempDir(), tp, func(s *Settings) { s.Burst, s.Minute = 3, 1 }, func(b *box) {
		for i := range 100 {
			tp.add(visit(fmt.Sprint(i), fmt.Sprintf("198.51.100.%d", i), time.Now(), "write_var:write")...)
		}
		time.Sleep(10 * time.Minute)
	})
	singly, summed := 0, 0
	for _, m := range b.got {
		if m.Digest != nil {
			summed += m.Digest.Alerts
			if len(m.Digest.Sources) > maxListed || len(m.Digest.Sources) == 0 {
				t.Errorf("%d sources", len(m.Digest.Sources))
			}
		} else {
			singly++
		}
	}
	if singly < 3 || singly > 5 || singly+summed != 100 || len(b.got)-singly > 2 {
		t.Errorf("%d singly, %d in digests: %s", singly, summed, b.said())
	}
}

// A receiver that was away gets what it missed: singly for an hour, then a digest;
// a restart neither loses nor repeats.
func TestReceiverAwayAndRestart(t *testing.T) {
	tp, dir := &tape{}, t.TempDir()
	b := play(t, dir, tp, nil, func(b *box) {
		b.set(true)
		tp.add(visit("1", "198.51.100.1", time.Now(), "write_var:write")...)
		time.Sleep(20 * time.Minute)
		b.set(false)
		time.Sleep(2 * time.Minute)
		b.set(true)
		tp.add(visit("2", "198.51.100.2", time.Now(), "write_var:write")...)
		tp.add(visit("3", "198.51.100.3", time.Now(), "write_var:write")...)
		time.Sleep(time.Minute)
	})
	if got := b.said(); got != "first_act 198.51.100.1 write_var" {
		t.Fatal(got)
	}
	b = play(t, dir, tp, nil, func(b *box) { // fake time begins anew: the two are some minutes in its future
		tp.add(visit("4", "198.51.100.1", time.Now().Add(time.Hour), "write_var:write")...) // it has alerted
		time.Sleep(time.Minute)
	})
	if got := b.said(); got != "first_act 198.51.100.2 write_var, first_act 198.51.100.3 write_var" {
		t.Error(got)
	}
	tp = &tape{}
	b = play(t, t.TempDir(), tp, nil, func(b *box) {
		b.set(true)
		for i := range 3 {
			tp.add(visit(fmt.Sprint(i), fmt.Sprintf("198.51.100.%d", i), time.Now(), "write_var:write")...)
		}
		time.Sleep(2 * time.Hour)
		b.set(false)
		time.Sleep(5 * time.Minute)
	})
	if got := b.said(); got != "digest 3/3" {
		t.Error(got)
	}
}

// A line at which analysis fails costs that line alone.
func TestPanicCostsOneLine(t *testing.T) {
	a := newAlerter(t, t.TempDir(), nil, nil)
	a.s.Seen = map[string]time.Time{}
	known := a.cfg.Source
	a.cfg.Source = func(addr netip.Addr) analysis.Source {
		if addr == netip.MustParseAddr("192.0.2.66") {
			panic("a fault")
		}
		return known(addr)
	}
	news := 0
	for _, l := range slices.Concat(visit("s-1", "192.0.2.66", time.Now(), "write_var:write"), visit("s-2", "198.51.100.1", time.Now(), "write_var:write")) {
		if a.guarded(l, time.Now()) {
			news++
		}
	}
	if news != 1 || len(a.s.Pending) != 1 || a.s.Pending[0].Session != "s-2" {
		t.Errorf("%d lines bring news, pending %+v", news, a.s.Pending)
	}
}

// receiver checks what is posted.
func TestWebhook(t *testing.T) {
	var got Message
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if want := "sha256=" + webhook.Signature("key", r.Header.Get("X-Sundew-Timestamp"), body); err != nil || r.Header.Get("X-Sundew-Signature") != want || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Authorization") != "Bearer token" {
			t.Errorf("%v, headers %v", err, r.Header)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
		if got.Kind == "test" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	a := newAlerter(t, t.TempDir(), func(s *Settings) {
		s.URL, s.SecretFile, s.TokenFile = server.URL, sinktest.SecretFile(t, "key"), sinktest.SecretFile(t, "token")
	}, nil)
	if err := a.Test(t.Context(), "lon-1", time.Now()); err == nil || !strings.Contains(err.Error(), "418") || got.Sensor != "lon-1" {
		t.Errorf("%v: %+v", err, got)
	}
	var last *Message
	for _, l := range visit("s-1", "198.51.100.1", time.Now(), "read_var:read", "write_var:write") {
		a.s.Seen = map[string]time.Time{}
		if a.take(l, time.Now()) {
			last = a.s.Pending[0]
		}
	}
	if err := a.by.deliver(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	if got.Session != "s-1" || got.Command != "sundew session s-1" || got.Label != "ics_write" || len(got.Acts) != 2 || got.Act.Class != event.Write || got.Device != "plc" || len(got.Evidence) == 0 {
		b, _ := json.Marshal(got)
		t.Errorf("%s", b)
	}
}

func TestSettings(t *testing.T) {
	mail := Settings{To: "mail", Server: "mail.example:587", From: "a@example.org", Recipients: []string{"b@example.org"}}
	with := func(f func(*Settings)) Settings {
		s := mail
		f(&s)
		return s
	}
	for name, s := range map[string]Settings{
		"nothing": {}, "no url": {To: "webhook"}, "ftp": {To: "webhook", URL: "ftp://x/"}, "name": with(func(s *Settings) { s.Name = "../x" }),
		"class": with(func(s *Settings) { s.Classes = []string{"evil"} }), "no port": with(func(s *Settings) { s.Server = "mail.example" }),
		"clear": with(func(s *Settings) { s.Security = "none" }), "security": with(func(s *Settings) { s.Security = "ssl" }),
		"half a login": with(func(s *Settings) { s.User = "u" }), "nobody": with(func(s *Settings) { s.Recipients = nil }),
		"a header": with(func(s *Settings) { s.From = "a@example.org\r\nBcc: x@example.org" }), "scanners": with(func(s *Settings) { s.Scanners = "some" }),
	} {
		if _, err := New(Config{Settings: s}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	a, err := New(Config{Settings: mail})
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Reach(); !r.Dial || len(r.Ports) != 1 || r.Ports[0] != 587 {
		t.Errorf("%+v", r)
	}
}
