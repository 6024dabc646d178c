// Package iec104 is the IEC 60870-5-104 controlled station of a substation: the
// link with its windows and timers, interrogation, commands on the process with
// select and execute, counters, parameters, files, and reports that nobody
// asked for.
package iec104

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol is the room's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "iec104", Title: "IEC 60870-5-104", Network: "tcp", Port: wire.Port, Alt: wire.Port,
		New:    func(env protocol.Env) (protocol.Handler, error) { return newServer(env) },
		Decode: func() protocol.Decoder { return decoder{} },
		Hello:  hello,
	}
}

// Serve answers one visitor until he leaves or the device hangs up.
func (d *server) Serve(ctx context.Context, s *session.Session) error {
	if d.away.Holds(s.Source(), time.Now()) {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	v := newVisitor(d, ctx, s)
	d.enter(v)
	v.work.Go(v.s.Guarded(func() { v.timers(ctx) }))
	err := v.converse()
	cancel()
	d.leave(v)
	v.work.Wait()
	return err
}

// hello asks for a test of the link, as scanners do.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := c.Write(wire.Frame{Format: wire.FormatU, Function: wire.TestAct}.Append(nil)); err != nil {
		return err
	}
	want := wire.Frame{Format: wire.FormatU, Function: wire.TestCon}.Append(nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("TESTFR act was answered with % x", got)
	}
	return nil
}
