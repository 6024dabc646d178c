package dnp3

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/dnp3/wire"
)

// decoder decodes link frames, and with each that ends a fragment the fragment.
type decoder struct{ visitor, device wire.Assembler }

// Next implements protocol.Decoder.
func (d *decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	n, err := wire.FrameLen(p)
	if errors.Is(err, wire.ErrShort) || err == nil && len(p) < n {
		return protocol.Frame{}, 0, nil
	}
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	f, err := wire.ParseFrame(p[:n])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	out := protocol.Frame{Act: event.Act{Op: linkOp(f.Function()), Class: linkClass(f.Function()), Target: unit(f.Dest)}}
	add := func(name, value string, off, length int) {
		out.Fields = append(out.Fields, protocol.Field{Name: name, Value: value, Off: off, Len: length})
	}
	add("length", strconv.Itoa(int(p[2])), 2, 1)
	add("control", fmt.Sprintf("%#02x", f.Control), 3, 1)
	add("destination", strconv.Itoa(int(f.Dest)), 4, 2)
	add("source", strconv.Itoa(int(f.Src)), 6, 2)
	if f.Control&wire.Prm == 0 {
		out.Act.Op, out.Act.Class = "link_secondary", event.Other
		return out, n, nil
	}
	if len(f.UserData) == 0 {
		return out, n, nil
	}
	add("transport", fmt.Sprintf("%#02x", f.UserData[0]), wire.HeaderLen, 1)
	d.application(fromVisitor, f, n, &out)
	return out, n, nil
}

// application decodes the fragment that a frame of n octets ends, if it does.
func (d *decoder) application(fromVisitor bool, f wire.Frame, n int, out *protocol.Frame) {
	side := &d.device
	if fromVisitor {
		side = &d.visitor
	}
	side.Limit = wire.MaxFragment
	whole, err := side.Add(f.UserData)
	if err != nil || whole == nil {
		return
	}
	q, err := wire.ParseFragment(whole)
	if err != nil {
		return
	}
	objects, err := wire.ParseObjects(q.Function, q.Objects)
	out.Act = describe(f, q, objects)
	add := func(name, value string, off, length int) {
		out.Fields = append(out.Fields, protocol.Field{Name: name, Value: value, Off: off, Len: length})
	}
	add("application_control", fmt.Sprintf("%#02x", q.Control), wire.HeaderLen+1, 1)
	add("function", operation(q.Function), wire.HeaderLen+2, 1)
	if q.Function.Response() {
		add("internal_indications", fmt.Sprintf("%#04x", uint16(q.IIN)), wire.HeaderLen+3, 2)
	}
	// Checks stand between the octets of objects: their places are the frame's.
	for _, o := range objects {
		add(o.String(), hex.EncodeToString(o.Data), wire.HeaderLen, n-wire.HeaderLen)
	}
	if err != nil {
		add("malformed", err.Error(), wire.HeaderLen, n-wire.HeaderLen)
	}
}
