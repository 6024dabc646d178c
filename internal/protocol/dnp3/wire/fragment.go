package wire

import "github.com/sundew-ics/sundew/internal/octet"

// Bits of the application control octet (IEEE 1815 §4.2.2.4).
const (
	FIR = 0x80 // first fragment of a message
	FIN = 0x40 // last
	CON = 0x20 // a confirmation is asked for
	UNS = 0x10 // unsolicited
	Seq = 0x0F // sequence number
)

// MaxFragment is the longest fragment that every station can take (IEEE 1815 §4.2.2.2).
const MaxFragment = 2048

// IIN is the internal indications of a response: the first octet is the low one.
type IIN uint16

// Internal indications (IEEE 1815 §4.2.2.6).
const (
	AllStations      IIN = 1 << 0
	Class1Events     IIN = 1 << 1
	Class2Events     IIN = 1 << 2
	Class3Events     IIN = 1 << 3
	NeedTime         IIN = 1 << 4
	LocalControl     IIN = 1 << 5
	DeviceTrouble    IIN = 1 << 6
	DeviceRestart    IIN = 1 << 7
	NoFunction       IIN = 1 << 8
	ObjectUnknown    IIN = 1 << 9
	ParameterError   IIN = 1 << 10
	BufferOverflow   IIN = 1 << 11
	AlreadyExecuting IIN = 1 << 12
	ConfigCorrupt    IIN = 1 << 13
)

// A Fragment is an application layer fragment. Responses carry IIN.
type Fragment struct {
	Control  uint8
	Function Function
	IIN      IIN
	Objects  []byte
}

// ParseFragment parses a fragment.
func ParseFragment(p []byte) (Fragment, error) {
	r := octet.NewReader(p)
	f := Fragment{Control: r.U8(), Function: Function(r.U8())}
	if f.Function.Response() {
		f.IIN = IIN(r.U16LE())
	}
	if r.Len() > 0 {
		f.Objects = r.Rest()
	}
	return f, r.Err()
}

// Append implements octettest.Appender.
func (f Fragment) Append(b []byte) []byte {
	b = append(b, f.Control, byte(f.Function))
	if f.Function.Response() {
		b = append(b, byte(f.IIN), byte(f.IIN>>8))
	}
	return append(b, f.Objects...)
}
