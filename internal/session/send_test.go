package session_test

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestSendOvertakesAnAnswer(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("q1")
	r.take(2)
	r.Record(read("ask"))
	if err := r.Send(event.Act{Op: "spontaneous", Class: event.Report}, []byte("S")); err != nil {
		t.Fatal(err)
	}
	r.Write([]byte("answer"))
	r.end(nil)
	if got := r.hears(7); got != "Sanswer" {
		t.Errorf("visitor hears %q", got)
	}
	acts := r.acts()
	wantActs(t, acts, "ask", "spontaneous", "ask")
	wantAct(t, acts[1], "spontaneous", "", "S")
	wantAct(t, acts[2], "ask", "", "answer")
	if got := string(acts[2].Detail); got != fmt.Sprintf(`{"continues":%d}`, acts[0].Seq) {
		t.Errorf("the answer says %s, want that it carries on act %d", got, acts[0].Seq)
	}
	if acts[1].TookUS != 0 {
		t.Errorf("a report took %d us of nothing", acts[1].TookUS)
	}
}

func TestSendKeepsWhatIsQueuedBefore(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("q")
	r.take(1)
	r.Record(read("ask"))
	r.Write([]byte("A"))
	r.Send(event.Act{Op: "s", Class: event.Report}, []byte("S"))
	wantAct(t, r.acts()[0], "ask", "q", "A")
	wantAct(t, r.acts()[1], "s", "", "S")
	if got := r.hears(2); got != "AS" {
		t.Errorf("visitor hears %q", got)
	}
}

// Reports from four goroutines while a fifth converses: journal order is wire
// order, and no frame is torn.
func TestSendFromOtherGoroutines(t *testing.T) {
	const each, senders = 50, 4
	r := newRig(t, "tcp", nil)
	var wg sync.WaitGroup
	for g := range senders {
		wg.Go(func() {
			for i := range each {
				r.Send(event.Act{Op: "report", Class: event.Report}, fmt.Appendf(nil, "<%d.%d>", g, i))
			}
		})
	}
	go func() {
		for range each {
			r.visitor.Write([]byte("ask!"))
		}
	}()
	for i := range each {
		r.take(4)
		r.Record(read("ask"))
		r.Write(fmt.Appendf(nil, "[%d]", i))
	}
	wg.Wait()
	r.end(nil)
	var wire, journal bytes.Buffer
	var requests string
	last := -1
	for _, e := range r.events() {
		if e.Seq != last+1 {
			t.Fatalf("seq %d follows %d", e.Seq, last)
		}
		last = e.Seq
		journal.WriteString(unhex(t, e.Response))
		requests += unhex(t, e.Request)
	}
	wire.ReadFrom(r.visitor)
	if wire.String() != journal.String() {
		t.Errorf("journal order is not wire order\n   wire %s\njournal %s", wire.String(), journal.String())
	}
	for i := range each {
		if !bytes.Contains(wire.Bytes(), fmt.Appendf(nil, "[%d]", i)) || !bytes.Contains(wire.Bytes(), fmt.Appendf(nil, "<%d.%d>", i%senders, i)) {
			t.Errorf("frame %d is torn or lost", i)
		}
	}
	if requests != string(bytes.Repeat([]byte("ask!"), each)) {
		t.Errorf("requests are %q", requests)
	}
}

func TestSendAfterTheEnd(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.end(nil)
	n := len(r.events())
	if err := r.Send(event.Act{Op: "late", Class: event.Report}, []byte("x")); err == nil || len(r.events()) != n {
		t.Errorf("Send on an ended session: %v", err)
	}
}

func TestSendBeforeAnyActIsNoGreeting(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.Send(event.Act{Op: "startdt", Class: event.Report}, []byte("S"))
	r.Write([]byte("G"))
	r.end(nil)
	var ops []string
	for _, a := range r.acts() {
		ops = append(ops, a.Op)
	}
	if !slices.Equal(ops, []string{"startdt", session.OpGreeting}) {
		t.Errorf("ops %v", ops)
	}
}
