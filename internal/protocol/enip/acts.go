package enip

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/cip"
	"github.com/sundew-ics/sundew/internal/protocol/enip/wire"
)

// detail is what an act says of a frame.
type detail struct {
	command  wire.Command
	session  uint32
	context  [8]byte
	options  uint32
	status   wire.Status // of our answer
	version  int         // of RegisterSession; -1: none
	sockets  []string    // addresses that the visitor names; never sent to
	link     *uint32     // connection id
	sequence int         // -1: none
	repeated bool        // the sequence count is the last one's
	route    string      // of an Unconnected_Send
	message  *message
}

// message is the CIP part of a detail.
type message struct {
	service  cip.Service
	path     string
	data     int              // octets behind the path
	open     *cip.ForwardOpen // without its path, which is
	route    string
	triad    *cip.Triad
	pccc     []byte // command, and behind status and transaction its function
	or, and  []byte
	services int      // of a Multiple_Service_Packet
	parts    []string // the first of them
	status   cip.Status
	extended []uint16
	answered bool
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Int("command", int64(d.command))
	if d.session != 0 {
		o.Int("session_handle", int64(d.session))
	}
	if d.context != [8]byte{} {
		o.Hex("sender_context", d.context[:])
	}
	if d.options != 0 {
		o.Int("options", int64(d.options))
	}
	if d.version >= 0 {
		o.Int("version", int64(d.version))
	}
	if d.sockets != nil {
		o.Texts("sockets", d.sockets...)
	}
	if d.link != nil {
		o.Int("connection_id", int64(*d.link))
	}
	if d.sequence >= 0 {
		o.Int("sequence", int64(d.sequence))
	}
	if d.repeated {
		o.Bool("repeated", true)
	}
	if d.route != "" {
		o.Text("route", d.route)
	}
	if d.message != nil {
		d.message.appendTo(&o)
	}
	if d.status != 0 {
		o.Int("encapsulation_status", int64(d.status))
	}
	return o.End()
}

func (m *message) appendTo(o *event.Object) {
	o.Int("service", int64(m.service))
	o.Text("path", m.path)
	if m.data > 0 {
		o.Int("data_len", int64(m.data))
	}
	if f := m.open; f != nil {
		o.Text("connection_path", m.route)
		o.Int("transport_class", int64(f.Class()))
		o.Int("ot_rpi", int64(f.OT.RPI))
		o.Int("ot_size", int64(f.OT.Size(f.Large)))
		o.Int("to_rpi", int64(f.TO.RPI))
		o.Int("to_size", int64(f.TO.Size(f.Large)))
	}
	if t := m.triad; t != nil {
		o.Int("connection_serial", int64(t.Serial))
		o.Int("originator_vendor", int64(t.Vendor))
		o.Int("originator_serial", int64(t.Originator))
	}
	if m.pccc != nil {
		o.Hex("pccc", m.pccc)
	}
	if m.or != nil {
		o.Hex("or_mask", m.or)
		o.Hex("and_mask", m.and)
	}
	if m.parts != nil {
		o.Int("services", int64(m.services))
		o.Texts("parts", m.parts...)
	}
	if m.answered {
		o.Int("general_status", int64(m.status))
		if len(m.extended) > 0 {
			o.Int("extended_status", int64(m.extended[0]))
		}
	}
}

func pathText(p []byte) string {
	path, err := cip.ParsePath(p)
	if err != nil {
		return fmt.Sprintf("%x", p)
	}
	return path.String()
}
