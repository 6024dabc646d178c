// Package modbus is the Modbus/TCP server of a controller: the data model from
// the tags of the process and from memory that keeps what visitors write, every
// public function code of V1.1b3, and the header errors that real devices answer.
package modbus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol is the room's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "modbus", Title: "Modbus/TCP", Network: "tcp", Port: wire.Port, Alt: 5020,
		New:    func(env protocol.Env) (protocol.Handler, error) { return newServer(env) },
		Decode: func() protocol.Decoder { return decoder{} },
		Refuse: refuse,
		Hello:  hello,
	}
}

// Serve answers one visitor until he leaves or the device hangs up.
func (d *server) Serve(ctx context.Context, s *session.Session) error {
	v := &visitor{server: d, s: s}
	defer d.keep(s, true)
	for {
		more, err := v.next()
		if err != nil || !more {
			return err
		}
	}
}

// refuse is the protocol's own refusal of a request: exception 01. Nil where
// the octets are no request.
func refuse(request []byte) []byte {
	f, err := wire.Parse(request)
	if err != nil {
		return nil
	}
	f.PDU = wire.AppendException(nil, wire.Function(f.PDU[0]), wire.IllegalFunction)
	return f.Append(nil)
}

// hello asks for the basic identification, as scanners do, and takes any answer
// to that question, a refusal included.
func hello(ctx context.Context, c net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(deadline); err != nil {
			return err
		}
	}
	ask := wire.Frame{Txn: 1, Unit: 1, PDU: wire.Request{Func: wire.Encapsulated, MEI: wire.MEIIdentification, Code: wire.BasicStream}.Append(nil)}
	if _, err := c.Write(ask.Append(nil)); err != nil {
		return err
	}
	header := make([]byte, wire.HeaderLen)
	if _, err := io.ReadFull(c, header); err != nil {
		return err
	}
	n, err := wire.Length(header)
	if err != nil {
		return err
	}
	pdu := make([]byte, n-wire.HeaderLen)
	if _, err := io.ReadFull(c, pdu); err != nil {
		return err
	}
	if !bytes.Equal(header[:4], []byte{0, 1, 0, 0}) || pdu[0]&0x7f != byte(wire.Encapsulated) {
		return fmt.Errorf("answer % x % x is to another question", header, pdu)
	}
	return nil
}

// next reads one frame and answers it. It reports false when the device hangs up.
func (v *visitor) next() (bool, error) {
	head, err := v.s.R().Peek(4)
	if err != nil {
		return v.cutOff(err)
	}
	if isText(head) {
		return v.text()
	}
	if head, err = v.s.R().Peek(6); err != nil {
		return v.cutOff(err)
	}
	n, err := wire.Length(head)
	if err != nil {
		return v.garbage(binary.BigEndian.Uint16(head[4:]))
	}
	if m, err := io.ReadFull(v.s.R(), v.in[:n]); err != nil {
		return v.broken(v.in[:m], err)
	}
	f, err := wire.Parse(v.in[:n])
	if err != nil {
		return false, err // Length has agreed
	}
	if f.Protocol != 0 {
		return v.otherProtocol(f)
	}
	v.request(f)
	return true, nil
}

// cutOff records what came of a frame whose header never was complete.
func (v *visitor) cutOff(err error) (bool, error) {
	p := make([]byte, v.s.R().Buffered())
	n, _ := io.ReadFull(v.s.R(), p)
	return v.broken(p[:n], err)
}

// broken records the octets of a frame whose rest never came.
func (v *visitor) broken(p []byte, err error) (bool, error) {
	if len(p) > 0 {
		v.s.Record(actCutOff(p))
		v.errors.Add(1)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return false, err
}
