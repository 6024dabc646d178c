package ipmi

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// inside serves a datagram of a session.
func (v *visit) inside(f *wire.Frame) {
	c := v.find(f.ID)
	plain, ok := v.open15or20(c, f)
	if !ok {
		return
	}
	m, ok := v.message(plain)
	if !ok {
		return
	}
	if c.stage == challenged && (m.NetFn != wire.NetFnApp || m.Cmd != cmdActivateSession) {
		v.act, _, _ = describe(&m)
		v.ignore("the session is not active")
		return
	}
	c.used, c.port = v.now, v.s.Remote().Port()
	if c.user != nil {
		v.note.text("user", c.user.Name)
	}
	r := &request{visit: v, con: c, msg: m, data: m.Data}
	if f.Encrypted() {
		v.note.data = append([]byte{}, m.Data...)
	}
	if c.stage == challenged {
		v.guess15(c, f)
	}
	cred, target := v.act.Cred, v.act.Target
	answer := r.carryOut()
	if cred != nil {
		v.act.Cred, v.act.Target = cred, target
	}
	if f.Encrypted() {
		v.note.answer = answer[6 : len(answer)-1]
	}
	v.out = v.seal(c, f, answer)
}

// open15or20 returns the message of a datagram that its session vouches for.
func (v *visit) open15or20(c *console, f *wire.Frame) ([]byte, bool) {
	v.act = event.Act{Op: "session_datagram", Class: event.Other}
	switch {
	case c == nil:
		v.ignore("no such session")
		if m, err := wire.ParseMessage(f.Data); err == nil && !f.Encrypted() {
			v.act, _, _ = describe(&m)
		}
	case f.Auth == wire.AuthRMCPPlus:
		return v.open20(c, f)
	case c.stage != challenged && c.stage != active || c.shake.Managed != 0:
		v.ignore("a session of IPMI 2.0")
	case f.Auth != c.auth || !proven(c, f):
		v.act = event.Act{Op: "wrong_auth_code", Class: event.Auth}
		if c.stage == challenged {
			v.act.Op = "activate_session"
		}
		if f.Auth == c.auth {
			v.guess15(c, f)
		}
		v.ignore("wrong authentication code")
	case c.stage == active && !c.in.take(f.Seq, 8, 7): // §6.12.12
		v.ignore("sequence number outside the window")
	default:
		return f.Data, true
	}
	v.act.Outcome = event.Ignored
	return nil, false
}

func (v *visit) open20(c *console, f *wire.Frame) ([]byte, bool) {
	w := &c.inPlain
	if f.Authenticated() {
		w = &c.in
	}
	switch {
	case c.stage != active || c.shake.Managed == 0:
		v.ignore("the session is not active")
	case f.Authenticated() != (c.suite.Integrity != wire.IntegrityNone):
		v.ignore("not authenticated as the session's cipher suite has it")
	case f.Authenticated() && !c.keys.Verify(f, v.raw):
		v.act.Class = event.Auth
		v.ignore("wrong integrity code")
	case f.Encrypted() != (c.suite.Confidentiality != wire.ConfidentialityNone):
		v.ignore("not encrypted as the session's cipher suite has it")
	case !w.take(f.Seq, 15, 16): // §6.12.13
		v.ignore("sequence number outside the window")
	case !f.Encrypted():
		return f.Data, true
	default:
		plain, err := c.keys.Decrypt(f.Data)
		if err == nil {
			return plain, true
		}
		v.act.Class = event.Malformed
		v.ignore(err.Error())
	}
	return nil, false
}

// seal wraps an answer as the request was.
func (v *visit) seal(c *console, f *wire.Frame, answer []byte) []byte {
	out := wire.Frame{Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI}, Auth: f.Auth, ID: c.id, Data: answer}
	if f.Auth != wire.AuthRMCPPlus {
		if c.stage != challenged {
			out.Seq = c.out
			c.out++
			if c.out == 0 {
				c.out = 1
			}
		}
		if v.act.Op == "activate_session" { // answered under the id that it was asked under
			out.ID = f.ID
		}
		if out.Auth != wire.AuthNone {
			out.Code = wire.Code15(out.Auth, c.user.Password, &out)
		}
		return out.Append(nil) // no legacy pad: few controllers add it
	}
	out.ID = c.shake.Console
	if f.Encrypted() {
		var iv [16]byte
		for i := range iv {
			iv[i] = byte(v.s.Rand().Uint32())
		}
		out.Payload, out.Data = wire.FlagEncrypted, c.keys.Encrypt(iv, answer)
	}
	if c.suite.Integrity == wire.IntegrityNone {
		c.plain++
		out.Seq = c.plain
	} else {
		c.out++
		out.Seq = c.out
	}
	c.keys.Sign(&out)
	return out.Append(nil)
}
