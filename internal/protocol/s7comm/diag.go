package s7comm

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/s7comm/wire"
)

const (
	diagSize    = 500 // entries of a CPU 315-2 PN/DP's buffer (SZL 0FA0)
	diagVisible = 10  // entries that a read of the whole returns (goOnline)
	diagLen     = 20  // octets of an entry

	diagShown = 100 // entries that the CPU's web pages list

	stateDiag  = "s7comm.diagnostics"
	stateShown = "device.diagnostics" // for the device's other services
)

// Events of the diagnostic buffer, as STEP 7 numbers them. Those of a start and
// a stop are in goOnline; power on is not verified.
const (
	eventPowerOn    = 0x4300 // power on, memory backed up
	eventStopped    = 0x4304 // STOP by a programming device
	eventToStartup  = 0x4301 // mode transition from STOP to STARTUP
	eventManualWarm = 0x1381 // request for a manual warm restart
	eventToRun      = 0x4302 // mode transition from STARTUP to RUN
	eventPowerWarm  = 0x1382 // request for an automatic warm restart
	eventManualCold = 0x1385 // request for a manual cold restart
)

// diagnostics is the CPU's diagnostic buffer, newest entry first. What a
// visitor caused outlives a restart. It is safe for concurrent use.
type diagnostics struct {
	state protocol.State

	mu      sync.Mutex
	entries [][]byte
	kept    [][]byte // those of visitors, newest first
}

// newDiagnostics returns a buffer with the power-ups of the device's life up to
// boot, then what visitors caused.
func newDiagnostics(state protocol.State, boot time.Time, r *rand.Rand) (*diagnostics, error) {
	d := &diagnostics{state: state}
	for _, daysBefore := range []int{200 + r.IntN(300), 60 + r.IntN(130), 0} {
		t := boot
		if daysBefore > 0 {
			t = boot.Add(-time.Duration(daysBefore)*24*time.Hour - time.Duration(r.IntN(36000))*time.Second)
			t = t.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
		}
		d.entries = append(startEntries(eventPowerWarm, t, r), d.entries...)
	}
	if err := state.Load(stateDiag, &d.kept); err != nil {
		return nil, err
	}
	d.entries = append(append([][]byte(nil), d.kept...), d.entries...)
	d.show()
	return d, nil
}

// A shownEvent is an entry as the device's other services tell it.
type shownEvent struct {
	ID   string    `json:"id"` // four hex digits
	Text string    `json:"text"`
	At   time.Time `json:"at"` // by the CPU's clock
}

// show tells the device's other services what the buffer holds.
func (d *diagnostics) show() {
	var list []shownEvent
	for _, e := range d.entries[:min(diagShown, len(d.entries))] {
		at, err := wire.ParseTime(e[diagLen-8:])
		if err != nil {
			continue // of a state that another version kept
		}
		id := uint16(e[0])<<8 | uint16(e[1])
		list = append(list, shownEvent{fmt.Sprintf("%04X", id), eventText(id), at})
	}
	_ = d.state.Save(stateShown, list) // over quota: the list of before
}

// eventText is what STEP 7 and the CPU's web pages call an event.
func eventText(id uint16) string {
	switch id {
	case eventPowerOn:
		return "Power on backed up"
	case eventStopped:
		return `STOP caused by PG stop operation or by SFB 20 "STOP"`
	case eventToStartup:
		return "Mode transition from STOP to STARTUP"
	case eventManualWarm:
		return "Request for manual warm restart"
	case eventToRun:
		return "Mode transition from STARTUP to RUN"
	case eventPowerWarm:
		return "Request for automatic warm restart"
	case eventManualCold:
		return "Request for manual cold restart"
	}
	return fmt.Sprintf("Event ID 16# %04X", id)
}

// startEntries returns what a power-up or a start leaves, newest first.
func startEntries(request uint16, t time.Time, r *rand.Rand) [][]byte {
	up := t.Add(time.Duration(120+r.IntN(40)) * time.Millisecond)
	run := up.Add(time.Duration(90+r.IntN(20)) * time.Millisecond)
	out := [][]byte{
		diagEntry(eventToRun, 0xff68, 0xc7000000, run),
		diagEntry(request, 0x1b64, 0xc7724304, run.Add(-time.Millisecond)),
		diagEntry(eventToStartup, 0xff46, 0xc7724304, up),
	}
	if request == eventPowerWarm {
		out = append(out, diagEntry(eventPowerOn, 0xfff4, 0, t)) // from no power (F) to STOP (4)
	}
	return out
}

// diagEntry returns one entry: event, what ran, and when by the CPU's clock.
func diagEntry(event, info uint16, extra uint32, t time.Time) []byte {
	b := []byte{byte(event >> 8), byte(event), byte(info >> 8), byte(info), byte(extra >> 24), byte(extra >> 16), byte(extra >> 8), byte(extra)}
	if extra != 0 {
		b = append(b, 0x08, 0x14, 0x77, 0x14) // how the last start came about (goOnline)
	} else {
		b = append(b, 0, 0, 0, 0)
	}
	return wire.AppendTime(b, t)
}

// add puts entries, newest first, on top.
func (d *diagnostics) add(entries ...[]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	top := func(list [][]byte) [][]byte {
		list = append(append([][]byte(nil), entries...), list...)
		return list[:min(len(list), diagSize)]
	}
	d.entries, d.kept = top(d.entries), top(d.kept)
	_ = d.state.Save(stateDiag, d.kept) // over quota: kept until the next start
	d.show()
}

// last returns the newest n entries.
func (d *diagnostics) last(n int) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.entries[:min(n, len(d.entries))]
}

// transition returns the newest entry that is a mode transition.
func (d *diagnostics) transition() []byte {
	for _, e := range d.last(diagSize) {
		if e[0] == 0x43 {
			return e
		}
	}
	return make([]byte, diagLen)
}
