package enip

import (
	"time"

	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

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
	if len(c.server.links) >= c.Links || c.held() >= max(c.Links/4, 4) {
		*extended = outOfConnections
		return nil
	}
	l := &link{ForwardOpen: o, owner: c.visitor, expires: now.Add(max(o.Timeout(), 10*time.Second))}
	for l.id == 0 || c.visitor.links[l.id] != nil { // the target chooses the id towards it
		l.id = c.s.Rand().Uint32()
	}
	l.Path = nil // octets of the frame
	c.server.links[o.Triad], c.visitor.links[l.id] = l, l
	return l
}

// held returns how many connections the visitor's sessions have, under the lock. A
// quarter of all, or four, are for one, so that he leaves some to the others.
func (c *call) held() (n int) {
	for _, l := range c.server.links {
		if l.owner.s.Source() == c.s.Source() {
			n++
		}
	}
	return n
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
