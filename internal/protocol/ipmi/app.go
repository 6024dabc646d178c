package ipmi

import (
	"encoding/hex"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
)

const cmdActivateSession = 0x3A

// appCommand returns a command of network function App (appendix G).
func appCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x01:
		return command{"get_device_id", event.Identify, user, 0, (*request).getDeviceID}, true
	case 0x02:
		return command{"cold_reset", event.Restart, administrator, 0, (*request).reset}, true
	case 0x03:
		return command{"warm_reset", event.Restart, administrator, 0, (*request).reset}, true
	case 0x04:
		return command{"get_self_test_results", event.Read, user, 0, (*request).selfTest}, true
	case 0x07:
		return command{"get_acpi_power_state", event.Read, user, 0, (*request).acpiState}, true
	case 0x08:
		return command{"get_device_guid", event.Identify, user, 0, (*request).getGUID}, true
	case 0x22:
		return command{"reset_watchdog_timer", event.Control, operator, 0, (*request).resetWatchdog}, true
	case 0x24:
		return command{"set_watchdog_timer", event.Control, operator, 6, (*request).setWatchdog}, true
	case 0x25:
		return command{"get_watchdog_timer", event.Read, user, 0, (*request).getWatchdog}, true
	case 0x2F:
		return command{"get_bmc_global_enables", event.Read, user, 0, (*request).globalEnables}, true
	case 0x37:
		return command{"get_system_guid", event.Identify, anybody, 0, (*request).getGUID}, true
	case 0x38:
		return command{"get_channel_authentication_capabilities", event.Identify, anybody, 2, (*request).authCapabilities}, true
	case 0x39:
		return command{"get_session_challenge", event.Auth, anybody, 17, (*request).getSessionChallenge}, true
	case cmdActivateSession:
		return command{"activate_session", event.Auth, anybody, 22, (*request).activateSession}, true
	case 0x3B:
		return command{"set_session_privilege_level", event.Auth, callback, 1, (*request).setPrivilege}, true
	case 0x3C:
		return command{"close_session", event.Other, callback, 4, (*request).closeSession}, true
	case 0x3D:
		return command{"get_session_info", event.Read, user, 1, (*request).sessionInfo}, true
	}
	return channelCommand(cmd)
}

// firmware returns the two revision octets of the settings' firmware: the
// second is BCD.
func (b *bmc) firmware() (major, minor uint8, err error) {
	head, tail, _ := strings.Cut(b.set.Device.Firmware, ".")
	tail, _, _ = strings.Cut(tail, ".")
	x, err1 := strconv.ParseUint(head, 10, 7)
	y, err2 := strconv.ParseUint(tail, 16, 8)
	if err1 != nil || err2 != nil || len(tail) != 2 {
		return 0, 0, fmt.Errorf(`device: firmware: %q; write it as "3.88"`, b.set.Device.Firmware)
	}
	return uint8(x), uint8(y), nil
}

// getDeviceID answers by table 20-2.
func (r *request) getDeviceID() ([]byte, uint8) {
	d := &r.set.Device
	major, minor, _ := r.firmware() // checked by New
	b := octet.Builder{}
	b.U8(d.ID, d.Revision&0x0F, major, minor, 0x02, d.Support) // 02: IPMI 2.0
	b.U24LE(d.Manufacturer)
	b.U16LE(d.Product)
	aux, _ := hex.DecodeString(d.Aux)
	b.Bytes(aux)
	return b.B, codeOK
}

// reset restarts the controller, not the host: the visitor's sessions end, and
// for a while nothing answers him.
func (r *request) reset() ([]byte, uint8) {
	maps.DeleteFunc(r.consoles, func(_ uint32, c *console) bool { return c.source == r.s.Source() })
	r.watchdog = watchdog{}
	if r.act.Op == "cold_reset" {
		r.down.Begin(r.s.Source(), r.now.Add(time.Duration(r.set.Restart)))
	}
	return nil, codeOK
}

// selfTest reports no error (table 20-4).
func (r *request) selfTest() ([]byte, uint8) { return []byte{0x55, 0x00}, codeOK }

// acpiState reports S0/D0 or S5/D3 (table 20-7).
func (r *request) acpiState() ([]byte, uint8) {
	if r.on() {
		return []byte{0x00, 0x00}, codeOK
	}
	return []byte{0x05, 0x03}, codeOK
}

