package sensor

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// stay enters a session of a source into a gate and reads until it ends.
type stay struct {
	live    *live
	visitor net.Conn
	err     chan error
}

func enter(t *testing.T, g *gate, src netip.Prefix, proven bool) *stay {
	t.Helper()
	if !g.admit(src) {
		t.Fatalf("%v is refused", src)
	}
	visitor, conn := net.Pipe()
	s := session.Open(session.Config{Conn: conn, Envelope: event.Envelope{Session: session.NewID(time.Now())}, Journal: &prototest.Journal{}})
	st := &stay{&live{session: s, conn: conn, source: src, proven: func() bool { return proven }}, visitor, make(chan error, 1)}
	g.enter(st.live)
	go func() {
		_, err := io.Copy(io.Discard, s.R())
		s.End(err)
		g.leave(st.live)
		st.err <- err
	}()
	t.Cleanup(func() { visitor.Close() })
	return st
}

func (s *stay) evicted() bool {
	synctest.Wait()
	select {
	case err := <-s.err:
		return err == session.ErrInterrupt
	default:
		return false
	}
}

func TestIdlestIsEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Sessions: 2}, evictableTCP)
		a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
		first, second := enter(t, g, a, true), enter(t, g, b, true)
		time.Sleep(time.Second)
		first.visitor.Write([]byte("hello"))
		second.visitor.Write([]byte("hello"))
		synctest.Wait()
		if g.admit(a) {
			t.Error("someone who has just come is evicted")
		}
		time.Sleep(3 * time.Second)
		first.visitor.Write([]byte("still here"))
		synctest.Wait()
		third := enter(t, g, a, true)
		if first.evicted() || !second.evicted() || third.evicted() {
			t.Error("want the second evicted, who has been silent for longest")
		}
		if g.count() != 2 || len(g.leaving) != 0 || g.takeRefused()["sessions"] != 1 || len(g.takeRefused()) != 0 {
			t.Errorf("%d sessions, %d leaving", g.count(), len(g.leaving))
		}
		first.visitor.Close()
		third.visitor.Close()
		synctest.Wait()
		if g.count() != 0 || len(g.held) != 0 {
			t.Errorf("%d sessions, held %v at the end", g.count(), g.held)
		}
	})
}

func TestMuteIsEvictedEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Sessions: 2}, evictableTCP)
		a := netip.MustParsePrefix("192.0.2.1/32")
		spoke := enter(t, g, a, true)
		time.Sleep(time.Millisecond)
		spoke.visitor.Write([]byte("hello"))
		time.Sleep(100 * time.Millisecond)
		mute := enter(t, g, netip.MustParsePrefix("192.0.2.2/32"), true)
		if g.admit(a) {
			t.Error("someone who has just come is evicted")
		}
		time.Sleep(evictableMute + 1)
		last := enter(t, g, netip.MustParsePrefix("192.0.2.3/32"), true)
		if spoke.evicted() || !mute.evicted() || last.evicted() {
			t.Error("want the one evicted who has not said a word, though he came later")
		}
		spoke.visitor.Close()
		last.visitor.Close()
		synctest.Wait()
	})
}

func TestUnprovenIsEvictedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Sessions: 2}, evictableUDP)
		a := netip.MustParsePrefix("192.0.2.1/32")
		proven := enter(t, g, a, true)
		time.Sleep(time.Second)
		unproven := enter(t, g, netip.MustParsePrefix("192.0.2.2/32"), false)
		time.Sleep(time.Second)
		last := enter(t, g, netip.MustParsePrefix("192.0.2.3/32"), false)
		if proven.evicted() || !unproven.evicted() || last.evicted() {
			t.Error("want the unproven flow evicted, though the proven one is idler")
		}
		proven.visitor.Close()
		last.visitor.Close()
		synctest.Wait()
	})
}

func TestSourceEvictsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(Limits{Sessions: 16}, evictableTCP)
		a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
		other := enter(t, g, b, true)
		var mine []*stay
		for range 4 {
			time.Sleep(time.Second)
			mine = append(mine, enter(t, g, a, true))
		}
		time.Sleep(10 * time.Second)
		mine = append(mine, enter(t, g, a, true))
		if other.evicted() || !mine[0].evicted() {
			t.Error("want the source's own idlest session evicted, not another's")
		}
		other.visitor.Close()
		for _, s := range mine {
			s.visitor.Close()
		}
		synctest.Wait()
	})
}

func TestLimitsOver(t *testing.T) {
	got := Limits{Sessions: 3, Rate: 9}.over(Limits{Idle: time.Minute, Rate: 5}.over(DefaultLimits()))
	want := DefaultLimits()
	want.Sessions, want.Idle, want.Rate = 3, time.Minute, 9
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
