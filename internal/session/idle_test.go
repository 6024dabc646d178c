package session_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// A transfer beside the session lengthens a read that is under way; HangUp's
// deadline outlives it, and so does the total.
func TestSetIdleKeepsTotalAndHangUp(t *testing.T) {
	for name, c := range map[string]struct {
		total  time.Duration
		hangUp bool
		want   time.Duration
		err    error
	}{
		"longer":    {0, false, 40 * time.Second, session.ErrIdle},
		"total":     {20 * time.Second, false, 20 * time.Second, session.ErrTotal},
		"after end": {0, true, 5 * time.Second, session.ErrInterrupt},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, "tcp", func(cfg *session.Config) { cfg.Idle, cfg.Total = 15*time.Second, c.total })
				if c.hangUp {
					time.AfterFunc(5*time.Second, func() { r.HangUp("shutdown"); r.SetIdle(time.Hour) })
				}
				time.AfterFunc(10*time.Second, func() { r.SetIdle(30 * time.Second) })
				start := time.Now()
				_, err := r.R().ReadByte()
				if d := time.Since(start); d != c.want || !errors.Is(err, c.err) {
					t.Errorf("the read ends after %v with %v, want %v with %v", d, err, c.want, c.err)
				}
				time.Sleep(time.Minute)
				r.end(err)
			})
		})
	}
}

func TestArtifactIsReadBack(t *testing.T) {
	var kept prototest.Artifacts
	r := newRig(t, "tcp", func(c *session.Config) { c.Artifacts = &kept })
	a, err := r.Keep("a.bin", "file", strings.NewReader("content"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Artifact(a.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if p, err := io.ReadAll(f); err != nil || string(p) != "content" {
		t.Errorf("read back %q, %v", p, err)
	}
	if _, err := r.Artifact(strings.Repeat("0", 64)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown artifact: %v", err)
	}
	if _, err := newRig(t, "tcp", nil).Artifact(a.SHA256); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a store: %v", err)
	}
}

// On a socket the first read waits before there is a reader; it must end as any other does.
func TestFirstReadOnASocket(t *testing.T) {
	const idle = 300 * time.Millisecond
	for name, c := range map[string]struct {
		visitor func(t *testing.T, s *session.Session, c *net.TCPConn)
		want    string
		err     error
		late    bool // not before the idle time
	}{
		"speaks":       {visitor: func(_ *testing.T, _ *session.Session, c *net.TCPConn) { io.WriteString(c, "hello") }, want: "hello"},
		"leaves":       {visitor: func(_ *testing.T, _ *session.Session, c *net.TCPConn) { c.Close() }, err: io.EOF},
		"resets":       {visitor: func(_ *testing.T, _ *session.Session, c *net.TCPConn) { c.SetLinger(0); c.Close() }, err: syscall.ECONNRESET},
		"says nothing": {visitor: func(*testing.T, *session.Session, *net.TCPConn) {}, err: session.ErrIdle, late: true},
		"is hung up": {visitor: func(_ *testing.T, s *session.Session, _ *net.TCPConn) {
			time.AfterFunc(20*time.Millisecond, func() { s.HangUp("shutdown") })
		}, err: session.ErrInterrupt},
		"is waited for longer": {visitor: func(_ *testing.T, s *session.Session, c *net.TCPConn) {
			s.SetIdle(time.Minute)
			time.AfterFunc(idle+200*time.Millisecond, func() { io.WriteString(c, "late") })
		}, want: "late", late: true},
	} {
		t.Run(name, func(t *testing.T) {
			visitor, service := socketPair(t)
			r := newRig(t, "tcp", func(cfg *session.Config) { cfg.Conn, cfg.Idle = service, idle })
			r.Write([]byte("welcome"))
			begun := time.Now()
			c.visitor(t, r.Session, visitor)
			p := make([]byte, 16)
			n, err := r.R().Read(p)
			if string(p[:n]) != c.want || !errors.Is(err, c.err) {
				t.Errorf("read %q, %v; want %q, %v", p[:n], err, c.want, c.err)
			}
			if took := time.Since(begun); (took >= idle) != c.late {
				t.Errorf("took %v with an idle time of %v", took, idle)
			}
			visitor.SetReadDeadline(time.Now().Add(time.Second))
			if m, _ := visitor.Read(p); m > 0 && string(p[:m]) != "welcome" {
				t.Errorf("the visitor hears %q", p[:m])
			} else if m == 0 && c.want != "" {
				t.Error("the greeting was not sent before the wait")
			}
			r.HangUp("shutdown")
			r.End(err)
		})
	}
}

// socketPair is a connection over loopback, both ends.
func socketPair(t *testing.T) (visitor, service *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	v, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close(); s.Close() })
	return v.(*net.TCPConn), s.(*net.TCPConn)
}
