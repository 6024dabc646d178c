package enip

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
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

// open answers Forward_Open and Large_Forward_Open.
func (c *call) open(q cip.Request, o cip.ForwardOpen, err error) cip.Reply {
	c.count(openRequests)
	if err != nil {
		c.count(openFormat)
		return failed(q, dataStatus(err))
	}
	left := len(o.Path) / 2
	extended := c.mayOpen(o, &left)
	if extended == 0 {
		if l := c.connect(o, &extended); l != nil {
			return answered(q, accepted(l))
		}
	}
	switch extended {
	case outOfConnections:
		c.count(openResource)
	default:
		c.count(openOther)
	}
	p := failed(q, cip.ConnectionFailure, extended)
	p.Data = append(o.Triad.Append(nil), byte(left), 0) // 3-5.5.2: what is left of the path
	return p
}

// mayOpen checks the path and what the connection is to be; 0 allows it.
func (c *call) mayOpen(o cip.ForwardOpen, left *int) uint16 {
	path, err := cip.ParsePath(o.Path)
	if err != nil {
		return badSegment
	}
	path, extended := c.hop(path)
	if *left = len(path.Append(nil)) / 2; extended != 0 {
		return extended
	}
	if len(path) > 0 && path[0].Kind == cip.Key {
		if extended = c.fits(path[0].Text); extended != 0 {
			return extended
		}
		path = path[1:]
	}
	if o.Class() <= 1 { // implicit messages: this controller produces and consumes nothing
		return badApplication
	}
	if o.Class() != 3 || o.OT.Type(o.Large) == 0 || o.TO.Type(o.Large) == 0 {
		return badTransport
	}
	if len(path) != 2 || path[0].Kind != cip.Class || path[0].Value != messageRouter || path[1].Kind != cip.Instance || path[1].Value != 1 {
		return badSegment
	}
	most := c.SmallSize
	if o.Large {
		most = c.LargeSize
	}
	for _, f := range []cip.Flow{o.OT, o.TO} {
		if n := f.Size(o.Large); n < 16 || n > most {
			return badSize
		}
	}
	return 0
}

// fits checks an electronic key (C-1.4.2.5): 0 fits all; the revision's bit 7
// asks for compatibility, which any older one of the same major has.
func (d *server) fits(key string) uint16 {
	r := octet.NewReader([]byte(key))
	vendor, kind, code, major, minor := r.U16LE(), r.U16LE(), r.U16LE(), r.U8(), r.U8()
	switch {
	case vendor != 0 && vendor != uint16(d.Identity.Vendor), code != 0 && code != uint16(d.Identity.Code):
		return badVendorOrCode
	case kind != 0 && kind != uint16(d.Identity.Type):
		return badType
	case major&0x7f == 0:
		return 0
	case major&0x80 != 0:
		if major&0x7f > d.major {
			return badRevision
		}
		return 0
	case major != d.major || minor != 0 && minor != d.minor:
		return badRevision
	}
	return 0
}

// connect makes the connection, or gives the reason why there is none.
func (c *call) connect(o cip.ForwardOpen, extended *uint16) *link {
	c.table.Lock()
	defer c.table.Unlock()
	now := time.Now()
	for _, l := range c.server.links {
		if now.After(l.expires) {
			c.tally[timeouts]++
			l.close()
		}
	}
	if c.server.links[o.Triad] != nil {
		*extended = duplicateOpen
		return nil
	}
	if len(c.server.links) >= c.Links {
		*extended = outOfConnections
		return nil
	}
	l := &link{ForwardOpen: o, owner: c.visitor, expires: now.Add(max(o.Timeout(), 10*time.Second))}
	for l.id == 0 || c.visitor.links[l.id] != nil { // the target chooses the id towards it
		l.id = c.s.Rand().Uint32()
	}
	c.server.links[o.Triad], c.visitor.links[l.id] = l, l
	return l
}

// accepted is the data of a good answer to a Forward_Open: the intervals are
// taken as they were asked for.
func accepted(l *link) []byte {
	o := octet.Builder{}
	o.U32LE(l.id)
	o.U32LE(l.TO.ID)
	o.B = l.Triad.Append(o.B)
	o.U32LE(l.OT.RPI)
	o.U32LE(l.TO.RPI)
	o.U8(0, 0)
	return o.B
}

// closeLink answers Forward_Close.
func (c *call) closeLink(q cip.Request) cip.Reply {
	c.count(closeRequests)
	x, err := cip.ParseForwardClose(q.Data)
	if err != nil {
		c.count(closeFormat)
		return failed(q, dataStatus(err))
	}
	c.table.Lock()
	l := c.server.links[x.Triad]
	if l != nil {
		l.close()
	} else {
		c.tally[closeOther]++
	}
	c.table.Unlock()
	data := append(x.Triad.Append(nil), 0, 0)
	if l == nil {
		p := failed(q, cip.ConnectionFailure, noSuchConnection)
		data[8] = byte(len(x.Path) / 2)
		p.Data = data
		return p
	}
	return answered(q, data)
}

// pccc answers Execute PCCC as a controller does that maps no data files: the
// requester's id, then the command's reply with the status "illegal command"; an
// echo comes back.
func pccc(q cip.Request) cip.Reply {
	p := q.Data
	n := 0
	if len(p) > 0 {
		n = int(p[0])
	}
	if n == 0 || len(p) < n+4 {
		return failed(q, cip.NotEnoughData)
	}
	transaction := binary.LittleEndian.Uint16(p[n+2:])
	o := octet.Builder{B: append([]byte{}, p[:n]...)}
	o.U8(p[n] | 0x40)
	if p[n] == 0x06 && len(p) > n+4 && p[n+4] == 0 {
		o.U8(0)
		o.U16LE(transaction)
		o.Bytes(p[n+5:])
		return answered(q, o.B)
	}
	o.U8(0x10)
	o.U16LE(transaction)
	return answered(q, o.B)
}
