package prototest

import (
	"context"
	"testing"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/session"
)

// lineEcho answers each line; "bye" hangs up.
type lineEcho struct{ greeting string }

func (h lineEcho) Serve(_ context.Context, s *session.Session) error {
	if s.Packet() {
		for {
			p, err := s.Datagram()
			if err != nil {
				return err
			}
			s.Record(event.Act{Op: "echo", Class: event.Read})
			s.Write(p)
		}
	}
	s.Write([]byte(h.greeting))
	for {
		l, err := s.R().ReadString('\n')
		if err != nil {
			return err
		}
		s.Record(event.Act{Op: "echo", Class: event.Read, Values: []string{l}})
		s.Write([]byte(l))
		if l == "bye\n" {
			return nil
		}
	}
}

func echo(network string) protocol.Protocol {
	return protocol.Protocol{Name: "echo", Network: network, Port: 7, New: func(env protocol.Env) (protocol.Handler, error) {
		var settings struct{ Greeting string }
		return lineEcho{settings.Greeting}, func() error { e := env.Decode(&settings); return e }()
	}}
}

func TestTCP(t *testing.T) { Glob(t, echo("tcp"), "testdata/tcp_*.txtar") }
func TestUDP(t *testing.T) { Glob(t, echo("udp"), "testdata/udp_*.txtar") }
