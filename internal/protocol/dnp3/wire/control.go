package wire

import "github.com/sundew-ics/sundew/internal/octet"

// A ControlStatus is what an outstation says of a control (IEEE 1815 table 11-7).
type ControlStatus uint8

// Control statuses.
const (
	ControlSuccess     ControlStatus = 0
	ControlTimeout     ControlStatus = 1
	NoSelect           ControlStatus = 2
	FormatError        ControlStatus = 3
	ControlUnsupported ControlStatus = 4
	AlreadyActive      ControlStatus = 5
	HardwareError      ControlStatus = 6
	ControlLocal       ControlStatus = 7
	TooManyObjects     ControlStatus = 8
	NotAuthorized      ControlStatus = 9
	AutomationInhibit  ControlStatus = 10
	ProcessingLimited  ControlStatus = 11
	OutOfRange         ControlStatus = 12
)

// Operation types: the low four bits of a control code (IEEE 1815 §11.2.4.2).
const (
	OpNul      = 0
	OpPulseOn  = 1
	OpPulseOff = 2
	OpLatchOn  = 3
	OpLatchOff = 4
)

// Trip-close codes: the upper two bits of a control code.
const (
	TripCloseNul = 0
	TripClose    = 1 // close
	TripTrip     = 2 // trip
)

// A CROB is a control relay output block, group 12 variation 1.
type CROB struct {
	Code   uint8
	Count  uint8
	On     uint32 // ms
	Off    uint32 // ms
	Status ControlStatus
}

// ParseCROB parses the eleven octets of a CROB.
func ParseCROB(p []byte) (CROB, error) {
	r := octet.NewReader(p)
	c := CROB{Code: r.U8(), Count: r.U8(), On: r.U32LE(), Off: r.U32LE(), Status: ControlStatus(r.U8())}
	return c, r.Done()
}

// Append implements octettest.Appender.
func (c CROB) Append(p []byte) []byte {
	b := octet.Builder{B: append(p, c.Code, c.Count)}
	b.U32LE(c.On)
	b.U32LE(c.Off)
	b.U8(uint8(c.Status))
	return b.B
}

// Operation is the operation type.
func (c CROB) Operation() int { return int(c.Code & 15) }

// TCC is the trip-close code.
func (c CROB) TCC() int { return int(c.Code >> 6) }

// Queue says whether the obsolete queue bit is set.
func (c CROB) Queue() bool { return c.Code&0x10 != 0 }

// Name is the control as people call it: "close", "latch_on".
func (c CROB) Name() string {
	switch c.TCC() {
	case TripClose:
		return "close"
	case TripTrip:
		return "trip"
	}
	switch c.Operation() {
	case OpNul:
		return "nul"
	case OpPulseOn:
		return "pulse_on"
	case OpPulseOff:
		return "pulse_off"
	case OpLatchOn:
		return "latch_on"
	case OpLatchOff:
		return "latch_off"
	}
	return "reserved"
}
