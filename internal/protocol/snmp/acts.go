package snmp

import (
	"slices"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// maxListed is how many names and values an act lists; its request has all.
const maxListed = 64

// A detail is the protocol's part of an act.
type detail struct {
	version int32
	pdu     *wire.PDU   // the visitor's; nil where it could not be read
	three   *wire.Three // version 3
	usm     *wire.USM   // version 3
	context []byte
	status  int32 // of our response
	index   int32
	count   int    // varbinds of our response
	report  string // the counter that our report names
	reason  string // why nothing was answered
	extra   int    // octets behind the message
}

// AppendJSON implements event.Detail.
func (d *detail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Text("version", versionName(d.version))
	if d.three != nil {
		d.appendThree(&o)
	}
	if d.pdu != nil {
		d.appendPDU(&o)
	}
	if d.status != wire.NoError {
		o.Text("error_status", wire.StatusName(d.status))
		o.Int("error_index", int64(d.index))
	}
	if d.count > 0 {
		o.Int("response_varbinds", int64(d.count))
	}
	if d.report != "" {
		o.Text("report", d.report)
	}
	if d.reason != "" {
		o.Text("reason", d.reason)
	}
	if d.extra > 0 {
		o.Int("trailing_octets", int64(d.extra))
	}
	return o.End()
}

func (d *detail) appendThree(o *event.Object) {
	o.Int("msg_id", int64(d.three.ID))
	o.Int("msg_max_size", int64(d.three.MaxSize))
	o.Text("security_level", levelOf(d.three.Flags).String())
	if d.usm == nil {
		o.Int("security_model", int64(d.three.Model))
		return
	}
	o.Hex("engine_id", d.usm.Engine)
	o.Int("engine_boots", int64(d.usm.Boots))
	o.Int("engine_time", int64(d.usm.Time))
	if len(d.context) > 0 {
		o.Text("context", string(d.context))
	}
}

func (d *detail) appendPDU(o *event.Object) {
	p := d.pdu
	if t := p.Trap; t != nil {
		o.Text("enterprise", t.Enterprise.String())
		o.Int("generic_trap", int64(t.Generic))
		o.Int("specific_trap", int64(t.Specific))
	} else {
		o.Int("request_id", int64(p.RequestID))
	}
	if p.Type == wire.GetBulkRequest {
		o.Int("non_repeaters", int64(p.Status))
		o.Int("max_repetitions", int64(p.Index))
	}
	listed := p.Varbinds[:min(len(p.Varbinds), maxListed)]
	list := func(name string, of func(wire.Varbind) string) {
		texts := make([]string, len(listed))
		for i, vb := range listed {
			texts[i] = of(vb)
		}
		o.Texts(name, texts...)
	}
	if len(listed) > 0 {
		list("oids", func(vb wire.Varbind) string { return vb.Name.String() })
	}
	if slices.ContainsFunc(listed, func(vb wire.Varbind) bool { return vb.Value.Type != ber.Null }) {
		list("types", func(vb wire.Varbind) string { return wire.TypeName(vb.Value.Type) })
		list("values", func(vb wire.Varbind) string { return vb.Value.Text() })
	}
	if len(p.Varbinds) > maxListed {
		o.Int("varbinds", int64(len(p.Varbinds)))
	}
}

func versionName(v int32) string {
	switch v {
	case wire.V1:
		return "1"
	case wire.V2c:
		return "2c"
	case wire.V3:
		return "3"
	}
	return "unknown"
}

// systemGroup is what everybody asks first: who are you (RFC 3418).
func systemGroup() ber.OID { return ber.OID{1, 3, 6, 1, 2, 1, 1} }

// describe returns the act of a PDU before it is carried out.
func describe(p *wire.PDU) event.Act {
	a := event.Act{Op: wire.OpName(p.Type), Class: event.Other}
	if len(p.Varbinds) > 0 {
		a.Target = event.Target{Kind: event.TargetOID, Ref: p.Varbinds[0].Name.String()}
	}
	switch p.Type {
	case wire.GetRequest:
		a.Class = event.Identify
		for _, vb := range p.Varbinds {
			if !vb.Name.HasPrefix(systemGroup()) {
				a.Class = event.Read
			}
		}
	case wire.GetNextRequest, wire.GetBulkRequest:
		a.Class = event.Enumerate
	case wire.SetRequest:
		a.Class = event.Write
		a.Values = writtenValues(p)
	}
	return a
}

func writtenValues(p *wire.PDU) []string {
	var values []string
	for _, vb := range p.Varbinds[:min(len(p.Varbinds), maxListed)] {
		values = append(values, vb.Value.Text())
	}
	return values
}

// listTags names in the act of a Set the tags that it writes, with what they
// become and what they were. Without any tag it lists objects' values alone.
func (r *request) listTags(objects []*object) {
	var tags, values, previous []string
	all := make([]string, 0, min(len(objects), maxListed))
	for i, o := range objects[:min(len(objects), maxListed)] {
		was := o.read(&r.moment)
		all = append(all, was.Text())
		if o.tag >= 0 {
			tags = append(tags, r.agent.device.Process.Tag(o.tag).Name)
			values = append(values, o.tagValue(r.pdu.Varbinds[i].Value).Text())
			previous = append(previous, r.moment.view.Text(o.tag))
		}
	}
	r.act.Previous = all
	if tags != nil {
		r.act.Tags, r.act.Values, r.act.Previous = tags, values, previous
	}
}
