// Package kamstrup is an electricity meter with an Ethernet module: the meter's
// registers by KMP on one port, and the module's own management by lines of text
// on another.
package kamstrup

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/device"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
)

// Protocol is the meter's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "kamstrup", Title: "Kamstrup meter (KMP)", Network: "tcp", Port: wire.Port, Alt: wire.Port,
		New:    func(env protocol.Env) (protocol.Handler, error) { return newMeter(env) },
		Decode: func() protocol.Decoder { return decoder{} },
		Hello:  helloMeter,
	}
}

// Management is the module's entry in the catalogue.
func Management() protocol.Protocol {
	return protocol.Protocol{
		Name: "kamstrup_management", Title: "Kamstrup module management", Network: "tcp", Port: 50, Alt: 50100,
		New:    func(env protocol.Env) (protocol.Handler, error) { return newModule(env) },
		Decode: func() protocol.Decoder { return lineDecoder{} },
		Hello:  helloModule,
	}
}

// restartTime is how long a module is away that starts again.
const restartTime = 15 * time.Second

// sharedAway returns what meter and management of one module share: while it
// starts, it hangs up on both.
func sharedAway(d *device.Device) (*device.Outage, error) {
	v, err := d.Shared("kamstrup.away", func() (any, error) { return &device.Outage{}, nil })
	if err != nil {
		return nil, err
	}
	return v.(*device.Outage), nil
}

// helloMeter asks for the meter's type.
func helloMeter(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	ask := wire.Frame{Start: wire.Request, Address: wire.Meter, Command: wire.GetType}
	if _, err := c.Write(ask.Append(nil)); err != nil {
		return err
	}
	answer, err := bufio.NewReaderSize(c, wire.MaxFrame).ReadSlice(wire.Stop)
	if err != nil {
		return err
	}
	f, err := wire.Parse(answer)
	if err == nil && (f.Start != wire.Reply || f.Command != wire.GetType) {
		err = fmt.Errorf("answer % x is to another question", answer)
	}
	return err
}

// helloModule wants the greeting.
func helloModule(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	r := bufio.NewReader(c)
	for range 4 {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.HasPrefix(line, "Connected to [") {
			return nil
		}
	}
	return fmt.Errorf("no greeting of a Kamstrup module")
}
