package sink

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/journal"
)

// A tape is a journal of batches of ten lines; the cursor's offset is the
// number of the next line.
type tape struct {
	lines []string
	lost  int64 // lines deleted from the start
	saved map[string]journal.Cursor
	saves int
	hold  bool // Follow waits at the end for ctx
}

func newTape(n int) *tape {
	tp := &tape{saved: map[string]journal.Cursor{}}
	for i := range n {
		tp.lines = append(tp.lines, fmt.Sprintf(`{"v":1,"kind":"act","seq":%d}`+"\n", i))
	}
	return tp
}

func (tp *tape) Follow(ctx context.Context, _ string, from journal.Cursor) iter.Seq2[journal.Batch, error] {
	return func(yield func(journal.Batch, error) bool) {
		at := from.Offset
		if at < tp.lost {
			to := journal.Cursor{Segment: 1, Offset: tp.lost}
			if !yield(journal.Batch{Next: to}, &journal.Lost{From: from, To: to}) {
				return
			}
			at = tp.lost
		}
		for at < int64(len(tp.lines)) && ctx.Err() == nil {
			end := min(at+10, int64(len(tp.lines)))
			var b journal.Batch
			for _, l := range tp.lines[at:end] {
				b.Lines = append(b.Lines, []byte(l))
			}
			b.Next, at = journal.Cursor{Segment: 1, Offset: end}, end
			if !yield(b, nil) {
				return
			}
		}
		if tp.hold {
			<-ctx.Done()
		}
	}
}

func (tp *tape) LoadCursor(name string) (journal.Cursor, error) { return tp.saved[name], nil }

func (tp *tape) SaveCursor(name string, c journal.Cursor) error {
	tp.saved[name] = c
	tp.saves++
	return nil
}

// A place is a sink that fails as often as it is told.
type place struct {
	fail     int
	attempts []time.Time
	got      []int
	closed   int
}

func (p *place) Write(_ context.Context, batch []event.Event) error {
	p.attempts = append(p.attempts, time.Now())
	if p.fail > 0 {
		p.fail--
		return errors.New("down")
	}
	for _, e := range batch {
		p.got = append(p.got, e.Seq)
	}
	return nil
}

func (p *place) Close() error {
	p.closed++
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func wantGot(t *testing.T, p *place, from, to int) {
	t.Helper()
	if len(p.got) != to-from {
		t.Fatalf("got %v, want %d to %d", p.got, from, to)
	}
	for i, n := range p.got {
		if n != from+i {
			t.Fatalf("got %v, want %d to %d", p.got, from, to)
		}
	}
}

func TestRunDeliversAllAndGoesOn(t *testing.T) {
	tp, p := newTape(25), &place{}
	if err := Run(t.Context(), "s", p, tp, quiet()); err != nil {
		t.Fatal(err)
	}
	wantGot(t, p, 0, 25)
	if p.closed != 1 || tp.saved["s"].Offset != 25 {
		t.Errorf("closed %d times, bookmark %v", p.closed, tp.saved["s"])
	}
	tp.lines = newTape(40).lines
	p = &place{}
	if err := Run(t.Context(), "s", p, tp, quiet()); err != nil {
		t.Fatal(err)
	}
	wantGot(t, p, 25, 40)
}

func TestSinkThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp, p := newTape(20), &place{fail: 9}
		if err := Run(t.Context(), "s", p, tp, quiet()); err != nil {
			t.Fatal(err)
		}
		wantGot(t, p, 0, 20)
		var waits []string
		for i := 1; i < 10; i++ {
			waits = append(waits, p.attempts[i].Sub(p.attempts[i-1]).String())
		}
		if got := strings.Join(waits, " "); got != "1s 2s 4s 8s 16s 32s 1m0s 1m0s 1m0s" {
			t.Errorf("waited %s", got)
		}
	})
}

func TestBookmarkIsNotAheadOfDelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp, p := newTape(30), &place{}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		p.fail = 1 << 30
		go func() { ended <- Run(ctx, "s", p, tp, quiet()) }()
		time.Sleep(time.Hour)
		if tp.saves != 0 {
			t.Errorf("bookmark %v, nothing delivered", tp.saved["s"])
		}
		cancel()
		if err := <-ended; err != nil || p.closed != 1 || tp.saved["s"].Offset != 0 {
			t.Errorf("%v, closed %d times, bookmark %v", err, p.closed, tp.saved["s"])
		}
	})
}

func TestLinesThatDoNotParseAndLosses(t *testing.T) {
	tp, p := newTape(30), &place{}
	tp.lines[12] = "{\n"
	tp.lines[13] = `{"v":99}` + "\n"
	tp.lost = 14
	tp.saved["s"] = journal.Cursor{Segment: 1, Offset: 5}
	if err := Run(t.Context(), "s", p, tp, quiet()); err != nil {
		t.Fatal(err)
	}
	wantGot(t, p, 14, 30)
	tp.lost, p = 0, &place{}
	tp.saved["s"] = journal.Cursor{Segment: 1, Offset: 12}
	if err := Run(t.Context(), "s", p, tp, quiet()); err != nil {
		t.Fatal(err)
	}
	wantGot(t, p, 14, 30)
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp, p := newTape(5), &place{}
		tp.hold = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := Run(ctx, "s", p, tp, quiet()); err != nil {
			t.Fatal(err)
		}
		if tp.saved["s"].Offset != 5 {
			t.Errorf("bookmark %v", tp.saved["s"])
		}
	})
}
