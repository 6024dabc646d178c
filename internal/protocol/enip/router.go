package enip

import (
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/octet"
)

// execute carries out a message and returns its reply, whose data may have room
// octets.
func (c *call) execute(q cip.Request, room int) cip.Reply {
	path, err := cip.ParsePath(q.Path)
	if err != nil || len(path) == 0 {
		return failed(q, cip.PathSegmentError, 0)
	}
	path = split(path)
	if path[0].Kind == cip.Key {
		if extended := c.fits(path[0].Text); extended != 0 {
			return failed(q, cip.ConnectionFailure, extended)
		}
		path = path[1:]
	}
	s := c.scopes[""]
	if len(path) > 1 && path[0].Kind == cip.Symbol {
		if name, ok := strings.CutPrefix(strings.ToLower(path[0].Text), "program:"); ok {
			if s = c.scopes[name]; s == nil || name == "" {
				return failed(q, cip.PathSegmentError, 0)
			}
			path = path[1:]
		}
	} else if p := c.programOf(path); p != nil {
		s, path = p, path[2:]
	}
	switch {
	case len(path) == 0:
	case path[0].Kind == cip.Symbol:
		t := s.byName[strings.ToLower(path[0].Text)]
		if t == nil {
			return failed(q, cip.PathSegmentError, 0)
		}
		return c.tagService(q, t, path[1:], room)
	case path[0].Kind == cip.Class:
		return c.object(q, s, path, room)
	}
	return failed(q, cip.PathSegmentError, 0)
}

// split makes a segment of each part of a symbol with dots in it. "Program:"
// has none of its own.
func split(path cip.Path) cip.Path {
	var out cip.Path
	for _, s := range path {
		if s.Kind != cip.Symbol || !strings.Contains(s.Text, ".") {
			out = append(out, s)
			continue
		}
		for _, part := range strings.Split(s.Text, ".") {
			out = append(out, cip.Segment{Kind: cip.Symbol, Text: part})
		}
	}
	return out
}

// programOf returns the scope of a path that begins with a Program instance and
// goes on to a symbol of it.
func (c *call) programOf(path cip.Path) *scope {
	if len(path) < 3 || path[0].Kind != cip.Class || path[0].Value != programObject || path[1].Kind != cip.Instance || path[2].Kind != cip.Class {
		return nil
	}
	if i := int(path[1].Value) - 1; i >= 0 && i < len(c.Programs) {
		return c.scopes[strings.ToLower(c.Programs[i].Name)]
	}
	return nil
}

// address is what a path of logical segments names.
type address struct {
	class, instance uint32
	attribute       uint32
	hasAttribute    bool
	rest            cip.Path // behind the instance
}

func addressOf(path cip.Path) (address, bool) {
	a := address{class: path[0].Value}
	path = path[1:]
	if len(path) > 0 && (path[0].Kind == cip.Instance || path[0].Kind == cip.Point) {
		a.instance = path[0].Value
		path = path[1:]
	}
	a.rest = path
	if len(path) > 0 && path[0].Kind == cip.Attribute {
		a.attribute, a.hasAttribute = path[0].Value, true
		path = path[1:]
	}
	for _, s := range path {
		if s.Kind != cip.Member && s.Kind != cip.Symbol {
			return a, false
		}
	}
	return a, true
}

// object answers a message to an object of a class.
func (c *call) object(q cip.Request, s *scope, path cip.Path, room int) cip.Reply {
	a, ok := addressOf(path)
	if !ok {
		return failed(q, cip.PathSegmentError, 0)
	}
	if a.class == messageRouter && q.Service == cip.MultipleService {
		return c.bundle(q, room)
	}
	if a.class == connectionManager {
		if p, ok := c.manage(q, room); ok {
			return p
		}
	}
	if a.class == symbolObject {
		return c.symbol(q, s, a, room)
	}
	o := c.objects[a.class]
	if o == nil {
		return failed(q, cip.PathUnknown)
	}
	if a.instance != 0 && o.instance(a.instance) == nil {
		return failed(q, cip.PathUnknown)
	}
	if o.service != nil {
		if p, ok := o.service(c, q, a, room); ok {
			return p
		}
	}
	return c.attributes(q, o.at(a.instance), a, room)
}

// symbol answers a message to a Symbol.
func (c *call) symbol(q cip.Request, s *scope, a address, room int) cip.Reply {
	if q.Service == listInstances {
		return c.instanceList(q, s.list, a.instance, room)
	}
	if a.instance == 0 {
		most := uint32(0)
		if n := len(s.list); n > 0 {
			most = s.list[n-1].id
		}
		return c.attributes(q, classAttributes(1, most, len(s.list)), a, room)
	}
	t := s.byID(a.instance)
	if t == nil {
		return failed(q, cip.PathUnknown)
	}
	switch q.Service {
	case readTag, readTagFragmented, writeTag, writeTagFragmented, readModifyWriteTag:
		if c.act.Op != "multiple_service_packet" {
			c.act.Target = event.Target{Kind: event.TargetTag, Ref: t.ref(a.rest)}
		}
		return c.tagService(q, t, a.rest, room)
	}
	var list []attribute
	for _, id := range []uint16{1, 2, 3, 5, 6, 7, 8, 10} {
		list = append(list, attribute{id: id, get: func(*call) []byte {
			v, _ := t.attribute(id)
			return v
		}})
	}
	return c.attributes(q, list, a, room)
}

// bundle answers Multiple_Service_Packet (volume 1, A-4.10): each service in
// its turn, each reply in what room the others leave.
func (c *call) bundle(q cip.Request, room int) cip.Reply {
	requests, err := cip.ParseBundle(q.Data)
	if err != nil || len(requests) == 0 {
		return failed(q, cip.NotEnoughData)
	}
	const least = replyHeader + 2 // of a refusal with its extended status
	if room -= 2 + 2*len(requests); room < least*len(requests) {
		return failed(q, cip.ReplyTooLarge)
	}
	var replies cip.Bundle
	out := answered(q, nil)
	for i, b := range requests {
		left := room - least*(len(requests)-i-1) - replyHeader
		inner, err := cip.ParseRequest(b)
		var p cip.Reply
		switch {
		case err != nil:
			p = failed(inner, cip.PathSize)
		case inner.Service == cip.MultipleService, classOf(inner) == connectionManager:
			p = failed(inner, cip.ServiceNotSupported)
		default:
			p = c.execute(inner, left)
		}
		if p.Status != cip.Success {
			out.Status = cip.EmbeddedError
		}
		c.outcome(i, p)
		b := p.Append(nil)
		room -= len(b)
		replies = append(replies, b)
	}
	out.Data = replies.Append(nil)
	return out
}

func classOf(q cip.Request) uint32 { return classIn(q.Path) }

// outcome adds what became of a bundle's part to the detail.
func (c *call) outcome(i int, p cip.Reply) {
	if i >= len(c.m.parts) || p.Status == cip.Success {
		return
	}
	o := octet.Builder{}
	o.Text(c.m.parts[i])
	o.Text(" status " + hexByte(byte(p.Status)))
	c.m.parts[i] = string(o.B)
}

func hexByte(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{'0', 'x', digits[b>>4], digits[b&15]})
}
