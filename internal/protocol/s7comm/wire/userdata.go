package wire

import "github.com/sundew-ics/sundew/internal/octet"

// Kinds of user data, the upper half of the octet that names the group.
const (
	KindPush     = 0x0
	KindRequest  = 0x4
	KindResponse = 0x8
)

// Function groups of user data, the lower half of that octet.
const (
	GroupMode       = 0x0 // mode transition (pushed)
	GroupProgrammer = 0x1 // tests and commissioning
	GroupCyclic     = 0x2
	GroupBlock      = 0x3
	GroupCPU        = 0x4
	GroupSecurity   = 0x5
	GroupPBC        = 0x6 // partner communication: BSEND, USEND
	GroupTime       = 0x7
	GroupNC         = 0xf // Sinumerik programming
)

// GroupName returns a group's name, or "".
func GroupName(group uint8) string {
	switch group {
	case GroupMode:
		return "mode"
	case GroupProgrammer:
		return "programmer"
	case GroupCyclic:
		return "cyclic"
	case GroupBlock:
		return "block"
	case GroupCPU:
		return "cpu"
	case GroupSecurity:
		return "security"
	case GroupPBC:
		return "pbc"
	case GroupTime:
		return "time"
	case GroupNC:
		return "nc"
	}
	return ""
}

// Methods: a first request, or a response or the request for the next part.
const (
	MethodRequest  = 0x11
	MethodResponse = 0x12
)

// UD is the parameter of a user data PDU. Unit, More and Error are there only
// where the method is MethodResponse.
type UD struct {
	Method   uint8
	Kind     uint8 // 4 bits
	Group    uint8 // 4 bits
	Sub      uint8 // subfunction
	Sequence uint8 // names the service instance in its follow-up requests
	Unit     uint8 // data unit reference: which fragmented answer this is part of
	More     bool  // more parts follow
	Error    uint16
}

// ParseUD reads the parameter of a user data PDU.
func ParseUD(param []byte) (UD, error) {
	r := octet.NewReader(param)
	if r.U24() != 0x000112 { // head: function 0, one item, variable specification
		r.Fail(ErrLayout)
	}
	s := r.Sub(int(r.U8()))
	u := UD{Method: s.U8()}
	kg := s.U8()
	u.Kind, u.Group = kg>>4, kg&0x0f
	u.Sub, u.Sequence = s.U8(), s.U8()
	switch u.Method {
	case MethodRequest:
	case MethodResponse:
		u.Unit = s.U8()
		switch s.U8() {
		case 0:
		case 1:
			u.More = true
		default:
			s.Fail(ErrLayout)
		}
		u.Error = s.U16()
	default:
		s.Fail(ErrLayout)
	}
	r.Fail(s.Done())
	if err := r.Done(); err != nil {
		return UD{}, err
	}
	return u, nil
}

// Append appends the parameter to b.
func (u UD) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	w.U24(0x000112)
	n := uint8(4)
	if u.Method == MethodResponse {
		n = 8
	}
	w.U8(n, u.Method, u.Kind<<4|u.Group&0x0f, u.Sub, u.Sequence)
	if u.Method == MethodResponse {
		more := uint8(0)
		if u.More {
			more = 1
		}
		w.U8(u.Unit, more)
		w.U16(u.Error)
	}
	return w.B
}

// ParseDataItem reads the data part of user data: one item, to its end.
func ParseDataItem(data []byte) (DataItem, error) {
	r := octet.NewReader(data)
	d := readDataItem(r)
	if err := r.Done(); err != nil {
		return DataItem{}, err
	}
	return d, nil
}

// Append appends the item to b.
func (d DataItem) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	d.append(&w)
	return w.B
}

// NoData is the data part of a user data PDU that carries none: "object does
// not exist", as real CPUs answer and ask with.
func NoData() DataItem { return DataItem{Return: RetMissing} }
