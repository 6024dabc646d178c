// Package cotp codes the connection-oriented transport protocol of
// ISO/IEC 8073 (ITU-T X.224) in class 0, as it is used on TCP (RFC 1006):
// connection request, confirm and release, data, expedited data and error.
package cotp

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A Code names a TPDU type: the upper half of the octet behind the length
// indicator (ISO 8073 §13.1).
type Code uint8

// The TPDU codes, ISO 8073 table 8.
const (
	ED Code = 0x10 // expedited data, §13.8
	EA Code = 0x20 // expedited data acknowledgement, §13.10
	RJ Code = 0x50 // reject, §13.11
	AK Code = 0x60 // data acknowledgement, §13.9
	ER Code = 0x70 // error, §13.12
	DR Code = 0x80 // disconnect request, §13.5
	DC Code = 0xc0 // disconnect confirm, §13.6
	CC Code = 0xd0 // connection confirm, §13.4
	CR Code = 0xe0 // connection request, §13.3
	DT Code = 0xf0 // data, §13.7
)

// String returns the abbreviation that the standard uses.
func (c Code) String() string {
	switch c {
	case ED:
		return "ED"
	case EA:
		return "EA"
	case RJ:
		return "RJ"
	case AK:
		return "AK"
	case ER:
		return "ER"
	case DR:
		return "DR"
	case DC:
		return "DC"
	case CC:
		return "CC"
	case CR:
		return "CR"
	case DT:
		return "DT"
	}
	return "unknown"
}

// Parameter codes of the variable part, ISO 8073 §13.3.4 and §13.12.4.
const (
	ParamTPDUSize    = 0xc0
	ParamCalling     = 0xc1 // calling TSAP
	ParamCalled      = 0xc2 // called TSAP
	ParamChecksum    = 0xc3
	ParamVersion     = 0xc4
	ParamOptions     = 0xc6 // additional option selection
	ParamInvalidTPDU = 0xc1 // in ER: the refused TPDU's header
)

// Reasons of a disconnect request, ISO 8073 §13.5.3.
const (
	ReasonNormal       = 0x80 // by the session entity
	ReasonCongestion   = 0x81 // of the remote transport entity at connect time
	ReasonRefused      = 0x88 // connection request refused on this network connection
	ReasonUnspecified  = 0x00
	ReasonTSAPBusy     = 0x01
	ReasonNoSession    = 0x02 // session entity not attached to the TSAP
	ReasonAddress      = 0x03 // address unknown
	ReasonProtocol     = 0x85 // protocol error
	ReasonNotSupported = 0x82 // connection negotiation failed
)

// ErrTPDU says that the octets are not a TPDU of class 0.
var ErrTPDU = errors.New("not a TPDU of class 0")

// A Param is one parameter of the variable part, in the order sent.
type Param struct {
	Code  uint8
	Value []byte
}

// A TPDU is one transport protocol data unit; which fields count depends on
// its Code.
type TPDU struct {
	Code   Code
	Credit uint8   // lower half of the code octet; 0 in class 0
	Dst    uint16  // destination reference; not in DT and ED of class 0
	Src    uint16  // source reference: CR, CC, DR, DC
	Class  uint8   // CR, CC: class (upper half) and options
	Reason uint8   // DR, ER: why
	Number uint8   // DT, ED: TPDU number, 0 in class 0
	EOT    bool    // DT, ED: last TPDU of the data unit
	Params []Param // variable part
	Data   []byte  // user data
}

// Parse reads one TPDU, which is all of b.
func Parse(b []byte) (TPDU, error) {
	r := octet.NewReader(b)
	h := r.Sub(int(r.U8())) // the length indicator counts the header behind itself
	code := h.U8()
	t := TPDU{Code: Code(code & 0xf0), Credit: code & 0x0f}
	t.fixed(h)
	for h.Len() > 0 {
		p := Param{Code: h.U8()}
		p.Value = keep(h.Bytes(int(h.U8())))
		t.Params = append(t.Params, p)
	}
	t.Data = keep(r.Rest())
	if err := h.Err(); err != nil {
		return TPDU{}, err
	}
	if t.Code.String() == "unknown" {
		return TPDU{}, ErrTPDU
	}
	return t, r.Err()
}

// fixed reads the fixed part behind the code octet.
func (t *TPDU) fixed(h *octet.Reader) {
	switch t.Code {
	case CR, CC:
		t.Dst, t.Src, t.Class = h.U16(), h.U16(), h.U8()
	case DR:
		t.Dst, t.Src, t.Reason = h.U16(), h.U16(), h.U8()
	case DC:
		t.Dst, t.Src = h.U16(), h.U16()
	case ER:
		t.Dst, t.Reason = h.U16(), h.U8()
	case DT, ED:
		n := h.U8()
		t.EOT, t.Number = n&0x80 != 0, n&0x7f
	case AK, EA, RJ:
		t.Dst, t.Number = h.U16(), h.U8()
	}
}

// Append appends the TPDU to b, its parameters in their order.
func (t TPDU) Append(b []byte) []byte {
	w := octet.Builder{B: b}
	start := w.Len()
	w.U8(0, uint8(t.Code)|t.Credit&0x0f)
	switch t.Code {
	case CR, CC:
		w.U16(t.Dst)
		w.U16(t.Src)
		w.U8(t.Class)
	case DR:
		w.U16(t.Dst)
		w.U16(t.Src)
		w.U8(t.Reason)
	case DC:
		w.U16(t.Dst)
		w.U16(t.Src)
	case ER:
		w.U16(t.Dst)
		w.U8(t.Reason)
	case DT, ED:
		n := t.Number & 0x7f
		if t.EOT {
			n |= 0x80
		}
		w.U8(n)
	case AK, EA, RJ:
		w.U16(t.Dst)
		w.U8(t.Number)
	}
	for _, p := range t.Params {
		w.U8(p.Code, uint8(len(p.Value)))
		w.Bytes(p.Value)
	}
	w.SetU8(start, uint8(w.Len()-start-1))
	w.Bytes(t.Data)
	return w.B
}

// Param returns the value of the first parameter of that code, or nil.
func (t TPDU) Param(code uint8) []byte {
	for _, p := range t.Params {
		if p.Code == code {
			return p.Value
		}
	}
	return nil
}

// Size returns the longest TPDU in octets that the TPDU-size parameter allows;
// 128 where there is none or it is not one of ISO 8073 §13.3.4 b.
func (t TPDU) Size() int {
	v := t.Param(ParamTPDUSize)
	if len(v) != 1 || v[0] < 7 || v[0] > 13 {
		return 128
	}
	return 1 << v[0]
}

// keep returns b, or nil where it is empty, so that equal TPDUs are equal.
func keep(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
