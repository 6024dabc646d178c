package bacnet

import (
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// Answers in segments that nobody fetches, of as many flows as a sensor has, take
// a bounded amount of memory, and give it back when the flows end.
func TestWaitingSegmentsAreBounded(t *testing.T) {
	c := build(t, plantEnv(t, "\n[", "\nsegmentation = \"both\"\n[")).(*controller)
	var body []byte
	for range 60 { // each asks for all that an object has
		for _, o := range c.objects[:min(len(c.objects), 3)] {
			body = wire.AppendOpen(wire.AppendContext(body, 0, wire.ObjectValue(o.id)), 1)
			body = wire.AppendClose(wire.AppendContext(body, 0, wire.UnsignedValue(propAll)), 1)
		}
	}
	var flows []*flow
	for range 150 {
		s := session.Open(session.Config{Conn: &script{}, Journal: &prototest.Journal{}})
		f := &flow{controller: c, s: s, ctx: t.Context(), in: map[uint8]*incoming{}, out: map[uint8]*outgoing{}}
		flows = append(flows, f)
		for id := range uint8(maxTransfers) {
			raw := confirmed(wire.ReadPropertyMultiple, body)
			raw[8] = id
			q := request{flow: f, raw: raw, now: time.Now()}
			q.link()
			f.account()
		}
		if len(f.out) == 0 { // no room any more
			break
		}
	}
	held := 0
	for _, f := range flows {
		for _, out := range f.out {
			for _, p := range out.segments {
				held += len(p)
			}
		}
	}
	if held > maxHeld || held < maxHeld/2 {
		t.Errorf("%d octets wait, the bound is %d", held, maxHeld)
	}
	for _, f := range flows {
		clear(f.out)
		f.account()
	}
	if n := c.held.Load(); n != 0 {
		t.Errorf("%d octets are counted when all is over", n)
	}
}

// countingState counts what is saved.
type countingState struct {
	protocol.State
	saves int
}

func (s *countingState) Save(key string, v any) error {
	s.saves++
	return s.State.Save(key, v)
}

// A request of many writes does not save all that is kept for each of them, and
// what all visitors write has an end.
func TestWritesAreSavedTogether(t *testing.T) {
	env := plantEnv(t)
	state := &countingState{State: env.State}
	env.State = state
	c := build(t, env).(*controller)
	id := c.objects[len(c.objects)-1].id
	kept := 0
	for i := range uint32(1000) {
		if c.kept.put(id, i, make([]byte, maxKept)) == nil {
			kept++
		}
	}
	if state.saves > 5 {
		t.Errorf("%d saves of 1000 writes", state.saves)
	}
	if want := maxAllKept / maxKept; kept != want {
		t.Errorf("%d values of 2 KiB are kept, want %d", kept, want)
	}
	if err := c.kept.sync(); err != nil {
		t.Error(err)
	}
	c = build(t, env).(*controller)
	if _, ok := c.kept.value(id, 7); !ok {
		t.Error("what was written last is lost in a restart")
	}
}
