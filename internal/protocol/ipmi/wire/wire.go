// Package wire is the codec of IPMI over LAN: RMCP and ASF frames, the session
// headers of IPMI 1.5 and 2.0, IPMI messages, the RMCP+ session payloads, and
// the keys and codes that authenticate them.
//
// Clauses are those of the Intelligent Platform Management Interface
// Specification Second Generation v2.0, revision 1.1, unless they name ASF
// (Alert Standard Format 2.0, DSP0136).
package wire

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// Errors of the parsers.
var (
	ErrVersion  = errors.New("not RMCP version 1.0")
	ErrClass    = errors.New("RMCP class that is neither ASF nor IPMI")
	ErrLength   = errors.New("length field does not fit the datagram")
	ErrChecksum = errors.New("wrong checksum")
)

// Values of the RMCP header (§13.1.3).
const (
	Version    = 0x06 // RMCP 1.0
	SeqNoAck   = 0xFF // no acknowledgement is wanted
	ClassASF   = 0x06
	ClassIPMI  = 0x07
	ackBit     = 0x80
	headerLen  = 4
	maxPayload = 0xFFFF
)

// A Header is what every RMCP datagram begins with.
type Header struct {
	Reserved uint8
	Seq      uint8
	Class    uint8 // with the acknowledge bit
}

// Ack says whether the datagram acknowledges another.
func (h Header) Ack() bool { return h.Class&ackBit != 0 }

func (h Header) append(b *octet.Builder) { b.U8(Version, h.Reserved, h.Seq, h.Class) }

// ParseHeader reads the header; the body follows at its end.
func ParseHeader(p []byte) (Header, []byte, error) {
	r := octet.NewReader(p)
	version := r.U8()
	h := Header{Reserved: r.U8(), Seq: r.U8(), Class: r.U8()}
	if r.Err() != nil {
		return h, nil, r.Err()
	}
	if version != Version {
		return h, nil, ErrVersion
	}
	return h, r.Rest(), nil
}

// ASF message types (ASF §3.2.4).
const (
	ASFPong uint8 = 0x40
	ASFPing uint8 = 0x80
)

// ASFEnterprise is the IANA number of the ASF consortium.
const ASFEnterprise = 4542

// An ASF is an RMCP datagram of class ASF.
type ASF struct {
	Header
	Enterprise uint32
	Type, Tag  uint8
	Reserved2  uint8
	Data       []byte
	Extra      []byte // behind the data
}

// ParseASF reads a datagram of class ASF.
func ParseASF(p []byte) (ASF, error) {
	h, body, err := ParseHeader(p)
	a := ASF{Header: h}
	if err != nil {
		return a, err
	}
	if h.Class != ClassASF {
		return a, ErrClass
	}
	r := octet.NewReader(body)
	a.Enterprise, a.Type, a.Tag, a.Reserved2 = r.U32(), r.U8(), r.U8(), r.U8()
	a.Data = r.Bytes(int(r.U8()))
	a.Extra = r.Rest()
	return a, r.Err()
}

// Append encodes a behind p.
func (a ASF) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	a.append(&b)
	b.U32(a.Enterprise)
	b.U8(a.Type, a.Tag, a.Reserved2, uint8(len(a.Data)))
	b.Bytes(a.Data)
	b.Bytes(a.Extra)
	return b.B
}

// Pong returns the answer to a presence ping (ASF §3.2.4.3): IPMI is supported.
func Pong(ping ASF) ASF {
	b := octet.Builder{}
	b.U32(ASFEnterprise)
	b.U32(0)                     // OEM-defined
	b.U8(0x81, 0x00)             // supported entities: IPMI, ASF 1.0; interactions: none
	b.U8(0x00, 0x00, 0, 0, 0, 0) // reserved
	return ASF{Header: Header{Seq: SeqNoAck, Class: ClassASF}, Enterprise: ASFEnterprise, Type: ASFPong, Tag: ping.Tag, Data: b.B}
}
