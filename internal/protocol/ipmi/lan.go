package ipmi

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
)

// transportCommand returns a command of network function Transport (appendix G).
func transportCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x01:
		return command{"set_lan_configuration_parameters", event.Config, administrator, 2, (*request).setLAN}, true
	case 0x02:
		return command{"get_lan_configuration_parameters", event.Read, operator, 4, (*request).getLAN}, true
	case 0x03:
		return command{"suspend_bmc_arps", event.Config, administrator, 2, (*request).suspendARP}, true
	case 0x21:
		return command{"set_sol_configuration_parameters", event.Config, administrator, 2, (*request).setSOL}, true
	case 0x22:
		return command{"get_sol_configuration_parameters", event.Read, user, 4, (*request).getSOL}, true
	}
	return command{}, false
}

// LAN configuration parameters (table 23-4).
const (
	lanProgress     = 0
	lanAuthSupport  = 1
	lanAuthEnables  = 2
	lanAddress      = 3
	lanSource       = 4
	lanMAC          = 5
	lanMask         = 6
	lanHeader       = 7
	lanPort         = 8
	lanARPControl   = 10
	lanARPInterval  = 11
	lanGateway      = 12
	lanGatewayMAC   = 13
	lanBackup       = 14
	lanBackupMAC    = 15
	lanCommunity    = 16
	lanDestinations = 17
	lanVLAN         = 20
	lanVLANPriority = 21
	lanSuiteCount   = 22
	lanSuites       = 23
	lanSuiteLevels  = 24
)

// parameter returns a LAN parameter as it is now; nil: there is no such one.
func (b *bmc) parameter(n uint8) []byte {
	if v, ok := b.kept.LAN[n]; ok {
		return v
	}
	id, l := &b.device.Identity, &b.set.LAN
	switch n {
	case lanProgress, lanDestinations, lanVLANPriority:
		return []byte{0}
	case lanAuthSupport:
		return []byte{b.auth}
	case lanAuthEnables:
		return []byte{b.auth, b.auth, b.auth, b.auth, 0} // callback, user, operator, administrator, OEM
	case lanAddress:
		return ipv4(id.Address.String())
	case lanSource:
		if l.Source == "dhcp" {
			return []byte{2}
		}
		return []byte{1}
	case lanMAC:
		return id.MAC[:]
	case lanMask:
		return ipv4(b.expand(l.Mask))
	case lanHeader:
		return []byte{0x40, 0x40, 0x10} // TTL 64, don't fragment, minimize delay
	case lanPort:
		return []byte{0x6F, 0x02} // 623
	case lanARPControl:
		return []byte{0x02} // answers ARP
	case lanARPInterval:
		return []byte{0x02}
	case lanGateway:
		return ipv4(b.expand(l.Gateway))
	case lanGatewayMAC:
		mac, err := hex.DecodeString(strings.ReplaceAll(b.expand(l.GatewayMAC), ":", ""))
		if err != nil || len(mac) != 6 {
			mac = make([]byte, 6)
		}
		return mac
	case lanBackup:
		return make([]byte, 4)
	case lanBackupMAC:
		return make([]byte, 6)
	case lanCommunity:
		return append([]byte(l.Community), make([]byte, max(0, 18-len(l.Community)))...)[:18]
	case lanVLAN:
		return []byte{0, 0}
	case lanSuiteCount:
		return []byte{uint8(min(len(b.suites), 16))}
	case lanSuites:
		list := make([]byte, 17)
		for i, s := range b.suites[:min(len(b.suites), 16)] {
			list[1+i] = s.ID
		}
		return list
	case lanSuiteLevels:
		levels := make([]byte, 9)
		for i := range b.suites[:min(len(b.suites), 16)] {
			levels[1+i/2] |= uint8(administrator) << (4 * (i % 2))
		}
		return levels
	}
	return nil
}

// expand is the identity's, for texts that New has seen.
func (b *bmc) expand(s string) string {
	v, err := b.device.Identity.Expand(s)
	if err != nil {
		return ""
	}
	return v
}