func (r *request) getGUID() ([]byte, uint8) { return r.guid[:], codeOK }

// globalEnables reports event message buffer and system event logging.
func (r *request) globalEnables() ([]byte, uint8) { return []byte{0x0C}, codeOK }

// authCapabilities tells how a session can be had (§22.13).
func (r *request) authCapabilities() ([]byte, uint8) {
	channel, level := r.data[0]&0x0F, r.data[1]&0x0F
	r.note.text("privilege", privilege(level).String())
	if channel != channelThis && channel != channelLAN || level > uint8(oem) || level == 0 {
		return nil, codeField
	}
	var status, extended uint8
	for i := range r.kept.Users {
		u := &r.kept.Users[i]
		switch {
		case !u.usable():
		case u.Name != "":
			status |= 1 << 2 // non-null user names
		case len(u.Password) > 0:
			status |= 1 << 1 // null user names
		default:
			status |= 1 << 0 // anonymous login
		}
	}
	if len(r.key) > 0 {
		status |= 1 << 5
	}
	types := r.auth
	if r.data[0]&0x80 != 0 && len(r.suites) > 0 {
		types |= 0x80
		extended = 0x02
		if r.auth != 0 {
			extended |= 0x01
		}
	}
	return []byte{channelLAN, types, status, extended, 0, 0, 0, 0}, codeOK
}

// setPrivilege asks for another level within the session's limits (§22.18).
func (r *request) setPrivilege() ([]byte, uint8) {
	want := privilege(r.data[0] & 0x0F)
	r.note.text("requested", want.String())
	switch {
	case r.con == nil:
		return nil, codePrivilege
	case want == anybody:
	case want < user || want > oem:
		return nil, codeField
	case want > r.con.user.Limit:
		return nil, 0x80 // not available for this user
	case want > r.con.limit:
		return nil, 0x81 // exceeds what the session was opened for
	default:
		r.con.level = want
	}
	return []byte{uint8(r.con.level)}, codeOK
}

// closeSession ends a session: the visitor's own, or as administrator another (§22.19).
func (r *request) closeSession() ([]byte, uint8) {
	d := octet.NewReader(r.data)
	id := d.U32LE()
	c := r.consoles[id]
	if id == 0 && d.Len() > 0 {
		handle := d.U8()
		for _, other := range r.consoles {
			if other.stage == active && other.handle == handle {
				c = other
			}
		}
	}
	switch {
	case r.con == nil || c != r.con && r.con.level < administrator:
		return nil, codePrivilege
	case c == nil || c.stage != active:
		return nil, 0x87 // invalid session id
	}
	delete(r.consoles, c.id)
	return nil, codeOK
}

// sessionInfo tells of one of the active sessions (§22.20).
func (r *request) sessionInfo() ([]byte, uint8) {
	live := r.sweep(r.now)
	var c *console
	d := octet.NewReader(r.data)
	switch index := d.U8(); index {
	case 0:
		c = r.con
	case 0xFE:
		handle := d.U8()
		c = r.nth(func(c *console) bool { return c.handle == handle })
	case 0xFF:
		id := d.U32LE()
		c = r.nth(func(c *console) bool { return c.id == id })
	default:
		n := int(index)
		c = r.nth(func(*console) bool { n--; return n == 0 })
	}
	if d.Err() != nil {
		return nil, codeLength
	}
	b := octet.Builder{}
	if c == nil {
		b.U8(0, uint8(r.set.Sessions), uint8(live))
		return b.B, codeOK
	}
	protocol := uint8(0x00)
	if c.shake.Managed != 0 {
		protocol = 0x10 // IPMI 2.0
	}
	b.U8(c.handle, uint8(r.set.Sessions), uint8(live), uint8(c.user.ID), uint8(c.level), protocol|channelLAN)
	address := r.s.Remote().Addr().Unmap()
	if c.source != r.s.Source() || !address.Is4() {
		b.U32(0)
	} else {
		b.Bytes(address.AsSlice())
	}
	b.Bytes(make([]byte, 6)) // the console's MAC is behind a router
	b.U16LE(c.port)
	return b.B, codeOK
}

// nth returns the first active session, by handle, that fits.
func (b *bmc) nth(fits func(*console) bool) *console {
	for h := range 256 {
		for _, c := range b.consoles {
			if c.stage == active && int(c.handle) == h && fits(c) {
				return c
			}
		}
	}
	return nil
}
