package session_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/prototest"
	"github.com/sundew-ics/sundew/internal/session"
)

// sidePort makes one side port in memory; visitor is the other end.
type sidePort struct {
	visitor *prototest.Conn
	shut    int
}

func (p *sidePort) make(_ context.Context, s *session.Session, network string) (*session.Side, error) {
	addr := netip.MustParseAddrPort("192.0.2.5:50001")
	visitor, service := prototest.NewConn(s.Remote(), addr, network == "udp")
	p.visitor = visitor
	accept := func(context.Context) (*session.Session, error) {
		cfg := s.Child()
		cfg.Envelope.Transport, cfg.Envelope.Dst = network, addr
		if cfg.Conn = service; network == "tcp" {
			cfg.Conn = newStream(service)
		}
		return session.Open(cfg), nil
	}
	return &session.Side{Addr: addr, Accept: accept, Close: func() error { p.shut++; return service.Close() }}, nil
}

func TestSide(t *testing.T) {
	for _, network := range []string{"tcp", "udp"} {
		t.Run(network, func(t *testing.T) {
			var p sidePort
			r := newRig(t, "tcp", func(c *session.Config) { c.Sides = p.make })
			r.says("PASV")
			r.take(4)
			r.Record(read("pasv"))
			side, err := r.Side(t.Context(), network)
			if err != nil || side.Addr.Port() != 50001 {
				t.Fatal(side, err)
			}
			kid, err := side.Accept(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if kid.Packet() != (network == "udp") || kid.ID() == r.ID() || kid.Remote() != r.Remote() {
				t.Errorf("child %s at %v, packets %v", kid.ID(), kid.Remote(), kid.Packet())
			}
			p.visitor.Write([]byte("data"))
			if network == "udp" {
				kid.Datagram()
			} else {
				io.ReadFull(kid.R(), make([]byte, 4))
			}
			kid.Record(event.Act{Op: "stor", Class: event.FileWrite})
			p.visitor.CloseWrite()
			kid.End(nil)
			side.Close()
			r.end(nil)
			if p.shut != 1 {
				t.Errorf("the side was closed %d times", p.shut)
			}
			for _, e := range r.events() {
				switch {
				case e.Session == kid.ID() && e.Kind == event.KindOpen && (e.Parent != r.ID() || e.Octets != "wire" || e.Dst.Port != 50001 || e.Transport != network):
					t.Errorf("open of the side is %+v", e)
				case e.Session == kid.ID() && e.Kind == event.KindAct:
					wantAct(t, e, "stor", "data", "")
				case e.Session == r.ID() && e.Parent != "":
					t.Error("the parent has a parent")
				}
			}
			if n := len(r.events()); n != 6 {
				t.Errorf("%d events, want 3 of each session", n)
			}
		})
	}
}

func TestSideEndsWithItsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p sidePort
		r := newRig(t, "tcp", func(c *session.Config) { c.Sides = p.make })
		side, err := r.Side(t.Context(), "tcp")
		if err != nil {
			t.Fatal(err)
		}
		kid, _ := side.Accept(t.Context())
		time.AfterFunc(time.Second, func() { r.HangUp("shutdown") })
		start := time.Now()
		_, err = kid.R().ReadByte()
		if !errors.Is(err, session.ErrInterrupt) || time.Since(start) != time.Second {
			t.Errorf("the child's read: %v after %v", err, time.Since(start))
		}
		kid.End(err)
		if e := r.closed(); e.Session != kid.ID() || e.Reason != "shutdown" {
			t.Errorf("the child closes with %s", e.Reason)
		}
		synctest.Wait()
		if p.shut != 1 {
			t.Errorf("the side port was shut %d times by HangUp", p.shut)
		}
		late, _ := side.Accept(t.Context())
		if _, err := late.R().ReadByte(); !errors.Is(err, session.ErrInterrupt) {
			t.Errorf("a child of a hung-up parent reads: %v", err)
		}
		late.End(nil)
		r.end(nil)
	})
}

func TestNoSides(t *testing.T) {
	if _, err := newRig(t, "tcp", nil).Side(t.Context(), "tcp"); err == nil {
		t.Error("a side without a SideMaker")
	}
}

func TestKeep(t *testing.T) {
	var kept prototest.Artifacts
	r := newRig(t, "tcp", func(c *session.Config) { c.Artifacts = &kept })
	a, err := r.Keep("OB1", "s7-block", strings.NewReader("program"))
	if err != nil {
		t.Fatal(err)
	}
	r.Record(event.Act{Op: "download", Class: event.ProgramDownload, Artifact: &a})
	r.end(nil)
	got := r.acts()[0].Artifact
	if got == nil || *got != a || a.SHA256 != sha([]byte("program")) || string(kept.Content[a.SHA256]) != "program" || a.Kind != "s7-block" {
		t.Errorf("artifact %+v", got)
	}
	if _, err := newRig(t, "tcp", nil).Keep("x", "y", strings.NewReader("")); err == nil {
		t.Error("Keep without a store")
	}
}

// putSource is a store that only notes whose a file is.
type putSource struct {
	prototest.Artifacts
	source string
}

func (p *putSource) Put(source, name, kind string, r io.Reader) (event.Artifact, error) {
	p.source = source
	return p.Artifacts.Put(source, name, kind, r)
}

// Files of a source that may be forged are nobody's: else a flood of them would
// use up the quota of ever new sources.
func TestKeepOfTheUnproven(t *testing.T) {
	store := &putSource{}
	p := &purse{left: 100}
	r := newRig(t, "udp", func(c *session.Config) { c.Artifacts, c.Budget = store, p })
	keep := func() string {
		if _, err := r.Keep("f", "file", strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
		return store.source
	}
	if got := keep(); got != session.Unproven {
		t.Errorf("an unproven file is of %q", got)
	}
	r.Prove()
	if got, want := keep(), r.Remote().Addr().String(); got != want {
		t.Errorf("a proven file is of %q, want %q", got, want)
	}
	r.end(nil)
}

// Who changes his address within his IPv6 network stays the visitor that he is.
func TestSource(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2::3": "2001:db8:1:2::/64", "2001:db8:1:2:a:b:c:d": "2001:db8:1:2::/64", "fe80::1%lo": "fe80::/64",
	} {
		r := newRig(t, "tcp", func(c *session.Config) { c.Envelope.Src = netip.AddrPortFrom(netip.MustParseAddr(address), 1) })
		if got := r.Source(); got != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
		r.end(nil)
	}
}
