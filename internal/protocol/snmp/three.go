package snmp

import (
	"bytes"
	"slices"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/ber"
	"github.com/sundew-ics/sundew/internal/protocol/snmp/wire"
)

// timeWindow is how far a message's engine time may be off (RFC 3414 §2.2.3).
const timeWindow = 150

// three serves a message of version 3: first as RFC 3414 §3.2 has it who sent
// it, then what it asks.
func (v *visit) three(t *wire.Three) {
	a := v.agent
	v.note.three = t
	v.act = event.Act{Op: "encrypted_request", Class: event.Auth}
	readable := t.Flags&wire.FlagPriv == 0
	if readable {
		v.act = describe(&t.Scoped.PDU)
		v.note.pdu, v.note.context = &t.Scoped.PDU, t.Scoped.Context
	}
	switch {
	case len(v.raw) > a.maxSize:
		a.counters.add("snmpSilentDrops", 1)
		v.ignore("longer than the agent takes")
		return
	case !a.versions[wire.V3]:
		a.counters.add("snmpInBadVersions", 1)
		v.ignore("version is off")
		return
	case t.Model != wire.ModelUSM:
		a.counters.add("snmpUnknownSecurityModels", 1)
		v.ignore("unknown security model")
		return
	case t.Flags&(wire.FlagAuth|wire.FlagPriv) == wire.FlagPriv, t.MaxSize < wire.MinMaxSize, t.ID < 0:
		a.counters.add("snmpInvalidMsgs", 1)
		v.act.Class = event.Malformed
		v.ignore("flags, size or id that RFC 3412 does not allow")
		return
	}
	u, err := wire.ParseUSM(t.Security)
	if err != nil {
		a.counters.add("snmpInASNParseErrs", 1)
		v.act.Class = event.Malformed
		v.ignore(err.Error())
		return
	}
	v.note.usm = &u
	v.act.Cred = &event.Cred{User: string(u.User), Method: "usm " + levelOf(t.Flags).String()}
	x := &secured{visit: v, three: t, usm: u, level: levelOf(t.Flags), readable: readable}
	if x.authenticate() {
		x.serve()
	}
}

// A secured is a version 3 message on its way through the security model.
type secured struct {
	*visit
	three    *wire.Three
	usm      wire.USM
	level    level
	user     *user
	readable bool // its scoped PDU is in three.Scoped
}

// authenticate finds out who sent the message and decrypts it (RFC 3414 §3.2).
// Where it returns false, all that is due has been said.
func (x *secured) authenticate() bool {
	a, u := x.agent, &x.usm
	x.user = a.users[string(u.User)]
	switch {
	case !bytes.Equal(u.Engine, a.engine):
		if len(u.Engine) == 0 { // RFC 3414 §4: how every visit begins
			x.act.Op, x.act.Class = "discovery", event.Identify
			x.report("usmStatsUnknownEngineIDs", noAuth)
			return false
		}
		return x.fail("usmStatsUnknownEngineIDs", noAuth)
	case x.user == nil:
		return x.fail("usmStatsUnknownUserNames", noAuth)
	case x.level > x.user.most():
		return x.fail("usmStatsUnsupportedSecLevels", noAuth)
	}
	if x.level == noAuth {
		return true
	}
	if wire.Verify(x.user.auth, x.user.authKey, x.raw) != nil {
		return x.fail("usmStatsWrongDigests", noAuth)
	}
	if u.Boots != a.boots || abs(int64(u.Time)-int64(a.engineTime(x.now))) > timeWindow {
		if u.Boots == 0 && u.Time == 0 { // RFC 3414 §4: a visitor asks for the time
			x.act.Op, x.act.Class = "discovery", event.Identify
			x.report("usmStatsNotInTimeWindows", authNoPriv)
			return false
		}
		return x.fail("usmStatsNotInTimeWindows", authNoPriv)
	}
	return x.level == authNoPriv || x.decrypt()
}

func (x *secured) decrypt() bool {
	plain, err := x.user.priv.Decrypt(x.user.privKey, x.usm, x.three.Encrypted)
	if err == nil {
		x.three.Scoped, err = wire.ParseScoped(plain)
	}
	if err != nil {
		return x.fail("usmStatsDecryptionErrors", noAuth)
	}
	x.readable = true
	cred := x.act.Cred
	x.act = describe(&x.three.Scoped.PDU)
	x.act.Cred = cred
	x.note.pdu, x.note.context = &x.three.Scoped.PDU, x.three.Scoped.Context
	return true
}

// fail reports an attempt that got nowhere; it is an attempt to get in, whatever
// was asked, unless it was to write.
func (x *secured) fail(counter string, l level) bool {
	if x.act.Class != event.Write {
		x.act.Class = event.Auth
	}
	x.act.Outcome = event.Refused
	x.report(counter, l)
	return false
}

