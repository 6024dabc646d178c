package s7comm

import (
	"errors"
	"fmt"
	"io"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cotp"
	"github.com/sundew-ics/sundew/internal/layer/tpkt"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

// decoder names the frames of a recorded or proxied conversation.
type decoder struct{}

func newDecoder() protocol.Decoder { return decoder{} }

// Next implements protocol.Decoder.
func (decoder) Next(_ bool, p []byte) (protocol.Frame, int, error) {
	n, err := tpkt.Length(p)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return protocol.Frame{}, 0, nil
	case err != nil:
		return protocol.Frame{}, 0, err
	case n > len(p):
		return protocol.Frame{}, 0, nil
	}
	f := protocol.Frame{Fields: []protocol.Field{{Name: "tpkt.length", Value: fmt.Sprint(n), Off: 2, Len: 2}}}
	t, err := cotp.Parse(p[tpkt.HeaderLen:n])
	if err != nil {
		f.Act = event.Act{Op: "bad_tpdu", Class: event.Malformed}
		return f, n, nil
	}
	f.Fields = append(f.Fields, protocol.Field{Name: "cotp.type", Value: t.Code.String(), Off: 5, Len: 1})
	if t.Code != cotp.DT {
		f.Act = event.Act{Op: "cotp_" + t.Code.String(), Class: event.Connect}
		for _, q := range t.Params {
			f.Fields = append(f.Fields, protocol.Field{Name: fmt.Sprintf("cotp.parameter_%02x", q.Code), Value: fmt.Sprintf("%x", q.Value)})
		}
		return f, n, nil
	}
	decodeData(&f, t.Data, n-len(t.Data))
	return f, n, nil
}

// decodeData names the data unit that a frame carries from octet off on.
func decodeData(f *protocol.Frame, unit []byte, off int) {
	if len(unit) > 0 && unit[0] == wire.ProtocolIDPlus {
		f.Act = event.Act{Op: "s7comm_plus", Class: event.Other}
		if p, err := wire.ParsePlus(unit); err == nil {
			f.Act = event.Act{Op: "plus_" + wire.PlusFunctionName(p.Function), Class: plusClass(p.Function)}
		}
		return
	}
	p, err := wire.Parse(unit)
	if err != nil {
		f.Act = event.Act{Op: "data", Class: event.Other}
		return
	}
	header := 10
	if p.ROSCTR == wire.Ack || p.ROSCTR == wire.AckData {
		header = 12
		f.Fields = append(f.Fields, protocol.Field{Name: "s7comm.error", Value: fmt.Sprintf("%02x%02x", p.Class, p.Code), Off: off + 10, Len: 2})
	}
	f.Fields = append(f.Fields,
		protocol.Field{Name: "s7comm.rosctr", Value: fmt.Sprint(uint8(p.ROSCTR)), Off: off + 1, Len: 1},
		protocol.Field{Name: "s7comm.pdu_ref", Value: fmt.Sprint(p.Ref), Off: off + 4, Len: 2},
		protocol.Field{Name: "s7comm.parameter", Value: fmt.Sprintf("%x", p.Param), Off: off + header, Len: len(p.Param)},
		protocol.Field{Name: "s7comm.data", Value: fmt.Sprintf("%x", p.Data), Off: off + header + len(p.Param), Len: len(p.Data)})
	if p.ROSCTR == wire.Userdata {
		f.Act = userdataAct(p)
		return
	}
	fn := p.Function()
	f.Act = event.Act{Op: wire.FunctionName(fn), Class: classOf(fn)}
	if p.ROSCTR == wire.Ack {
		f.Act = event.Act{Op: "ack", Class: event.Other}
	}
	if p.ROSCTR == wire.Job {
		f.Act.Target = jobTarget(p)
	}
}

// userdataAct names a user data PDU.
func userdataAct(p wire.PDU) event.Act {
	u, err := wire.ParseUD(p.Param)
	if err != nil {
		return event.Act{Op: "userdata", Class: event.Malformed}
	}
	act := event.Act{Op: userdataOp(u), Class: userdataClass(u)}
	d, err := wire.ParseDataItem(p.Data)
	if err != nil || u.Group != wire.GroupCPU || u.Sub != wire.CPUReadSZL {
		return act
	}
	if q, err := wire.ParseSZLRequest(d.Data); err == nil {
		act.Class = szlClass(q.ID)
		act.Target = event.Target{Kind: event.TargetSZL, Ref: fmt.Sprintf("%04X/%04X", q.ID, q.Index)}
	}
	return act
}

// refuse answers a request frame with "function not supported".
func refuse(request []byte) []byte {
	packet, err := tpkt.Parse(request)
	if err != nil {
		return nil
	}
	t, err := cotp.Parse(packet.Data)
	if err != nil || t.Code != cotp.DT {
		return nil
	}
	p, err := wire.Parse(t.Data)
	if err != nil {
		return nil
	}
	answer := wire.PDU{ROSCTR: wire.Ack, Ref: p.Ref, Class: errFunction >> 8, Code: errFunction & 0xff}
	if p.ROSCTR == wire.Userdata {
		u, err := wire.ParseUD(p.Param)
		if err != nil {
			return nil
		}
		out := wire.UD{Method: wire.MethodResponse, Kind: wire.KindResponse, Group: u.Group, Sub: u.Sub, Sequence: u.Sequence, Error: errFunction}
		answer = wire.PDU{ROSCTR: wire.Userdata, Ref: p.Ref, Param: out.Append(nil), Data: wire.NoData().Append(nil)}
	}
	return tpkt.Packet{Data: cotp.TPDU{Code: cotp.DT, EOT: true, Data: answer.Append(nil)}.Append(nil)}.Append(nil)
}
