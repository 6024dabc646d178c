package session_test

import (
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

// detail is a room's detail that encodes itself.
type detail struct{ addr int }

func (d detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("addr", int64(d.addr))
	return o.End()
}

// mill is a connection on which the visitor asks without end and hears nothing.
type mill struct{ net.Conn }

func (mill) Read(p []byte) (int, error)       { return copy(p, "0123456789ab"), nil }
func (mill) Write(p []byte) (int, error)      { return len(p), nil }
func (mill) Close() error                     { return nil }
func (mill) SetReadDeadline(time.Time) error  { return nil }
func (mill) SetWriteDeadline(time.Time) error { return nil }

type sink struct{}

func (sink) Append([]byte, event.Class) error { return nil }

func turn(r *rig, d event.Detail, p []byte) {
	r.R().Discard(12)
	r.Record(event.Act{Op: "read_holding_registers", Class: event.Read, Target: event.Target{Kind: event.TargetRegister, Ref: "40001"}, Detail: d})
	r.Write(p)
}

func TestAllocationsPerAct(t *testing.T) {
	r := newRig(t, "tcp", func(c *session.Config) { c.Conn, c.Journal, c.Idle = mill{}, sink{}, time.Minute })
	answer := make([]byte, 260)
	turn(r, detail{1}, answer) // the first opens the session
	n := 0
	got := testing.AllocsPerRun(1000, func() {
		n++
		turn(r, detail{n + 1000}, answer)
	})
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	if got > 1 {
		t.Errorf("%v allocations an act, want 1 (the room's detail)", got)
	}
}

func BenchmarkAct(b *testing.B) {
	r := newRig(b, "tcp", func(c *session.Config) { c.Conn, c.Journal, c.Idle = mill{}, sink{}, time.Minute })
	answer := make([]byte, 260)
	b.ReportAllocs()
	for b.Loop() {
		turn(r, detail{4711}, answer)
	}
}

// BenchmarkIdleSession reports what a session costs that has conversed once and
// now waits: without its goroutine and socket.
func BenchmarkIdleSession(b *testing.B) {
	const n = 10_000
	for b.Loop() {
		buffers := &session.Buffers{}
		kept := make([]*rig, n)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range kept {
			kept[i] = newRig(b, "tcp", func(c *session.Config) { c.Conn, c.Journal, c.Buffers = mill{}, sink{}, buffers })
			turn(kept[i], detail{i}, []byte("answer"))
			kept[i].Flush()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/session")
		for _, r := range kept {
			r.Session.HangUp("shutdown")
			r.End(nil)
		}
	}
}
