package iec104

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/process"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// decoder decodes APDUs. A frame says all of itself, so that there is nothing
// to remember.
type decoder struct{}

// Next implements protocol.Decoder.
func (decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	if len(p) < wire.HeaderLen {
		return protocol.Frame{}, 0, nil
	}
	n, err := wire.Length(p)
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	if len(p) < n {
		return protocol.Frame{}, 0, nil
	}
	f, err := wire.Parse(p[:n])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	l := fieldList{}
	l.add("length", strconv.Itoa(n-wire.HeaderLen), 1, 1)
	switch f.Format {
	case wire.FormatU:
		l.add("function", wire.FunctionName(f.Function), 2, 1)
		return protocol.Frame{Act: event.Act{Op: wire.FunctionName(f.Function), Class: event.Connect}, Fields: l.fields}, n, nil
	case wire.FormatS:
		l.add("rx", strconv.Itoa(int(f.Recv)), 4, 2)
		return protocol.Frame{Act: event.Act{Op: "supervisory", Class: event.Connect}, Fields: l.fields}, n, nil
	}
	l.add("tx", strconv.Itoa(int(f.Send)), 2, 2)
	l.add("rx", strconv.Itoa(int(f.Recv)), 4, 2)
	a, err := wire.ParseASDU(f.ASDU)
	act := describe(f, &a, &detail{})
	if err != nil {
		act.Class = event.Malformed
		l.add("asdu", hex.EncodeToString(f.ASDU), 6, len(f.ASDU))
		return protocol.Frame{Act: act, Fields: l.fields}, n, nil
	}
	if !fromVisitor {
		act.Op, act.Class = answerOperation(&a, act)
	}
	l.asdu(&a)
	return protocol.Frame{Act: act, Fields: l.fields}, n, nil
}

// answerOperation names what the station sends: information by its cause,
// confirmations by what they confirm.
func answerOperation(a *wire.ASDU, act event.Act) (string, event.Class) {
	if !a.Type.Monitored() {
		return act.Op, act.Class
	}
	switch {
	case a.Type == wire.EndOfInit:
		return "end_of_initialization", event.Report
	case a.Cause == wire.Cyclic:
		return "cyclic", event.Report
	case a.Cause == wire.Background:
		return "background", event.Report
	case a.Cause == wire.Spontaneous:
		return "spontaneous", event.Report
	case a.Cause == wire.ReturnRemote || a.Cause == wire.ReturnLocal:
		return "return_information", event.Report
	}
	return "information", event.Read
}

// fieldList collects the fields of one frame.
type fieldList struct{ fields []protocol.Field }

func (l *fieldList) add(name, value string, off, n int) {
	l.fields = append(l.fields, protocol.Field{Name: name, Value: value, Off: off, Len: n})
}

// asdu adds the identifier and the objects.
func (l *fieldList) asdu(a *wire.ASDU) {
	l.add("typeid", a.Type.String(), 6, 1)
	l.add("numix", strconv.Itoa(a.Number), 7, 1)
	cause := strconv.Itoa(int(a.Cause))
	if a.Negative {
		cause += " negative"
	}
	if a.Test {
		cause += " test"
	}
	l.add("causetx", cause, 8, 1)
	l.add("oa", strconv.Itoa(int(a.Originator)), 9, 1)
	l.add("addr", strconv.Itoa(int(a.Common)), 10, 2)
	off := 12
	for i, o := range a.Objects {
		if i == 0 || !a.Sequence {
			l.add("ioa", strconv.Itoa(int(o.Address)), off, 3)
			off += 3
		}
		if len(o.Data) > 0 {
			l.add("value_"+strconv.Itoa(int(o.Address)), elementText(a.Type, o.Data), off, len(o.Data))
		}
		off += len(o.Data)
	}
	if len(a.Raw) > 0 {
		l.add("data", hex.EncodeToString(a.Raw), off, len(a.Raw))
	}
}

// elementText writes an element out: its value where it is one, else its octets.
func elementText(t wire.Type, data []byte) string {
	if c, ok := wire.ParseCommand(t, data); ok {
		s := text(c.Value)
		if c.Select {
			s += " select"
		}
		if c.Qualifier != 0 {
			s += fmt.Sprintf(" qualifier %d", c.Qualifier)
		}
		return s
	}
	if r, ok := wire.ParseReading(t, data); ok {
		s := text(r.Value)
		if r.Quality != 0 {
			s += fmt.Sprintf(" quality %02x", uint8(r.Quality))
		}
		if at, ok := r.Time.At(); ok {
			s += " " + at.Format("2006-01-02T15:04:05.000")
		}
		return s
	}
	return hex.EncodeToString(data)
}

// text writes a number as short as it reads back.
func text(x float64) string { return process.FloatValue(x).Text() }
