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
	v.out = out.Append(nil)
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
