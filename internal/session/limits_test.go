package session_test

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/session"
)

func TestLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limit  func(*session.Config)
		every  time.Duration // the visitor sends an octet
		at     time.Duration // of the end
		err    error
		reason string
	}{
		"idle":              {func(c *session.Config) { c.Idle = 10 * time.Second }, 0, 10 * time.Second, session.ErrIdle, "idle"},
		"total, silent":     {func(c *session.Config) { c.Idle, c.Total = time.Hour, 30*time.Second }, 0, 30 * time.Second, session.ErrTotal, "total"},
		"total, talkative":  {func(c *session.Config) { c.Idle, c.Total = 10*time.Second, 30*time.Second }, 7 * time.Second, 30 * time.Second, session.ErrTotal, "total"},
		"octets":            {func(c *session.Config) { c.MaxOctets = 3 }, time.Second, 4 * time.Second, session.ErrOctets, "octets"},
		"idle before total": {func(c *session.Config) { c.Idle, c.Total = 5*time.Second, 6*time.Second }, 0, 5 * time.Second, session.ErrIdle, "idle"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				r := newRig(t, "tcp", c.limit)
				done := make(chan struct{})
				go func() {
					for c.every > 0 {
						select {
						case <-done:
							return
						case <-time.After(c.every):
							r.visitor.Write([]byte("x"))
						}
					}
				}()
				var err error
				for {
					if _, err = r.R().ReadByte(); err != nil {
						break
					}
					r.Record(read("x"))
				}
				close(done)
				if at := time.Since(start); at != c.at || !errors.Is(err, c.err) {
					t.Errorf("ends after %v with %v, want %v with %v", at, err, c.at, c.err)
				}
				r.end(err)
				if e := r.closed(); e.Reason != c.reason || e.Error != "" {
					t.Errorf("close %s %q", e.Reason, e.Error)
				}
			})
		})
	}
}

func TestSetIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", func(c *session.Config) { c.Idle = time.Second })
		r.SetIdle(time.Minute)
		start := time.Now()
		_, err := r.R().ReadByte()
		if d := time.Since(start); d != time.Minute || !errors.Is(err, session.ErrIdle) {
			t.Errorf("ends after %v with %v", d, err)
		}
	})
}

// A transfer beside a session lengthens the limit of the read under way.
func TestSetIdleOfAReadUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", func(c *session.Config) { c.Idle = time.Minute })
		start := time.Now()
		time.AfterFunc(time.Second, func() { r.SetIdle(time.Hour) })
		time.AfterFunc(2*time.Second, func() { r.SetIdle(10 * time.Second) })
		_, err := r.R().ReadByte()
		if d := time.Since(start); d != 12*time.Second || !errors.Is(err, session.ErrIdle) {
			t.Errorf("ends after %v with %v", d, err)
		}
	})
}

func TestHangUp(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		t.Run(network, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, network, func(c *session.Config) { c.Idle = time.Hour })
				r.says("q")
				time.AfterFunc(time.Second, func() { r.HangUp("evicted"); r.HangUp("shutdown") })
				serve := func() (err error) {
					if network == "udp" {
						_, err = r.Datagram()
					} else {
						_, err = r.R().ReadByte()
					}
					r.Record(read("q"))
					return err
				}
				start := time.Now()
				if err := serve(); err != nil {
					t.Fatal(err)
				}
				err := serve()
				if !errors.Is(err, session.ErrInterrupt) || time.Since(start) != time.Second {
					t.Errorf("%v after %v", err, time.Since(start))
				}
				r.End(err)
				if e := r.closed(); e.Reason != "evicted" || e.Error != "" {
					t.Errorf("close %s %q; the first reason stays", e.Reason, e.Error)
				}
				if d := time.Since(start); d != time.Second {
					t.Errorf("End took %v after HangUp", d-time.Second)
				}
			})
		})
	}
}

func TestHangUpBeforeTheFirstRead(t *testing.T) {
	r := newRig(t, "tcp", nil)
	r.HangUp("shutdown")
	if _, err := r.R().ReadByte(); !errors.Is(err, session.ErrInterrupt) {
		t.Errorf("read: %v", err)
	}
	r.End(errors.New("on its way"))
	if e := r.closed(); e.Reason != "error" {
		t.Errorf("an error of another kind closes with %s", e.Reason)
	}
}

