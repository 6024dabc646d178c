package wire

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
)

// Application tags, 20.2.1.4.
const (
	Null             = 0
	Boolean          = 1
	Unsigned         = 2
	Signed           = 3
	Real             = 4
	Double           = 5
	OctetString      = 6
	CharacterString  = 7
	BitString        = 8
	Enumerated       = 9
	Date             = 10
	Time             = 11
	ObjectIdentifier = 12
)

// Character sets, 20.2.9.
const (
	UTF8 = 0
	UCS2 = 4
)

// ErrTag says that a tag is not the one that the service has there.
var ErrTag = errors.New("another tag than the service has there")

// ErrValue says that a value's length does not fit its type.
var ErrValue = errors.New("a value of a length that its type cannot have")

// A Value is one primitive value, 20.2.2 to 20.2.14. Num holds numbers (of a
// Real and a Double their bits, of a Signed its two's complement, of a Date and
// a Time their four octets), Octets the rest as on the wire.
type Value struct {
	Type   uint8
	Num    uint64
	Octets []byte
}

// NullValue, and those that follow, return a value of their type.
func NullValue() Value { return Value{Type: Null} }

// BoolValue returns a BOOLEAN.
func BoolValue(b bool) Value {
	if b {
		return Value{Type: Boolean, Num: 1}
	}
	return Value{Type: Boolean}
}

// UnsignedValue returns an Unsigned.
func UnsignedValue(n uint64) Value { return Value{Type: Unsigned, Num: n} }

// SignedValue returns an INTEGER.
func SignedValue(n int64) Value { return Value{Type: Signed, Num: uint64(n)} }

// EnumValue returns an ENUMERATED.
func EnumValue(n uint32) Value { return Value{Type: Enumerated, Num: uint64(n)} }

// RealValue returns a REAL.
func RealValue(f float64) Value {
	return Value{Type: Real, Num: uint64(math.Float32bits(float32(f)))}
}

// OctetsValue returns an OCTET STRING.
func OctetsValue(p []byte) Value { return Value{Type: OctetString, Octets: p} }

// TextValue returns a CharacterString in a character set.
func TextValue(s string, set uint8) Value {
	b := []byte{set}
	if set != UCS2 {
		return Value{Type: CharacterString, Octets: append(b, s...)}
	}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return Value{Type: CharacterString, Octets: b}
}

// BitsValue returns a BIT STRING, first bit first, 20.2.10.
func BitsValue(bits ...bool) Value {
	b := make([]byte, 1+(len(bits)+7)/8)
	b[0] = uint8((8 - len(bits)%8) % 8)
	for i, on := range bits {
		if on {
			b[1+i/8] |= 0x80 >> (i % 8)
		}
	}
	return Value{Type: BitString, Octets: b}
}

// DateValue returns a Date: years since 1900, month, day, weekday from Monday as 1, 20.2.12.
func DateValue(t time.Time) Value {
	weekday := uint64(t.Weekday())
	if weekday == 0 {
		weekday = 7
	}
	year := uint64(min(max(t.Year()-1900, 0), 254))
	return Value{Type: Date, Num: year<<24 | uint64(t.Month())<<16 | uint64(t.Day())<<8 | weekday}
}

// TimeValue returns a Time: hour, minute, second, hundredths, 20.2.13.
func TimeValue(t time.Time) Value {
	return Value{Type: Time, Num: uint64(t.Hour())<<24 | uint64(t.Minute())<<16 | uint64(t.Second())<<8 | uint64(t.Nanosecond()/1e7)}
}

// ObjectValue returns a BACnetObjectIdentifier.
func ObjectValue(id ObjectID) Value { return Value{Type: ObjectIdentifier, Num: uint64(id)} }

// Float returns a number as a float64.
func (v Value) Float() float64 {
	switch v.Type {
	case Real:
		return float64(math.Float32frombits(uint32(v.Num)))
	case Double:
		return math.Float64frombits(v.Num)
	case Signed:
		return float64(int64(v.Num))
	}
	return float64(v.Num)
}

// Chars returns the text of a CharacterString; false where its set is not one of ours.
func (v Value) Chars() (string, bool) {
	if len(v.Octets) == 0 {
		return "", false
	}
	p := v.Octets[1:]
	switch v.Octets[0] {
	case UTF8:
		return string(p), true
	case UCS2:
		if len(p)%2 != 0 {
			return "", false
		}
		units := make([]uint16, len(p)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(p[2*i:])
		}
		return string(utf16.Decode(units)), true
	}
	return string(p), false
}

