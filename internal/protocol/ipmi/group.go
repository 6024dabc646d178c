package ipmi

import (
	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/protocol/ipmi/wire"
)

// groupCommand returns a command of the group extension; the first octet names
// the body that defines it.
func groupCommand(m *wire.Message) (command, bool) {
	if len(m.Data) == 0 || m.Data[0] != groupDCMI {
		return command{}, false
	}
	switch m.Cmd {
	case 0x01:
		return command{"get_dcmi_capabilities_info", event.Identify, user, 2, (*request).dcmiCapabilities}, true
	case 0x02:
		return command{"get_power_reading", event.Read, user, 4, (*request).powerReading}, true
	}
	return command{}, false
}

const (
	groupPICMG = 0x00
	groupDCMI  = 0xDC
)

// dcmiCapabilities answers parameter 1 of DCMI 1.5 §6.1: power management is there.
func (r *request) dcmiCapabilities() ([]byte, uint8) {
	if r.set.DCMI == "" {
		return nil, codeCommand
	}
	if r.data[1] != 1 {
		return nil, codeField
	}
	return []byte{groupDCMI, 0x01, 0x05, 0x02, 0x00, 0x01, 0x07}, codeOK
}

// powerReading answers with the present reading for all four figures (DCMI 1.5 §6.6.1).
func (r *request) powerReading() ([]byte, uint8) {
	ref, ok := r.device.Process.Ref(r.set.DCMI)
	if !ok {
		return nil, codeCommand
	}
	watts := uint16(max(0, r.device.Process.View().Float(ref)))
	b := octet.Builder{}
	b.U8(groupDCMI)
	for range 4 { // current, minimum, maximum, average
		b.U16LE(watts)
	}
	b.U32LE(uint32(r.clock().Unix()))
	b.U32LE(1000) // sampling period, ms
	b.U8(0x40)    // measurement is active
	return b.B, codeOK
}
