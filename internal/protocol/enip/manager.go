package enip

import (
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cip"
)

// A link is a CIP connection, of transport class 3 to the message router.
type link struct {
	cip.ForwardOpen
	owner    *visitor
	id       uint32 // that the visitor sends
	expires  time.Time
	begun    bool
	sequence uint16
	last     []byte // our answer to sequence
}

// Extended statuses of the connection manager (volume 1, 3-5.6).
const (
	duplicateOpen    = 0x0100
	badTransport     = 0x0103
	noSuchConnection = 0x0107
	badSize          = 0x0109
	outOfConnections = 0x0113
	badVendorOrCode  = 0x0114
	badType          = 0x0115
	badRevision      = 0x0116
	badApplication   = 0x0117
	timedOut         = 0x0204
	noPort           = 0x0311
	noLinkAddress    = 0x0312
	badSegment       = 0x0315
)

// Attributes of the connection manager, by their number less one.
const (
	openRequests = iota
	openFormat
	openResource
	openOther
	closeRequests
	closeFormat
	closeOther
	timeouts
)

func (d *server) count(i int) {
	d.table.Lock()
	d.tally[i]++
	d.table.Unlock()
}

// find returns the visitor's connection of that id and keeps it alive; nil
// where there is none or it has timed out.
func (v *visitor) find(id uint32) *link {
	v.table.Lock()
	defer v.table.Unlock()
	l := v.links[id]
	if l == nil {
		return nil
	}
	if time.Now().After(l.expires) {
		v.tally[timeouts]++
		l.close()
		return nil
	}
	l.expires = time.Now().Add(l.Timeout())
	return l
}

// close forgets the link; the server's table is locked.
func (l *link) close() {
	delete(l.owner.links, l.id)
	delete(l.owner.server.links, l.Triad)
}

// manage answers the connection manager's own services.
func (c *call) manage(q cip.Request, room int) (cip.Reply, bool) {
	switch q.Service {
	case cip.UnconnectedSend:
		return c.forward(q, room), true
	case cip.ForwardOpenService:
		o, err := cip.ParseForwardOpen(q.Data)
		return c.open(q, o, err), true
	case cip.LargeForwardOpen:
		if c.LargeSize == 0 {
			return failed(q, cip.ServiceNotSupported), true
		}
		o, err := cip.ParseLargeForwardOpen(q.Data)
		return c.open(q, o, err), true
	case cip.ForwardCloseService:
		return c.closeLink(q), true
	}
	return cip.Reply{}, false
}

// forward answers Unconnected_Send: what it carries, where its route leads to
// this controller.
func (c *call) forward(q cip.Request, room int) cip.Reply {
	e, err := cip.ParseErrand(q.Data)
	if err != nil {
		return failed(q, dataStatus(err))
	}
	no := func(status cip.Status, left int, extended ...uint16) cip.Reply {
		p := failed(q, status, extended...)
		p.Data = []byte{byte(left), 0}
		return p
	}
	route, err := cip.ParsePath(e.Route)
	if err != nil {
		return no(cip.ConnectionFailure, len(e.Route)/2, badSegment)
	}
	if route, extended := c.hop(route); extended != 0 || len(route) > 0 {
		if extended == 0 {
			extended = badSegment
		}
		if extended == timedOut {
			c.s.Delay(min(e.Duration(), 2*time.Second))
		}
		return no(cip.ConnectionFailure, len(route.Append(nil))/2, extended)
	}
	inner, err := cip.ParseRequest(e.Message)
	if err != nil {
		return failed(q, cip.NotEnoughData)
	}
	if classIn(inner.Path) == connectionManager && inner.Service == cip.UnconnectedSend {
		return failed(inner, cip.ServiceNotSupported)
	}
	return c.execute(inner, room)
}

// hop follows the port segments of a route and returns what is behind them, or
// an extended status. Only the backplane's slot of the controller is there:
// whoever else is named on a network is never asked.
func (d *server) hop(route cip.Path) (cip.Path, uint16) {
	for len(route) > 0 && route[0].Kind == cip.Port {
		switch s := route[0]; {
		case s.Value == 1 && s.Text == string(rune(d.Slot)):
		case s.Value == 1:
			return route, noLinkAddress
		case s.Value == 2:
			if a, err := netip.ParseAddr(s.Text); err == nil && a == d.address {
				break
			}
			return route, timedOut
		default:
			return route, noPort
		}
		route = route[1:]
	}
	return route, 0
}