// Text writes the value out for people.
func (v Value) Text() string {
	switch v.Type {
	case Null:
		return "null"
	case Boolean:
		return strconv.FormatBool(v.Num != 0)
	case Signed:
		return strconv.FormatInt(int64(v.Num), 10)
	case Real:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case Double:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case CharacterString:
		s, _ := v.Chars()
		return s
	case OctetString, BitString:
		return hex.EncodeToString(v.Octets)
	case Date:
		return fmt.Sprintf("%04d-%02d-%02d", 1900+v.Num>>24, v.Num>>16&255, v.Num>>8&255)
	case Time:
		return fmt.Sprintf("%02d:%02d:%02d.%02d", v.Num>>24, v.Num>>16&255, v.Num>>8&255, v.Num&255)
	case ObjectIdentifier:
		return ObjectID(v.Num).String()
	}
	return strconv.FormatUint(v.Num, 10)
}

// content returns the octets behind the tag.
func (v Value) content() []byte {
	switch v.Type {
	case Unsigned, Enumerated:
		return shortest(v.Num, 1)
	case Signed:
		n := 1
		for n < 8 && int64(v.Num)<<(64-8*n)>>(64-8*n) != int64(v.Num) {
			n++
		}
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], v.Num)
		return b[8-n:]
	case Real, Date, Time, ObjectIdentifier:
		return binary.BigEndian.AppendUint32(nil, uint32(v.Num))
	case Double:
		return binary.BigEndian.AppendUint64(nil, v.Num)
	}
	return v.Octets
}

func shortest(n uint64, least int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	i := 0
	for i < 8-least && b[i] == 0 {
		i++
	}
	return b[i:]
}

// Append appends the value with its application tag.
func (v Value) Append(b []byte) []byte {
	if v.Type == Boolean { // its value is in the tag's length, 20.2.3
		return append(b, Boolean<<4|uint8(v.Num&1))
	}
	p := v.content()
	return append(appendTag(b, v.Type, false, len(p)), p...)
}

// AppendContext appends the value with context tag n.
func AppendContext(b []byte, n uint8, v Value) []byte {
	p := v.content()
	if v.Type == Boolean {
		p = []byte{uint8(v.Num & 1)}
	}
	return append(appendTag(b, n, true, len(p)), p...)
}

// AppendOpen appends the opening tag n, AppendClose its closing one, 20.2.1.3.2.
func AppendOpen(b []byte, n uint8) []byte { return appendBracket(b, n, 0x0E) }

// AppendClose appends the closing tag n.
func AppendClose(b []byte, n uint8) []byte { return appendBracket(b, n, 0x0F) }

func appendBracket(b []byte, n, low uint8) []byte {
	if n > 14 {
		return append(b, 0xF0|low, n)
	}
	return append(b, n<<4|low)
}

func appendTag(b []byte, number uint8, context bool, length int) []byte {
	class, low := uint8(0), uint8(5)
	if context {
		class = 8
	}
	if length < 5 {
		low = uint8(length)
	}
	if number > 14 {
		b = append(b, 0xF0|class|low, number)
	} else {
		b = append(b, number<<4|class|low)
	}
	switch {
	case length < 5:
	case length < 254:
		b = append(b, uint8(length))
	case length < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 254), uint16(length))
	default:
		b = binary.BigEndian.AppendUint32(append(b, 255), uint32(length))
	}
	return b
}

// ParseValue reads exactly one application-tagged value.
func ParseValue(p []byte) (Value, error) {
	r := NewReader(p)
	v := r.Value()
	return v, r.Done()
}

// decode makes a value of the content of a tag.
func decode(kind uint8, length int, p []byte) (Value, error) {
	v := Value{Type: kind}
	fixed := func(n int) error {
		if len(p) != n {
			return ErrValue
		}
		v.Num = number(p)
		return nil
	}
	var err error
	switch kind {
	case Null:
		err = fixed(0)
	case Boolean:
		v.Num = uint64(length)
		if length > 1 {
			err = ErrValue
		}
	case Unsigned, Enumerated, Signed:
		if len(p) == 0 || len(p) > 8 || kind == Enumerated && len(p) > 4 {
			return v, ErrValue
		}
		v.Num = number(p)
		if shift := 64 - 8*len(p); kind == Signed {
			v.Num = uint64(int64(v.Num) << shift >> shift)
		}
	case Real, Date, Time, ObjectIdentifier:
		err = fixed(4)
	case Double:
		err = fixed(8)
	case OctetString:
		v.Octets = p
	case CharacterString, BitString:
		v.Octets = p
		if len(p) == 0 || kind == BitString && (p[0] > 7 || len(p) == 1 && p[0] != 0) {
			err = ErrValue
		}
	default:
		err = ErrTag
	}
	return v, err
}

func number(p []byte) uint64 {
	var n uint64
	for _, c := range p {
		n = n<<8 | uint64(c)
	}
	return n
}
