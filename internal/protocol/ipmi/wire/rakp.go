package wire

import "github.com/sundew-ics/sundew/internal/octet"

// Status codes of the RMCP+ session payloads (table 13-15).
const (
	StatusOK             uint8 = 0x00
	StatusResources      uint8 = 0x01 // insufficient resources to create a session
	StatusSessionID      uint8 = 0x02 // invalid session id
	StatusPayload        uint8 = 0x03
	StatusAuthentication uint8 = 0x04
	StatusIntegrity      uint8 = 0x05
	StatusNoAuthPayload  uint8 = 0x06
	StatusNoIntegrity    uint8 = 0x07
	StatusInactive       uint8 = 0x08
	StatusRole           uint8 = 0x09 // invalid role
	StatusUnauthorized   uint8 = 0x0A // unauthorized role or privilege level requested
	StatusRoleResources  uint8 = 0x0B
	StatusNameLength     uint8 = 0x0C
	StatusWrongName      uint8 = 0x0D // unauthorized name
	StatusGUID           uint8 = 0x0E
	StatusCheckValue     uint8 = 0x0F // invalid integrity check value
	StatusConfidential   uint8 = 0x10
	StatusNoSuite        uint8 = 0x11
	StatusParameter      uint8 = 0x12 // illegal or unrecognized parameter
)

// StatusName returns a status code in words.
func StatusName(s uint8) string {
	names := [...]string{
		"no errors", "insufficient resources", "invalid session id", "invalid payload type", "invalid authentication algorithm",
		"invalid integrity algorithm", "no matching authentication payload", "no matching integrity payload", "inactive session id",
		"invalid role", "unauthorized role or privilege level", "insufficient resources at the requested role", "invalid name length",
		"unauthorized name", "unauthorized guid", "invalid integrity check value", "invalid confidentiality algorithm",
		"no cipher suite match", "illegal or unrecognized parameter",
	}
	if int(s) < len(names) {
		return names[s]
	}
	return "reserved"
}

// Algorithms of the three payloads of an Open Session Request (§13.28). A null
// payload (length 0) leaves the choice to the managed system.
type Algorithms struct {
	Auth, Integrity, Confidentiality          uint8
	AnyAuth, AnyIntegrity, AnyConfidentiality bool
}

// An OpenRequest is an RMCP+ Open Session Request (§13.17).
type OpenRequest struct {
	Tag        uint8
	Privilege  uint8 // 0: the highest that the algorithms allow
	Console    uint32
	Algorithms Algorithms
}

// ParseOpenRequest reads an Open Session Request.
func ParseOpenRequest(p []byte) (OpenRequest, error) {
	r := octet.NewReader(p)
	var o OpenRequest
	o.Tag, o.Privilege = r.U8(), r.U8()&0x0F
	r.Skip(2)
	o.Console = r.U32LE()
	a := &o.Algorithms
	a.Auth, a.AnyAuth = parseAlgorithm(r, 0)
	a.Integrity, a.AnyIntegrity = parseAlgorithm(r, 1)
	a.Confidentiality, a.AnyConfidentiality = parseAlgorithm(r, 2)
	return o, r.Err()
}

func parseAlgorithm(r *octet.Reader, kind uint8) (uint8, bool) {
	got := r.U8()
	r.Skip(2)
	n := r.U8()
	alg := r.U8() & 0x3F
	r.Skip(3)
	if r.Err() == nil && (got != kind || n != 8 && n != 0) {
		r.Fail(ErrLength)
	}
	if n == 0 {
		return 0, true
	}
	return alg, false
}

func appendAlgorithm(b *octet.Builder, kind, alg uint8, any bool) {
	n := uint8(8)
	if any {
		n = 0
	}
	b.U8(kind, 0, 0, n, alg, 0, 0, 0)
}

// Append encodes o behind p.
func (o OpenRequest) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U8(o.Tag, o.Privilege, 0, 0)
	b.U32LE(o.Console)
	o.Algorithms.append(&b)
	return b.B
}

func (a Algorithms) append(b *octet.Builder) {
	appendAlgorithm(b, 0, a.Auth, a.AnyAuth)
	appendAlgorithm(b, 1, a.Integrity, a.AnyIntegrity)
	appendAlgorithm(b, 2, a.Confidentiality, a.AnyConfidentiality)
}

