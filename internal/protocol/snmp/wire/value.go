package wire

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/sundew-ics/sundew/internal/layer/ber"
)

// Types of values beyond ASN.1's own (RFC 2578 §7.1, RFC 3416 §3).
const (
	IPAddress      ber.Tag = 0x40
	Counter32      ber.Tag = 0x41
	Gauge32        ber.Tag = 0x42 // and Unsigned32
	TimeTicks      ber.Tag = 0x43 // hundredths of a second
	Opaque         ber.Tag = 0x44
	NsapAddress    ber.Tag = 0x45 // obsolete
	Counter64      ber.Tag = 0x46
	UInteger32     ber.Tag = 0x47 // obsolete
	NoSuchObject   ber.Tag = 0x80
	NoSuchInstance ber.Tag = 0x81
	EndOfMibView   ber.Tag = 0x82
)

// A Value is a typed value. Int holds the numbers (of a Counter64 its bits),
// OID the object identifiers, Octets all the others.
type Value struct {
	Type   ber.Tag
	Int    int64
	Octets []byte
	OID    ber.OID
}

// Exception returns a value that says why there is none.
func Exception(t ber.Tag) Value { return Value{Type: t} }

// readValue reads a value of a type that agents know; numbers of more than 32
// bits lose the upper ones, as in net-snmp.
func readValue(r *ber.Reader) Value {
	t, p := r.Next()
	v := Value{Type: t}
	var err error
	switch t {
	case ber.Integer:
		v.Int, err = ber.ParseInt(p)
		v.Int = int64(int32(v.Int))
	case Counter32, Gauge32, TimeTicks, UInteger32:
		var u uint64
		u, err = ber.ParseUint(p)
		v.Int = int64(uint32(u))
	case Counter64:
		var u uint64
		u, err = ber.ParseUint(p)
		v.Int = int64(u)
	case ber.ObjectID:
		v.OID, err = ber.ParseOID(p)
	case IPAddress:
		v.Octets = p
		if len(p) != 4 {
			err = ber.ErrValue
		}
	case ber.OctetString, ber.BitString, Opaque, NsapAddress:
		v.Octets = p
	case ber.Null, NoSuchObject, NoSuchInstance, EndOfMibView:
	default:
		err = fmt.Errorf("%w %#x", ErrType, uint32(t))
	}
	if err != nil {
		r.Fail(err)
		return Value{}
	}
	return v
}

// Append appends the value to b.
func (v Value) Append(b []byte) []byte {
	switch v.Type {
	case ber.Integer:
		return ber.AppendInt(b, v.Type, v.Int)
	case Counter32, Gauge32, TimeTicks, UInteger32, Counter64:
		return ber.AppendUint(b, v.Type, uint64(v.Int))
	case ber.ObjectID:
		return ber.AppendOID(b, v.Type, v.OID)
	}
	return ber.Append(b, v.Type, v.Octets)
}

// Text writes the value out for people; octets as they are.
func (v Value) Text() string {
	switch v.Type {
	case ber.Integer:
		return strconv.FormatInt(v.Int, 10)
	case Counter32, Gauge32, TimeTicks, UInteger32, Counter64:
		return strconv.FormatUint(uint64(v.Int), 10)
	case ber.ObjectID:
		return v.OID.String()
	case IPAddress:
		a, _ := netip.AddrFromSlice(v.Octets)
		return a.String()
	case ber.Null, NoSuchObject, NoSuchInstance, EndOfMibView:
		return ""
	}
	return string(v.Octets)
}

// TypeName returns the name of a value's type.
func TypeName(t ber.Tag) string {
	switch t {
	case ber.Integer:
		return "Integer32"
	case ber.OctetString:
		return "OctetString"
	case ber.BitString:
		return "BitString"
	case ber.Null:
		return "Null"
	case ber.ObjectID:
		return "ObjectIdentifier"
	case IPAddress:
		return "IpAddress"
	case Counter32:
		return "Counter32"
	case Gauge32:
		return "Gauge32"
	case TimeTicks:
		return "TimeTicks"
	case Opaque:
		return "Opaque"
	case NsapAddress:
		return "NsapAddress"
	case Counter64:
		return "Counter64"
	case UInteger32:
		return "UInteger32"
	case NoSuchObject:
		return "noSuchObject"
	case NoSuchInstance:
		return "noSuchInstance"
	case EndOfMibView:
		return "endOfMibView"
	}
	return "unknown"
}

// ParseValue reads one value with its tag and length.
func ParseValue(b []byte) (Value, error) {
	r := ber.NewReader(b)
	v := readValue(r)
	return v, r.Err()
}