// ipv4 returns an address as four octets; zeros where it is none.
func ipv4(s string) []byte {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return make([]byte, 4)
	}
	b := a.As4()
	return b[:]
}

// getLAN reads a parameter (§23.2).
func (r *request) getLAN() ([]byte, uint8) {
	n := r.data[1]
	r.act.Target = event.Target{Kind: event.TargetProperty, Ref: fmt.Sprint(n)}
	if !lan(r.data[0]) {
		return nil, codeField
	}
	v := r.parameter(n)
	if v == nil {
		return nil, 0x80 // parameter is not supported
	}
	if r.data[0]&0x80 != 0 { // revision alone
		v = nil
	}
	return append([]byte{0x11}, v...), codeOK
}

// setLAN keeps a parameter; it is read back, and changes nothing else (§23.1).
func (r *request) setLAN() ([]byte, uint8) {
	n, data := r.data[1], r.data[2:]
	r.act.Target = event.Target{Kind: event.TargetProperty, Ref: fmt.Sprint(n)}
	was := r.parameter(n)
	r.act.Values, r.act.Previous = []string{hexText(data)}, []string{hexText(was)}
	switch {
	case !lan(r.data[0]):
		return nil, codeField
	case was == nil:
		return nil, 0x80
	case n == lanAuthSupport || n == lanDestinations || n == lanSuiteCount || n == lanSuites:
		return nil, 0x82 // read only
	case len(data) != len(was):
		return nil, codeLength
	case n == lanProgress && data[0]&3 == 1 && was[0]&3 == 1:
		return nil, 0x81 // set in progress
	}
	r.kept.LAN[n] = append([]byte(nil), data...)
	r.dirty = true
	return nil, codeOK
}

// suspendARP says that ARP is answered whatever was asked (§23.3).
func (r *request) suspendARP() ([]byte, uint8) {
	if !lan(r.data[0]) {
		return nil, codeField
	}
	return []byte{0x02}, codeOK
}

// solParameter returns a parameter of serial over LAN: it is off (table 26-5).
func (b *bmc) solParameter(n uint8) []byte {
	if v, ok := b.kept.SOL[n]; ok {
		return v
	}
	switch n {
	case 0, 1: // set complete; disabled
		return []byte{0}
	case 2:
		return []byte{uint8(operator) | 0xC0} // forced encryption and authentication
	case 3:
		return []byte{0x0C, 0x60}
	case 4:
		return []byte{0x07, 0x32}
	case 5, 6:
		return []byte{0x0A} // 115200 bit/s
	case 7:
		return []byte{channelLAN}
	case 8:
		return []byte{0x6F, 0x02}
	}
	return nil
}

func (r *request) getSOL() ([]byte, uint8) {
	n := r.data[1]
	r.act.Target = event.Target{Kind: event.TargetProperty, Ref: fmt.Sprintf("sol %d", n)}
	v := r.solParameter(n)
	if !r.set.SOL || v == nil {
		return nil, 0x80
	}
	b := octet.Builder{B: []byte{0x11}}
	if r.data[0]&0x80 == 0 {
		b.Bytes(v)
	}
	return b.B, codeOK
}

// setSOL keeps a parameter, but serial over LAN stays off: that one is refused.
func (r *request) setSOL() ([]byte, uint8) {
	n, data := r.data[1], r.data[2:]
	r.act.Target = event.Target{Kind: event.TargetProperty, Ref: fmt.Sprintf("sol %d", n)}
	was := r.solParameter(n)
	r.act.Values, r.act.Previous = []string{hexText(data)}, []string{hexText(was)}
	switch {
	case !r.set.SOL || was == nil:
		return nil, 0x80
	case n == 7 || n == 8 || n == 1 && len(data) > 0 && data[0]&1 != 0:
		return nil, 0x82
	case len(data) != len(was):
		return nil, codeLength
	}
	r.kept.SOL[n] = append([]byte(nil), data...)
	r.dirty = true
	return nil, codeOK
}
