package report

import (
	"fmt"
	"iter"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/analysis"
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
	"github.com/sundew-ics/sundew/internal/store"
)

type knowing struct{ rules *analysis.Rules }

func (knowing) Versions() string                            { return "of the test" }
func (knowing) Source(netip.Addr) analysis.Source           { return analysis.Source{Country: "GB"} }
func (k knowing) Begin(e *event.Event) store.Interpretation { return k.rules.NewSession(e) }

var begun = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// listened is a store of a service that listens for ten hours and is visited at
// so many minutes.
func listened(t *testing.T, visits ...int) *store.Store {
	t.Helper()
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	status := func(seq, minute int, what, detail string) []byte {
		return fmt.Appendf(nil, `{"v":1,"kind":"status","ts":%q,"seq":%d,"boot":"b","sensor":"s","what":%q,"detail":%s}`+"\n", begun.Add(time.Duration(minute)*time.Minute).Format(time.RFC3339Nano), seq, what, detail)
	}
	lines := [][]byte{status(0, 0, "start", `{"services":[{"persona":"p","device":"plc","service":"modbus","protocol":"modbus","network":"tcp","addr":"192.0.2.5:502"}]}`)}
	for i, minute := range visits {
		ts := begun.Add(time.Duration(minute) * time.Minute).Format(time.RFC3339Nano)
		for seq, rest := range []string{`"kind":"session.open","persona":"p","device":"plc","listener":"modbus","octets":"wire"`,
			`"kind":"act","op":"read_coils","class":"read","outcome":"answered","request":"00","request_len":1`,
			`"kind":"act","op":"","class":"report","outcome":"answered","response":"00","response_len":1`,
			`"kind":"session.close","reason":"visitor","octets_in":1,"octets_out":1,"acts":2`} {
			lines = append(lines, fmt.Appendf(nil, `{"v":1,"ts":%q,"at_us":0,"seq":%d,"session":"0199-%d","boot":"b","sensor":"s","protocol":"modbus","transport":"tcp","src":{"ip":"203.0.113.%d","port":4},"dst":{"ip":"192.0.2.5","port":502},%s}`+"\n",
				ts, seq, i, i+1, rest))
		}
	}
	lines = append(lines, status(1, 600, "stop", "{}"))
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	var size int64
	for _, l := range lines {
		size += int64(len(l))
	}
	err = s.Follow(t.Context(), knowing{rules}, func(journal.Cursor) iter.Seq2[journal.Batch, error] {
		return func(yield func(journal.Batch, error) bool) {
			yield(journal.Batch{Next: journal.Cursor{Segment: 1, Offset: size}, Lines: lines}, nil)
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// How long it took until the first visit is told only where the period has the
// beginning; hours of listening are those of the period.
func TestFirstVisit(t *testing.T) {
	s := listened(t, 90, 300)
	now := begun.Add(20 * time.Hour)
	at := func(minute int) time.Time { return begun.Add(time.Duration(minute) * time.Minute) }
	names := []string{"all", "first half", "second half", "from the start", "from before it"}
	filters := []store.Filter{{}, {To: at(240)}, {From: at(240)}, {From: at(0)}, {From: at(-60)}}
	c, err := Compare(t.Context(), s, "period", names, filters, now)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		hours    float64
		sessions int64
		first    time.Duration
	}{{10, 2, 90 * time.Minute}, {4, 1, 90 * time.Minute}, {6, 1, 0}, {10, 2, 90 * time.Minute}, {10, 2, 90 * time.Minute}} {
		side := c.Sides[i]
		if side.Hours != want.hours || side.Totals.Sessions != want.sessions || side.ToFirst != want.first {
			t.Errorf("%s: %v hours, %d sessions, first after %v; want %+v", side.Name, side.Hours, side.Totals.Sessions, side.ToFirst, want)
		}
		list, err := s.Contacts(t.Context(), filters[i], now)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		took, ok := list[0].After(list[0].First)
		if ok != (want.first > 0) || took != want.first || list[0].Before != (i == 2) {
			t.Errorf("%s: %v, %v, %+v", side.Name, took, ok, list[0])
		}
	}
}

// Acts of a protocol are the visitors', and counted once.
func TestActsByProtocol(t *testing.T) {
	s := listened(t, 90, 300)
	rules, err := analysis.NewRules()
	if err != nil {
		t.Fatal(err)
	}
	st, err := Gather(t.Context(), s, rules, store.Filter{}, begun.Add(20*time.Hour))
	if err != nil || len(st.Protocols) != 1 {
		t.Fatal(st, err)
	}
	if p := st.Protocols[0]; p.Acts != 2 || p.Classes["read"] != 2 || p.Sessions != 2 || p.Hours != 10 {
		t.Errorf("%+v", p)
	}
}
