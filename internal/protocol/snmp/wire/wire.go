// Package wire is the codec of SNMP: the messages of version 1 (RFC 1157), 2c
// (RFC 1901, 3416) and 3 (RFC 3412) with its User-based Security Model (RFC
// 3414, 3826, 7860). It takes the odd encodings that agents take and writes the
// shortest form.
package wire

import (
	"errors"
	"fmt"

	"github.com/sundew-ics/sundew/internal/layer/ber"
)

// Versions, as the first field of a message has them.
const (
	V1  = 0 // RFC 1157 §4
	V2c = 1 // RFC 1901 §3
	V3  = 3 // RFC 3412 §6.1
)

// Errors of Parse and ParseScoped.
var (
	ErrVersion = errors.New("unknown SNMP version")
	ErrPDU     = errors.New("unknown PDU type")
	ErrType    = errors.New("unknown value type")
)

// A Message is one datagram. Its slices are parts of the octets parsed.
type Message struct {
	Version   int32
	Community []byte // versions 1 and 2c
	PDU       PDU    // versions 1 and 2c
	Three     *Three // version 3
}

// A Three is what a version 3 message has behind its version (RFC 3412 §6).
type Three struct {
	ID       int32
	MaxSize  int32
	Flags    uint8
	Model    int32
	Security []byte // msgSecurityParameters; of model 3 ParseUSM reads them

	Encrypted []byte // the scoped PDU where Flags has FlagPriv
	Scoped    Scoped // and where not
}

// Bits of msgFlags (RFC 3412 §6.4).
const (
	FlagAuth       = 1
	FlagPriv       = 2
	FlagReportable = 4
)

// ModelUSM is the only security model in use (RFC 3411 §5).
const ModelUSM = 3

// MinMaxSize is the least msgMaxSize that a message may state (RFC 3412 §6.3).
const MinMaxSize = 484

// A Scoped is a scopedPDU (RFC 3412 §6.8).
type Scoped struct {
	Engine  []byte
	Context []byte
	PDU     PDU
}

// Parse reads one message. Octets behind it are left alone, as agents do. On
// ErrVersion the Message has the version and nothing else.
func Parse(b []byte) (Message, error) {
	r := ber.NewReader(b)
	in := r.Enter(ber.Sequence)
	m := Message{Version: int32(in.Int(ber.Integer))}
	if err := r.Err(); err != nil {
		return Message{}, err
	}
	switch m.Version {
	case V1, V2c:
		m.Community = in.Contents(ber.OctetString)
		m.PDU = readPDU(in)
	case V3:
		m.Three = readThree(in)
	default:
		return m, fmt.Errorf("%w %d", ErrVersion, m.Version)
	}
	if err := r.Err(); err != nil {
		return Message{}, err
	}
	return m, nil
}

func readThree(in *ber.Reader) *Three {
	head := in.Enter(ber.Sequence)
	t := &Three{ID: int32(head.Int(ber.Integer)), MaxSize: int32(head.Int(ber.Integer))}
	flags := head.Contents(ber.OctetString)
	if len(flags) != 1 {
		head.Fail(ber.ErrValue)
		return t
	}
	t.Flags = flags[0]
	t.Model = int32(head.Int(ber.Integer))
	t.Security = in.Contents(ber.OctetString)
	if t.Flags&FlagPriv != 0 {
		t.Encrypted = in.Contents(ber.OctetString)
		return t
	}
	t.Scoped = readScoped(in)
	return t
}

// ParseScoped reads a scoped PDU, as decryption gives it back: octets of
// padding may follow.
func ParseScoped(b []byte) (Scoped, error) {
	r := ber.NewReader(b)
	s := readScoped(r)
	return s, r.Err()
}

func readScoped(r *ber.Reader) Scoped {
	in := r.Enter(ber.Sequence)
	s := Scoped{Engine: in.Contents(ber.OctetString), Context: in.Contents(ber.OctetString)}
	s.PDU = readPDU(in)
	return s
}

// Append appends the message to b.
func (m Message) Append(b []byte) []byte {
	start := len(b)
	b = ber.AppendInt(b, ber.Integer, int64(m.Version))
	if m.Three != nil {
		b = m.Three.append(b)
	} else {
		b = ber.Append(b, ber.OctetString, m.Community)
		b = m.PDU.Append(b)
	}
	return ber.Wrap(b, start, ber.Sequence)
}

func (t *Three) append(b []byte) []byte {
	start := len(b)
	b = ber.AppendInt(b, ber.Integer, int64(t.ID))
	b = ber.AppendInt(b, ber.Integer, int64(t.MaxSize))
	b = append(b, byte(ber.OctetString), 1, t.Flags)
	b = ber.AppendInt(b, ber.Integer, int64(t.Model))
	b = ber.Wrap(b, start, ber.Sequence)
	b = ber.Append(b, ber.OctetString, t.Security)
	if t.Flags&FlagPriv != 0 {
		return ber.Append(b, ber.OctetString, t.Encrypted)
	}
	return t.Scoped.Append(b)
}

// Append appends the scoped PDU to b.
func (s Scoped) Append(b []byte) []byte {
	start := len(b)
	b = ber.Append(b, ber.OctetString, s.Engine)
	b = ber.Append(b, ber.OctetString, s.Context)
	b = s.PDU.Append(b)
	return ber.Wrap(b, start, ber.Sequence)
}

// Trailing returns how many octets follow the message that b begins with.
func Trailing(b []byte) int {
	r := ber.NewReader(b)
	r.Next()
	return r.Len()
}
