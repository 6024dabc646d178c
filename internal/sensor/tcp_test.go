package sensor

import (
	"context"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestServeAndShutDown(t *testing.T) {
	before := runtime.NumGoroutine()
	r := run(t, newService("tcp", "127.0.0.1:0", room(echo)), newService("udp", "127.0.0.1:0", room(echo)))
	addr := r.Addrs(0)[0]
	for range 10 {
		if c := r.dial("127.0.0.1"); !answers(c) {
			t.Fatal("no echo")
		}
	}
	gone := r.dial("127.0.0.1")
	answers(gone)
	gone.Close()
	await(t, "the visitor's end", func() bool { return r.Stats().Sessions() == 10 })
	r.stop()
	await(t, "the goroutines' end", func() bool { return runtime.NumGoroutine() <= before })
	if c, err := net.Dial("tcp", addr.String()); err == nil {
		c.Close()
		t.Error("the port is still open")
	}
	reasons := map[string]int{}
	for _, e := range r.of(event.KindClose) {
		reasons[e.Reason]++
		if e.Error != "" {
			t.Errorf("error %q", e.Error)
		}
	}
	if reasons["shutdown"] != 10 || reasons["visitor"] != 1 || len(reasons) != 2 {
		t.Errorf("close reasons %v", reasons)
	}
	if st := r.Stats(); st.Sessions() != 0 || st.Served() != 11 || st.Refused() != 0 || st.Panics != 0 {
		t.Errorf("stats %+v", st)
	}
	e := r.of(event.KindOpen)[0]
	if e.Dst.Port != addr.Port() || e.Src.IP.String() != "127.0.0.1" || e.Device != "plc" || e.Listener != "echo-tcp" || e.Transport != "tcp" {
		t.Errorf("session.open %+v", e)
	}
}

func TestStatusLines(t *testing.T) {
	r := run(t, newService("tcp", "127.0.0.1:0", room(echo)))
	r.serves("127.0.0.1")
	r.Status(event.Status{What: "drop", Detail: map[string]uint64{"read": 3}})
	r.stop()
	var whats []string
	for i, e := range r.of(event.KindStatus) {
		whats = append(whats, e.What)
		if e.Seq != i || e.Boot != "boot" || e.Sensor != "test" || e.Session != "" {
			t.Errorf("status line %d is %+v", i, e)
		}
	}
	if got := strings.Join(whats, " "); got != "start listener drop listener stop" {
		t.Errorf("status lines: %s", got)
	}
	start := status[startDetail](r, "start")[0]
	if !start.Limits || start.Site.Country != "NL" || len(start.Services) != 1 || start.Services[0].Addr != r.Addrs(0)[0].String() || start.Services[0].Standard != 7 {
		t.Errorf("start %+v", start)
	}
	if l := status[listenerDetail](r, "listener")[0]; l.State != "up" || l.Service != "echo-tcp" {
		t.Errorf("listener %+v", l)
	}
	if s := status[stopDetail](r, "stop")[0]; s.Sessions != 1 {
		t.Errorf("stop %+v", s)
	}
}

func TestListenErrors(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		for _, host := range []string{"127.0.0.1", "0.0.0.0"} {
			t.Run(network+" "+host, func(t *testing.T) {
				r := run(t, newService(network, host+":0", room(echo)))
				taken := r.Addrs(0)[0].String()
				s := New(Config{Services: []Service{newService("tcp", "127.0.0.1:0", room(echo)), newService(network, taken, room(echo))}})
				err := s.Listen()
				if err == nil || !strings.Contains(err.Error(), "plc echo-"+network+" of p") {
					t.Errorf("error %v", err)
				}
				if c, err := net.Dial("tcp", s.Addrs(0)[0].String()); err == nil {
					c.Close()
					t.Error("what was bound before the error is still open")
				}
			})
		}
	}
}

