package ipmi

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// Completion codes that all commands share (table 5-2).
const (
	codeOK          uint8 = 0x00
	codeBusy        uint8 = 0xC0
	codeCommand     uint8 = 0xC1 // unrecognized command
	codeSpace       uint8 = 0xC4
	codeReservation uint8 = 0xC5
	codeLength      uint8 = 0xC7
	codeTooMany     uint8 = 0xC8
	codeRange       uint8 = 0xC9 // parameter out of range
	codeCount       uint8 = 0xCA // so many octets cannot be returned
	codeAbsent      uint8 = 0xCB // sensor, data or record not present
	codeField       uint8 = 0xCC // invalid field in the request
	codeIllegal     uint8 = 0xCD // for this sensor or record
	codePrivilege   uint8 = 0xD4
	codeState       uint8 = 0xD5 // not in the present state
)

// A command is one that the controller knows.
type command struct {
	op    string
	class event.Class
	level privilege // that it takes
	least int       // octets of its data
	run   func(*request) ([]byte, uint8)
}

// A request is a command on its way through the controller.
type request struct {
	*visit
	con  *console // nil outside a session
	msg  wire.Message
	data []byte
}

// lookup returns the command of a message, or false.
func lookup(m *wire.Message) (command, bool) {
	switch m.NetFn {
	case wire.NetFnApp:
		return appCommand(m.Cmd)
	case wire.NetFnChassis:
		return chassisCommand(m.Cmd)
	case wire.NetFnSensor:
		return sensorCommand(m.Cmd)
	case wire.NetFnStorage:
		return storageCommand(m.Cmd)
	case wire.NetFnTransport:
		return transportCommand(m.Cmd)
	case wire.NetFnGroup:
		return groupCommand(m)
	}
	return command{}, false
}

// unknown names a command that the controller has not.
func unknown(m *wire.Message) (op string, class event.Class) {
	switch {
	case m.NetFn == wire.NetFnGroup && len(m.Data) > 0 && m.Data[0] == groupPICMG:
		return "picmg_command", event.Identify
	case m.NetFn == wire.NetFnGroup && len(m.Data) > 0 && m.Data[0] == groupDCMI:
		return "dcmi_command", event.Read
	case m.NetFn == wire.NetFnFirmware:
		return "firmware_command", event.Firmware
	case m.NetFn >= wire.NetFnOEMGroup:
		return "oem_command", event.Other
	case m.NetFn == wire.NetFnBridge:
		return "bridge_command", event.Other
	}
	return "unknown_command", event.Other
}

// describe returns the act of a message before it is carried out.
func describe(m *wire.Message) (event.Act, command, bool) {
	c, ok := lookup(m)
	if !ok {
		op, class := unknown(m)
		return event.Act{Op: op, Class: class}, c, false
	}
	return event.Act{Op: c.op, Class: c.class}, c, true
}

// outside serves a datagram that belongs to no session.
func (v *visit) outside(f *wire.Frame) {
	if f.Auth != wire.AuthRMCPPlus && f.Auth != wire.AuthNone || f.Encrypted() || f.Authenticated() {
		v.act = event.Act{Op: "malformed", Class: event.Malformed}
		v.ignore("no session, but authenticated or encrypted")
		return
	}
	m, ok := v.message(f.Data)
	if !ok {
		return
	}
	r := &request{visit: v, msg: m, data: m.Data}
	answer := r.carryOut()
	out := wire.Frame{Header: wire.Header{Seq: wire.SeqNoAck, Class: wire.ClassIPMI}, Auth: f.Auth, Data: answer}
	v.out = wire.LegacyPad(out.Append(nil))
	if f.Auth == wire.AuthRMCPPlus {
		v.out = out.Append(nil)
	}
}

// message reads the IPMI message of a payload; false: nothing more is to be done.
func (v *visit) message(p []byte) (wire.Message, bool) {
	m, err := wire.ParseMessage(p)
	switch {
	case err != nil:
		v.act = event.Act{Op: "malformed", Class: event.Malformed}
		v.ignore(err.Error())
		return m, false
	case m.NetFn&1 != 0:
		v.act = event.Act{Op: "response", Class: event.Other}
		v.ignore("a response to nothing")
		return m, false
	case m.To != wire.BMCAddress:
		v.act, _, _ = describe(&m)
		v.ignore("for another controller")
		return m, false
	}
	return m, true
}

// carryOut runs the command and returns the message that answers it.
func (r *request) carryOut() []byte {
	m := &r.msg
	act, c, ok := describe(m)
	r.act = act
	r.note.int("netfn", int64(m.NetFn))
	r.note.int("cmd", int64(m.Cmd))
	if m.ToLUN != 0 {
		r.note.int("lun", int64(m.ToLUN))
	}
	var data []byte
	code := codeCommand
	switch {
	case !ok && r.con != nil, ok && m.ToLUN != 0:
	case r.con == nil && (!ok || c.level != anybody), r.con != nil && r.con.level < c.level:
		code = codePrivilege
		if r.con != nil {
			r.note.text("privilege", r.con.level.String())
		}
	case len(r.data) < c.least:
		code = codeLength
	default:
		data, code = c.run(r)
	}
	r.note.text("completion", fmt.Sprintf("0x%02x", code))
	if code != codeOK {
		r.act.Outcome = event.Refused
	}
	return m.Response(code, data).Append(nil)
}

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
		return wire.LegacyPad(out.Append(nil))
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
