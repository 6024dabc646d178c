package iec104

import (
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// Values of QOI (101 §7.2.6.22).
const (
	stationInterrogation = 20
	lastGroup            = 36
)

// interrogation answers type 100: a station's points, or a group's, without
// times; counters have their own. QOI 0 is confirmed and has no points, as
// recorded stations do.
func (c *call) interrogation() []outgoing {
	if c.asdu.Cause == wire.Deactivation {
		return c.deny("nothing_under_way")
	}
	qoi := c.asdu.Objects[0].Data[0]
	if qoi != 0 && (qoi < stationInterrogation || qoi > lastGroup) {
		return c.deny("qualifier")
	}
	var asked []*point
	for _, p := range c.points {
		in := qoi == stationInterrogation || qoi > stationInterrogation && p.groups&(1<<(qoi-stationInterrogation)) != 0
		if p.common == c.asdu.Common && p.kind != wire.Totals && in {
			asked = append(asked, p)
		}
	}
	out := c.confirm()
	head := wire.ASDU{Cause: wire.Cause(qoi), Test: c.asdu.Test, Originator: c.asdu.Originator}
	for _, asdu := range c.pack(c.view, asked, head) {
		out = append(out, outgoing{asdu: asdu})
	}
	return append(out, c.terminate())
}

// pack puts points, which are in order, into as few ASDUs as hold them. Runs of
// consecutive addresses go with one address where the device does that (SQ = 1).
func (d *server) pack(view process.View, points []*point, head wire.ASDU) [][]byte {
	var out [][]byte
	var loose []*point
	flush := func() {
		out = append(out, d.chunks(view, loose, head, false)...)
		loose = nil
	}
	for len(points) > 0 {
		first, n := points[0], 1
		for n < len(points) && points[n].kind == first.kind && points[n].common == first.common && points[n].object == first.object+uint32(n) {
			n++
		}
		if len(loose) > 0 && (loose[0].kind != first.kind || loose[0].common != first.common) {
			flush()
		}
		if d.Sequence && n > 1 {
			flush()
			out = append(out, d.chunks(view, points[:n], head, true)...)
		} else {
			loose = append(loose, points[:n]...)
		}
		points = points[n:]
	}
	flush()
	return out
}

// chunks encodes points of one type and station in ASDUs of the greatest size.
func (d *server) chunks(view process.View, points []*point, head wire.ASDU, sequence bool) [][]byte {
	var out [][]byte
	for len(points) > 0 {
		a := head
		a.Type, a.Common, a.Sequence = points[0].kind, points[0].common, sequence
		a.Number = min(len(points), a.Type.Room(sequence))
		for _, p := range points[:a.Number] {
			a.Objects = append(a.Objects, d.object(view, p))
		}
		out = append(out, a.Append(nil))
		points = points[a.Number:]
	}
	return out
}

// object is a point's present value without a time.
func (d *server) object(view process.View, p *point) wire.Object {
	r := wire.Reading{Value: p.value(view.Value(p.tag))}
	if p.kind == wire.Totals {
		r = d.total(view, p)
	}
	return wire.Object{Address: p.object, Data: r.Append(nil, p.kind)}
}

// read answers type 102 with cause 5.
func (c *call) read() []outgoing {
	at := address{c.asdu.Common, c.asdu.Objects[0].Address}
	if p := c.params[at]; p != nil {
		return []outgoing{{asdu: c.parameter(p, wire.Requested)}}
	}
	p := c.objects[at]
	if p == nil {
		return c.refuse(wire.UnknownObject, "object")
	}
	c.act.Tags = []string{c.device.Process.Tag(p.tag).Name}
	c.reply(wire.Requested, false)
	head := wire.ASDU{Cause: wire.Requested, Originator: c.asdu.Originator}
	return []outgoing{{asdu: c.chunks(c.view, []*point{p}, head, false)[0]}}
}
