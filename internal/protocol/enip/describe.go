package enip

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
)

// describe says what a frame attempts, from its octets alone.
func describe(f wire.Frame) (event.Act, *detail) {
	d := &detail{command: f.Command, session: f.Session, context: f.Context, options: f.Options, version: -1, sequence: -1}
	a := event.Act{Op: f.Command.Name(), Class: event.Other, Detail: d}
	switch f.Command {
	case wire.NOP, wire.RegisterSession, wire.UnregisterSession:
		a.Class = event.Connect
		if f.Command == wire.RegisterSession && len(f.Data) >= 2 {
			d.version = int(f.Data[0]) | int(f.Data[1])<<8
		}
	case wire.ListIdentity:
		a.Class = event.Identify
	case wire.ListServices, wire.ListInterfaces:
		a.Class = event.Enumerate
	case wire.SendRRData, wire.SendUnitData:
		a.Class = event.Malformed
		d.transfer(f, &a)
	case wire.IndicateStatus, wire.Cancel:
	default:
		a.Op = "unknown_command"
	}
	return a, d
}

// transfer describes the message that a transfer carries, if there is one.
func (d *detail) transfer(f wire.Frame, a *event.Act) {
	t, err := wire.ParseTransfer(f.Data)
	if err != nil {
		return
	}
	for _, it := range t.Packet {
		switch it.Type {
		case wire.SocketOT, wire.SocketTO:
			if s, err := wire.ParseSocket(it.Data); err == nil {
				d.sockets = append(d.sockets, s.String())
			}
		case wire.ConnectedAddress:
			if len(it.Data) == 4 {
				id := uint32(it.Data[0]) | uint32(it.Data[1])<<8 | uint32(it.Data[2])<<16 | uint32(it.Data[3])<<24
				d.link = &id
			}
		}
	}
	var p []byte
	if f.Command == wire.SendRRData {
		p, _ = explicit(t.Packet, wire.UnconnectedData)
	} else if p, _ = explicit(t.Packet, wire.ConnectedData); len(p) >= 2 {
		d.sequence = int(p[0]) | int(p[1])<<8
		p = p[2:]
	}
	q, err := cip.ParseRequest(p)
	if err != nil {
		return
	}
	d.request(q, a)
}

// explicit returns the data of the packet's second item where it is of type t.
func explicit(p wire.Packet, t wire.ItemType) ([]byte, bool) {
	if len(p) < 2 || p[1].Type != t {
		return nil, false
	}
	return p[1].Data, true
}

// request describes a message; of an Unconnected_Send the one that it carries.
func (d *detail) request(q cip.Request, a *event.Act) {
	m := &message{service: q.Service, path: pathText(q.Path), data: len(q.Data)}
	d.message = m
	class := classIn(q.Path)
	a.Op, a.Class = operation(q.Service, class)
	a.Target = target(q.Path)
	switch {
	case class == connectionManager:
		d.connection(q, a)
	case class == pcccObject && q.Service == executePCCC:
		m.pccc, a.Class = describePCCC(q.Data)
	case q.Service == cip.MultipleService:
		bundle, err := cip.ParseBundle(q.Data)
		if err != nil {
			a.Class = event.Malformed
			return
		}
		m.services = len(bundle)
		length := 0
		for _, p := range bundle {
			text := part(p, a)
			if length += len(text); length <= maxParts {
				m.parts = append(m.parts, text)
			}
		}
	}
}

// connection describes what the connection manager is asked.
func (d *detail) connection(q cip.Request, a *event.Act) {
	m := d.message
	switch q.Service {
	case cip.UnconnectedSend:
		e, err := cip.ParseErrand(q.Data)
		if err != nil {
			a.Class = event.Malformed
			return
		}
		if d.route = pathText(e.Route); d.route == "" {
			d.route = "-"
		}
		inner, err := cip.ParseRequest(e.Message)
		if err != nil || classIn(inner.Path) == connectionManager && inner.Service == cip.UnconnectedSend {
			a.Class = event.Malformed
			return
		}
		d.request(inner, a)
	case cip.ForwardOpenService, cip.LargeForwardOpen:
		parse := cip.ParseForwardOpen
		if q.Service == cip.LargeForwardOpen {
			parse = cip.ParseLargeForwardOpen
		}
		o, err := parse(q.Data)
		if err != nil {
			a.Class = event.Malformed
			return
		}
		m.route = pathText(o.Path)
		o.Path = nil // octets of the frame; the act outlives it
		m.open, m.triad = &o, &o.Triad
	case cip.ForwardCloseService:
		if x, err := cip.ParseForwardClose(q.Data); err == nil {
			m.triad = &x.Triad
		}
	}
}

// maxParts is how many octets of a bundle's services the detail lists.
const maxParts = 4096

// part describes one service of a bundle and raises the act's class to its own
// where that is graver.
func part(p []byte, a *event.Act) string {
	q, err := cip.ParseRequest(p)
	if err != nil {
		return "malformed"
	}
	op, class := operation(q.Service, classIn(q.Path))
	if gravity(class) > gravity(a.Class) {
		a.Class = class
	}
	return op + " " + pathText(q.Path)
}

// gravity orders classes: a bundle is of the gravest that is in it.
func gravity(c event.Class) int {
	switch c {
	case event.Firmware, event.ProgramDownload:
		return 9
	case event.Restart:
		return 8
	case event.Mode:
		return 7
	case event.Config, event.FileWrite:
		return 6
	case event.Write:
		return 5
	case event.FileRead:
		return 4
	case event.Read:
		return 3
	case event.Enumerate:
		return 2
	case event.Identify:
		return 1
	}
	return 0
}

// target names what a path aims at.
func target(p []byte) event.Target {
	path, err := cip.ParsePath(p)
	if err != nil || len(path) == 0 {
		return event.Target{}
	}
	kind := event.TargetObject
	for _, s := range path {
		switch s.Kind {
		case cip.Attribute:
			kind = event.TargetProperty
		case cip.Class:
			kind = event.TargetObject
		case cip.Symbol:
			kind = event.TargetTag
		}
	}
	return event.Target{Kind: kind, Ref: path.String()}
}

// classIn returns the last class that a path names, 0 without one.
func classIn(p []byte) uint32 {
	path, _ := cip.ParsePath(p)
	class := uint32(0)
	for _, s := range path {
		if s.Kind == cip.Class {
			class = s.Value
		}
	}
	return class
}

// strangeTo names the protocol of octets that are no encapsulation header.
func strangeTo(head []byte) string {
	command := wire.Command(uint16(head[0]) | uint16(head[1])<<8)
	if command.Name() != "" {
		return ""
	}
	if name := foreign.Name(head); name != "" && name != "enip" {
		return name
	}
	return ""
}

// actStray is a datagram that is no frame.
func actStray(p []byte) event.Act {
	if name := foreign.Name(p); name != "" && name != "enip" {
		return event.Act{Op: name, Class: event.Foreign, Outcome: event.Ignored}
	}
	return event.Act{Op: "malformed", Class: event.Malformed, Outcome: event.Ignored}
}
