package snmp

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// maxRepetitions is the most rows of one GetBulk that are looked at.
const maxRepetitions = 256

// A request is one PDU that is answered on somebody's behalf.
type request struct {
	agent   *agent
	version int32
	who     *principal
	pdu     *wire.PDU
	room    int // octets that the answer's varbinds may have in a message of ours
	budget  int // and what the reply budget leaves of them
	by      string
	moment  moment
	act     *event.Act
}

// answer carries the request out and returns the response.
func (r *request) answer() wire.PDU {
	c := r.agent.counters
	switch r.pdu.Type {
	case wire.GetRequest:
		c.add("snmpInGetRequests", 1)
		return r.get(r.read)
	case wire.GetNextRequest:
		c.add("snmpInGetNexts", 1)
		return r.get(r.next)
	case wire.GetBulkRequest:
		return r.bulk()
	}
	c.add("snmpInSetRequests", 1)
	return r.set()
}

// get answers Get and GetNext (RFC 3416 §4.2.1 and §4.2.2): for every name
// what lookup finds, or where version 1 cannot say that nothing is there, an error.
func (r *request) get(lookup func(ber.OID) wire.Varbind) wire.PDU {
	out := make([]wire.Varbind, 0, len(r.pdu.Varbinds))
	size := 0
	for i, asked := range r.pdu.Varbinds {
		vb := lookup(asked.Name)
		if r.version == wire.V1 && exceptional(vb.Value.Type) {
			return r.fail(wire.NoSuchName, i+1)
		}
		if size += sizeOf(vb); size > r.room {
			return r.fail(wire.TooBig, 0)
		}
		out = append(out, vb)
	}
	r.agent.counters.add("snmpInTotalReqVars", len(out))
	return r.respond(out)
}

// exceptional says whether a value is one that version 1 does not have
// (RFC 3584 §4.2.2.1).
func exceptional(t ber.Tag) bool {
	return t == wire.NoSuchObject || t == wire.NoSuchInstance || t == wire.EndOfMibView || t == wire.Counter64
}

func (r *request) read(name ber.OID) wire.Varbind {
	o := r.agent.mib.find(name)
	switch {
	case o != nil && r.who.view.shows(name):
		return wire.Varbind{Name: name, Value: r.value(o)}
	case r.agent.mib.hasType(name) && r.who.view.shows(name):
		return wire.Varbind{Name: name, Value: wire.Exception(wire.NoSuchInstance)}
	}
	return wire.Varbind{Name: name, Value: wire.Exception(wire.NoSuchObject)}
}

func (r *request) next(name ber.OID) wire.Varbind {
	for at := name; ; {
		o := r.agent.mib.next(at, r.who.view)
		if o == nil {
			return wire.Varbind{Name: name, Value: wire.Exception(wire.EndOfMibView)}
		}
		if r.version != wire.V1 || o.syntax != counter64 {
			return wire.Varbind{Name: o.oid, Value: r.value(o)}
		}
		at = o.oid // RFC 3584 §4.2.2.1: version 1 walks past a Counter64
	}
}

// value reads an object and notes the tag that it shows.
func (r *request) value(o *object) wire.Value {
	if o.tag >= 0 && len(r.act.Tags) < maxListed {
		r.act.Tags = append(r.act.Tags, r.agent.device.Process.Tag(o.tag).Name)
	}
	return o.read(&r.moment)
}

// bulk answers GetBulk (RFC 3416 §4.2.3): as many varbinds as there is room
// for in a message and in the reply budget, and at least one. It stops after a
// row of nothing but endOfMibView.
func (r *request) bulk() wire.PDU {
	asked := r.pdu.Varbinds
	single := min(max(int(r.pdu.Status), 0), len(asked))
	rows := min(max(int(r.pdu.Index), 0), maxRepetitions)
	b := bulkAnswer{limit: min(r.room, r.budget)}
	for _, vb := range asked[:single] {
		if !b.add(r.next(vb.Name)) {
			return r.bulkDone(b.list)
		}
	}
	last := make([]ber.OID, 0, len(asked)-single)
	for _, vb := range asked[single:] {
		last = append(last, vb.Name)
	}
	for range rows {
		ended := true
		for i, name := range last {
			vb := r.next(name)
			if !b.add(vb) {
				return r.bulkDone(b.list)
			}
			last[i] = vb.Name
			ended = ended && vb.Value.Type == wire.EndOfMibView
		}
		if ended {
			break
		}
	}
	return r.bulkDone(b.list)
}

func (r *request) bulkDone(list []wire.Varbind) wire.PDU {
	r.agent.counters.add("snmpInTotalReqVars", len(list))
	return r.respond(list)
}

// A bulkAnswer is what fits of an answer to GetBulk.
type bulkAnswer struct {
	list  []wire.Varbind
	size  int
	limit int
}

func (b *bulkAnswer) add(vb wire.Varbind) bool {
	b.size += sizeOf(vb)
	if b.size > b.limit && len(b.list) > 0 {
		return false
	}
	b.list = append(b.list, vb)
	return true
}

func (r *request) respond(list []wire.Varbind) wire.PDU {
	return wire.PDU{Type: wire.Response, RequestID: r.pdu.RequestID, Varbinds: list}
}

// fail returns a response of an error: with the request's own varbinds, or
// for tooBig of version 2c and 3 without any (RFC 3416 §4.2.1).
func (r *request) fail(status int32, index int) wire.PDU {
	if r.version == wire.V1 {
		status = statusV1(status)
	}
	switch status {
	case wire.TooBig:
		r.agent.counters.add("snmpOutTooBigs", 1)
	case wire.NoSuchName:
		r.agent.counters.add("snmpOutNoSuchNames", 1)
	case wire.BadValue:
		r.agent.counters.add("snmpOutBadValues", 1)
	case wire.GenErr:
		r.agent.counters.add("snmpOutGenErrs", 1)
	}
	r.act.Outcome = event.Refused
	resp := r.respond(r.pdu.Varbinds)
	resp.Status, resp.Index = status, int32(index)
	if status == wire.TooBig && r.version != wire.V1 {
		resp.Varbinds = nil
	}
	return resp
}

// statusV1 returns what version 1 calls an error of version 2 (RFC 3584 §4.4).
func statusV1(status int32) int32 {
	switch status {
	case wire.WrongValue, wire.WrongEncoding, wire.WrongType, wire.WrongLength, wire.InconsistentValue:
		return wire.BadValue
	case wire.NoAccess, wire.NotWritable, wire.NoCreation, wire.InconsistentName, wire.AuthorizationError:
		return wire.NoSuchName
	case wire.ResourceUnavailable, wire.CommitFailed, wire.UndoFailed:
		return wire.GenErr
	}
	return status
}

// sizeOf returns how many octets a varbind has in a message.
func sizeOf(vb wire.Varbind) int {
	var buf [128]byte
	return len(vb.Append(buf[:0]))
}