func TestSourceHasAShare(t *testing.T) {
	v := newService("tcp", "127.0.0.1:0", room(echo))
	v.Limits.Sessions = 20
	r := run(t, v)
	for i := range 5 {
		if !r.serves("127.0.0.1") {
			t.Fatalf("visitor %d of 5 is refused", i)
		}
	}
	if r.serves("127.0.0.1") {
		t.Error("a source has more than a quarter of the sessions")
	}
	if !r.serves("127.0.0.2") {
		t.Error("one source blinds the sensor for another")
	}
	if n := r.Stats().Refused(); n != 1 {
		t.Errorf("refused %d", n)
	}
	r.stop()
	if n := r.refused("source_sessions"); n != 1 {
		t.Errorf("status counts %d refused", n)
	}
}

func TestServiceIsFull(t *testing.T) {
	v := newService("tcp", "127.0.0.1:0", room(echo))
	v.Limits.Sessions = 2
	r := run(t, v)
	first := r.dial("127.0.0.1")
	if !answers(first) || !r.serves("127.0.0.2") || r.serves("127.0.0.3") {
		t.Fatal("want two visitors served and the third refused")
	}
	first.Close()
	await(t, "a free place", func() bool { return r.Stats().Sessions() == 1 })
	if !r.serves("127.0.0.3") {
		t.Error("no place after one left")
	}
	r.stop()
	if n := r.refused("sessions"); n != 1 {
		t.Errorf("status counts %d refused", n)
	}
}

func TestRate(t *testing.T) {
	v := newService("tcp", "127.0.0.1:0", room(echo))
	v.Limits.Rate = 3
	r := run(t, v)
	for range 3 {
		if !r.serves("127.0.0.1") {
			t.Fatal("refused below the rate")
		}
	}
	if r.serves("127.0.0.1") {
		t.Error("served above the rate")
	}
	if !r.serves("127.0.0.2") {
		t.Error("the rate of one source refuses another")
	}
	r.stop()
	if n := r.refused("source_rate"); n != 1 {
		t.Errorf("status counts %d refused", n)
	}
}

type badDetail struct{}

func (badDetail) MarshalJSON() ([]byte, error) { panic("detail") }

func TestPanic(t *testing.T) {
	r := run(t, newService("tcp", "127.0.0.1:0", room(func(ctx context.Context, s *session.Session) error {
		if b, _ := s.R().Peek(1); string(b) == "!" {
			s.R().ReadByte()
			s.Record(event.Act{Op: "bomb", Class: event.Control, Detail: badDetail{}})
			panic("room")
		}
		return echo(ctx, s)
	})))
	c := r.dial("127.0.0.1")
	c.Write([]byte("!"))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the session goes on after a panic")
	}
	c.Close()
	if !r.serves("127.0.0.1") {
		t.Error("the sensor does not serve on")
	}
	r.stop()
	bomb := r.of(event.KindAct)[0]
	if bomb.Op != "bomb" || bomb.Request != "21" {
		t.Errorf("the panic has cost the evidence: %+v", bomb)
	}
	for _, e := range r.of(event.KindClose) {
		if panicked := e.Session == bomb.Session; panicked != (e.Reason == "error") || panicked != (e.Error == "panic") {
			t.Errorf("close %s %q, panicked %v", e.Reason, e.Error, panicked)
		}
	}
	if r.Stats().Panics != 1 || !strings.Contains(r.log.String(), "tcp_test.go") {
		t.Errorf("panics %d, log %s", r.Stats().Panics, r.log)
	}
}

