package tftp

import (
	"errors"
	"io"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/tftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// next waits for the visitor's next packet and records what is not of this
// transfer. An ERROR of his ends it: io.EOF.
func (v *visit) next(kid *session.Session, path string, want wire.Opcode) (wire.Packet, error) {
	for {
		b, err := kid.Datagram()
		if err != nil {
			return wire.Packet{}, err
		}
		p, err := wire.Parse(b)
		switch {
		case err != nil:
			kid.Record(event.Act{Op: "malformed_packet", Class: event.Malformed, Outcome: event.Ignored, Detail: &detail{block: -1, code: -1}})
		case p.Op == wire.ERROR:
			kid.Record(event.Act{Op: "error", Class: event.Other, Outcome: event.Ignored, Target: target(path), Detail: &detail{block: -1, code: int(p.Code), message: p.Message}})
			return p, io.EOF
		case p.Op != want:
			kid.Record(event.Act{Op: p.Op.Name(), Class: event.Other, Outcome: event.Refused, Target: target(path), Detail: &detail{block: -1, code: int(wire.Illegal)}})
			kid.Write(v.failure(wire.Illegal))
			return p, io.EOF
		default:
			return p, nil
		}
	}
}

// prove notes that the visitor hears what we send to him: he knows a port that
// only our packet told.
func (v *visit) prove(kid *session.Session) {
	if kid.Prove() {
		v.s.Prove()
	}
}

func target(path string) event.Target { return event.Target{Kind: event.TargetPath, Ref: path} }

// send carries out a read request: an OACK or the first block, then a block for
// each acknowledgement (RFC 1350 §2, RFC 2347).
func (v *visit) send(kid *session.Session, t terms, path string, file io.Reader) error {
	if t.text {
		file = &textReader{r: file}
	}
	retry := &retrier{kid: kid}
	defer retry.stop()
	var block uint16
	last := false
	packet := wire.Packet{Op: wire.OACK, Options: t.granted}.Append(nil)
	op := "option_acknowledgement"
	next := func() error {
		data := make([]byte, t.block)
		n, err := io.ReadFull(file, data)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		block++
		last = n < t.block
		packet = wire.Packet{Op: wire.DATA, Block: block, Data: data[:n]}.Append(nil)
		return nil
	}
	if t.granted == nil {
		if op = "data"; next() != nil {
			return v.fail(kid, "data", path)
		}
	}
	retry.arm(packet, unprovenWait, unprovenRetries)
	kid.Send(event.Act{Op: op, Class: event.Report, Target: target(path), Detail: &detail{block: int(block), code: -1}}, packet)
	for {
		p, err := v.next(kid, path, wire.ACK)
		if err != nil {
			return err
		}
		a := event.Act{Op: "acknowledgement", Class: event.Read, Target: target(path), Detail: &detail{block: int(p.Block), code: -1}}
		if p.Block != block { // an old one: answering it would double every block from here on
			a.Outcome = event.Ignored
			kid.Record(a)
			continue
		}
		v.prove(kid)
		if last {
			retry.stop()
			a.Class = event.FileRead
			kid.Record(a)
			return nil
		}
		if next() != nil {
			return v.fail(kid, "acknowledgement", path)
		}
		retry.arm(packet, t.timeout, v.set.Retries)
		kid.Record(a)
		kid.Write(packet)
	}
}

// fail ends a transfer that we cannot carry on.
func (v *visit) fail(kid *session.Session, op, path string) error {
	kid.Record(event.Act{Op: op, Class: event.FileRead, Outcome: event.Refused, Target: target(path), Detail: &detail{block: -1, code: int(wire.NotDefined)}})
	kid.Write(v.failure(wire.NotDefined))
	return nil
}

// receive carries out a write request. The file is kept while it comes; the last
// block is acknowledged once it is in the visitor's tree.
func (v *visit) receive(kid *session.Session, t terms, path, name string) error {
	retry := &retrier{kid: kid}
	defer retry.stop()
	var in *intake // once the visitor has proven who he is: files of others share a quota
	defer func() { in.close() }()
	packet, op := wire.Packet{Op: wire.ACK}.Append(nil), "acknowledgement"
	if t.granted != nil {
		packet, op = wire.Packet{Op: wire.OACK, Options: t.granted}.Append(nil), "option_acknowledgement"
	}
	retry.arm(packet, unprovenWait, unprovenRetries)
	kid.Send(event.Act{Op: op, Class: event.Report, Target: target(path), Detail: &detail{block: 0, code: -1}}, packet)
	for block := uint16(0); ; {
		p, err := v.next(kid, path, wire.DATA)
		if err != nil {
			in.record(v, path, err)
			return err
		}
		a := event.Act{Op: "data", Class: event.Other, Target: target(path), Detail: &detail{block: int(p.Block), code: -1}}
		if p.Block != block+1 || len(p.Data) > t.block {
			a.Outcome = event.Ignored
			kid.Record(a)
			if p.Block == block { // our acknowledgement was lost
				kid.Write(packet)
			}
			continue
		}
		v.prove(kid)
		if in == nil {
			in = newIntake(kid, name, t.text)
		}
		block++
		in.write(p.Data)
		packet = wire.Packet{Op: wire.ACK, Block: block}.Append(nil)
		if len(p.Data) < t.block {
			retry.stop()
			return v.finish(kid, in, a, path, packet, t.timeout)
		}
		retry.arm(packet, t.timeout, v.set.Retries)
		kid.Record(a)
		kid.Write(packet)
	}
}

// finish puts the file into the tree, acknowledges its last block, and stays
// for a while to acknowledge it again (RFC 1350 §6).
func (v *visit) finish(kid *session.Session, in *intake, a event.Act, path string, ack []byte, timeout time.Duration) error {
	art, err := in.close()
	a.Class = event.FileWrite
	d := a.Detail.(*detail)
	d.octets = in.n
	if art.SHA256 != "" {
		a.Artifact = &art
	}
	if err == nil {
		err = v.view.Put(v.who(), path, art.SHA256, art.Size)
	}
	if err != nil {
		a.Outcome, d.code = event.Refused, int(wire.Full)
		kid.Record(a)
		kid.Write(v.failure(wire.Full))
		return nil
	}
	kid.Record(a)
	kid.Write(ack)
	kid.SetIdle(2 * timeout)
	for {
		p, err := v.next(kid, path, wire.DATA)
		if errors.Is(err, session.ErrIdle) {
			return nil
		}
		if err != nil {
			return err
		}
		kid.Record(event.Act{Op: "data", Class: event.Other, Outcome: event.Ignored, Target: target(path), Detail: &detail{block: int(p.Block), code: -1, repeated: true}})
		if p.Block == uint16(ack[2])<<8|uint16(ack[3]) {
			kid.Write(ack)
		}
	}
}
