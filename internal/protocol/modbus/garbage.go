package modbus

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/modbus/wire"
)

// stray is the detail of octets that are no Modbus request.
type stray struct {
	Protocol event.Text `json:"protocol,omitempty"` // whose they are, where that is known
	Stated   *int       `json:"length,omitempty"`   // the length that a header states
}

// actCutOff is a frame whose rest never came.
func actCutOff(p []byte) event.Act {
	a := event.Act{Op: "incomplete_frame", Class: event.Malformed, Outcome: event.Ignored}
	if name := foreign.Name(p); name != "" && name != "modbus" {
		a = event.Act{Op: "foreign_protocol", Class: event.Foreign, Outcome: event.Ignored, Detail: stray{Protocol: event.Text(name)}}
	}
	return a
}

// actGarbage is octets p that no MBAP header makes sense of.
func actGarbage(p []byte, stated int) event.Act {
	if name := foreign.Name(p); name != "" && name != "modbus" || foreign.Printable(p) {
		return event.Act{Op: "foreign_protocol", Class: event.Foreign, Detail: stray{Protocol: event.Text(name)}}
	}
	return event.Act{Op: "malformed_frame", Class: event.Malformed, Detail: stray{Stated: &stated}}
}

// isText says that a frame begins with four characters of text: no transaction
// and protocol identifier does by chance, and its length would be one that no
// frame has.
func isText(head []byte) bool { return foreign.Printable(head) }

// text takes one request of a text protocol: a line, of HTTP and its like the
// header with its empty line, or two empty lines (nmap's GenericLines).
func (v *visitor) text() (bool, error) {
	head, err := v.s.R().Peek(4)
	if err != nil {
		return v.cutOff(err)
	}
	if string(head) == "\r\n\r\n" {
		v.s.R().Discard(4)
		return v.stray([]byte("\r\n\r\n"), 0, true)
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
	return v.stray(kept, 0, err == nil)
}

// maxText is how much of a text request is taken in one piece.
const maxText = 8 << 10

// line appends the next line to kept. A line that does not end within the
// reader's buffer, or a text beyond maxText, is cut there: bufio.ErrBufferFull.
func (v *visitor) line(kept []byte) ([]byte, error) {
	p, err := v.s.R().ReadSlice('\n')
	kept = append(kept, p...)
	if err == nil && len(kept) > maxText {
		err = bufio.ErrBufferFull
	}
	return kept, err
}

// garbage takes what begins with a header of a length that no frame has. A
// known binary protocol says itself how much that is; else it is the header and
// the function code, and what follows cannot be told apart any more.
func (v *visitor) garbage(stated uint16) (bool, error) {
	n, known := v.extent()
	if !known && stated < wire.MinLength {
		n = 6 + int(stated)
	}
	p, err := v.s.R().Peek(n)
	if err != nil {
		return v.cutOff(err)
	}
	p = append([]byte(nil), p...)
	v.s.R().Discard(n)
	return v.stray(p, int(stated), known)
}

// extent returns the length of the foreign frame that comes: a TLS record, a
// TPKT or an RPC fragment of up to the reader's buffer; else that of a header
// with a function code, and false.
func (v *visitor) extent() (int, bool) {
	const largest = 4096
	head, err := v.s.R().Peek(6)
	if err != nil {
		return 8, false
	}
	n := 0
	switch foreign.Name(head) {
	case "tls":
		if head[0] == 0x16 {
			n = 5 + int(head[3])<<8 + int(head[4])
		}
	case "tpkt", "rdp", "s7comm", "s7comm-plus", "mms":
		n = int(head[2])<<8 + int(head[3])
	default:
		if head[0] == 0x80 && head[1] == 0 { // RFC 5531 §11: the last fragment, with its length
			n = 4 + int(head[2])<<8 + int(head[3])
		}
	}
	if n < 8 || n > largest {
		return 8, false
	}
	return n, true
}

// stray records octets that are no Modbus and does with them what the settings
// say. Whole says that the next octets begin something new.
func (v *visitor) stray(p []byte, stated int, whole bool) (bool, error) {
	v.messages.Add(1)
	v.errors.Add(1)
	a := actGarbage(p, stated)
	switch v.Garbage {
	case answer: // as devices that take what one segment brings for a frame
		a.Outcome = event.Refused
		v.s.Record(a)
		var head [8]byte
		copy(head[:], p)
		v.out = append(v.out[:0], head[:4]...)
		v.out = append(v.out, 0, 3, head[6])
		v.out = wire.AppendException(v.out, wire.Function(head[7]), wire.IllegalFunction)
		v.respond()
		return whole, nil
	case closeNow:
		a.Outcome = event.Ignored
		v.s.Record(a)
		return false, nil
	}
	a.Outcome = event.Ignored
	v.s.Record(a)
	if whole {
		return true, nil
	}
	return v.swallow(a)
}

// swallow takes everything that still comes: the frame's end is lost.
func (v *visitor) swallow(a event.Act) (bool, error) {
	n, err := io.Copy(io.Discard, onlyReader{v.s.R()})
	if n > 0 {
		v.s.Record(a)
	}
	return false, err
}

// onlyReader hides WriteTo, which would hand the reader's buffer on in pieces of
// its own choice.
type onlyReader struct{ io.Reader }

// otherProtocol treats a sound frame of a protocol identifier other than 0.
func (v *visitor) otherProtocol(f wire.Frame) (bool, error) {
	if v.ProtocolID == answer {
		v.request(f)
		return true, nil
	}
	v.messages.Add(1)
	v.errors.Add(1)
	q, _ := wire.ParseRequest(f.PDU)
	a := describe(f, &q, v.nextDetail())
	a.Op, a.Class, a.Outcome = "other_protocol_id", event.Malformed, event.Ignored
	v.s.Record(a)
	return v.ProtocolID != closeNow, nil
}
