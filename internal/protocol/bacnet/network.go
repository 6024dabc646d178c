package bacnet

import (
	"fmt"
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/bacnet/wire"
)

// network reads the network layer's header, clause 6.
func (q *request) network(body []byte) {
	n, err := wire.ParseNPDU(body)
	if err != nil {
		q.act = event.Act{Op: "malformed_npdu", Class: event.Malformed}
		q.ignore(err.Error())
		return
	}
	q.npdu = n
	q.note.address(n)
	if n.Network {
		q.networkMessage(n)
		return
	}
	if n.Dest != nil && n.Dest.Net != wire.GlobalBroadcast && n.Dest.Net != q.set.Network {
		q.elsewhere(n)
		return
	}
	q.application(n.Body)
}

// elsewhere takes a frame for another network: a router without a way there
// rejects it (6.6.3.5), one with a way passes it on to stations that do not
// answer, and any other device drops it.
func (q *request) elsewhere(n wire.NPDU) {
	q.act.Class = event.Other
	if a, err := wire.ParseAPDU(n.Body); err == nil {
		q.act.Op = serviceName(a)
		q.act.Class = serviceClass(a)
	}
	if len(q.set.Routes) > 0 && !slices.Contains(q.set.Routes, n.Dest.Net) {
		q.rejectNetwork(wire.NetRejectNoRoute, n.Dest.Net)
		return
	}
	q.ignore("for another network")
}

func (q *request) rejectNetwork(reason uint8, number uint16) {
	q.act.Outcome = event.Refused
	q.note.Reject = fmt.Sprintf("network:%d", reason)
	w := octet.Builder{}
	w.U8(reason)
	w.U16(number)
	q.netAnswer(wire.NetReject, w.B)
}

func (q *request) netAnswer(message uint8, body []byte) {
	n := q.back(wire.APDU{})
	n.Network, n.Message, n.Body = true, message, body
	q.send(wire.BVLC{Function: wire.FuncOriginalUnicast, Body: n.Append(nil)})
}

// networkMessage serves the network layer's own messages, 6.4. Only a router
// has something to say to most of them.
func (q *request) networkMessage(n wire.NPDU) {
	q.act.Op = wire.NetworkName(n.Message)
	q.act.Class = event.Other
	r := octet.NewReader(n.Body)
	router := len(q.set.Routes) > 0
	if q.quiet.until(q.s.Source(), q.now).silent {
		q.ignore("communication disabled")
		return
	}
	switch n.Message {
	case wire.NetWhoIsRouter:
		q.act.Class = event.Enumerate
		q.whoIsRouter(r)
		return
	case wire.NetInitTable:
		q.initTable(r, router)
		return
	case wire.NetWhatIsNumber:
		q.act.Class = event.Enumerate
		if q.set.Network != 0 {
			w := octet.Builder{}
			w.U16(q.set.Network)
			w.U8(1) // configured, not learned: 6.4.20
			q.netAnswer(wire.NetNumberIs, w.B)
			return
		}
	case wire.NetEstablish, wire.NetDisconnect:
		q.act.Class = event.Config
		number := r.U16()
		if router && r.Err() == nil && !slices.Contains(q.set.Routes, number) {
			q.rejectNetwork(wire.NetRejectNoRoute, number)
			return
		}
	case wire.NetIAmRouter, wire.NetICouldBeRouter, wire.NetReject, wire.NetRouterBusy, wire.NetRouterAvailable, wire.NetInitTableAck, wire.NetNumberIs:
		q.act.Class = event.Config // a visitor who claims to be a router
	default:
		if router {
			q.rejectNetwork(wire.NetRejectUnknown, 0)
			return
		}
	}
	q.ignore("nothing to answer")
}

// whoIsRouter answers with the networks that lie behind this device, 6.4.2.
func (q *request) whoIsRouter(r *octet.Reader) {
	w := octet.Builder{}
	switch r.Len() {
	case 0:
		for _, n := range q.set.Routes {
			w.U16(n)
		}
	case 2:
		if n := r.U16(); slices.Contains(q.set.Routes, n) {
			w.U16(n)
		}
	default:
		q.act.Class = event.Malformed
	}
	if w.Len() == 0 {
		q.ignore("no router to it")
		return
	}
	q.netAnswer(wire.NetIAmRouter, w.B)
}

// initTable answers a query of the routing table; entries that a visitor sends
// are acknowledged and recorded, 6.4.7.
func (q *request) initTable(r *octet.Reader, router bool) {
	ports := int(r.U8())
	q.act.Class = event.Enumerate
	if ports > 0 {
		q.act.Class = event.Config
	}
	for range ports {
		number, port := r.U16(), r.U8()
		r.Skip(int(r.U8()))
		if r.Err() == nil {
			q.act.Values = append(q.act.Values, fmt.Sprintf("%d@%d", number, port))
		}
	}
	switch {
	case r.Done() != nil:
		q.act.Class = event.Malformed
		q.ignore("not readable")
	case !router:
		q.ignore("no router")
	case ports > 0:
		q.netAnswer(wire.NetInitTableAck, nil)
	default:
		w := octet.Builder{}
		w.U8(uint8(len(q.set.Routes)))
		for i, n := range q.set.Routes {
			w.U16(n)
			w.U8(uint8(i+1), 0)
		}
		q.netAnswer(wire.NetInitTableAck, w.B)
	}
}
