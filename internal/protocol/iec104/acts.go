package iec104

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// detail is what an act says of an ASDU. Its names are Wireshark's.
type detail struct {
	TypeID     int        `json:"typeid"`
	Cause      int        `json:"causetx"`
	Negative   bool       `json:"nega,omitempty"`
	Test       bool       `json:"test,omitempty"`
	Originator int        `json:"oa,omitempty"`
	Common     int        `json:"addr"`
	Number     int        `json:"numix"`
	Sequence   bool       `json:"sq,omitempty"`
	Object     *int       `json:"ioa,omitempty"`
	Tx         int        `json:"tx"`
	Rx         int        `json:"rx"`
	Select     bool       `json:"select,omitempty"`    // S/E: select
	Qualifier  *int       `json:"qualifier,omitempty"` // QU, QL, QOI, QCC, QRP, QPM, QPA, SCQ, LSQ, AFQ
	Value      string     `json:"value,omitempty"`
	Time       event.Text `json:"time,omitempty"` // CP56Time2a of the request
	File       *int       `json:"file,omitempty"` // NOF
	Section    *int       `json:"section,omitempty"`
	Reply      int        `json:"reply,omitempty"` // cause of the confirmation, 64 added where it is negative
	Why        string     `json:"why,omitempty"`   // why it was refused
	Stopped    bool       `json:"stopped,omitempty"`
}

// linkDetail is what an act says of a frame's numbers.
type linkDetail struct {
	Frame    string
	Tx, Rx   uint16
	WantTx   uint16
	WantRx   uint16
	Sequence bool // the numbers are wrong
}

// AppendJSON implements event.Detail.
func (d linkDetail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if d.Sequence {
		o.Text("frame", d.Frame)
		o.Int("tx", int64(d.Tx))
		o.Int("expected_tx", int64(d.WantTx))
		o.Int("sent", int64(d.WantRx))
	}
	o.Int("rx", int64(d.Rx))
	return o.End()
}

func number[T ~uint8 | ~uint16 | ~uint32](n T) *int {
	i := int(n)
	return &i
}

// describe fills d from an I frame and returns the act without its outcome.
func describe(f wire.Frame, a *wire.ASDU, d *detail) event.Act {
	*d = detail{
		TypeID: int(a.Type), Cause: int(a.Cause), Negative: a.Negative, Test: a.Test, Originator: int(a.Originator),
		Common: int(a.Common), Number: a.Number, Sequence: a.Sequence, Tx: int(f.Send), Rx: int(f.Recv),
	}
	act := event.Act{Op: operation(a), Class: classOf(a), Outcome: event.Answered, Detail: d}
	if len(a.Objects) == 0 {
		return act
	}
	o := a.Objects[0]
	d.Object = number(o.Address)
	act.Target = target(address{a.Common, o.Address})
	d.element(a.Type, o.Data)
	return act
}

func target(at address) event.Target {
	return event.Target{Kind: event.TargetIOA, Ref: at.String()}
}

// element fills d from the first object's element.
func (d *detail) element(t wire.Type, data []byte) {
	switch {
	case t.Command():
		if c, ok := wire.ParseCommand(t, data); ok {
			base, timed := t.Timed()
			d.Select, d.Value = c.Select, text(c.Value)
			d.when(c.Time, timed)
			if base != wire.SetBitstring {
				d.Qualifier = number(c.Qualifier)
			}
		}
	case t == wire.Interrogation || t == wire.CounterInterrogation || t == wire.ResetProcess || t == wire.ParamActivation:
		d.Qualifier = number(data[0])
	case t == wire.ClockSync:
		d.when(wire.Time(data), true)
	case t >= wire.ParamNormalized && t <= wire.ParamFloat:
		d.Qualifier = number(data[len(data)-1])
	case t >= wire.FileReady && t <= wire.Segment:
		if p, ok := wire.ParseFilePart(t, data); ok {
			d.File, d.Section = number(p.File), number(p.Section)
			if t != wire.Segment {
				d.Qualifier = number(p.Qualifier)
			}
		}
	default:
		if r, ok := wire.ParseReading(t, data); ok {
			d.Value = text(r.Value)
		}
	}
}

// when notes the time of a request.
func (d *detail) when(c wire.Time, given bool) {
	if !given {
		return
	}
	if t, ok := c.At(); ok {
		d.Time = event.Text(t.Format("2006-01-02T15:04:05.000"))
	} else {
		d.Time = event.Text(fmt.Sprintf("%x", c[:]))
	}
}

// operation is the act's name.
func operation(a *wire.ASDU) string {
	base, _ := a.Type.Timed()
	switch base {
	case wire.SingleCommand:
		return "single_command"
	case wire.DoubleCommand:
		return "double_command"
	case wire.StepCommand:
		return "regulating_step_command"
	case wire.SetNormalized:
		return "set_point_normalized"
	case wire.SetScaled:
		return "set_point_scaled"
	case wire.SetFloat:
		return "set_point_float"
	case wire.SetBitstring:
		return "bitstring_command"
	case wire.Interrogation:
		if len(a.Objects) > 0 && a.Objects[0].Data[0] > 20 {
			return "group_interrogation"
		}
		return "general_interrogation"
	case wire.CounterInterrogation:
		return "counter_interrogation"
	case wire.Read:
		return "read"
	case wire.ClockSync:
		return "clock_synchronization"
	case wire.Test, wire.TestTimed:
		return "test_command"
	case wire.ResetProcess:
		return "reset_process"
	case wire.DelayAcquisition:
		return "delay_acquisition"
	case wire.ParamNormalized, wire.ParamScaled, wire.ParamFloat:
		return "load_parameter"
	case wire.ParamActivation:
		return "activate_parameter"
	}
	if a.Type >= wire.FileReady && a.Type <= wire.QueryLog {
		return fileOperation(a)
	}
	if a.Type.Monitored() {
		return "monitor_information"
	}
	return "unknown_type"
}

// classOf is what the act attempts.
func classOf(a *wire.ASDU) event.Class {
	base, _ := a.Type.Timed()
	switch base {
	case wire.SingleCommand, wire.DoubleCommand, wire.StepCommand:
		return event.Control
	case wire.SetNormalized, wire.SetScaled, wire.SetFloat, wire.SetBitstring:
		return event.Write
	case wire.Interrogation, wire.Directory:
		return event.Enumerate
	case wire.CounterInterrogation, wire.Read:
		return event.Read
	case wire.ClockSync, wire.DelayAcquisition, wire.ParamNormalized, wire.ParamScaled, wire.ParamFloat, wire.ParamActivation:
		return event.Config
	case wire.Test, wire.TestTimed:
		return event.Identify
	case wire.ResetProcess:
		return event.Restart
	case wire.FileReady, wire.SectionReady, wire.LastSegment, wire.Segment:
		return event.FileWrite
	case wire.CallFile:
		if len(a.Objects) > 0 && a.Objects[0].Data[3]&0x0F == wire.DeleteFile {
			return event.FileWrite
		}
		if a.Cause == wire.Requested {
			return event.Enumerate
		}
		return event.FileRead
	case wire.AckFile, wire.QueryLog:
		return event.FileRead
	}
	if a.Type.Monitored() {
		return event.Write // process information in the wrong direction: an attempt to inject it
	}
	return event.Other
}

// act is the record of an ASDU that leaves unasked.
func (o *outgoing) act() event.Act {
	return event.Act{Op: o.op, Class: event.Report, Target: o.target}
}
