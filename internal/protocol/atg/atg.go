// Package atg is the console of a tank gauge: a Veeder-Root TLS-350 behind a
// serial server. It reads the tanks of the process through its own strapping
// table, judges them by its own limits, and keeps what visitors set.
package atg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol is the room's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "atg", Title: "Veeder-Root TLS-350", Network: "tcp", Port: wire.Port, Alt: wire.Port,
		New:    func(env protocol.Env) (protocol.Handler, error) { return newConsole(env) },
		Decode: func() protocol.Decoder { return decoder{} },
		Refuse: refuse,
		Hello:  hello,
	}
}

// refuse is the console's own refusal of a command. Nil where the octets are none.
func refuse(request []byte) []byte {
	if _, err := wire.Parse(bytes.TrimRight(request, "\r\n\x03")); err != nil {
		return nil
	}
	return wire.Unknown()
}

// Serve answers one visitor until he leaves.
func (c *console) Serve(_ context.Context, s *session.Session) error {
	v := &visitor{console: c, s: s}
	for {
		if err := v.next(); err != nil {
			return err
		}
	}
}

// hello asks for the software revision and wants it in display format.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := c.Write([]byte("\x01I90200\r")); err != nil {
		return err
	}
	var answer []byte
	one := make([]byte, 1)
	for len(answer) < 4096 {
		if _, err := io.ReadFull(c, one); err != nil {
			return err
		}
		if answer = append(answer, one[0]); one[0] == wire.ETX {
			break
		}
	}
	a, err := wire.ParseAnswer(answer)
	if err == nil && a.Code != "I90200" {
		err = fmt.Errorf("answer to another question: %q", a.Code)
	}
	return err
}