// serve answers an authentic message.
func (x *secured) serve() {
	a, scoped := x.agent, &x.three.Scoped
	method := "usm " + x.level.String()
	if x.level >= authNoPriv {
		method += " " + x.user.auth.String()
	}
	if x.level == authPriv {
		method += " " + x.user.priv.String()
	}
	x.act.Cred.Method = method
	switch {
	case len(scoped.Engine) > 0 && !bytes.Equal(scoped.Engine, a.engine), scoped.PDU.Type == wire.InformRequest:
		x.act.Outcome = event.Refused
		x.report("snmpUnknownPDUHandlers", x.level)
		return
	case !answerable(scoped.PDU.Type, wire.V3):
		a.countIgnored(scoped.PDU.Type)
		x.ignore("an agent does not answer this PDU")
		return
	case len(scoped.Context) > 0 && !slices.Contains(a.contexts, string(scoped.Context)):
		x.act.Outcome = event.Refused
		x.report("snmpUnknownContexts", x.level)
		return
	}
	overhead := envelope + 64 + 2*len(a.engine) + len(x.usm.User) + len(scoped.Context) + x.user.auth.DigestLen()
	r := x.request(&x.user.principal, wire.V3, &scoped.PDU, overhead)
	r.room = min(r.room, int(x.three.MaxSize)-overhead)
	var resp wire.PDU
	if x.level < x.user.least {
		resp = r.fail(wire.AuthorizationError, 0) // RFC 3415 §3.2, RFC 3413 §3.2
		x.note.status = resp.Status
	} else {
		resp = x.carryOut(r)
	}
	x.send(resp, x.level)
}

// report counts why a message is not served and says so to who can hear it
// (RFC 3412 §7.1.3): the answer to a request that asked for reports.
func (x *secured) report(counter string, l level) {
	n := x.agent.counters.add(counter, 1)
	x.note.report = counter
	confirmed := !x.readable || answerable(x.three.Scoped.PDU.Type, wire.V3) || x.three.Scoped.PDU.Type == wire.InformRequest
	if x.three.Flags&wire.FlagReportable == 0 || !confirmed {
		x.ignore("no report is wanted")
		return
	}
	pdu := wire.PDU{Type: wire.Report, Varbinds: []wire.Varbind{{
		Name:  reportName(counter),
		Value: wire.Value{Type: wire.Counter32, Int: int64(uint32(n))},
	}}}
	if x.readable {
		pdu.RequestID = x.three.Scoped.PDU.RequestID
	}
	x.send(pdu, l)
}

// send answers a message at a security level.
func (x *secured) send(pdu wire.PDU, l level) {
	a := x.agent
	usm := wire.USM{Engine: a.engine, Boots: a.boots, Time: a.engineTime(x.now), User: x.usm.User}
	t := &wire.Three{
		ID: x.three.ID, MaxSize: int32(a.maxSize), Model: wire.ModelUSM,
		Scoped: wire.Scoped{Engine: a.engine, Context: x.three.Scoped.Context, PDU: pdu},
	}
	if l >= authNoPriv {
		t.Flags = wire.FlagAuth
		usm.Digest = make([]byte, x.user.auth.DigestLen())
	}
	if l == authPriv {
		t.Flags |= wire.FlagPriv
		data, salt, err := x.user.priv.Encrypt(x.user.privKey, usm, a.salt.Add(1), t.Scoped.Append(nil))
		if err != nil {
			x.ignore("cannot encrypt: " + err.Error())
			return
		}
		t.Encrypted, usm.Salt = data, salt
	}
	t.Security = usm.Append(nil)
	out := wire.Message{Version: wire.V3, Three: t}.Append(nil)
	if l >= authNoPriv {
		if err := wire.Sign(x.user.auth, x.user.authKey, out); err != nil {
			x.ignore("cannot sign: " + err.Error())
			return
		}
	}
	x.reply(out)
}

// engineTime returns snmpEngineTime: seconds since boot.
func (a *agent) engineTime(now time.Time) int32 {
	return int32(a.uptime(now) / time.Second)
}

func abs(n int64) int64 { return max(n, -n) }

// reportName returns the counter that a report carries.
func reportName(counter string) ber.OID {
	usmStats := func(n uint32) ber.OID { return ber.OID{1, 3, 6, 1, 6, 3, 15, 1, 1, n, 0} }  // RFC 3414 §5
	mpdStats := func(n uint32) ber.OID { return ber.OID{1, 3, 6, 1, 6, 3, 11, 2, 1, n, 0} }  // RFC 3412 §5
	contextStats := func(n uint32) ber.OID { return ber.OID{1, 3, 6, 1, 6, 3, 12, 1, n, 0} } // RFC 3413 §4.1
	switch counter {
	case "usmStatsUnsupportedSecLevels":
		return usmStats(1)
	case "usmStatsNotInTimeWindows":
		return usmStats(2)
	case "usmStatsUnknownUserNames":
		return usmStats(3)
	case "usmStatsUnknownEngineIDs":
		return usmStats(4)
	case "usmStatsWrongDigests":
		return usmStats(5)
	case "usmStatsDecryptionErrors":
		return usmStats(6)
	case "snmpUnknownContexts":
		return contextStats(5)
	}
	return mpdStats(3) // snmpUnknownPDUHandlers
}
