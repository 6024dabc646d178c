package ipmi

import (
	"fmt"

	"github.com/sundew-ics/sundew/internal/event"
)

// bootDevice names a boot device selector (table 28-14, parameter 5).
func bootDevice(flags byte) string {
	names := [...]string{"none", "pxe", "disk", "safe", "diag", "cdrom", "bios", "remote_floppy", "remote_cdrom", "remote_media", "", "remote_disk", "", "", "", "floppy"}
	if n := names[flags>>2&0x0F]; n != "" {
		return n
	}
	return fmt.Sprintf("reserved %d", flags>>2&0x0F)
}

// bootLen returns the length of a boot option's data; 0: there is no such option.
func bootLen(parameter uint8) int {
	switch parameter {
	case 0, 1, 2, 3:
		return 1
	case 4:
		return 2
	case 5:
		return 5
	case 6:
		return 9
	case 7:
		return 17
	}
	return 0
}

// setBootOption keeps what the host boots from (§28.12).
func (r *request) setBootOption() ([]byte, uint8) {
	parameter, data := r.data[0]&0x7F, r.data[1:]
	n := bootLen(parameter)
	r.act.Target = event.Target{Kind: event.TargetBoot, Ref: fmt.Sprint(parameter)}
	r.act.Values, r.act.Previous = []string{hexText(data)}, []string{hexText(r.kept.Boot[parameter])}
	switch {
	case n == 0:
		return nil, 0x80 // parameter is not supported
	case len(data) == 0: // only the valid bit of the parameter changes
		return nil, codeOK
	case len(data) > n || parameter != 7 && len(data) < n:
		return nil, codeLength
	case parameter == 0 && data[0]&3 == 1 && len(r.kept.Boot[0]) > 0 && r.kept.Boot[0][0] == 1:
		return nil, 0x81 // set in progress
	}
	if parameter == 5 {
		r.act.Target.Ref = bootDevice(data[1])
	}
	stored := make([]byte, n)
	copy(stored, data)
	r.kept.Boot[parameter] = stored
	r.dirty = true
	return nil, codeOK
}

func (r *request) getBootOption() ([]byte, uint8) {
	parameter := r.data[0] & 0x7F
	n := bootLen(parameter)
	r.act.Target = event.Target{Kind: event.TargetBoot, Ref: fmt.Sprint(parameter)}
	if n == 0 {
		return nil, 0x80
	}
	data := r.kept.Boot[parameter]
	if len(data) == 0 {
		data = make([]byte, n)
	}
	return append([]byte{0x01, parameter}, data...), codeOK
}
