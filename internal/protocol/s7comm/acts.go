package s7comm

import (
	"encoding/hex"
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
)

// malformed says what is wrong with octets, in our words.
type malformed struct{ problem string }

// AppendJSON implements event.Detail.
func (d malformed) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Text("problem", d.problem)
	return o.End()
}

// disconnect is the detail of a disconnect request.
type disconnect struct{ reason int }

// AppendJSON implements event.Detail.
func (d disconnect) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("reason", int64(d.reason))
	return o.End()
}

// connectDetail is the detail of a connection request.
type connectDetail struct {
	calling, called  string
	size, class      int
	kind, rack, slot int
	full             bool // refused for want of a connection resource
}

// AppendJSON implements event.Detail.
func (d *connectDetail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	tsap(&o, "calling_tsap", d.calling)
	tsap(&o, "called_tsap", d.called)
	o.Int("tpdu_size", int64(d.size))
	if d.class != 0 {
		o.Int("class", int64(d.class))
	}
	if d.kind != 0 {
		o.Int("connection_type", int64(d.kind))
		o.Int("rack", int64(d.rack))
		o.Int("slot", int64(d.slot))
	}
	if d.full {
		o.Bool("full", true)
	}
	return o.End()
}

// tsap adds a TSAP: two octets in hex, a name as text.
func tsap(o *event.Object, key, v string) {
	if len(v) <= 2 {
		o.Text(key, hex.EncodeToString([]byte(v)))
		return
	}
	o.Text(key, v)
}

// fields is the detail of most acts: what the protocol calls it, in order.
type fields []field

type field struct {
	name  string
	text  string
	num   int64
	texts []string
	kind  byte // 't' text, 'n' number, 'l' list, 'b' true
}

func text(name, v string) field { return field{name: name, text: v, kind: 't'} }
func num[T int | uint8 | uint16 | uint32](name string, v T) field {
	return field{name: name, num: int64(v), kind: 'n'}
}
func texts(name string, v []string) field { return field{name: name, texts: v, kind: 'l'} }
func flag(name string) field              { return field{name: name, kind: 'b'} }

// errorCode is the error that an answer states, as manuals write it.
func errorCode(code uint16) field { return text("error", fmt.Sprintf("%04x", code)) }

// hexed is octets as hex, cut to what a person reads.
func hexed(name string, b []byte) field {
	const most = 512
	return text(name, hex.EncodeToString(b[:min(len(b), most)]))
}

// AppendJSON implements event.Detail.
func (d fields) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	for _, f := range d {
		switch f.kind {
		case 't':
			o.Text(f.name, f.text)
		case 'n':
			o.Int(f.name, f.num)
		case 'l':
			o.Texts(f.name, f.texts...)
		case 'b':
			o.Bool(f.name, true)
		}
	}
	return o.End()
}
