package atg

import (
	"bufio"
	"errors"
	"io"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/atg/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// visitor is one session with the console.
type visitor struct {
	*console
	s    *session.Session
	ends int // line ends read that no act has claimed
}

// isEnd says whether an octet ends a command: CR, ETX, or the LF of terminals
// and scanners. Alone it is nothing.
func isEnd(c byte) bool { return c == '\r' || c == '\n' || c == wire.ETX }

// next reads one command, or whatever stands in for one, and answers it.
func (v *visitor) next() error {
	p, err := v.s.R().Peek(1)
	if err != nil {
		return v.leave(nil, err)
	}
	return v.input(p[0])
}

// input takes what begins with c.
func (v *visitor) input(c byte) error {
	switch {
	case c == wire.ETX && v.tpkt():
		return v.stranger()
	case isEnd(c) || c == 0:
		v.ends++
		_, err := v.s.R().Discard(1)
		return err
	case c == wire.ESC: // aborts a running answer (576013-635 §5)
		v.s.R().Discard(1)
		v.record(event.Act{Op: "abort_answer", Class: event.Other, Outcome: event.Ignored})
		return nil
	case c != wire.SOH && (c < 0x20 || c > 0x7e):
		return v.stranger()
	}
	line, end, err := v.line()
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return v.overlong(line)
	case err != nil:
		return v.leave(line, err)
	}
	cmd, err := wire.Parse(line)
	if err != nil && line[0] != wire.SOH {
		return v.text(line, end)
	}
	v.answer(cmd, err == nil)
	return nil
}

// tpkt says whether an ETX begins a TPKT (03 00) rather than ends a command.
func (v *visitor) tpkt() bool {
	if v.ends > 0 { // the end of a command, after its CR
		return false
	}
	p, err := v.s.R().Peek(2)
	return err == nil && p[1] == 0
}

// record records an act, which claims the line ends before it too.
func (v *visitor) record(a event.Act) {
	v.ends = 0
	v.s.Record(a)
}

// line reads up to a command's end, which it returns too, and consumes both.
// bufio.ErrBufferFull: there is none within the longest command.
func (v *visitor) line() (line []byte, end byte, err error) {
	for len(line) <= wire.MaxCommand {
		c, err := v.s.R().ReadByte()
		if err != nil {
			return line, 0, err
		}
		if isEnd(c) {
			return line, c, nil
		}
		line = append(line, c)
	}
	return line, 0, bufio.ErrBufferFull
}

// leave claims what came before the connection ended.
func (v *visitor) leave(p []byte, err error) error {
	switch {
	case len(p) > 0:
		v.record(actStray("incomplete_command", p))
	case v.ends > 0:
		v.record(event.Act{Op: "line_end", Class: event.Other, Outcome: event.Ignored})
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

// overlong drops the rest of a line that no command is as long as, without
// keeping it, and refuses it as the console does once it ends.
func (v *visitor) overlong(line []byte) error {
	for {
		c, err := v.s.R().ReadByte()
		if err != nil || isEnd(c) {
			a := actStray("overlong_command", line)
			if err == nil && line[0] == wire.SOH {
				a.Outcome = event.Refused
			}
			v.record(a)
			if a.Outcome == event.Refused {
				v.send(wire.Unknown())
			}
			return err
		}
	}
}

// actStray is the act of octets that are no command.
func actStray(op string, p []byte) event.Act {
	a := event.Act{Op: op, Class: event.Malformed, Outcome: event.Ignored}
	if name := foreign.Name(p); name != "" {
		a.Op, a.Class, a.Detail = "foreign_protocol", event.Foreign, stray{Protocol: event.Text(name)}
	}
	return a
}

// stray is the detail of octets of another protocol.
type stray struct {
	Protocol event.Text `json:"protocol"`
}

// text takes a line without SOH that is no command: of HTTP and its like with
// the header up to its empty line. The console waits for SOH and says nothing.
func (v *visitor) text(line []byte, end byte) error {
	switch foreign.Name(line) {
	case "http", "rtsp", "sip":
		if err := v.header(end); err != nil {
			return v.leave(line, err)
		}
	}
	v.record(actStray("no_command", line))
	return nil
}

// header takes the lines behind a request line that ended so, up to an empty one.
func (v *visitor) header(end byte) error {
	empty := end == '\n'
	for range maxHeader {
		c, err := v.s.R().ReadByte()
		switch {
		case err != nil:
			return err
		case c == '\n' && empty:
			return nil
		case c != '\r':
			empty = c == '\n'
		}
	}
	return nil
}

// maxHeader bounds a header of another text protocol.
const maxHeader = 8 << 10

// stranger takes binary octets of another protocol: a TLS record or a TPKT by
// their length, anything else up to the next SOH or line end.
func (v *visitor) stranger() error {
	head, err := v.s.R().Peek(5)
	if err != nil {
		return v.rest(err)
	}
	n := 0
	switch {
	case head[0] == 0x16 && head[1] == 3: // RFC 8446 §5.1: type, version, length
		n = 5 + int(head[3])<<8 + int(head[4])
	case head[0] == 3 && head[1] == 0: // RFC 1006 §6: version, reserved, length
		n = int(head[2])<<8 + int(head[3])
	}
	if n > 4 && n <= 4096 {
		p, err := v.s.R().Peek(n)
		if err != nil {
			return v.rest(err)
		}
		a := actStray("no_command", p)
		v.s.R().Discard(n)
		v.record(a)
		return nil
	}
	return v.binary()
}

// binary takes octets up to the next SOH or line end; the first are looked at.
func (v *visitor) binary() error {
	var first []byte
	for {
		p, err := v.s.R().Peek(1)
		if err != nil {
			return v.leave(first, err)
		}
		if len(first) > 0 && (p[0] == wire.SOH || p[0] == '\r' || p[0] == '\n') {
			v.record(actStray("no_command", first))
			return nil
		}
		if len(first) < maxFirst {
			first = append(first, p[0])
		}
		v.s.R().Discard(1)
	}
}

// maxFirst is how much of foreign octets is looked at to name them.
const maxFirst = 512

// rest claims what is left of a connection that ended within a foreign frame.
func (v *visitor) rest(err error) error {
	p := make([]byte, v.s.R().Buffered())
	n, _ := io.ReadFull(v.s.R(), p)
	return v.leave(p[:n], err)
}
