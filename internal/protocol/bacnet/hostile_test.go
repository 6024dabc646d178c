package bacnet

import (
	"testing"
	"time"

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
