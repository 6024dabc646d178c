package session_test

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// quota answers as it is told and notes what it was asked.
type quota struct {
	answer func(event.Class) (bool, session.Folded)
	asked  []event.Class
}

func (q *quota) Admit(c event.Class, in, out int) (bool, session.Folded) {
	q.asked = append(q.asked, c)
	return q.answer(c)
}

func TestQuotaFolds(t *testing.T) {
	n := 0
	q := &quota{answer: func(c event.Class) (bool, session.Folded) {
		if c != event.Read {
			return true, session.Folded{}
		}
		n++
		return n == 3, session.Folded{Count: 3, OctetsIn: 12, OctetsOut: 6}
	}}
	r := newRig(t, "tcp", func(c *session.Config) { c.Quota = q })
	for range 4 {
		r.says("read")
		r.take(4)
		r.Record(event.Act{Op: "r", Class: event.Read, Detail: detail{7}})
		r.Write([]byte("ok"))
	}
	r.says("set")
	r.take(3)
	r.Record(event.Act{Op: "w", Class: event.Write})
	r.end(nil)
	acts := r.acts()
	wantActs(t, acts, "r", "w")
	if acts[0].Count != 3 || string(acts[0].Detail) != `{"octets_in":12,"octets_out":6,"last":{"addr":7}}` {
		t.Errorf("the folded line has count %d, detail %s", acts[0].Count, acts[0].Detail)
	}
	c := r.closed()
	if c.Acts != 5 || c.Ops["r"] != 4 || !c.Truncated || c.OctetsIn != 19 || c.Seq != 3 {
		t.Errorf("close: acts %d ops %v truncated %v in %d seq %d; folding is no loss", c.Acts, c.Ops, c.Truncated, c.OctetsIn, c.Seq)
	}
	if got := r.hears(8); got != "okokokok" {
		t.Errorf("visitor hears %q", got)
	}
}

func TestStayOfFoldedActsLeavesNoLine(t *testing.T) {
	q := &quota{answer: func(event.Class) (bool, session.Folded) { return false, session.Folded{} }}
	r := newRig(t, "tcp", func(c *session.Config) { c.Quota = q })
	r.Write([]byte("hello"))
	r.says("x")
	r.take(1)
	r.Record(read("r"))
	r.Write(make([]byte, 200<<10))
	r.says("rest")
	r.take(1)
	r.says(" and more")
	r.end(nil)
	if n := len(r.events()); n != 0 {
		t.Errorf("%d lines", n)
	}
	want := []event.Class{event.Connect, event.Read, event.Read, event.Read, event.Read, event.Malformed, event.Malformed}
	if !slices.Equal(q.asked, want) {
		t.Errorf("asked for %v, want %v: greetings, continuations and leftovers must fold", q.asked, want)
	}
	silent := newRig(t, "tcp", func(c *session.Config) { c.Quota = q })
	silent.end(nil)
	if n := len(silent.events()); n != 0 {
		t.Errorf("a stay without an act leaves %d lines", n)
	}
}

func TestSilentStayCarriesAFold(t *testing.T) {
	q := &quota{answer: func(event.Class) (bool, session.Folded) { return true, session.Folded{Count: 9} }}
	r := newRig(t, "tcp", func(c *session.Config) { c.Quota = q })
	r.end(nil)
	acts := r.acts()
	wantActs(t, acts, "connect")
	if acts[0].Count != 9 || len(r.events()) != 3 || r.closed().Acts != 0 {
		t.Errorf("count %d, %d events, acts %d", acts[0].Count, len(r.events()), r.closed().Acts)
	}
}

// leaky is a journal that drops some lines.
type leaky struct {
	prototest.Journal
	mu      sync.Mutex
	n       int
	drop    func(n int) bool
	classes []event.Class
}

func (j *leaky) Append(line []byte, c event.Class) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.n++
	j.classes = append(j.classes, c)
	if j.drop(j.n - 1) {
		return errors.New("full")
	}
	return j.Journal.Append(line, c)
}

func TestJournalFailure(t *testing.T) {
	j := &leaky{drop: func(n int) bool { return n == 2 }}
	r := newRig(t, "tcp", func(c *session.Config) { c.Journal = j })
	for _, op := range []string{"a", "b", "c"} {
		r.says("q")
		r.take(1)
		r.Record(event.Act{Op: op, Class: event.Control})
		r.Write([]byte("r"))
	}
	r.end(nil)
	if got := r.hears(3); got != "rrr" {
		t.Errorf("a journal that fails costs the visitor his answers: %q", got)
	}
	var seqs []int
	all := j.Events(t)
	for _, e := range all {
		seqs = append(seqs, e.Seq)
	}
	if !slices.Equal(seqs, []int{0, 1, 3, 4}) {
		t.Errorf("seqs %v; a loss must leave a gap", seqs)
	}
	if c := all[len(all)-1]; !c.Truncated || c.Acts != 3 {
		t.Errorf("close: truncated %v, acts %d", c.Truncated, c.Acts)
	}
	if want := []event.Class{event.Connect, event.Control, event.Control, event.Control, ""}; !slices.Equal(j.classes, want) {
		t.Errorf("classes %q, want %q: nobody waits for a close", j.classes, want)
	}
}

type bomb struct{}

func (bomb) AppendJSON([]byte) []byte { panic("boom") }

func TestDetailThatPanics(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("q")
	r.take(1)
	r.Record(event.Act{Op: "q", Class: event.Read, Detail: bomb{}})
	r.Write([]byte("a"))
	r.end(nil)
	a := r.acts()[0]
	wantAct(t, a, "q", "q", "a")
	var d struct {
		Error string `json:"encoding_error"`
	}
	if json.Unmarshal(a.Detail, &d); d.Error != "boom" {
		t.Errorf("detail %s", a.Detail)
	}
}

func TestRand(t *testing.T) {
	draw := func(seed byte, id string) uint64 {
		r := newRig(t, "tcp", func(c *session.Config) { c.Seed[5], c.Envelope.Session = seed, id })
		defer r.end(nil)
		if first := r.Rand(); first != r.Rand() {
			t.Error("Rand begins anew with each call")
		}
		return r.Rand().Uint64()
	}
	a := draw(1, "s1")
	if draw(1, "s1") != a {
		t.Error("the same seed and session give another value")
	}
	if draw(1, "s2") == a || draw(2, "s1") == a {
		t.Error("another session or seed gives the same value")
	}
}
