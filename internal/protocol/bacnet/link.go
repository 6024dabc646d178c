package bacnet

import (
	"fmt"
	"net/netip"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// link reads the BVLC header and carries out its function, Annex J.
func (q *request) link() {
	f, err := wire.ParseBVLC(q.raw)
	if err != nil {
		q.stray(err)
		return
	}
	q.act = event.Act{Op: wire.FunctionName(f.Function), Class: linkClass(f.Function)}
	q.note.BVLC = wire.FunctionName(f.Function)
	if stated := int(q.raw[2])<<8 | int(q.raw[3]); stated != len(q.raw) {
		q.note.Length = &stated
	}
	if q.quiet.until(q.s.Source(), q.now).restarting {
		q.describe(f.Body)
		q.ignore("restarting")
		return
	}
	switch f.Function {
	case wire.FuncOriginalUnicast, wire.FuncOriginalBroadcast:
		q.network(f.Body)
	case wire.FuncForwarded:
		q.forwarded(f.Body)
	case wire.FuncDistribute:
		q.distribute(f.Body)
	case wire.FuncReadBDT, wire.FuncWriteBDT, wire.FuncRegisterForeign, wire.FuncReadFDT, wire.FuncDeleteFDTEntry:
		if q.quiet.until(q.s.Source(), q.now).silent {
			q.ignore("communication disabled")
			return
		}
		q.table(f)
	default:
		q.ignore("nothing to answer")
	}
}

// stray records a datagram that is no BACnet/IP frame; devices drop it.
func (q *request) stray(err error) {
	q.act = event.Act{Op: "malformed_bvlc", Class: event.Malformed}
	if name := foreign.Name(q.raw); name != "" && name != "bacnet" {
		q.act.Op, q.act.Class = "foreign_protocol", event.Foreign
		q.note.Protocol = name
	} else if a, aerr := wire.ParseAPDU(q.raw); aerr == nil && q.raw[0] != 0x81 && a.Type < wire.SegmentAck {
		q.act.Op = "bare_apdu" // no link and no network layer: what some tools send to servers that are no devices
	}
	q.ignore(err.Error())
}

func linkClass(function uint8) event.Class {
	switch function {
	case wire.FuncReadBDT, wire.FuncReadFDT:
		return event.Enumerate
	case wire.FuncWriteBDT, wire.FuncRegisterForeign, wire.FuncDeleteFDTEntry:
		return event.Config
	}
	return event.Other
}

// forwarded takes a frame that a BBMD passed on, J.2.5. Its answer belongs to the
// originating address, to which nothing is sent unless it is the visitor's own.
func (q *request) forwarded(body []byte) {
	from, rest, err := wire.ParseAddress(body)
	if err != nil {
		q.act.Class = event.Malformed
		q.ignore(err.Error())
		return
	}
	q.note.Origin = from.String()
	visitor := q.s.Remote()
	q.origin = from != netip.AddrPortFrom(visitor.Addr().Unmap(), visitor.Port())
	q.network(rest)
}

// distribute takes a frame that a foreign device wants spread, J.4.5: it reaches
// this device alone.
func (q *request) distribute(body []byte) {
	if !q.set.BBMD || !q.tables.registered(q.s.Remote(), q.now) {
		q.note.Spread = true
		q.describe(body)
		q.result(wire.ResultDistributeNAK)
		return
	}
	q.network(body)
}

// describe names in the act what a refused frame would have asked for.
func (q *request) describe(body []byte) {
	n, err := wire.ParseNPDU(body)
	if err != nil || n.Network {
		return
	}
	if a, err := wire.ParseAPDU(n.Body); err == nil {
		q.note.Carries = serviceName(a)
	}
}

// result answers with a BVLC-Result.
func (q *request) result(code uint16) {
	if code != wire.ResultOK {
		q.act.Outcome = event.Refused
		q.note.Result = fmt.Sprintf("0x%04x", code)
	}
	q.send(wire.ResultFrame(code))
}

// table serves the functions of the two tables, J.2.2 to J.2.8.
func (q *request) table(f wire.BVLC) {
	if !q.set.BBMD {
		q.noteTable(f)
		q.result(nakOf(f.Function))
		return
	}
	switch f.Function {
	case wire.FuncReadBDT:
		q.send(q.tables.bdtFrame(q.s.Allowance()))
	case wire.FuncReadFDT:
		q.send(q.tables.fdtFrame(q.now, q.s.Allowance()))
	case wire.FuncWriteBDT:
		rows := q.noteTable(f)
		if rows == nil && len(f.Body) > 0 || q.tables.write(rows) != nil {
			q.result(wire.ResultWriteBDTNAK)
			return
		}
		q.result(wire.ResultOK)
	case wire.FuncRegisterForeign:
		q.noteTable(f)
		ttl, err := wire.ParseTTL(f.Body)
		if err != nil || !q.tables.register(q.s.Remote(), ttl, q.now) {
			q.result(wire.ResultRegisterNAK)
			return
		}
		q.result(wire.ResultOK)
	case wire.FuncDeleteFDTEntry:
		q.noteTable(f)
		a, _, err := wire.ParseAddress(f.Body)
		if err != nil || !q.tables.remove(a, q.now) {
			q.result(wire.ResultDeleteFDTNAK)
			return
		}
		q.result(wire.ResultOK)
	}
}

// nakOf is the result of a function that a device without tables has not, J.2.1.
func nakOf(function uint8) uint16 {
	switch function {
	case wire.FuncWriteBDT:
		return wire.ResultWriteBDTNAK
	case wire.FuncReadBDT:
		return wire.ResultReadBDTNAK
	case wire.FuncRegisterForeign:
		return wire.ResultRegisterNAK
	case wire.FuncReadFDT:
		return wire.ResultReadFDTNAK
	}
	return wire.ResultDeleteFDTNAK
}

// noteTable puts what is written to a table into the act.
func (q *request) noteTable(f wire.BVLC) (rows []wire.BDTEntry) {
	switch f.Function {
	case wire.FuncWriteBDT:
		rows, _ = wire.ParseBDT(f.Body)
		for _, r := range rows[:min(len(rows), maxListed)] {
			q.act.Values = append(q.act.Values, bdtText(r))
		}
	case wire.FuncRegisterForeign:
		ttl, _ := wire.ParseTTL(f.Body)
		q.act.Values = []string{fmt.Sprintf("%ds", ttl)}
	case wire.FuncDeleteFDTEntry:
		if a, _, err := wire.ParseAddress(f.Body); err == nil {
			q.act.Values = []string{a.String()}
		}
	}
	return rows
}
