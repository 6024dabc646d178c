package ipmi

import (
	"errors"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/octet"
	"github.com/sundew-ics/sundew/internal/process"
)

// chassisCommand returns a command of network function Chassis (appendix G).
func chassisCommand(cmd uint8) (command, bool) {
	switch cmd {
	case 0x00:
		return command{"get_chassis_capabilities", event.Identify, user, 0, (*request).chassisCapabilities}, true
	case 0x01:
		return command{"get_chassis_status", event.Read, user, 0, (*request).chassisStatus}, true
	case 0x02:
		return command{"chassis_control", event.Control, operator, 1, (*request).chassisControl}, true
	case 0x04:
		return command{"chassis_identify", event.Control, operator, 0, (*request).chassisIdentify}, true
	case 0x06:
		return command{"set_power_restore_policy", event.Config, operator, 1, (*request).setRestore}, true
	case 0x07:
		return command{"get_system_restart_cause", event.Read, user, 0, (*request).restartCause}, true
	case 0x08:
		return command{"set_system_boot_options", event.Config, operator, 1, (*request).setBootOption}, true
	case 0x09:
		return command{"get_system_boot_options", event.Read, operator, 3, (*request).getBootOption}, true
	case 0x0B:
		return command{"set_power_cycle_interval", event.Config, administrator, 1, (*request).setInterval}, true
	case 0x0F:
		return command{"get_poh_counter", event.Read, user, 0, (*request).poweredHours}, true
	}
	return command{}, false
}

// Actions of Chassis Control (table 28-4).
const (
	controlOff   uint8 = 0
	controlOn    uint8 = 1
	controlCycle uint8 = 2
	controlReset uint8 = 3
	controlDiag  uint8 = 4
	controlSoft  uint8 = 5
)

// How long things take.
const (
	softOff      = 8 * time.Second // the host's own shutdown
	cycleDefault = 4               // s

	maxSwitching = 8 // power changes under way, of all visitors
)

// errPowered says that the action does not fit the power state.
var errPowered = errors.New("not in this power state")

func (r *request) chassisCapabilities() ([]byte, uint8) {
	return []byte{0x00, 0x20, 0x20, 0x20, 0x20}, codeOK // FRU, SDR, SEL and SM device addresses
}

func (r *request) chassisStatus() ([]byte, uint8) {
	restore, _ := parseRestore(r.kept.Restore)
	power := restore << 5
	last := uint8(0)
	if r.on() {
		power |= 0x01
		if r.kept.Cause == causeControl {
			last = 0x10 // on by an IPMI command
		}
	}
	state := uint8(0x40) // identify is supported
	if r.now.Before(r.identify) {
		state |= 0x10
	}
	return []byte{power, last, state}, codeOK
}

// chassisControl is what turns the machine off (§28.3).
func (r *request) chassisControl() ([]byte, uint8) {
	action := r.data[0] & 0x0F
	names := [...]string{"power_down", "power_up", "power_cycle", "hard_reset", "diagnostic_interrupt", "soft_shutdown"}
	if int(action) >= len(names) {
		return nil, codeField
	}
	r.act.Target = event.Target{Kind: event.TargetPower, Ref: names[action]}
	if r.power != process.None {
		was, after := "true", "true"
		if !r.on() {
			was = "false"
			after = was
		}
		switch action {
		case controlOff, controlSoft:
			after = "false"
		case controlOn:
			after = "true"
		}
		r.act.Tags = []string{r.device.Process.Tag(r.power).Name}
		r.act.Values, r.act.Previous = []string{after}, []string{was}
	}
	switch err := r.control(action); {
	case errors.Is(err, errPowered):
		return nil, codeState
	case err != nil:
		return nil, codeBusy
	}
	if action != controlOff && action != controlSoft {
		r.kept.Cause = causeControl
	}
	r.dirty = true
	return nil, codeOK
}

// causeControl is the restart cause of a Chassis Control command (table 28-11).
const causeControl = 0x01