func TestDelay(t *testing.T) {
	for name, c := range map[string]struct {
		instant bool
		want    time.Duration
	}{"profile": {false, 40 * time.Millisecond}, "instant": {true, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp", func(cfg *session.Config) { cfg.Instant = c.instant })
				r.says("q")
				r.take(1)
				r.Record(read("q"))
				r.Delay(30 * time.Millisecond)
				r.Delay(10 * time.Millisecond)
				r.Write([]byte("a"))
				start := time.Now()
				var recorded atomic.Bool
				time.AfterFunc(time.Millisecond, func() { recorded.Store(len(r.journal.Events(t)) == 2) })
				r.Flush()
				if d := time.Since(start); d != c.want {
					t.Errorf("the answer left after %v, want %v", d, c.want)
				}
				if !c.instant && !recorded.Load() {
					t.Error("the delay is before the journal, not behind it")
				}
				r.Write([]byte("b"))
				start = time.Now()
				if r.Flush(); time.Since(start) != 0 {
					t.Error("a delay counts twice")
				}
				time.Sleep(time.Second)
			})
		})
	}
}

func TestHangUpCutsADelayShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", nil)
		start := time.Now()
		time.AfterFunc(time.Second, func() { r.HangUp("shutdown") })
		r.Delay(time.Hour)
		r.Write([]byte("late"))
		r.Flush()
		if d := time.Since(start); d != time.Second {
			t.Errorf("the delay took %v", d)
		}
	})
}

// A visitor who never reads: net.Pipe has no buffer at all.
func TestHangUpCutsAWriteShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		visitor, service := net.Pipe()
		defer visitor.Close()
		r := newRig(t, "tcp", func(c *session.Config) { c.Conn = service })
		time.AfterFunc(time.Second, func() { r.HangUp("shutdown") })
		start := time.Now()
		r.Record(read("dump"))
		_, err := r.Write(make([]byte, 1<<20))
		if d := time.Since(start); err == nil || d < time.Second || d > 1500*time.Millisecond {
			t.Errorf("Write fails with %v after %v", err, d)
		}
		if _, err := r.Write([]byte("more")); err == nil {
			t.Error("Write queues for a connection that takes nothing")
		}
		r.End(err)
		if e := r.closed(); e.Reason != "shutdown" || e.Error != "" {
			t.Errorf("close %s %q", e.Reason, e.Error)
		}
	})
}

func TestVisitorWhoNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		visitor, service := net.Pipe()
		defer visitor.Close()
		r := newRig(t, "tcp", func(c *session.Config) { c.Conn = service })
		start := time.Now()
		r.Write([]byte("greeting"))
		_, err := r.R().ReadByte()
		if d := time.Since(start); err == nil || d != 30*time.Second {
			t.Errorf("read fails with %v after %v", err, d)
		}
		r.End(err)
		if e := r.closed(); e.Reason != "visitor" || e.Error != "" || e.OctetsOut != 0 {
			t.Errorf("close %s %q, out %d", e.Reason, e.Error, e.OctetsOut)
		}
	})
}

func TestEndDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", nil)
		r.says("quitmore")
		r.take(4)
		r.Record(read("quit"))
		r.Write([]byte("bye"))
		time.AfterFunc(300*time.Millisecond, func() { r.visitor.Write([]byte(" and more")) })
		start := time.Now()
		go r.End(nil)
		if got := r.hears(3); got != "bye" {
			t.Errorf("visitor hears %q", got)
		}
		if _, err := r.visitor.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("no half close: %v", err)
		}
		if d := time.Since(start); d != 0 {
			t.Errorf("half close after %v", d)
		}
		time.Sleep(2 * time.Second)
		acts := r.acts()
		wantActs(t, acts, "quit", session.OpAfterClose)
		wantAct(t, acts[1], session.OpAfterClose, "more and more", "")
		if e := r.closed(); e.Reason != "protocol" || e.End.Sub(start) != time.Second {
			t.Errorf("close %s after %v", e.Reason, e.End.Sub(start))
		}
	})
}

func TestEndDrainsNoMoreThan64KiB(t *testing.T) {
	r := newRig(t, "tcp", nil)
	for range 64 {
		r.says(string(make([]byte, 4096)))
	}
	r.End(nil)
	a := r.acts()
	wantActs(t, a, session.OpAfterClose)
	if a[0].RequestLen != 64<<10 {
		t.Errorf("drained %d octets", a[0].RequestLen)
	}
}

func TestWhatTheVisitorSentBeyondTheLimitIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, "tcp", func(c *session.Config) { c.MaxOctets = 4 })
		r.says("12345")
		r.says("6789")
		r.take(5)
		r.Record(event.Act{Op: "x", Class: event.Read})
		_, err := r.R().ReadByte()
		r.End(err)
		wantActs(t, r.acts(), "x", session.OpAfterClose)
		if c := r.closed(); c.Reason != "octets" || c.OctetsIn != 9 {
			t.Errorf("close %s, in %d", c.Reason, c.OctetsIn)
		}
	})
}
