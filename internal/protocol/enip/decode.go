package enip

import (
	"fmt"
	"strconv"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
)

// decoder tells the frames of a conversation from their octets.
type decoder struct{}

// Next implements protocol.Decoder.
func (decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	if len(p) < wire.HeaderLen {
		return protocol.Frame{}, 0, nil
	}
	if name := strangeTo(p); name != "" {
		return protocol.Frame{Act: event.Act{Op: name, Class: event.Foreign}}, len(p), nil
	}
	n := wire.Length(p)
	if len(p) < n {
		return protocol.Frame{}, 0, nil
	}
	f, err := wire.Parse(p[:n])
	if err != nil {
		return protocol.Frame{}, n, err
	}
	act, _ := describe(f)
	if !fromVisitor {
		act = event.Act{Op: f.Command.Name(), Class: event.Report}
	}
	l := &fieldList{}
	l.header(f)
	switch f.Command {
	case wire.SendRRData, wire.SendUnitData:
		l.transfer(f, fromVisitor)
	default:
		l.add("data", fmt.Sprintf("%x", f.Data), wire.HeaderLen, len(f.Data))
	}
	return protocol.Frame{Act: act, Fields: l.fields}, n, nil
}

// A fieldList places the fields of a frame.
type fieldList struct{ fields []protocol.Field }

func (l *fieldList) add(name, value string, off, n int) {
	if n > 0 {
		l.fields = append(l.fields, protocol.Field{Name: name, Value: value, Off: off, Len: n})
	}
}

func (l *fieldList) header(f wire.Frame) {
	l.add("command", fmt.Sprintf("0x%04x %s", uint16(f.Command), f.Command.Name()), 0, 2)
	l.add("length", strconv.Itoa(len(f.Data)), 2, 2)
	l.add("session_handle", fmt.Sprintf("0x%08x", f.Session), 4, 4)
	l.add("status", fmt.Sprintf("0x%x", uint32(f.Status)), 8, 4)
	l.add("sender_context", fmt.Sprintf("%x", f.Context), 12, 8)
	l.add("options", fmt.Sprintf("0x%x", f.Options), 20, 4)
}

// transfer lists the items, and the message within the second.
func (l *fieldList) transfer(f wire.Frame, fromVisitor bool) {
	t, err := wire.ParseTransfer(f.Data)
	if err != nil {
		l.add("data", fmt.Sprintf("%x", f.Data), wire.HeaderLen, len(f.Data))
		return
	}
	at := wire.HeaderLen
	l.add("interface_handle", strconv.FormatUint(uint64(t.Interface), 10), at, 4)
	l.add("timeout", strconv.Itoa(int(t.Timeout)), at+4, 2)
	l.add("item_count", strconv.Itoa(len(t.Packet)), at+6, 2)
	at += 8
	for _, it := range t.Packet {
		l.add("item_type", fmt.Sprintf("0x%04x", uint16(it.Type)), at, 2)
		l.add("item_length", strconv.Itoa(len(it.Data)), at+2, 2)
		at += 4
		switch p := it.Data; {
		case it.Type == wire.ConnectedData && len(p) >= 2:
			l.add("sequence", strconv.Itoa(int(p[0])|int(p[1])<<8), at, 2)
			l.message(p[2:], at+2, fromVisitor)
		case it.Type == wire.UnconnectedData:
			l.message(p, at, fromVisitor)
		default:
			l.add("item_data", fmt.Sprintf("%x", p), at, len(p))
		}
		at += len(it.Data)
	}
}

func (l *fieldList) message(p []byte, at int, fromVisitor bool) {
	if !fromVisitor {
		r, err := cip.ParseReply(p)
		if err != nil {
			l.add("reply", fmt.Sprintf("%x", p), at, len(p))
			return
		}
		extended := 2 * len(r.Extended)
		l.add("service", fmt.Sprintf("0x%02x", uint8(r.Service)), at, 1)
		l.add("general_status", fmt.Sprintf("0x%02x", uint8(r.Status)), at+2, 1)
		l.add("extended_status", fmt.Sprintf("%#04x", r.Extended), at+4, extended)
		l.add("data", fmt.Sprintf("%x", r.Data), at+4+extended, len(r.Data))
		return
	}
	q, err := cip.ParseRequest(p)
	if err != nil {
		l.add("request", fmt.Sprintf("%x", p), at, len(p))
		return
	}
	op, _ := operation(q.Service, classIn(q.Path))
	l.add("service", fmt.Sprintf("0x%02x %s", uint8(q.Service), op), at, 1)
	l.add("path_size", strconv.Itoa(len(q.Path)/2), at+1, 1)
	l.add("path", pathText(q.Path), at+2, len(q.Path))
	l.add("data", fmt.Sprintf("%x", q.Data), at+2+len(q.Path), len(q.Data))
}