// control switches the host's power.
func (v *visit) control(action uint8) error {
	on := v.on()
	switch action {
	case controlOn:
		if on {
			return nil
		}
		return v.turn(true)
	case controlOff:
		return v.turn(false)
	case controlCycle:
		if !on {
			return errPowered
		}
		if v.switching >= maxSwitching {
			return process.ErrRate
		}
		if err := v.turn(false); err != nil {
			return err
		}
		v.after(time.Duration(v.kept.Interval)*time.Second, true)
	case controlReset:
		if !on {
			return errPowered
		}
		v.reboot()
	case controlDiag:
		if !on {
			return errPowered
		}
	case controlSoft:
		if v.switching >= maxSwitching {
			return process.ErrRate
		}
		v.after(softOff, false)
	}
	return nil
}

// turn writes the power tag.
func (v *visit) turn(on bool) error {
	if on {
		v.reboot()
	}
	if v.power == process.None {
		return nil
	}
	return v.device.Process.Write(v.s.Source(), process.Write{Tag: v.power, Value: process.BoolValue(on)})
}

// reboot uses up boot options that hold for one start (table 28-14).
func (v *visit) reboot() {
	if flags := v.kept.Boot[5]; len(flags) > 0 && flags[0]&0x40 == 0 {
		flags[0] &^= 0x80
		v.dirty = true
	}
}

// after writes the power tag later; when the flow ends before, then.
func (v *visit) after(d time.Duration, on bool) {
	if v.power == process.None {
		return
	}
	b, by, log, ctx := v.bmc, v.s.Source(), v.s.Log, v.ctx
	b.switching++
	v.later.Go(v.s.Guarded(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.switching--
		if err := b.device.Process.Write(by, process.Write{Tag: b.power, Value: process.BoolValue(on)}); err != nil {
			log.Debug("power does not follow", "err", err)
		}
	}))
}

// chassisIdentify lights the lamp: 15 s, or as long as asked, or until further notice (§28.5).
func (r *request) chassisIdentify() ([]byte, uint8) {
	seconds := 15
	if len(r.data) > 0 {
		seconds = int(r.data[0])
	}
	if len(r.data) > 1 && r.data[1]&1 != 0 {
		seconds = 1 << 30
	}
	r.note.int("seconds", int64(seconds))
	r.identify = r.now.Add(time.Duration(seconds) * time.Second)
	return nil, codeOK
}

// parseRestore returns a power restore policy by its name in settings (table 28-8).
func parseRestore(s string) (uint8, bool) {
	switch s {
	case "", "off":
		return 0, true
	case "previous":
		return 1, true
	case "on":
		return 2, true
	}
	return 0, false
}

// setRestore keeps what the host does when mains power returns; 3 only asks
// which policies there are.
func (r *request) setRestore() ([]byte, uint8) {
	n := r.data[0] & 7
	names := [...]string{"off", "previous", "on"}
	if n > 3 {
		return nil, codeField
	}
	if int(n) < len(names) {
		r.act.Values, r.act.Previous = []string{names[n]}, []string{r.kept.Restore}
		r.kept.Restore = names[n]
		r.dirty = true
	}
	return []byte{0x07}, codeOK
}

func (r *request) restartCause() ([]byte, uint8) { return []byte{r.kept.Cause, channelLAN}, codeOK }

func (r *request) setInterval() ([]byte, uint8) {
	r.note.int("seconds", int64(r.data[0]))
	r.kept.Interval = r.data[0]
	r.dirty = true
	return nil, codeOK
}

// poweredHours counts hours with power, from the identity's start on (§28.14).
func (r *request) poweredHours() ([]byte, uint8) {
	b := octet.Builder{}
	b.U8(60) // minutes per count
	b.U32LE(r.bmc.hours + uint32(max(0, r.now.Sub(r.boot)/time.Hour)))
	return b.B, codeOK
}
