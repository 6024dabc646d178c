package dnp3

import (
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// detail is what an act has of the protocol's own.
type detail struct {
	src, dest uint16
	control   int // of the link; -1: an application fragment
	seq       int
	function  wire.Function
	objects   []string
	iin       int // of the answer; -1: none
	repeated  bool
	unsol     bool
	extra     []extra
}

// extra is a further field: a number, or a text where that is not empty.
type extra struct {
	name   string
	number int64
	text   string
}

func (d *detail) number(name string, v int64) {
	d.extra = append(d.extra, extra{name: name, number: v})
}
func (d *detail) text(name, v string) { d.extra = append(d.extra, extra{name: name, text: v}) }

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("src", int64(d.src))
	o.Int("dest", int64(d.dest))
	if d.control >= 0 {
		o.Int("link_control", int64(d.control))
		return o.End()
	}
	o.Int("seq", int64(d.seq))
	o.Int("fc_request", int64(d.function))
	if d.unsol {
		o.Bool("unsolicited", true)
	}
	if d.repeated {
		o.Bool("repeated", true)
	}
	if d.objects != nil {
		o.Texts("objects", d.objects...)
	}
	for _, x := range d.extra {
		if x.text != "" {
			o.Text(x.name, x.text)
		} else {
			o.Int(x.name, x.number)
		}
	}
	if d.iin >= 0 {
		o.Int("iin", int64(d.iin))
	}
	return o.End()
}

// maxListed is how many objects of a request its detail lists.
const maxListed = 16

// describe says what a request is, without its outcome.
func describe(f wire.Frame, q wire.Fragment, objects wire.Objects) event.Act {
	d := &detail{src: f.Src, dest: f.Dest, control: -1, seq: int(q.Control & wire.Seq), function: q.Function, iin: -1, unsol: q.Control&wire.UNS != 0}
	for _, o := range objects[:min(len(objects), maxListed)] {
		d.objects = append(d.objects, o.String())
	}
	return event.Act{Op: operation(q.Function), Class: classOf(q.Function, objects), Target: targetOf(f, objects), Detail: d}
}

func operation(f wire.Function) string {
	if name := f.Name(); name != "" {
		return name
	}
	return "unknown_function"
}

func unit(address uint16) event.Target {
	return event.Target{Kind: event.TargetUnit, Ref: strconv.Itoa(int(address))}
}

// targetOf is the first object of a request; of one without any, the station.
func targetOf(f wire.Frame, objects wire.Objects) event.Target {
	if len(objects) == 0 {
		return unit(f.Dest)
	}
	return event.Target{Kind: event.TargetObject, Ref: objects[0].String()}
}

func classOf(f wire.Function, objects wire.Objects) event.Class {
	first := uint8(255)
	if len(objects) > 0 {
		first = objects[0].Group
	}
	switch f {
	case wire.Confirm, wire.DelayMeasure:
		return event.Read
	case wire.Read:
		switch first {
		case 0:
			return event.Identify
		case 70:
			return event.FileRead
		}
		return event.Read
	case wire.Write:
		switch first {
		case 70:
			return event.FileWrite
		case 0, 34, 50, 80:
			return event.Config
		}
		return event.Write
	case wire.Select, wire.Operate, wire.DirectOperate, wire.DirectOperateNoAck:
		return event.Control
	case wire.Freeze, wire.FreezeNoAck, wire.FreezeClear, wire.FreezeClearNoAck, wire.FreezeAtTime, wire.FreezeAtTimeNoAck:
		return event.Write
	case wire.ColdRestart, wire.WarmRestart, wire.InitializeData, wire.InitializeApp:
		return event.Restart
	case wire.StartApp, wire.StopApp:
		return event.Mode
	case wire.EnableUnsolicited, wire.DisableUnsolicited, wire.AssignClass, wire.SaveConfig, wire.ActivateConfig, wire.RecordTime:
		return event.Config
	case wire.DeleteFile, wire.AbortFile:
		return event.FileWrite
	case wire.OpenFile, wire.CloseFile, wire.GetFileInfo:
		return event.FileRead
	case wire.AuthenticateFile, wire.Authenticate, wire.AuthenticateNoAck:
		return event.Auth
	}
	return event.Other
}
