package enip

import (
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
)

// call is one frame being answered.
type call struct {
	*visitor
	frame  wire.Frame
	act    event.Act
	d      *detail
	m      *message
	view   process.View
	data   []byte // of our answer
	silent bool
	reset  bool // the device restarts behind its answer

	tags, news, olds []string // process tags written
	values           []string // that the visitor wanted to write
	seen             []string // process tags read
}

// frame answers one frame. It reports false when the device hangs up.
func (v *visitor) frame(f wire.Frame) bool {
	c := &call{visitor: v, frame: f, view: v.device.Process.View()}
	c.act, c.d = describe(f)
	c.m = c.d.message
	if c.m == nil {
		c.m = &message{}
	}
	if f.Options != 0 { // 2-3.7: discarded
		c.silent = true
		c.finish()
		return true
	}
	more := c.command()
	c.finish()
	if c.reset {
		v.restart(v.s)
		return false
	}
	v.keep(v.s, false)
	return more
}

// command carries out an encapsulation command.
func (c *call) command() bool {
	packet := c.s.Packet()
	switch c.frame.Command {
	case wire.ListServices:
		c.list(wire.Packet{{Type: wire.ServicesItem, Data: services()}})
	case wire.ListIdentity:
		c.list(wire.Packet{{Type: wire.IdentityItem, Data: c.nameplate(c.view).Append(nil)}})
	case wire.ListInterfaces:
		c.list(nil)
	case wire.NOP:
		c.silent = true
	case wire.RegisterSession:
		if packet {
			c.d.status = wire.InvalidCommand
			break
		}
		c.register()
	case wire.UnregisterSession:
		if packet {
			c.d.status = wire.InvalidCommand
			break
		}
		if c.authorised() {
			c.silent = true
			return false // 2-4.5: no answer, the connection is closed
		}
	case wire.SendRRData, wire.SendUnitData:
		switch {
		case packet:
			c.d.status = wire.InvalidCommand
		case c.authorised() && c.frame.Command == wire.SendRRData:
			c.unconnected()
		case c.d.status == 0:
			c.connected()
		}
	default:
		c.d.status = wire.InvalidCommand
	}
	return true
}

// list answers one of the List commands, which have no data.
func (c *call) list(p wire.Packet) {
	if len(c.frame.Data) > 0 {
		c.d.status = wire.InvalidLength
		return
	}
	c.data = p.Append(nil)
}

// services is the item that answers ListServices (2-4.6.3): CIP over tcp and
// class 0 and 1 connections over udp.
func services() []byte {
	o := octet.Builder{}
	o.U16LE(wire.Version)
	o.U16LE(0x0120)
	o.Pad("Communications", 16, 0)
	return o.B
}

// register answers RegisterSession (2-4.4): once on a connection (a second one
// is told the handle that it has), version 1 and no options.
func (c *call) register() {
	p := c.frame.Data
	switch {
	case len(p) != 4:
		c.d.status = wire.InvalidLength
	case c.session != 0:
		c.d.status, c.frame.Session = wire.InvalidCommand, c.session
	case p[0] != wire.Version || p[1]|p[2]|p[3] != 0:
		c.d.status, c.data = wire.InvalidRevision, []byte{wire.Version, 0, 0, 0}
	default:
		for c.session == 0 {
			c.session = c.s.Rand().Uint32()
		}
		c.frame.Session = c.session
		c.data = p
	}
}

// authorised says whether the frame has the session's handle.
func (c *call) authorised() bool {
	if c.session != 0 && c.frame.Session == c.session {
		return true
	}
	c.d.status = wire.InvalidSession
	return false
}

// unconnected answers SendRRData (2-4.7).
func (c *call) unconnected() {
	t, err := wire.ParseTransfer(c.frame.Data)
	p, ok := explicit(t.Packet, wire.UnconnectedData)
	if err != nil || !ok || t.Interface != 0 || t.Packet[0].Type != wire.NullAddress || len(t.Packet[0].Data) > 0 {
		c.d.status = wire.IncorrectData
		return
	}
	q, err := cip.ParseRequest(p)
	if err != nil {
		c.d.status = wire.IncorrectData
		return
	}
	reply := c.execute(q, maxUnconnected)
	c.note(reply)
	t.Packet = wire.Packet{{Type: wire.NullAddress}, {Type: wire.UnconnectedData, Data: reply.Append(nil)}}
	c.data = t.Append(nil)
}

// connected answers SendUnitData (2-4.8). What is on no connection of this
// visitor is ignored; a repeated sequence count gets the last answer again.
func (c *call) connected() {
	t, err := wire.ParseTransfer(c.frame.Data)
	p, ok := explicit(t.Packet, wire.ConnectedData)
	if err != nil || !ok || c.d.link == nil || len(p) < 2 || t.Interface != 0 {
		c.d.status = wire.IncorrectData
		return
	}
	l := c.find(*c.d.link)
	if l == nil {
		c.silent = true
		return
	}
	sequence := uint16(c.d.sequence)
	if l.begun && l.sequence == sequence && l.last != nil {
		c.d.repeated = true
	} else {
		q, err := cip.ParseRequest(p[2:])
		if err != nil {
			c.silent = true
			return
		}
		l.begun, l.sequence = true, sequence
		reply := c.execute(q, l.TO.Size(l.Large)-2-replyHeader)
		c.note(reply)
		l.last = reply.Append(p[:2:2])
	}
	o := octet.Builder{}
	o.U32LE(l.TO.ID)
	t.Packet = wire.Packet{{Type: wire.ConnectedAddress, Data: o.B}, {Type: wire.ConnectedData, Data: l.last}}
	c.data = t.Append(nil)
}

const (
	replyHeader    = 4 // of a reply without extended status
	maxUnconnected = 504 - replyHeader
)

// note puts a reply's status into the act.
func (c *call) note(p cip.Reply) {
	c.m.answered, c.m.status, c.m.extended = true, p.Status, p.Extended
	switch p.Status {
	case cip.Success, cip.Partial, cip.EmbeddedError:
	default:
		c.act.Outcome = event.Refused
	}
}

// finish records the act and sends the answer.
func (c *call) finish() {
	a := &c.act
	switch {
	case c.silent:
		a.Outcome = event.Ignored
		if c.frame.Command == wire.UnregisterSession && c.session != 0 {
			a.Outcome = event.Answered // by closing
		}
	case c.d.status != 0:
		a.Outcome = event.Refused
	case a.Outcome == "":
		a.Outcome = event.Answered
	}
	switch {
	case c.tags != nil:
		a.Tags, a.Values, a.Previous = c.tags, c.news, c.olds
	case c.values != nil:
		a.Values = c.values
	default:
		a.Tags = c.seen
	}
	c.s.Record(*a)
	if c.silent {
		return
	}
	f := c.frame
	f.Status, f.Data = c.d.status, c.data
	low, high := time.Duration(c.Latency.Min), time.Duration(c.Latency.Max)
	if high > low {
		low += time.Duration(c.s.Rand().Int64N(int64(high - low + 1)))
	}
	c.s.Delay(low)
	c.s.Write(f.Append(nil))
}
