package ipmi

import (
	"crypto/hmac"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// classic serves a datagram with the session header of IPMI 1.5.
func (v *visit) classic(f *wire.Frame) {
	switch {
	case f.Auth != wire.AuthNone && f.Auth != wire.AuthMD2 && f.Auth != wire.AuthMD5 && f.Auth != wire.AuthPassword:
		v.act = event.Act{Op: "malformed", Class: event.Malformed}
		v.note.int("auth_type", int64(f.Auth))
		v.ignore("an authentication type that there is not")
	case f.ID == 0:
		v.outside(f)
	default:
		v.inside(f)
	}
}

// authName is how an authentication type of IPMI 1.5 is recorded.
func authName(auth uint8) string {
	switch auth {
	case wire.AuthNone:
		return "ipmi-none"
	case wire.AuthMD2:
		return "ipmi-md2"
	case wire.AuthMD5:
		return "ipmi-md5"
	case wire.AuthPassword:
		return "ipmi-password"
	}
	return "ipmi-unknown"
}

// proven says whether a datagram of IPMI 1.5 has the code of the session's user.
func proven(c *console, f *wire.Frame) bool {
	return c.auth == wire.AuthNone || hmac.Equal(f.Code, wire.Code15(c.auth, c.user.Password, f))
}

// getSessionChallenge names the user and begins a session of IPMI 1.5 (§22.16).
func (r *request) getSessionChallenge() ([]byte, uint8) {
	auth, name := r.data[0]&0x0F, cutName(r.data[1:])
	r.act.Target = event.Target{Kind: event.TargetUser, Ref: name}
	r.act.Cred = &event.Cred{User: name, Method: authName(auth)}
	u := r.named(name)
	switch {
	case auth > 7 || r.auth&(1<<auth) == 0:
		return nil, codeField
	case name == "" && (u == nil || !u.usable()):
		return nil, 0x82 // the null user is not enabled
	case u == nil || !u.usable():
		return nil, 0x81 // invalid user name
	}
	r.note.yes("known_user", true)
	c := r.open(challenged)
	c.user, c.auth = u, auth
	for i := range c.challenge {
		c.challenge[i] = byte(r.s.Rand().Uint32())
	}
	b := octet.Builder{}
	b.U32LE(c.id)
	b.Bytes(c.challenge[:])
	return b.B, codeOK
}

// activateSession makes a session of IPMI 1.5 active (§22.17). Its datagram has
// the id and the code of the session that the challenge began; where the code is
// wrong BMCs say nothing.
func (r *request) activateSession() ([]byte, uint8) {
	c := r.con
	d := octet.NewReader(r.data)
	auth, level := d.U8()&0x0F, privilege(d.U8()&0x0F)
	challenge, out := d.Bytes(16), d.U32LE()
	r.note.text("privilege", level.String())
	switch {
	case c == nil || c.stage != challenged:
		return nil, 0x85 // invalid session id
	case auth != c.auth || !hmac.Equal(challenge, c.challenge[:]):
		return nil, codeField
	case level < callback || level > oem:
		return nil, codeField
	case level > c.user.Limit:
		return nil, 0x86 // the level exceeds what the user may have
	case out == 0:
		return nil, 0x84 // session sequence number out of range
	}
	r.s.Prove()
	if !r.room() {
		return nil, 0x81 // no session slot
	}
	delete(r.consoles, c.id)
	c.id = 0
	for c.id == 0 || r.consoles[c.id] != nil {
		c.id = r.s.Rand().Uint32()
	}
	r.consoles[c.id] = c
	c.limit, c.out = level, out
	first := r.s.Rand().Uint32()>>1 | 1
	c.in = window{high: first - 1, seen: 1}
	r.activate(c, min(user, level))
	r.note.yes("login", true)
	r.note.yes("default", c.user.isDefault())
	b := octet.Builder{}
	b.U8(auth)
	b.U32LE(c.id)
	b.U32LE(first)
	b.U8(uint8(level))
	return b.B, codeOK
}

// guess15 says in the act of a wrong code which password it was made with.
func (v *visit) guess15(c *console, f *wire.Frame) {
	v.act.Cred = &event.Cred{User: c.user.Name, Method: authName(c.auth)}
	v.act.Target = event.Target{Kind: event.TargetUser, Ref: c.user.Name}
	if c.auth == wire.AuthPassword {
		v.act.Cred.Secret = cutName(f.Code)
		return
	}
	if c.auth == wire.AuthNone {
		return // nothing is proven
	}
	if p, ok := v.secret(c, func(password []byte) bool { return hmac.Equal(f.Code, wire.Code15(c.auth, password, f)) }); ok {
		v.act.Cred.Secret = string(p)
	}
}

// cutName returns a text of a field that is filled up with zeros.
func cutName(p []byte) string {
	for i, c := range p {
		if c == 0 {
			return string(p[:i])
		}
	}
	return string(p)
}