// An OpenResponse is an RMCP+ Open Session Response (§13.18).
type OpenResponse struct {
	Tag, Status, Privilege uint8
	Console, Managed       uint32 // Managed: only without an error
	Algorithms             Algorithms
}

// Append encodes o behind p; of an error only what identifies the request.
func (o OpenResponse) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U8(o.Tag, o.Status, o.Privilege, 0)
	b.U32LE(o.Console)
	if o.Status == StatusOK {
		b.U32LE(o.Managed)
		o.Algorithms.append(&b)
	}
	return b.B
}

// ParseOpenResponse reads an Open Session Response.
func ParseOpenResponse(p []byte) (OpenResponse, error) {
	r := octet.NewReader(p)
	o := OpenResponse{Tag: r.U8(), Status: r.U8(), Privilege: r.U8()}
	r.Skip(1)
	o.Console = r.U32LE()
	if o.Status != StatusOK {
		return o, r.Err()
	}
	o.Managed = r.U32LE()
	a := &o.Algorithms
	a.Auth, a.AnyAuth = parseAlgorithm(r, 0)
	a.Integrity, a.AnyIntegrity = parseAlgorithm(r, 1)
	a.Confidentiality, a.AnyConfidentiality = parseAlgorithm(r, 2)
	return o, r.Err()
}

// A RAKP1 is RAKP message 1 (§13.20): who wants in.
type RAKP1 struct {
	Tag     uint8
	Managed uint32
	Random  [16]byte
	Role    uint8 // privilege in the low four bits; bit 4: look up by name only
	NameLen uint8 // as sent; more than 16 is the visitor's error
	Name    []byte
}

// ParseRAKP1 reads RAKP message 1. The name is what of it is there.
func ParseRAKP1(p []byte) (RAKP1, error) {
	r := octet.NewReader(p)
	var m RAKP1
	m.Tag = r.U8()
	r.Skip(3)
	m.Managed = r.U32LE()
	copy(m.Random[:], r.Bytes(16))
	m.Role = r.U8()
	r.Skip(2)
	m.NameLen = r.U8()
	m.Name = r.Bytes(min(int(m.NameLen), r.Len()))
	return m, r.Err()
}

// Append encodes m behind p.
func (m RAKP1) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U8(m.Tag, 0, 0, 0)
	b.U32LE(m.Managed)
	b.Bytes(m.Random[:])
	b.U8(m.Role, 0, 0, m.NameLen)
	b.Bytes(m.Name)
	return b.B
}

// A RAKP2 is RAKP message 2 (§13.21).
type RAKP2 struct {
	Tag, Status uint8
	Console     uint32
	Random      [16]byte
	GUID        [16]byte
	Code        []byte
}

// Append encodes m behind p; of an error only what identifies the request.
func (m RAKP2) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U8(m.Tag, m.Status, 0, 0)
	b.U32LE(m.Console)
	if m.Status == StatusOK {
		b.Bytes(m.Random[:])
		b.Bytes(m.GUID[:])
		b.Bytes(m.Code)
	}
	return b.B
}

// ParseRAKP2 reads RAKP message 2.
func ParseRAKP2(p []byte) (RAKP2, error) {
	r := octet.NewReader(p)
	m := RAKP2{Tag: r.U8(), Status: r.U8()}
	r.Skip(2)
	m.Console = r.U32LE()
	if m.Status == StatusOK {
		copy(m.Random[:], r.Bytes(16))
		copy(m.GUID[:], r.Bytes(16))
		m.Code = r.Rest()
	}
	return m, r.Err()
}

// A RAKP3 is RAKP message 3 (§13.22); RAKP message 4 (§13.23) has its shape,
// with the console's session id.
type RAKP3 struct {
	Tag, Status uint8
	ID          uint32
	Code        []byte
}

// ParseRAKP3 reads RAKP message 3 or 4.
func ParseRAKP3(p []byte) (RAKP3, error) {
	r := octet.NewReader(p)
	m := RAKP3{Tag: r.U8(), Status: r.U8()}
	r.Skip(2)
	m.ID = r.U32LE()
	m.Code = r.Rest()
	return m, r.Err()
}

// Append encodes m behind p.
func (m RAKP3) Append(p []byte) []byte {
	b := octet.Builder{B: p}
	b.U8(m.Tag, m.Status, 0, 0)
	b.U32LE(m.ID)
	b.Bytes(m.Code)
	return b.B
}
