package tftp

import (
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/tftp/wire"
)

// decoder reads packets back from octets; each datagram is one.
type decoder struct{}

// Next implements protocol.Decoder.
func (decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	k, err := wire.Parse(p)
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	d := &detail{mode: k.Mode, options: k.Options, block: -1, code: -1}
	f := protocol.Frame{Act: event.Act{Op: k.Op.Name(), Class: event.Other, Detail: d}}
	field := func(name, value string, off, n int) {
		f.Fields = append(f.Fields, protocol.Field{Name: name, Value: value, Off: off, Len: n})
	}
	field("Opcode", k.Op.Name(), 0, 2)
	switch k.Op {
	case wire.RRQ, wire.WRQ:
		if f.Act.Class = event.FileRead; k.Op == wire.WRQ {
			f.Act.Class = event.FileWrite
		}
		f.Act.Target = target(k.File)
		field("File", k.File, 2, len(k.File))
		field("Mode", k.Mode, 3+len(k.File), len(k.Mode))
	case wire.DATA, wire.ACK:
		d.block = int(k.Block)
		field("Block", strconv.Itoa(d.block), 2, 2)
		if k.Op == wire.DATA {
			field("Data", strconv.Itoa(len(k.Data))+" octets", 4, len(k.Data))
		}
	case wire.ERROR:
		d.code, d.message = int(k.Code), k.Message
		field("Error code", strconv.Itoa(d.code), 2, 2)
		field("Message", k.Message, 4, len(k.Message))
	}
	if !fromVisitor {
		f.Act.Class = event.Report
	}
	return f, len(p), nil
}
