package atg

import (
	"bytes"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
)

// decoder decodes commands and answers. Each says all of itself.
type decoder struct{}

// Next implements protocol.Decoder.
func (decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	if fromVisitor {
		return decodeCommand(p)
	}
	end := bytes.IndexByte(p, wire.ETX)
	if end < 0 {
		return protocol.Frame{}, 0, nil
	}
	a, err := wire.ParseAnswer(p[:end+1])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	f := protocol.Frame{Act: event.Act{Op: "answer", Class: event.Other, Outcome: event.Answered}}
	if a.Code == "9999" {
		f.Act.Outcome = event.Refused
		return f, end + 1, nil
	}
	off := bytes.Index(p, []byte(a.Code))
	if cmd, err := wire.Parse([]byte(a.Code)); err == nil {
		f.Act.Op, f.Act.Class = operation(cmd)
	}
	f.Fields = []protocol.Field{
		{Name: "code", Value: a.Code, Off: off, Len: len(a.Code)},
		{Name: "data", Value: a.Data + strings.Join(a.Lines, "\n"), Off: off + len(a.Code), Len: end - off - len(a.Code)},
	}
	return f, end + 1, nil
}

// decodeCommand decodes a command with the line ends behind it.
func decodeCommand(p []byte) (protocol.Frame, int, error) {
	start := 0
	for start < len(p) && isEnd(p[start]) {
		start++
	}
	end := bytes.IndexFunc(p[start:], func(r rune) bool { return r < 0x80 && isEnd(byte(r)) })
	if end < 0 {
		if len(p) > start+wire.MaxCommand {
			return protocol.Frame{}, 0, wire.ErrCommand
		}
		return protocol.Frame{}, 0, nil
	}
	end += start
	cmd, err := wire.Parse(p[start:end])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	code := end - len(cmd.Code()) - len(cmd.Data)
	f := protocol.Frame{Act: describe(cmd)}
	if code >= start {
		f.Fields = append(f.Fields, protocol.Field{Name: "code", Value: cmd.Code(), Off: code, Len: wire.CodeLen})
	}
	if cmd.Data != "" {
		f.Fields = append(f.Fields, protocol.Field{Name: "data", Value: cmd.Data, Off: end - len(cmd.Data), Len: len(cmd.Data)})
	}
	return f, end + 1, nil
}
