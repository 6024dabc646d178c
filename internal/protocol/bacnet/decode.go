package bacnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// decoder tells the frames of a conversation from their octets. Each datagram
// stands for itself.
type decoder struct{}

func newDecoder() protocol.Decoder { return decoder{} }

// Next implements protocol.Decoder.
func (decoder) Next(_ bool, p []byte) (protocol.Frame, int, error) {
	f, err := wire.ParseBVLC(p)
	if err != nil {
		return protocol.Frame{Act: event.Act{Op: "malformed_bvlc", Class: event.Malformed}}, len(p), err
	}
	list := fields{p: p}
	list.add("bvlc_function", wire.FunctionName(f.Function), 1, 1)
	list.add("bvlc_length", strconv.Itoa(len(p)), 2, 2)
	act := event.Act{Op: wire.FunctionName(f.Function), Class: linkClass(f.Function)}
	body := f.Body
	switch f.Function {
	case wire.FuncForwarded:
		var from fmt.Stringer
		if from, body, err = wire.ParseAddress(body); err != nil {
			return protocol.Frame{Act: act, Fields: list.list}, len(p), err
		}
		list.add("originating_address", from.String(), 4, 6)
	case wire.FuncOriginalUnicast, wire.FuncOriginalBroadcast, wire.FuncDistribute:
	default:
		list.add("bvlc_data", fmt.Sprintf("%x", body), 4, len(body))
		return protocol.Frame{Act: act, Fields: list.list}, len(p), nil
	}
	n, err := wire.ParseNPDU(body)
	if err != nil {
		act = event.Act{Op: "malformed_npdu", Class: event.Malformed}
		return protocol.Frame{Act: act, Fields: list.list}, len(p), err
	}
	list.network(n)
	if n.Network {
		act.Op = wire.NetworkName(n.Message)
		return protocol.Frame{Act: act, Fields: list.list}, len(p), nil
	}
	a, err := wire.ParseAPDU(n.Body)
	if err != nil {
		act = event.Act{Op: "malformed_apdu", Class: event.Malformed}
		return protocol.Frame{Act: act, Fields: list.list}, len(p), err
	}
	list.application(n, a)
	act.Op, act.Class = serviceName(a), serviceClass(a)
	return protocol.Frame{Act: act, Fields: list.list}, len(p), nil
}

// fields finds the places of a frame's parts.
type fields struct {
	p    []byte
	list []protocol.Field
}

func (f *fields) add(name, value string, off, size int) {
	f.list = append(f.list, protocol.Field{Name: name, Value: value, Off: off, Len: size})
}

func (f *fields) network(n wire.NPDU) {
	head := len(n.Append(nil)) - len(n.Body)
	text := "version 1"
	if n.Dest != nil {
		text += fmt.Sprintf(", to network %d station %x", n.Dest.Net, n.Dest.MAC)
	}
	if n.Src != nil {
		text += fmt.Sprintf(", from network %d station %x", n.Src.Net, n.Src.MAC)
	}
	if n.Network {
		text += ", " + wire.NetworkName(n.Message)
	}
	f.add("npdu", text, len(f.p)-len(n.Body)-head, head)
}

func (f *fields) application(n wire.NPDU, a wire.APDU) {
	at := len(f.p) - len(n.Body)
	head := len(n.Body) - len(a.Body)
	f.add("apdu", wire.APDUName(a.Type), at, head)
	f.add("service", serviceName(a), at+head-1, 1)
	if a.Segmented && a.Sequence > 0 {
		return
	}
	r := wire.NewReader(a.Body)
	for r.Len() > 0 && r.Err() == nil {
		from := r.Offset()
		t, _ := r.Peek()
		name := fmt.Sprintf("tag_%d", t.Number)
		value := ""
		switch {
		case t.Open:
			value = fmt.Sprintf("%x", r.Enclosed(t.Number))
		case t.Context:
			value = fmt.Sprintf("%x", r.Context(t.Number, wire.OctetString).Octets)
		default:
			value = event.Escape(r.Value().Text())
			name = "value"
		}
		if r.Err() == nil {
			f.add(name, value, at+head+from, r.Offset()-from)
		}
	}
}

// hello asks what a scanner asks first, Who-Is, and expects an I-Am.
func hello(ctx context.Context, c net.Conn) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Second)
	}
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	n := wire.NPDU{Body: wire.APDU{Type: wire.Unconfirmed, Service: wire.WhoIs}.Append(nil)}
	if _, err := c.Write(wire.BVLC{Function: wire.FuncOriginalUnicast, Body: n.Append(nil)}.Append(nil)); err != nil {
		return err
	}
	b := make([]byte, wire.MaxBVLC)
	got, err := c.Read(b)
	if err != nil {
		return fmt.Errorf("no answer to Who-Is: %w", err)
	}
	f, err := wire.ParseBVLC(b[:got])
	if err != nil {
		return fmt.Errorf("the answer is no BACnet/IP frame: %w", err)
	}
	if n, err = wire.ParseNPDU(f.Body); err != nil {
		return err
	}
	if a, err := wire.ParseAPDU(n.Body); err != nil || a.Type != wire.Unconfirmed || a.Service != wire.IAm {
		return errors.New("the answer is no I-Am")
	}
	return nil
}
