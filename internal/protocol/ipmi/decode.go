package ipmi

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// decoder tells the frames of a conversation from their octets. What is
// encrypted stays so.
type decoder struct{}

func newDecoder() protocol.Decoder { return decoder{} }

// Next implements protocol.Decoder: p is one datagram.
func (decoder) Next(_ bool, p []byte) (protocol.Frame, int, error) {
	out := protocol.Frame{Act: event.Act{Op: "malformed", Class: event.Malformed}}
	h, _, err := wire.ParseHeader(p)
	if err != nil {
		return out, len(p), err
	}
	if h.Class == wire.ClassASF {
		a, err := wire.ParseASF(p)
		if err != nil {
			return out, len(p), err
		}
		out.Act = event.Act{Op: "asf_message", Class: event.Other}
		if a.Type == wire.ASFPing {
			out.Act = event.Act{Op: "presence_ping", Class: event.Identify}
		}
		out.Fields = []protocol.Field{{Name: "asf_type", Value: strconv.Itoa(int(a.Type)), Off: 8, Len: 1}, {Name: "tag", Value: strconv.Itoa(int(a.Tag)), Off: 9, Len: 1}}
		return out, len(p), nil
	}
	f, err := wire.ParseFrame(p)
	if err != nil {
		return out, len(p), err
	}
	at := len(p) - len(f.Trailer) - len(f.Data)
	out.Fields = sessionFields(&f, at)
	out.Act = payloadAct(&f)
	if m, err := wire.ParseMessage(f.Data); err == nil && f.Type() == wire.PayloadIPMI && !f.Encrypted() {
		asked := m
		asked.NetFn &^= 1
		out.Act, _, _ = describe(&asked)
		out.Fields = append(out.Fields,
			protocol.Field{Name: "netfn", Value: fmt.Sprintf("0x%02x", m.NetFn), Off: at + 1, Len: 1},
			protocol.Field{Name: "cmd", Value: fmt.Sprintf("0x%02x", m.Cmd), Off: at + 5, Len: 1},
			protocol.Field{Name: "data", Value: hex.EncodeToString(m.Data), Off: at + 6, Len: len(m.Data)})
	}
	return out, len(p), nil
}

// sessionFields places the session header of a frame whose payload is at at.
func sessionFields(f *wire.Frame, at int) []protocol.Field {
	id, seq := 9, 5
	if f.Auth == wire.AuthRMCPPlus {
		id, seq = at-10, at-6
	}
	return []protocol.Field{
		{Name: "auth_type", Value: strconv.Itoa(int(f.Auth)), Off: 4, Len: 1},
		{Name: "session_id", Value: fmt.Sprintf("0x%08x", f.ID), Off: id, Len: 4},
		{Name: "session_seq", Value: strconv.FormatUint(uint64(f.Seq), 10), Off: seq, Len: 4},
		{Name: "payload", Value: hex.EncodeToString(f.Data), Off: at, Len: len(f.Data)},
	}
}

func payloadAct(f *wire.Frame) event.Act {
	switch f.Type() {
	case wire.PayloadOpenRequest, wire.PayloadOpenResponse:
		return event.Act{Op: "open_session", Class: event.Connect}
	case wire.PayloadRAKP1, wire.PayloadRAKP2:
		return event.Act{Op: "rakp_message_1", Class: event.Auth}
	case wire.PayloadRAKP3, wire.PayloadRAKP4:
		return event.Act{Op: "rakp_message_3", Class: event.Auth}
	}
	return event.Act{Op: "session_datagram", Class: event.Other}
}

// hello asks what every scanner asks first.
func hello(ctx context.Context, c net.Conn) error {
	if d, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(d); err != nil {
			return err
		}
	} else if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	m := wire.Message{To: wire.BMCAddress, NetFn: wire.NetFnApp, From: 0x81, Cmd: 0x38, Data: []byte{0x8E, uint8(administrator)}}
	f := wire.Frame{Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI}, Data: m.Append(nil)}
	if _, err := c.Write(f.Append(nil)); err != nil {
		return err
	}
	p := make([]byte, 512)
	n, err := c.Read(p)
	if err != nil {
		return err
	}
	f, err = wire.ParseFrame(p[:n])
	if err != nil {
		return err
	}
	if m, err = wire.ParseMessage(f.Data); err != nil {
		return err
	}
	if m.Cmd != 0x38 || len(m.Data) < 2 || m.Data[0] != codeOK || m.Data[1] != channelLAN {
		return errors.New("the answer is none to Get Channel Authentication Capabilities")
	}
	return nil
}
