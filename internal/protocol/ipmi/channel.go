package ipmi

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// Channels (§6.3).
const (
	channelIPMB   = 0x00
	channelLAN    = 0x01
	channelThis   = 0x0E // that of the request
	channelSystem = 0x0F
)

// channelCommand returns a command of network function App about channels,
// their users and their payloads.
func channelCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x40:
		return command{"set_channel_access", event.Config, administrator, 3, (*request).setChannelAccess}, true
	case 0x41:
		return command{"get_channel_access", event.Read, user, 2, (*request).getChannelAccess}, true
	case 0x42:
		return command{"get_channel_info", event.Read, user, 1, (*request).channelInfo}, true
	case 0x43:
		return command{"set_user_access", event.Config, administrator, 3, (*request).setUserAccess}, true
	case 0x44:
		return command{"get_user_access", event.Enumerate, operator, 2, (*request).getUserAccess}, true
	case 0x45:
		return command{"set_user_name", event.Config, administrator, 17, (*request).setUserName}, true
	case 0x46:
		return command{"get_user_name", event.Enumerate, operator, 1, (*request).getUserName}, true
	case 0x47:
		return command{"set_user_password", event.Config, administrator, 2, (*request).setUserPassword}, true
	case 0x48:
		return command{"activate_payload", event.Control, user, 6, (*request).activatePayload}, true
	case 0x49:
		return command{"deactivate_payload", event.Control, user, 6, (*request).deactivatePayload}, true
	case 0x4A:
		return command{"get_payload_activation_status", event.Read, user, 1, (*request).payloadStatus}, true
	case 0x4D:
		return command{"get_user_payload_access", event.Read, operator, 2, (*request).payloadAccess}, true
	case 0x4E:
		return command{"get_channel_payload_support", event.Read, user, 1, (*request).payloadSupport}, true
	case 0x4F:
		return command{"get_channel_payload_version", event.Read, user, 2, (*request).payloadVersion}, true
	case 0x54:
		return command{"get_channel_cipher_suites", event.Identify, anybody, 3, (*request).cipherSuites}, true
	}
	return command{}, false
}

// lan says whether a channel number is the LAN's.
func lan(channel uint8) bool {
	return channel&0x0F == channelThis || channel&0x0F == channelLAN
}

// channelInfo tells what a channel is (§22.24).
func (r *request) channelInfo() ([]byte, uint8) {
	b := octet.Builder{}
	switch channel := r.data[0] & 0x0F; {
	case lan(channel):
		b.U8(channelLAN, 0x04, 0x01, 0x80|uint8(r.sweep(r.now))) // 802.3, IPMB-1.0, several sessions
	case channel == channelIPMB:
		b.U8(channelIPMB, 0x01, 0x01, 0x00)
	case channel == channelSystem:
		b.U8(channelSystem, 0x0C, 0x05, 0x00) // system interface, KCS
	default:
		return nil, codeField
	}
	b.U24LE(7154) // the IPMI forum's enterprise number
	b.U16(0)
	return b.B, codeOK
}

func (r *request) getChannelAccess() ([]byte, uint8) {
	if !lan(r.data[0]) {
		return nil, 0x82 // a session-less channel
	}
	return r.kept.Channel[:], codeOK
}

// setChannelAccess keeps a channel's access mode and greatest level (§22.22).
func (r *request) setChannelAccess() ([]byte, uint8) {
	if !lan(r.data[0]) {
		return nil, 0x82
	}
	r.act.Previous = []string{hexText(r.kept.Channel[:])}
	if r.data[1]>>6 != 0 {
		r.kept.Channel[0] = r.data[1] & 0x3F
	}
	if r.data[2]>>6 != 0 {
		r.kept.Channel[1] = r.data[2] & 0x0F
	}
	r.act.Values = []string{hexText(r.kept.Channel[:])}
	r.dirty = true
	return nil, codeOK
}

// cipherSuites lists the suites, sixteen octets of the list at a time (§22.15).
func (r *request) cipherSuites() ([]byte, uint8) {
	if !lan(r.data[0]) {
		return nil, codeField
	}
	var list []byte
	for _, s := range r.suites {
		list = append(list, 0xC0, s.ID, s.Auth, 0x40|s.Integrity, 0x80|s.Confidentiality)
	}
	if r.data[2]&0x80 == 0 { // algorithms alone, each once
		list = algorithms(r.suites)
	}
	at := min(int(r.data[2]&0x3F)*16, len(list))
	return append([]byte{channelLAN}, list[at:min(at+16, len(list))]...), codeOK
}

func algorithms(suites []wire.Suite) []byte {
	var list []byte
	seen := map[byte]bool{}
	for _, part := range []func(wire.Suite) byte{
		func(s wire.Suite) byte { return s.Auth },
		func(s wire.Suite) byte { return 0x40 | s.Integrity },
		func(s wire.Suite) byte { return 0x80 | s.Confidentiality },
	} {
		for _, s := range suites {
			if a := part(s); !seen[a] {
				seen[a] = true
				list = append(list, a)
			}
		}
	}
	return list
}

// activatePayload refuses: serial over LAN is there, but off (§24.1).
func (r *request) activatePayload() ([]byte, uint8) {
	r.note.int("payload_type", int64(r.data[0]&0x3F))
	if !r.set.SOL || r.data[0]&0x3F != wire.PayloadSOL {
		return nil, codeField
	}
	return nil, 0x81 // payload type is disabled
}

func (r *request) deactivatePayload() ([]byte, uint8) {
	r.note.int("payload_type", int64(r.data[0]&0x3F))
	if !r.set.SOL || r.data[0]&0x3F != wire.PayloadSOL {
		return nil, codeField
	}
	return nil, 0x80 // already deactivated
}

func (r *request) payloadStatus() ([]byte, uint8) {
	if !r.set.SOL || r.data[0]&0x3F != wire.PayloadSOL {
		return nil, codeField
	}
	return []byte{0x01, 0x00, 0x00}, codeOK // one instance, none active
}

func (r *request) payloadAccess() ([]byte, uint8) {
	if !lan(r.data[0]) || r.account(r.data[1]) == nil {
		return nil, codeField
	}
	enabled := byte(0)
	if r.set.SOL {
		enabled = 1 << wire.PayloadSOL
	}
	return []byte{enabled, 0, 0, 0}, codeOK
}

// payloadSupport lists payload types 0 and 1 and the session types 10h to 15h (§24.8).
func (r *request) payloadSupport() ([]byte, uint8) {
	if !lan(r.data[0]) {
		return nil, codeField
	}
	standard := byte(1 << wire.PayloadIPMI)
	if r.set.SOL {
		standard |= 1 << wire.PayloadSOL
	}
	return []byte{standard, 0, 0x3F, 0, 0, 0, 0, 0}, codeOK
}

func (r *request) payloadVersion() ([]byte, uint8) {
	t := r.data[1] & 0x3F
	if !lan(r.data[0]) {
		return nil, codeField
	}
	if t == wire.PayloadIPMI || t == wire.PayloadSOL && r.set.SOL || t >= wire.PayloadOpenRequest && t <= wire.PayloadRAKP4 {
		return []byte{0x10}, codeOK
	}
	return nil, 0x80 // not available on this channel
}
