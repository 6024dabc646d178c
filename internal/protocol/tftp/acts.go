package tftp

import (
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/tftp/wire"
)

// detail is what an act says of a packet.
type detail struct {
	mode     string
	options  []wire.Option
	block    int // -1: has none
	octets   int64
	code     int // -1: no error
	message  string
	repeated bool
	protocol string // foreign
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	if d.mode != "" {
		o.Text("mode", d.mode)
	}
	for i, opt := range d.options {
		if i == 0 || !slices.ContainsFunc(d.options[:i], func(p wire.Option) bool { return strings.EqualFold(p.Name, opt.Name) }) {
			switch name := strings.ToLower(opt.Name); name {
			case "blksize", "tsize", "timeout", "windowsize":
				o.Text(name, opt.Value)
			}
		}
	}
	if d.block >= 0 {
		o.Int("block", int64(d.block))
	}
	if d.octets != 0 {
		o.Int("octets", d.octets)
	}
	if d.code >= 0 {
		o.Int("code", int64(d.code))
	}
	if d.message != "" {
		o.Text("message", d.message)
	}
	if d.repeated {
		o.Bool("repeated", true)
	}
	if d.protocol != "" {
		o.Text("protocol", d.protocol)
	}
	return o.End()
}
