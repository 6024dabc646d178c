package ftp

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/ftp/wire"
)

// decoder reads commands and replies back from octets.
type decoder struct{}

// Next implements protocol.Decoder.
func (decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	if fromVisitor {
		return command(p)
	}
	r, n, err := wire.NextReply(p)
	if errors.Is(err, wire.ErrLine) && len(p) < 64<<10 {
		return protocol.Frame{}, 0, nil
	}
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	return protocol.Frame{
		Act: event.Act{Op: "reply", Class: event.Report, Detail: detail{code: r.Code}},
		Fields: []protocol.Field{
			{Name: "Code", Value: strconv.Itoa(r.Code), Off: 0, Len: 3},
			{Name: "Text", Value: strings.Join(r.Lines, "\n"), Off: 4, Len: n - 4},
		},
	}, n, nil
}

func command(p []byte) (protocol.Frame, int, error) {
	n := bytes.IndexByte(p, '\n') + 1
	if n == 0 {
		return protocol.Frame{}, 0, nil
	}
	c, err := wire.Parse(p[:n])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	f := protocol.Frame{
		Act:    event.Act{Op: opOf(c.Verb), Class: classOf(c), Detail: detail{arg: c.Arg}},
		Fields: []protocol.Field{{Name: "Command", Value: c.Verb, Off: 0, Len: min(len(c.Verb), n)}},
	}
	if c.Arg != "" {
		at := min(len(c.Verb)+1, n)
		f.Fields = append(f.Fields, protocol.Field{Name: "Argument", Value: c.Arg, Off: at, Len: n - at})
	}
	return f, n, nil
}