// A panic of a goroutine that a room has started ends its session too, and no more.
func TestPanicOfARoomsGoroutine(t *testing.T) {
	r := run(t, newService("tcp", "127.0.0.1:0", room(func(ctx context.Context, s *session.Session) error {
		if b, _ := s.R().Peek(1); string(b) == "!" {
			s.R().ReadByte()
			s.Record(event.Act{Op: "bomb", Class: event.Control})
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(s.Guarded(func() { panic("room") }))
		}
		return echo(ctx, s)
	})))
	c := r.dial("127.0.0.1")
	c.Write([]byte("!"))
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("the session goes on after a panic")
	}
	c.Close()
	if !r.serves("127.0.0.1") {
		t.Error("the sensor does not serve on")
	}
	r.stop()
	if e := r.of(event.KindClose)[0]; e.Reason != "error" {
		t.Errorf("the session closes for %q", e.Reason)
	}
	if r.Stats().Panics != 1 || !strings.Contains(r.log.String(), "tcp_test.go") {
		t.Errorf("panics %d, log %s", r.Stats().Panics, r.log)
	}
}

// flood writes without end.
func flood(_ context.Context, s *session.Session) error {
	for {
		if _, err := s.Write(make([]byte, 64<<10)); err != nil {
			return err
		}
	}
}

// A visitor who never reads, one who was evicted while he did not read, and a
// room that waits in a long Delay: none delays the shutdown.
func TestNobodyDelaysTheShutdown(t *testing.T) {
	rooms := map[string]room{
		"never reads": flood,
		"long delay": func(_ context.Context, s *session.Session) error {
			s.Delay(time.Hour)
			s.Write([]byte("late"))
			return s.Flush()
		},
		"watches ctx": func(ctx context.Context, s *session.Session) error {
			<-ctx.Done()
			return ctx.Err()
		},
		"deaf to ctx": func(ctx context.Context, s *session.Session) error {
			time.Sleep(400 * time.Millisecond)
			return nil
		},
	}
	for name, h := range rooms {
		t.Run(name, func(t *testing.T) {
			r := run(t, newService("tcp", "127.0.0.1:0", h))
			r.dial("127.0.0.1")
			await(t, "the session", func() bool { return r.Stats().Sessions() == 1 })
			time.Sleep(50 * time.Millisecond) // until the socket is full
			r.stop()
			if c := r.of(event.KindClose); len(c) != 1 || c[0].Reason != "shutdown" || c[0].Error != "" {
				t.Errorf("closes %+v", c)
			}
		})
	}
	t.Run("evicted", func(t *testing.T) {
		r := run(t, newService("tcp", "127.0.0.1:0", room(flood)))
		r.dial("127.0.0.1")
		await(t, "the session", func() bool { return r.Stats().Sessions() == 1 })
		time.Sleep(50 * time.Millisecond)
		g := r.services[0].gate
		g.mu.Lock()
		g.evictable = 0
		ok := g.evict(source(r.Addrs(0)[0].Addr()))
		g.mu.Unlock()
		if !ok || r.Stats().Sessions() != 0 {
			t.Fatal("not evicted")
		}
		r.stop()
		if c := r.of(event.KindClose); len(c) != 1 || c[0].Reason != "evicted" {
			t.Errorf("closes %+v", c)
		}
	})
}

// Connections keep coming while the sensor shuts down: every session that began
// has ended when Run returns.
func TestShutDownWhileAccepting(t *testing.T) {
	for range 5 {
		r := run(t, newService("tcp", "127.0.0.1:0", room(echo)))
		addr := r.Addrs(0)[0].String()
		quit := make(chan struct{})
		var dialer = func() {
			for {
				select {
				case <-quit:
					return
				default:
				}
				if c, err := net.DialTimeout("tcp", addr, 100*time.Millisecond); err == nil {
					c.Write([]byte("x\n"))
					defer c.Close()
				}
			}
		}
		go dialer()
		go dialer()
		time.Sleep(20 * time.Millisecond)
		r.stop()
		close(quit)
		opened, closed := len(r.of(event.KindOpen)), len(r.of(event.KindClose))
		if st := r.Stats(); st.Sessions() != 0 || opened != closed || uint64(closed) != st.Served() {
			t.Errorf("sessions %d, served %d, opens %d, closes %d", st.Sessions(), st.Served(), opened, closed)
		}
	}
}
