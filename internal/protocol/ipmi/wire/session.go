package wire

import (
	"github.com/sundew-ics/sundew/internal/octet"
)

// Authentication types of a session header (§13.6).
const (
	AuthNone     uint8 = 0x00
	AuthMD2      uint8 = 0x01
	AuthMD5      uint8 = 0x02
	AuthPassword uint8 = 0x04
	AuthOEM      uint8 = 0x05
	AuthRMCPPlus uint8 = 0x06 // the header is that of IPMI 2.0
)

// Payload types of RMCP+ (§13.27.3), without the flags.
const (
	PayloadIPMI         uint8 = 0x00
	PayloadSOL          uint8 = 0x01
	PayloadOEM          uint8 = 0x02 // named by an enterprise number in the header
	PayloadOpenRequest  uint8 = 0x10
	PayloadOpenResponse uint8 = 0x11
	PayloadRAKP1        uint8 = 0x12
	PayloadRAKP2        uint8 = 0x13
	PayloadRAKP3        uint8 = 0x14
	PayloadRAKP4        uint8 = 0x15
)

// Flags of a payload type octet.
const (
	FlagEncrypted     = 0x80
	FlagAuthenticated = 0x40
)

// CodeLen is the length of an IPMI 1.5 authentication code.
const CodeLen = 16

// A Frame is an RMCP datagram of class IPMI, with the session header of IPMI
// 1.5 or, where Auth is AuthRMCPPlus, of IPMI 2.0.
type Frame struct {
	Header
	Auth    uint8
	Payload uint8   // 2.0: type, with FlagEncrypted and FlagAuthenticated
	OEM     [6]byte // 2.0, PayloadOEM: enterprise number and payload id, as on the wire
	ID      uint32  // 0 outside a session
	Seq     uint32  // 0 outside a session
	Code    []byte  // 1.5: authentication code; empty for AuthNone
	Data    []byte  // the payload; encrypted where FlagEncrypted is set
	Trailer []byte  // 2.0: integrity pad, pad length, next header, code; 1.5: the legacy pad
}

// Type returns the payload type without its flags.
func (f *Frame) Type() uint8 { return f.Payload & 0x3F }

// Encrypted says whether the payload is.
func (f *Frame) Encrypted() bool { return f.Payload&FlagEncrypted != 0 }

// Authenticated says whether a code follows the payload.
func (f *Frame) Authenticated() bool { return f.Payload&FlagAuthenticated != 0 }

// ParseFrame reads a datagram of class IPMI.
func ParseFrame(p []byte) (Frame, error) {
	h, body, err := ParseHeader(p)
	f := Frame{Header: h}
	if err != nil {
		return f, err
	}
	if h.Class != ClassIPMI {
		return f, ErrClass
	}
	r := octet.NewReader(body)
	f.Auth = r.U8()
	if f.Auth == AuthRMCPPlus {
		f.parse20(r)
	} else {
		f.parse15(r)
	}
	f.Trailer = r.Rest()
	return f, r.Err()
}

// parse15 reads a header by table 13-8.
func (f *Frame) parse15(r *octet.Reader) {
	f.Seq, f.ID = r.U32LE(), r.U32LE()
	if f.Auth != AuthNone {
		f.Code = r.Bytes(CodeLen)
	}
	n := int(r.U8())
	if r.Err() == nil && n > r.Len() {
		r.Fail(ErrLength)
	}
	f.Data = r.Bytes(n)
}

// parse20 reads a header by table 13-8, RMCP+ format.
func (f *Frame) parse20(r *octet.Reader) {
	f.Payload = r.U8()
	if f.Type() == PayloadOEM {
		copy(f.OEM[:], r.Bytes(6))
	}
	f.ID, f.Seq = r.U32LE(), r.U32LE()
	n := int(r.U16LE())
	if r.Err() == nil && n > r.Len() {
		r.Fail(ErrLength)
	}
	f.Data = r.Bytes(n)
}

// Append encodes f behind p.
func (f Frame) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	f.append(&b)
	b.U8(f.Auth)
	if f.Auth == AuthRMCPPlus {
		b.U8(f.Payload)
		if f.Type() == PayloadOEM {
			b.Bytes(f.OEM[:])
		}
		b.U32LE(f.ID)
		b.U32LE(f.Seq)
		b.U16LE(uint16(len(f.Data)))
	} else {
		b.U32LE(f.Seq)
		b.U32LE(f.ID)
		if f.Auth != AuthNone {
			b.Bytes(f.Code)
		}
		b.U8(uint8(len(f.Data)))
	}
	b.Bytes(f.Data)
	b.Bytes(f.Trailer)
	return b.B
}
