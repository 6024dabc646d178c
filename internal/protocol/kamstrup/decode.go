package kamstrup

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/kamstrup/wire"
)

// decoder decodes KMP frames. Each says all of itself.
type decoder struct{}

// Next implements protocol.Decoder. Offsets are of the stuffed octets up to the
// body; the body is shown whole.
func (decoder) Next(_ bool, p []byte) (protocol.Frame, int, error) {
	if len(p) > 0 && p[0] == wire.Ack {
		return protocol.Frame{Act: event.Act{Op: "ack", Class: event.Other, Outcome: event.Answered}}, 1, nil
	}
	end := bytes.IndexByte(p, wire.Stop)
	if end < 0 {
		if len(p) > wire.MaxFrame {
			return protocol.Frame{}, 0, wire.ErrFrame
		}
		return protocol.Frame{}, 0, nil
	}
	f, err := wire.Parse(p[:end+1])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	act := describe(f)
	if f.Start == wire.Reply {
		act = event.Act{Op: act.Op, Class: act.Class, Outcome: event.Answered}
		if act.Op == "" {
			act.Op = "unknown_command"
		}
		if act.Class == event.Malformed {
			act.Class = event.Read
		}
	}
	fields := []protocol.Field{
		{Name: "address", Value: strconv.Itoa(int(f.Address)), Off: 1, Len: 1},
		{Name: "command", Value: f.Command.Name(), Off: 2, Len: 1},
		{Name: "body", Value: hex.EncodeToString(f.Body), Off: 3, Len: end - 3},
	}
	return protocol.Frame{Act: act, Fields: append(fields, records(f, end)...)}, end + 1, nil
}

// records shows the values in the answer to a GetRegister.
func records(f wire.Frame, end int) (fields []protocol.Field) {
	if f.Start != wire.Reply || f.Command != wire.GetRegister {
		return nil
	}
	for p := f.Body; len(p) > 0; {
		r, rest, err := wire.ParseRecord(p)
		if err != nil {
			return fields
		}
		value := strconv.FormatFloat(r.Decode(), 'g', -1, 64)
		fields = append(fields, protocol.Field{Name: "register_" + strconv.Itoa(int(r.Number)), Value: value, Off: 3, Len: end - 3})
		p = rest
	}
	return fields
}

// lineDecoder decodes the lines of the management.
type lineDecoder struct{}

// Next implements protocol.Decoder.
func (lineDecoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		if len(p) > maxLine {
			return protocol.Frame{}, 0, errNoEnd
		}
		return protocol.Frame{}, 0, nil
	}
	line := strings.TrimSpace(string(p[:end]))
	f := protocol.Frame{Fields: []protocol.Field{{Name: "line", Value: line, Len: end}}}
	if fromVisitor {
		f.Act = describeLine(parseLine(line))
	} else {
		f.Act = event.Act{Op: "answer", Class: event.Other, Outcome: event.Answered}
	}
	return f, end + 1, nil
}
