// Package enip is the EtherNet/IP side of a Rockwell Logix controller: the
// encapsulation over tcp and udp, CIP explicit messages unconnected and
// connected, the objects by which tools browse a controller, and its tags,
// bound to the process or kept as visitors write them.
package enip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol is the room's entry in the catalogue for tcp.
func Protocol() protocol.Protocol { return entry("tcp") }

// Datagrams is the room's entry for udp, where only the List commands are known.
func Datagrams() protocol.Protocol { return entry("udp") }

func entry(network string) protocol.Protocol {
	return protocol.Protocol{
		Name: "enip", Title: "EtherNet/IP", Network: network, Port: wire.Port, Alt: wire.Port,
		New:    func(env protocol.Env) (protocol.Handler, error) { return newServer(env) },
		Decode: func() protocol.Decoder { return decoder{} },
		Refuse: refuse,
		Hello:  hello,
	}
}

// Serve answers one visitor until he leaves or the device hangs up.
func (d *server) Serve(_ context.Context, s *session.Session) error {
	v := &visitor{server: d, s: s, links: map[uint32]*link{}}
	if s.Packet() {
		return v.datagrams()
	}
	if !d.enter(s) {
		return nil // starting up
	}
	defer d.leave(v)
	if d.Inactivity > 0 {
		s.SetIdle(time.Duration(d.Inactivity))
	}
	for {
		more, err := v.next()
		if err != nil || !more {
			return err
		}
	}
}

// next reads one frame and answers it. It reports false when the device hangs up.
func (v *visitor) next() (bool, error) {
	head, err := v.s.R().Peek(wire.HeaderLen)
	if err != nil {
		return false, err
	}
	if name := strangeTo(head); name != "" {
		return v.foreign(name)
	}
	n := wire.Length(head)
	v.in.Reset()
	if _, err := io.CopyN(&v.in, onlyReader{v.s.R()}, int64(n)); err != nil {
		return false, err // the session records what came
	}
	f, err := wire.Parse(v.in.Bytes())
	if err != nil {
		return false, fmt.Errorf("a frame of %d octets as its header says: %w", n, err)
	}
	more := v.frame(f)
	if v.in.Cap() > 8<<10 { // an idle connection keeps little
		v.in = bytes.Buffer{}
	}
	return more, nil
}

// foreign takes what is no EtherNet/IP: the header and then, as a device that
// waits for the frame's end, everything that still comes.
func (v *visitor) foreign(name string) (bool, error) {
	a := event.Act{Op: name, Class: event.Foreign, Outcome: event.Ignored}
	if _, err := v.s.R().Discard(wire.HeaderLen); err != nil {
		return false, err
	}
	v.s.Record(a)
	n, err := io.Copy(io.Discard, onlyReader{v.s.R()})
	if n > 0 {
		v.s.Record(a)
	}
	return false, err
}

// onlyReader hides WriteTo, so that CopyN takes no more than the frame.
type onlyReader struct{ io.Reader }

// datagrams answers a flow.
func (v *visitor) datagrams() error {
	for {
		p, err := v.s.Datagram()
		if err != nil {
			return err
		}
		v.datagram(p)
	}
}

// datagram answers a datagram; one whose length is not the header's is discarded
// (volume 2, 2-3.3).
func (v *visitor) datagram(p []byte) {
	f, err := wire.Parse(p)
	if err != nil {
		v.s.Record(actStray(p))
		return
	}
	v.frame(f)
}

// refuse is the protocol's own refusal of a request: privilege violation where
// it is an unconnected message, else the encapsulation's invalid command. Nil
// where the octets are no request.
func refuse(request []byte) []byte {
	f, err := wire.Parse(request)
	if err != nil {
		return nil
	}
	t, err := wire.ParseTransfer(f.Data)
	q, ok := explicit(t.Packet, wire.UnconnectedData)
	if f.Command != wire.SendRRData || err != nil || !ok || len(q) == 0 {
		f.Status, f.Data = wire.InvalidCommand, nil
		return f.Append(nil)
	}
	no := cip.Reply{Service: cip.Service(q[0] | 0x80), Status: cip.PrivilegeViolation}
	t.Packet = wire.Packet{{Type: wire.NullAddress}, {Type: wire.UnconnectedData, Data: no.Append(nil)}}
	f.Data = t.Append(nil)
	return f.Append(nil)
}

// hello asks who is there, as scanners do, and takes a sound identity for an answer.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	ask := wire.Frame{Command: wire.ListIdentity, Context: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
	if _, err := c.Write(ask.Append(nil)); err != nil {
		return err
	}
	var answer bytes.Buffer
	p := make([]byte, 1500)
	for answer.Len() < wire.HeaderLen || answer.Len() < wire.Length(answer.Bytes()) {
		n, err := c.Read(p)
		if err != nil {
			return err
		}
		answer.Write(p[:n])
	}
	f, err := wire.Parse(answer.Bytes())
	if err != nil {
		return err
	}
	if f.Command != ask.Command || f.Context != ask.Context || f.Status != wire.Success {
		return fmt.Errorf("answer % x is to another question", answer.Bytes())
	}
	items, err := wire.ParsePacket(f.Data)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return errors.New("the answer names no device")
	}
	_, err = wire.ParseIdentity(items[0].Data)
	return err
}
