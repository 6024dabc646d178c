package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// decoder tells the frames of a conversation from their octets. Each datagram
// stands for itself.
type decoder struct{}

func newDecoder() protocol.Decoder { return decoder{} }

// Next implements protocol.Decoder.
func (decoder) Next(_ bool, p []byte) (protocol.Frame, int, error) {
	m, err := wire.Parse(p)
	if err != nil {
		return protocol.Frame{Act: event.Act{Op: "malformed", Class: event.Malformed}}, len(p), err
	}
	f := fields{p: p}
	f.message(m.Version)
	act := event.Act{Op: "encrypted_request", Class: event.Auth}
	switch {
	case m.Three == nil:
		act = describe(&m.PDU)
		act.Cred = &event.Cred{Secret: string(m.Community), Method: "community"}
	case m.Three.Flags&wire.FlagPriv == 0:
		act = describe(&m.Three.Scoped.PDU)
	}
	return protocol.Frame{Act: act, Fields: f.list}, len(p), nil
}

// fields finds the places of a message's parts.
type fields struct {
	p    []byte
	list []protocol.Field
}

// take reads the next element and lists it.
func (f *fields) take(r *ber.Reader, name string) []byte {
	at := r.Offset()
	t, body := r.Next()
	value := ""
	if v, err := ber.ParseInt(body); t == ber.Integer && err == nil {
		value = strconv.FormatInt(v, 10)
	} else {
		value = event.Escape(string(body))
	}
	f.add(name, value, at, r.Offset())
	return body
}

func (f *fields) add(name, value string, from, to int) {
	f.list = append(f.list, protocol.Field{Name: name, Value: value, Off: from, Len: to - from})
}

// message lists a message that Parse takes.
func (f *fields) message(version int32) {
	in := ber.NewReader(f.p).Enter(ber.Sequence)
	f.take(in, "version")
	if version != wire.V3 {
		f.take(in, "community")
		f.pdu(in)
		return
	}
	head := in.Enter(ber.Sequence)
	f.take(head, "msg_id")
	f.take(head, "msg_max_size")
	flags := f.take(head, "msg_flags")
	f.take(head, "msg_security_model")
	at := in.Offset()
	security := in.Contents(ber.OctetString)
	if u, err := wire.ParseUSM(security); err == nil {
		value := fmt.Sprintf("engine %x, boots %d, time %d, user %s", u.Engine, u.Boots, u.Time, event.Escape(string(u.User)))
		f.add("msg_security_parameters", value, at, in.Offset())
	}
	if len(flags) == 1 && flags[0]&wire.FlagPriv != 0 {
		f.add("encrypted_pdu", strconv.Itoa(in.Len())+" octets", in.Offset(), in.Offset()+in.Len())
		return
	}
	scoped := in.Enter(ber.Sequence)
	f.take(scoped, "context_engine_id")
	f.take(scoped, "context_name")
	f.pdu(scoped)
}

func (f *fields) pdu(r *ber.Reader) {
	at, t := r.Offset(), r.Peek()
	in := r.Enter(t)
	f.add("pdu", wire.OpName(t), at, in.Offset())
	names := [3]string{"request_id", "error_status", "error_index"}
	switch t {
	case wire.GetBulkRequest:
		names = [3]string{"request_id", "non_repeaters", "max_repetitions"}
	case wire.TrapV1:
		f.take(in, "enterprise")
		f.take(in, "agent_addr")
		names = [3]string{"generic_trap", "specific_trap", "time_stamp"}
	}
	for _, name := range names {
		f.take(in, name)
	}
	for list := in.Enter(ber.Sequence); list.Len() > 0; {
		f.varbind(list)
	}
}

func (f *fields) varbind(list *ber.Reader) {
	at := list.Offset()
	pair := list.Enter(ber.Sequence)
	name := pair.OID(ber.ObjectID)
	v, err := wire.ParseValue(pair.Rest())
	if err != nil {
		return
	}
	f.add(name.String(), wire.TypeName(v.Type)+" "+event.Escape(v.Text()), at, list.Offset())
}

// hello asks what a scanner asks first, sysDescr with the community public, and
// behind it the engine of version 3, since not every agent knows public. Any
// well-formed answer will do.
func hello(ctx context.Context, c net.Conn) error {
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(5 * time.Second)
	}
	if err := c.SetDeadline(deadline); err != nil {
		return err
	}
	descr := append(systemGroup(), 1, 0)
	get := wire.PDU{Type: wire.GetRequest, RequestID: 1, Varbinds: []wire.Varbind{{Name: descr, Value: wire.Value{Type: ber.Null}}}}
	for _, m := range []wire.Message{
		{Version: wire.V2c, Community: []byte("public"), PDU: get},
		{Version: wire.V3, Three: &wire.Three{ID: 1, MaxSize: 1472, Flags: wire.FlagReportable, Model: wire.ModelUSM,
			Security: wire.USM{}.Append(nil), Scoped: wire.Scoped{PDU: wire.PDU{Type: wire.GetRequest, RequestID: 1}}}},
	} {
		if _, err := c.Write(m.Append(nil)); err != nil {
			return err
		}
	}
	b := make([]byte, 65535)
	n, err := c.Read(b)
	if err != nil {
		return fmt.Errorf("no answer to a Get of sysDescr.0 or to a discovery: %w", err)
	}
	m, err := wire.Parse(b[:n])
	if err != nil {
		return fmt.Errorf("the answer is no SNMP message: %w", err)
	}
	if m.Three == nil && m.PDU.Type != wire.Response || m.Three != nil && m.Three.Scoped.PDU.Type != wire.Report {
		return errors.New("the answer is neither a response nor a report")
	}
	return nil
}
