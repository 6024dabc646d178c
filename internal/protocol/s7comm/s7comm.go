// Package s7comm is the room of S7 communication: a SIMATIC S7 controller as
// programming devices, panels and scanners meet it on TCP port 102.
//
// A service is one cpu, shared by its connections: memory bound to the plant's
// tags, the program as MC7 blocks, the system status list, the diagnostic
// buffer. Each connection speaks TPKT, COTP and S7 and keeps what belongs to it
// alone: setup, transfers under way, answers in parts, subscriptions.
package s7comm

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cotp"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/layer/tpkt"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol returns the catalogue entry.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "s7comm", Title: "Siemens S7 communication", Network: "tcp", Port: 102, Alt: 10201,
		New: newHandler, Decode: newDecoder, Refuse: refuse, Hello: hello,
	}
}

func newHandler(env protocol.Env) (protocol.Handler, error) {
	c, err := newCPU(env)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// maxPacket is the longest TPKT that is read: 8 KiB, the greatest TPDU size of
// ISO 8073, and its header.
const maxPacket = 8192 + tpkt.HeaderLen

// A conn is one visitor's connection. Its methods run on Serve's goroutine.
type conn struct {
	cpu *cpu
	s   *session.Session

	ref      int // connection resource; 0: not connected
	peer     uint16
	tpdu     int // longest TPDU of ours
	join     cotp.Assembler
	partial  bool // join waits for the end of a data unit
	pdu      int  // negotiated; 0 before setup
	trusted  bool
	parts    map[uint16]*fragments // answers that the visitor takes in parts, by group and subfunction
	uploads  map[uint32]*upload
	taken    map[blockKey][]byte // blocks whose uploads are kept
	download *download
	jobRef   uint16 // of our last job
	plus     bool   // S7comm-plus session is open

	ctx  context.Context
	jobs map[uint8]context.CancelFunc // subscriptions, by their number
	wg   sync.WaitGroup
}

// Serve implements protocol.Handler.
func (c *cpu) Serve(ctx context.Context, s *session.Session) error {
	ctx, cancel := context.WithCancel(ctx)
	v := &conn{
		cpu: c, s: s, tpdu: 128, join: cotp.Assembler{Max: maxPacket}, ctx: ctx,
		parts: map[uint16]*fragments{}, uploads: map[uint32]*upload{}, taken: map[blockKey][]byte{}, jobs: map[uint8]context.CancelFunc{},
	}
	defer c.memory.keep(true)
	defer v.wg.Wait()
	defer cancel()
	defer func() {
		if v.ref != 0 {
			c.release(v.ref)
		}
	}()
	for {
		p, err := tpkt.Read(s.R(), maxPacket)
		switch {
		case errors.Is(err, tpkt.ErrVersion), errors.Is(err, tpkt.ErrLength):
			return v.strange(err)
		case err != nil:
			return v.cutShort(err)
		}
		t, err := cotp.Parse(p.Data)
		if err != nil {
			return v.notTPDU(p, err)
		}
		if done, err := v.tpduIn(t, p); done || err != nil {
			return err
		}
	}
}

// strange records what is not a TPKT, by name where it has one. The CPU closes.
func (v *conn) strange(why error) error {
	r := v.s.R()
	head, _ := r.Peek(r.Buffered())
	name := foreign.Name(head)
	if _, err := r.Discard(len(head)); err != nil {
		return err
	}
	if name == "" || errors.Is(why, tpkt.ErrLength) {
		v.s.Record(event.Act{Op: "bad_tpkt", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{why.Error()}})
		return nil
	}
	v.s.Record(event.Act{Op: name, Class: event.Foreign, Outcome: event.Ignored})
	return nil
}

// cutShort records what came of a packet or a data unit that has no end, and
// returns why Serve ends.
func (v *conn) cutShort(err error) error {
	r := v.s.R()
	n, _ := r.Discard(r.Buffered())
	if n == 0 && !v.partial && !errors.Is(err, tpkt.ErrCut) {
		return err
	}
	v.s.Record(event.Act{Op: "cut_short", Class: event.Malformed, Outcome: event.Ignored})
	if errors.Is(err, tpkt.ErrCut) {
		return nil // the session knows what ended it
	}
	return err
}

// notTPDU records a packet without a TPDU in it: often the connect request of
// RDP, whose cookie is no parameter. The CPU closes.
func (v *conn) notTPDU(p tpkt.Packet, why error) error {
	switch name := foreign.Name(p.Append(nil)); name {
	case "", "tpkt", "s7comm", "s7comm-plus":
		v.s.Record(event.Act{Op: "bad_tpdu", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{why.Error()}})
	default:
		v.s.Record(event.Act{Op: name, Class: event.Foreign, Outcome: event.Ignored})
	}
	return nil
}

// tpduIn handles one TPDU; done means that the connection ends.
func (v *conn) tpduIn(t cotp.TPDU, p tpkt.Packet) (done bool, err error) {
	switch {
	case t.Code == cotp.CR && v.ref == 0:
		return v.connect(t, p), nil
	case v.ref == 0:
		v.s.Record(event.Act{Op: "tpdu_before_connect", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{t.Code.String()}})
		return true, nil
	case t.Code == cotp.DR:
		v.s.Record(event.Act{Op: "disconnect_request", Class: event.Connect, Detail: disconnect{int(t.Reason)}})
		v.send(cotp.TPDU{Code: cotp.DC, Dst: t.Src, Src: v.reference()})
		return true, nil
	case t.Code == cotp.DT:
		return v.data(t)
	case t.Code == cotp.ED:
		v.s.Record(event.Act{Op: "expedited_data", Class: event.Other, Outcome: event.Ignored})
		return false, nil
	}
	v.s.Record(event.Act{Op: "unexpected_tpdu", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{t.Code.String()}})
	return false, nil
}

// data joins the parts of a data unit and hands it on.
func (v *conn) data(t cotp.TPDU) (done bool, err error) {
	unit, err := v.join.Add(t)
	v.partial = unit == nil
	if err != nil {
		v.s.Record(event.Act{Op: "bad_tpdu", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{err.Error()}})
		return true, nil
	}
	switch {
	case unit == nil: // more to come; the act that the last part makes claims all
		return false, nil
	case len(unit) == 0:
		v.s.Record(event.Act{Op: "empty_data", Class: event.Other, Outcome: event.Ignored})
		return false, nil
	case unit[0] == wire.ProtocolIDPlus:
		v.plusIn(unit)
		return false, nil
	}
	p, err := wire.Parse(unit)
	if err != nil {
		return v.notPDU(unit, err), nil
	}
	v.s.Delay(v.pause())
	v.pduIn(p)
	v.cpu.memory.keep(false)
	return false, nil
}

// notPDU records data that is not S7. The CPU drops what it cannot parse and
// keeps the connection; what is another protocol's is named.
func (v *conn) notPDU(unit []byte, why error) bool {
	if unit[0] != wire.ProtocolID {
		name := "mms"
		if unit[0] != 0x0d { // ISO 8327 CONNECT, with which MMS opens
			name = foreign.Name(unit)
		}
		if name != "" {
			v.s.Record(event.Act{Op: name, Class: event.Foreign, Outcome: event.Ignored})
			return false
		}
	}
	v.s.Record(event.Act{Op: "bad_pdu", Class: event.Malformed, Outcome: event.Ignored, Detail: malformed{why.Error()}})
	return false
}

// send queues one TPDU.
func (v *conn) send(t cotp.TPDU) {
	_, _ = v.s.Write(tpkt.Packet{Data: t.Append(nil)}.Append(nil)) // a dead connection shows at the next read
}

// reply queues a PDU in as many TPDUs as the visitor's size takes.
func (v *conn) reply(p wire.PDU) { _, _ = v.s.Write(v.frame(p.Append(nil))) }

// frame returns a data unit as it is on the wire.
func (v *conn) frame(unit []byte) []byte {
	var out []byte
	for _, t := range cotp.Split(unit, v.tpdu) {
		out = tpkt.Packet{Data: t.Append(nil)}.Append(out)
	}
	return out
}

// pause returns how long the CPU takes for a usual answer.
func (v *conn) pause() time.Duration { return v.cpu.set.Latency.pause(v.s.Rand().Float64()) }
