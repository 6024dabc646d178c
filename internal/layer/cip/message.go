package cip

import (
	"errors"

	"github.com/sundew-ics/sundew/internal/octet"
)

// A Service is a request's code; a reply has bit 7 as well.
type Service uint8

// Services common to all objects (volume 1, A-3), and those that rooms know
// objects by.
const (
	GetAttributesAll    Service = 0x01
	SetAttributesAll    Service = 0x02
	GetAttributeList    Service = 0x03
	SetAttributeList    Service = 0x04
	Reset               Service = 0x05
	Start               Service = 0x06
	Stop                Service = 0x07
	Create              Service = 0x08
	Delete              Service = 0x09
	MultipleService     Service = 0x0a
	ApplyAttributes     Service = 0x0d
	GetAttributeSingle  Service = 0x0e
	SetAttributeSingle  Service = 0x10
	FindNextInstance    Service = 0x11
	Restore             Service = 0x15
	Save                Service = 0x16
	NoOperation         Service = 0x17
	GetMember           Service = 0x18
	SetMember           Service = 0x19
	ForwardCloseService Service = 0x4e // of the connection manager, as are those below
	UnconnectedSend     Service = 0x52
	ForwardOpenService  Service = 0x54
	LargeForwardOpen    Service = 0x5b
)

// A Status is a reply's general status (volume 1, B-1).
type Status uint8

// The general statuses.
const (
	Success              Status = 0x00
	ConnectionFailure    Status = 0x01
	ResourceUnavailable  Status = 0x02
	InvalidParameter     Status = 0x03
	PathSegmentError     Status = 0x04
	PathUnknown          Status = 0x05
	Partial              Status = 0x06
	ServiceNotSupported  Status = 0x08
	InvalidValue         Status = 0x09
	AttributeListError   Status = 0x0a
	StateConflict        Status = 0x0c
	NotSettable          Status = 0x0e
	PrivilegeViolation   Status = 0x0f
	DeviceState          Status = 0x10
	ReplyTooLarge        Status = 0x11
	NotEnoughData        Status = 0x13
	AttributeUnsupported Status = 0x14
	TooMuchData          Status = 0x15
	NoObject             Status = 0x16
	EmbeddedError        Status = 0x1e
	BadParameter         Status = 0x20
	PathSize             Status = 0x26
	Vendor               Status = 0xff // the extended status says more
)

// A Request is a message router request (volume 1, 2-4.1). Path is a padded
// EPATH that ParsePath may yet refuse.
type Request struct {
	Service Service
	Path    []byte
	Data    []byte
}

// ParseRequest parses b whole.
func ParseRequest(b []byte) (Request, error) {
	r := octet.NewReader(b)
	q := Request{Service: Service(r.U8())}
	q.Path = r.Bytes(2 * int(r.U8()))
	q.Data = r.Rest()
	return q, r.Err()
}

// Append encodes q behind b.
func (q Request) Append(b []byte) []byte {
	b = append(b, byte(q.Service), byte(len(q.Path)/2))
	b = append(b, q.Path...)
	return append(b, q.Data...)
}

// A Reply is a message router reply (volume 1, 2-4.2).
type Reply struct {
	Service  Service // with bit 7
	Status   Status
	Extended []uint16
	Data     []byte
}

// ErrReply says that octets are no reply.
var ErrReply = errors.New("cip: not a reply")

// ParseReply parses b whole.
func ParseReply(b []byte) (Reply, error) {
	r := octet.NewReader(b)
	p := Reply{Service: Service(r.U8())}
	if r.U8(); p.Service&0x80 == 0 {
		r.Fail(ErrReply)
	}
	p.Status = Status(r.U8())
	for range r.U8() {
		if r.Err() != nil {
			break
		}
		p.Extended = append(p.Extended, r.U16LE())
	}
	p.Data = r.Rest()
	return p, r.Err()
}

// Append encodes p behind b.
func (p Reply) Append(b []byte) []byte {
	o := octet.Builder{B: append(b, byte(p.Service), 0, byte(p.Status), byte(len(p.Extended)))}
	for _, x := range p.Extended {
		o.U16LE(x)
	}
	o.Bytes(p.Data)
	return o.B
}

// A Bundle is the data of a Multiple_Service_Packet (volume 1, A-4.10):
// requests or replies, each whole.
type Bundle [][]byte

// ErrBundle says that a bundle's offsets do not fit its octets.
var ErrBundle = errors.New("cip: offsets of a multiple service packet do not fit")

// ParseBundle parses b whole.
func ParseBundle(b []byte) (Bundle, error) {
	r := octet.NewReader(b)
	n := int(r.U16LE())
	if 2*n > r.Len() {
		r.Fail(octet.ErrShort)
		return nil, r.Err()
	}
	offsets := make([]int, n, n+1)
	for i := range offsets {
		offsets[i] = int(r.U16LE())
	}
	offsets = append(offsets, len(b))
	out := make(Bundle, n)
	for i := range out {
		from, to := offsets[i], offsets[i+1]
		if from < 2+2*n || from > to || to > len(b) {
			return nil, ErrBundle
		}
		out[i] = b[from:to:to]
	}
	return out, r.Err()
}

// Append encodes u behind b.
func (u Bundle) Append(b []byte) []byte {
	o := octet.Builder{B: b}
	o.U16LE(uint16(len(u)))
	at := 2 + 2*len(u)
	for _, m := range u {
		o.U16LE(uint16(at))
		at += len(m)
	}
	for _, m := range u {
		o.Bytes(m)
	}
	return o.B
}
