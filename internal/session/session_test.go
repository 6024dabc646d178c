package session_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestRequestAndResponseOfOneAct(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("read")
	r.take(4)
	r.Record(read("r"))
	r.Write([]byte("an"))
	r.Write([]byte("swer"))
	if len(r.events()) != 0 {
		t.Error("the act is in the journal before its answer is known")
	}
	r.says("next")
	r.take(4) // flushes
	if got := r.hears(6); got != "answer" {
		t.Errorf("visitor hears %q", got)
	}
	wantAct(t, r.acts()[0], "r", "read", "answer")
	r.Record(read("n"))
	r.end(nil)
	wantActs(t, r.acts(), "r", "n")
	wantAct(t, r.acts()[1], "n", "next", "")
}

// journalFirst fails when an answer is on the wire before its act is recorded.
type journalFirst struct {
	stream
	r *rig
}

func (c journalFirst) Write(p []byte) (int, error) {
	if n := len(c.r.acts()); n != 1 {
		c.r.t.Errorf("%q leaves with %d acts in the journal, want 1", p, n)
	}
	return c.stream.Write(p)
}

func TestJournalBeforeWire(t *testing.T) {
	var wire journalFirst
	r := newRig(t, "tcp", func(c *session.Config) {
		wire.stream = c.Conn.(stream)
		c.Conn = &wire
	})
	wire.r = r
	r.says("q")
	r.take(1)
	r.Record(read("q"))
	r.Write([]byte("a"))
	if err := r.Flush(); err != nil {
		t.Fatal(err)
	}
	if r.hears(1) != "a" {
		t.Error("no answer")
	}
}

// Several requests in one segment: the room records and answers each before it
// reads again.
func TestPipelining(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("AABBCCd")
	for _, op := range []string{"A", "B", "C"} {
		r.take(2)
		r.Record(read(op))
		r.Write([]byte(op + "1"))
		r.Write([]byte(op + "2"))
	}
	r.Flush()
	if got := r.hears(12); got != "A1A2B1B2C1C2" {
		t.Errorf("visitor hears %q", got)
	}
	acts := r.acts()
	wantActs(t, acts, "A", "B", "C")
	wantAct(t, acts[0], "A", "AA", "A1A2")
	wantAct(t, acts[1], "B", "BB", "B1B2")
	wantAct(t, acts[2], "C", "CC", "C1C2")
	r.visitor.CloseWrite()
	_, err := io.ReadFull(r.R(), make([]byte, 2))
	r.End(err)
	acts = r.acts()
	wantActs(t, acts, "A", "B", "C", session.OpPartial)
	wantAct(t, acts[3], session.OpPartial, "d", "")
	if c := r.closed(); c.Reason != "visitor" || c.Error != "" || acts[3].Class != event.Malformed {
		t.Errorf("a frame cut off by the visitor closes with %s %q", c.Reason, c.Error)
	}
}

func TestGreeting(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.Write([]byte("220 ready\r\n"))
	r.says("hi")
	r.take(2)
	r.Record(read("hi"))
	r.Write([]byte("ok"))
	r.Write([]byte("!"))
	r.end(nil)
	acts := r.acts()
	wantActs(t, acts, session.OpGreeting, "hi")
	wantAct(t, acts[0], session.OpGreeting, "", "220 ready\r\n")
	wantAct(t, acts[1], "hi", "hi", "ok!")
	if acts[0].Class != event.Report || acts[0].TookUS != 0 {
		t.Errorf("greeting has class %s, took %d", acts[0].Class, acts[0].TookUS)
	}
}

func TestUnrecordedOctets(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.says("lost")
	r.take(4)
	r.visitor.CloseWrite()
	r.end(nil)
	acts := r.acts()
	wantActs(t, acts, session.OpUnrecorded)
	wantAct(t, acts[0], session.OpUnrecorded, "lost", "")
}

func TestOpenIsWrittenOnceAndFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		r := newRig(t, "tcp", nil)
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if n := len(r.events()); n != 0 {
			t.Fatalf("%d events before 60 s without an act", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		all := r.events()
		if len(all) != 1 || all[0].Kind != event.KindOpen || !all[0].Time.Equal(start) || all[0].Seq != 0 {
			t.Fatalf("at 60 s: %+v", all)
		}
		if o := all[0]; o.Persona != "p" || o.Device != "d" || o.Build != "b" || o.Listener != "echo" || o.Octets != "wire" || o.AtUS != 0 {
			t.Errorf("session.open is %+v", o)
		}
		r.visitor.CloseWrite()
		_, err := r.R().ReadByte()
		r.End(err)
		var kinds []event.Kind
		for _, e := range r.events() {
			kinds = append(kinds, e.Kind)
		}
		if !slices.Equal(kinds, []event.Kind{event.KindOpen, event.KindClose}) {
			t.Errorf("kinds %v", kinds)
		}
	})
}

func TestCloseLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", nil)
		start := time.Now()
		for _, op := range []string{"a", "a", "b", "a"} {
			r.says("12345")
			r.take(5)
			time.Sleep(time.Second)
			r.Record(read(op))
			r.Write([]byte("123"))
		}
		r.visitor.CloseWrite()
		_, err := r.R().ReadByte()
		r.End(err)
		r.End(errors.New("again")) // nothing happens
		c := r.closed()
		if c.Acts != 4 || c.Ops["a"] != 3 || c.Ops["b"] != 1 || !slices.Equal(c.Sequence, []string{"a", "b", "a"}) {
			t.Errorf("acts %d ops %v sequence %v", c.Acts, c.Ops, c.Sequence)
		}
		if c.OctetsIn != 20 || c.OctetsOut != 12 || c.Reason != "visitor" || c.Truncated || c.Error != "" {
			t.Errorf("in %d out %d reason %s truncated %v error %q", c.OctetsIn, c.OctetsOut, c.Reason, c.Truncated, c.Error)
		}
		if !c.Start.Equal(start) || c.DurationUS != 4_000_000 || c.End.Sub(start) != 4*time.Second || c.Seq != 5 {
			t.Errorf("start %v duration %d end %v seq %d", c.Start, c.DurationUS, c.End, c.Seq)
		}
		if acts := r.acts(); acts[2].AtUS != 3_000_000 || acts[2].TookUS != 1_000_000 {
			t.Errorf("at_us %d took_us %d", acts[2].AtUS, acts[2].TookUS)
		}
	})
}

func TestLongSequenceIsCut(t *testing.T) {
	r := newRig(t, "tcp", nil)
	for i := range 100 {
		r.says("x")
		r.take(1)
		r.Record(read(string(rune('!' + i))))
	}
	r.end(nil)
	if c := r.closed(); len(c.Sequence) != 64 || len(c.Ops) != 64 || !c.Truncated || c.Acts != 100 {
		t.Errorf("sequence %d, ops %d, truncated %v, acts %d", len(c.Sequence), len(c.Ops), c.Truncated, c.Acts)
	}
}

func TestServeErrorIsRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		err           error
		reason, error string
	}{
		"hung up":      {nil, "protocol", ""},
		"EOF":          {io.EOF, "protocol", ""},
		"of the world": {errors.New("disk full"), "error", "disk full"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "tcp", nil)
			r.visitor.CloseWrite()
			r.End(c.err)
			if e := r.closed(); e.Reason != c.reason || e.Error != c.error {
				t.Errorf("close %s %q, want %s %q", e.Reason, e.Error, c.reason, c.error)
			}
		})
	}
}
