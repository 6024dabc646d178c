package ipmi

import (
	"crypto/hmac"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// plus serves a datagram with the session header of IPMI 2.0.
func (v *visit) plus(f *wire.Frame) {
	switch t := f.Type(); {
	case t == wire.PayloadIPMI && f.ID == 0:
		v.outside(f)
	case t == wire.PayloadIPMI:
		v.inside(f)
	case t == wire.PayloadOpenRequest:
		v.openSession(f)
	case t == wire.PayloadRAKP1:
		v.rakp1(f)
	case t == wire.PayloadRAKP3:
		v.rakp3(f)
	default:
		v.act = event.Act{Op: "payload", Class: event.Other}
		if t == wire.PayloadSOL {
			v.act.Op, v.act.Class = "sol_payload", event.Control
		}
		v.note.int("payload_type", int64(t))
		v.ignore("no such payload is active")
	}
}

// handshake answers a session payload.
func (v *visit) handshake(payload uint8, body []byte) {
	v.out = wire.Frame{
		Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI},
		Auth:   wire.AuthRMCPPlus, Payload: payload, Data: body,
	}.Append(nil)
}

// refuse notes the status code of a refused session payload.
func (v *visit) refuse(status uint8) {
	v.act.Outcome = event.Refused
	v.note.int("status", int64(status))
	v.note.text("status_text", wire.StatusName(status))
}

// openSession agrees on algorithms (§13.17).
func (v *visit) openSession(f *wire.Frame) {
	v.act = event.Act{Op: "open_session", Class: event.Connect}
	req, err := wire.ParseOpenRequest(f.Data)
	if err != nil {
		v.act.Class = event.Malformed
		v.ignore(err.Error())
		return
	}
	v.note.int("console_session_id", int64(req.Console))
	v.note.text("privilege", privilege(req.Privilege).String())
	v.note.int("authentication_algorithm", int64(req.Algorithms.Auth))
	v.note.int("integrity_algorithm", int64(req.Algorithms.Integrity))
	v.note.int("confidentiality_algorithm", int64(req.Algorithms.Confidentiality))
	resp := wire.OpenResponse{Tag: req.Tag, Console: req.Console}
	suite, status := v.choose(req.Algorithms)
	if req.Privilege > uint8(oem) {
		status = wire.StatusRole
	}
	if status != wire.StatusOK {
		resp.Status = status
		v.refuse(status)
		v.handshake(wire.PayloadOpenResponse, resp.Append(nil))
		return
	}
	c := v.open(opened)
	c.suite, c.limit = suite, privilege(req.Privilege)
	if c.limit == anybody {
		c.limit = administrator
	}
	c.shake = wire.Handshake{Auth: suite.Auth, Console: req.Console, Managed: c.id, GUID: v.guid}
	v.note.int("cipher_suite", int64(suite.ID))
	v.note.int("managed_session_id", int64(c.id))
	resp.Privilege, resp.Managed = uint8(c.limit), c.id
	resp.Algorithms = wire.Algorithms{Auth: suite.Auth, Integrity: suite.Integrity, Confidentiality: suite.Confidentiality}
	v.handshake(wire.PayloadOpenResponse, resp.Append(nil))
}

// choose returns the suite that fits a proposal, the strongest where it leaves
// a choice, or why none does.
func (b *bmc) choose(a wire.Algorithms) (wire.Suite, uint8) {
	var auth, integrity, confidentiality bool
	for i := len(b.suites) - 1; i >= 0; i-- {
		s := b.suites[i]
		x, y, z := a.AnyAuth || a.Auth == s.Auth, a.AnyIntegrity || a.Integrity == s.Integrity, a.AnyConfidentiality || a.Confidentiality == s.Confidentiality
		if x && y && z {
			return s, wire.StatusOK
		}
		auth, integrity, confidentiality = auth || x, integrity || y, confidentiality || z
	}
	switch {
	case !auth:
		return wire.Suite{}, wire.StatusAuthentication
	case !integrity:
		return wire.Suite{}, wire.StatusIntegrity
	case !confidentiality:
		return wire.Suite{}, wire.StatusConfidential
	}
	return wire.Suite{}, wire.StatusNoSuite
}

// rakp1 answers who wants in with a keyed hash that only he and the user's
// password explain: by this every BMC gives its users' hashes away.
func (v *visit) rakp1(f *wire.Frame) {
	v.act = event.Act{Op: "rakp_message_1", Class: event.Auth}
	m, err := wire.ParseRAKP1(f.Data)
	if err != nil {
		v.act.Class = event.Malformed
		v.ignore(err.Error())
		return
	}
	v.act.Target = event.Target{Kind: event.TargetUser, Ref: string(m.Name)}
	v.act.Cred = &event.Cred{User: string(m.Name), Method: "rakp"}
	role := privilege(m.Role & 0x0F)
	v.note.text("privilege", role.String())
	v.note.yes("name_only", m.Role&0x10 != 0)
	c := v.find(m.Managed)
	resp := wire.RAKP2{Tag: m.Tag}
	if c == nil || c.stage == active || c.stage == challenged {
		v.answer2(resp, wire.StatusSessionID)
		return
	}
	v.s.Prove() // the id went to this address and nowhere else
	resp.Console = c.shake.Console
	v.act.Cred.Method = wire.AuthName(c.suite.Auth)
	v.note.int("cipher_suite", int64(c.suite.ID))
	u, status := v.admit(&m, role, c)
	if status != wire.StatusOK {
		v.note.yes("known_user", status != wire.StatusWrongName && status != wire.StatusNameLength)
		v.answer2(resp, status)
		return
	}
	c.stage, c.user, c.used = named, u, v.now
	c.limit = min(c.limit, role)
	c.shake.ConsoleRandom, c.shake.Role, c.shake.Name = m.Random, m.Role, append([]byte(nil), m.Name...)
	for i := range c.shake.ManagedRandom {
		c.shake.ManagedRandom[i] = byte(v.s.Rand().Uint32())
	}
	resp.Random, resp.GUID, resp.Code = c.shake.ManagedRandom, v.guid, c.shake.Code2(u.Password)
	v.note.yes("known_user", true)
	if resp.Code != nil {
		v.note.hex("salt", c.shake.Salt()) // with the hash: what crackers take
		v.note.hex("hash", resp.Code)
	}
	v.answer2(resp, wire.StatusOK)
}

