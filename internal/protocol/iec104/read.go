package iec104

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/iec104/wire"
)

// maxStray is how much of what is no APDU is taken in one piece.
const maxStray = 2048

// stray is the detail of octets that are no APDU.
type stray struct {
	Protocol event.Text `json:"protocol,omitempty"` // whose they are, where that is known
}

// converse reads frames until the visitor leaves or the device hangs up.
func (v *visitor) converse() error {
	for {
		more, err := v.next()
		if err != nil || !more {
			return err
		}
	}
}

// next reads one APDU and answers it. As real stations do, it passes over what
// stands before a start octet.
func (v *visitor) next() (bool, error) {
	head, err := v.s.R().Peek(1)
	if err != nil {
		return false, err
	}
	if head[0] != wire.Start {
		return v.stray()
	}
	if head, err = v.s.R().Peek(wire.HeaderLen + wire.MinLength); err != nil {
		return v.cutOff(err)
	}
	if !v.spoken && foreign.Printable(head) { // the letter h
		return v.text()
	}
	n, err := wire.Length(head)
	if err != nil {
		return v.skip(1) // the next octet may begin one
	}
	if m, err := io.ReadFull(v.s.R(), v.in[:n]); err != nil {
		return v.broken(v.in[:m], err)
	}
	f, err := wire.Parse(v.in[:n])
	if err != nil {
		v.s.Record(event.Act{Op: "malformed_apdu", Class: event.Malformed, Outcome: event.Ignored})
		return f.Format != wire.FormatI, nil // recorded stations pass over others
	}
	v.spoken = true
	return v.frame(f), nil
}

// stray takes what begins with no start octet: a text, a frame of a known
// protocol, or everything up to the next start octet.
func (v *visitor) stray() (bool, error) {
	head, err := v.s.R().Peek(4)
	if err != nil {
		return v.cutOff(err)
	}
	if foreign.Printable(head) && head[0] != '\t' {
		return v.text()
	}
	if n := v.extent(); n > 0 {
		return v.skip(n)
	}
	var kept []byte
	for {
		b, err := v.s.R().Peek(1)
		if err != nil {
			return v.broken(kept, err)
		}
		if b[0] == wire.Start && len(kept) > 0 || len(kept) == maxStray {
			v.record(kept)
			return true, nil
		}
		kept = append(kept, b[0])
		v.s.R().Discard(1)
	}
}

// extent returns the length of the foreign frame that comes, where it says so:
// a TLS handshake record or a TPKT; else 0.
func (v *visitor) extent() int {
	head, err := v.s.R().Peek(6)
	if err != nil {
		return 0
	}
	n := 0
	switch foreign.Name(head) {
	case "tls":
		if head[0] == 0x16 {
			n = 5 + int(head[3])<<8 + int(head[4])
		}
	case "tpkt", "rdp", "s7comm", "s7comm-plus", "mms":
		n = int(head[2])<<8 + int(head[3])
	}
	if n > maxStray {
		return 0
	}
	return n
}

// skip takes n octets that are no APDU.
func (v *visitor) skip(n int) (bool, error) {
	p := make([]byte, n)
	if m, err := io.ReadFull(v.s.R(), p); err != nil {
		return v.broken(p[:m], err)
	}
	v.record(p)
	return true, nil
}

// text takes one request of a text protocol: a line, of HTTP and its like the
// header with its empty line.
func (v *visitor) text() (bool, error) {
	head, err := v.s.R().Peek(4)
	if err != nil {
		return v.cutOff(err)
	}
	if string(head) == "\r\n\r\n" {
		return v.skip(4)
	}
	kept, err := v.line(nil)
	if name := foreign.Name(kept); name == "http" || name == "rtsp" || name == "sip" {
		for err == nil && !bytes.HasSuffix(kept, []byte("\n\r\n")) && !bytes.HasSuffix(kept, []byte("\n\n")) {
			kept, err = v.line(kept)
		}
	}
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return v.broken(kept, err)
	}
	v.record(kept)
	return true, nil
}

// line appends the next line to kept. Text that is too long, or that a frame or
// other binary octets follow, ends there: bufio.ErrBufferFull.
func (v *visitor) line(kept []byte) ([]byte, error) {
	for len(kept) < maxStray {
		p, err := v.s.R().Peek(1)
		if err != nil {
			return kept, err
		}
		if p[0] == wire.Start {
			if p, err = v.s.R().Peek(2); err != nil {
				v.s.R().Discard(1)
				return append(kept, wire.Start), err
			}
		}
		if !foreign.Printable(p) {
			return kept, bufio.ErrBufferFull
		}
		kept = append(kept, p[0])
		v.s.R().Discard(1)
		if p[0] == '\n' {
			return kept, nil
		}
	}
	return kept, bufio.ErrBufferFull
}

// record tells of octets that are no APDU.
func (v *visitor) record(p []byte) { v.s.Record(strayAct(p)) }

func strayAct(p []byte) event.Act {
	begun := p[0] == wire.Start && len(p) < 3 // rather a frame's beginning than the letter h
	if name := foreign.Name(p); name != "" && name != "iec104" || foreign.Printable(p) && !begun {
		return event.Act{Op: "foreign_protocol", Class: event.Foreign, Outcome: event.Ignored, Detail: stray{Protocol: event.Text(name)}}
	}
	return event.Act{Op: "skipped_octets", Class: event.Malformed, Outcome: event.Ignored}
}

// cutOff records what came of a frame whose header never was complete.
func (v *visitor) cutOff(err error) (bool, error) {
	p := make([]byte, v.s.R().Buffered())
	n, _ := io.ReadFull(v.s.R(), p)
	return v.broken(p[:n], err)
}

// broken records the octets of something whose rest never came.
func (v *visitor) broken(p []byte, err error) (bool, error) {
	if len(p) > 0 {
		a := strayAct(p)
		if a.Class == event.Malformed {
			a.Op = "incomplete_frame"
		}
		v.s.Record(a)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return false, err
}
