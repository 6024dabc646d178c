package snmp

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// envelope is a generous count of the octets of a message of version 1 or 2c
// besides its community and its varbinds.
const envelope = 48

// community serves a message of version 1 or 2c. A wrong community is met with
// silence (RFC 1157 §4.1): it is a guess, recorded as one.
func (v *visit) community(m *wire.Message) {
	a := v.agent
	v.note.pdu = &m.PDU
	v.act = describe(&m.PDU)
	v.act.Cred = &event.Cred{Secret: string(m.Community), Method: "community"}
	who := a.communities[string(m.Community)]
	switch {
	case len(v.raw) > a.maxSize:
		a.counters.add("snmpSilentDrops", 1)
		v.ignore("longer than the agent takes")
	case !a.versions[m.Version]:
		a.counters.add("snmpInBadVersions", 1)
		v.ignore("version is off")
	case !answerable(m.PDU.Type, m.Version):
		a.countIgnored(m.PDU.Type)
		v.ignore("an agent does not answer this PDU")
	case who == nil:
		a.counters.add("snmpInBadCommunityNames", 1)
		if v.act.Class != event.Write {
			v.act.Class = event.Auth
		}
		v.ignore("wrong community")
	default:
		r := v.request(who, m.Version, &m.PDU, envelope+len(m.Community))
		resp := wire.Message{Version: m.Version, Community: m.Community, PDU: v.carryOut(r)}
		v.reply(resp.Append(make([]byte, 0, 512)))
	}
}

// request prepares a PDU; overhead is what an answer has besides varbinds.
func (v *visit) request(who *principal, version int32, pdu *wire.PDU, overhead int) *request {
	return &request{
		agent: v.agent, version: version, who: who, pdu: pdu,
		room: v.agent.maxSize - overhead, budget: v.bulkBudget() - overhead,
		by:     v.s.Source(),
		moment: moment{now: v.now, view: v.agent.device.Process.View()},
		act:    &v.act,
	}
}

// bulkBudget returns how many octets an answer to GetBulk may have: of what the
// reply budget leaves an eighth, but half of what the request itself earns at
// least. So a walk neither uses up at once what is free nor comes to a halt when
// that is gone; a visitor asks again from where an answer ends.
func (v *visit) bulkBudget() int {
	const headers = 28 // of IPv4 and UDP, which the budget counts
	left := v.s.Allowance()
	half := (len(v.raw)+headers)*3/2 - headers // the budget gives three octets for one
	return min(left, max(left/8, half))
}

// carryOut answers a request and notes what came of it.
func (v *visit) carryOut(r *request) wire.PDU {
	resp := r.answer()
	v.agent.counters.add("snmpOutGetResponses", 1)
	v.note.status, v.note.index = resp.Status, resp.Index
	if resp.Status == wire.NoError {
		v.note.count = len(resp.Varbinds)
	}
	return resp
}

// answerable says whether an agent answers a PDU type of a version at all.
// Traps, informs, responses and reports are for others.
func answerable(t ber.Tag, version int32) bool {
	switch t {
	case wire.GetRequest, wire.GetNextRequest, wire.SetRequest:
		return true
	case wire.GetBulkRequest:
		return version != wire.V1 // RFC 1157 has none
	}
	return false
}

func (a *agent) countIgnored(t ber.Tag) {
	switch t {
	case wire.Response:
		a.counters.add("snmpInGetResponses", 1)
	case wire.TrapV1, wire.TrapV2:
		a.counters.add("snmpInTraps", 1)
	default:
		a.counters.add("snmpUnknownPDUHandlers", 1)
	}
}