func (v *visit) answer2(resp wire.RAKP2, status uint8) {
	resp.Status = status
	if status != wire.StatusOK {
		v.refuse(status)
	}
	v.handshake(wire.PayloadRAKP2, resp.Append(nil))
}

// admit finds the account of RAKP message 1 (§13.20).
func (v *visit) admit(m *wire.RAKP1, role privilege, c *console) (*account, uint8) {
	switch {
	case m.NameLen > 16 || int(m.NameLen) != len(m.Name):
		return nil, wire.StatusNameLength
	case role < callback || role > oem:
		return nil, wire.StatusRole
	}
	u := v.named(string(m.Name))
	switch {
	case u == nil || !u.usable():
		return nil, wire.StatusWrongName
	case role > u.Limit || role > c.limit:
		return nil, wire.StatusUnauthorized
	}
	return u, wire.StatusOK
}

// rakp3 opens the session to who knows the password (§13.22).
func (v *visit) rakp3(f *wire.Frame) {
	v.act = event.Act{Op: "rakp_message_3", Class: event.Auth}
	m, err := wire.ParseRAKP3(f.Data)
	if err != nil {
		v.act.Class = event.Malformed
		v.ignore(err.Error())
		return
	}
	c := v.find(m.ID)
	resp := wire.RAKP3{Tag: m.Tag}
	switch {
	case c == nil || c.stage == challenged:
		v.answer4(resp, wire.StatusSessionID)
		return
	case c.stage != named:
		resp.ID = c.shake.Console
		v.answer4(resp, wire.StatusInactive)
		return
	}
	v.s.Prove()
	resp.ID = c.shake.Console
	v.describeLogin(c)
	if m.Status != wire.StatusOK { // §13.22: the console gives up
		delete(v.consoles, c.id)
		v.refuse(m.Status)
		v.ignore("the console gave up")
		return
	}
	secret, known := v.secret(c, func(password []byte) bool { return hmac.Equal(c.shake.Code3(password), m.Code) })
	if known {
		v.act.Cred.Secret = string(secret)
	}
	if c.suite.Auth != wire.RAKPNone && !hmac.Equal(c.shake.Code3(c.user.Password), m.Code) {
		if !known {
			v.note.hex("salt", c.shake.Salt3())
			v.note.hex("hash", m.Code)
		}
		delete(v.consoles, c.id)
		v.answer4(resp, wire.StatusCheckValue)
		return
	}
	if !v.room() {
		delete(v.consoles, c.id)
		v.answer4(resp, wire.StatusResources)
		return
	}
	v.note.yes("login", true)
	v.note.yes("default", c.user.isDefault())
	key := v.key
	if len(key) == 0 {
		key = c.user.Password
	}
	sik := c.shake.SIK(key)
	c.keys = wire.NewKeys(c.suite, sik, c.user.Password)
	v.activate(c, min(user, c.limit)) // §22.18: a session begins as user
	if c.suite.Auth != wire.RAKPNone {
		resp.Code = c.shake.Code4(sik)
	}
	v.answer4(resp, wire.StatusOK)
}

// describeLogin says in the act whose password is tried.
func (v *visit) describeLogin(c *console) {
	name := string(c.shake.Name)
	v.act.Target = event.Target{Kind: event.TargetUser, Ref: name}
	v.act.Cred = &event.Cred{User: name, Method: wire.AuthName(c.suite.Auth)}
	v.note.int("cipher_suite", int64(c.suite.ID))
	v.note.text("privilege", c.limit.String())
}

func (v *visit) answer4(resp wire.RAKP3, status uint8) {
	resp.Status = status
	if status != wire.StatusOK {
		v.refuse(status)
	}
	v.handshake(wire.PayloadRAKP4, resp.Append(nil))
}

// secret returns the password that a visitor's proof is of: the account's own,
// or one of those that makers ship and people choose.
func (v *visit) secret(c *console, proves func(password []byte) bool) ([]byte, bool) {
	if c.suite.Auth == wire.RAKPNone && c.stage == named {
		return nil, false // nothing is proven
	}
	if proves(c.user.Password) {
		return c.user.Password, true
	}
	for _, p := range commonPasswords(c.user.Name) {
		if proves([]byte(p)) {
			return []byte(p), true
		}
	}
	return nil, false
}

// commonPasswords are those that BMC makers ship and that crackers try first,
// besides the user's own name.
func commonPasswords(name string) []string {
	return []string{
		name, "", "ADMIN", "admin", "Admin", "root", "calvin", "changeme", "PASSW0RD", "password", "Password", "superuser", "0penBmc",
		"administrator", "Administrator", "operator", "guest", "test", "user", "toor", "supervisor", "ipmi", "default", "cr0wBar!",
		"123456", "12345678", "1234", "12345", "111111", "qwerty", "letmein", "secret", "admin123", "Admin123", "Passw0rd", "P@ssw0rd", "p@ssw0rd",
	}
}
