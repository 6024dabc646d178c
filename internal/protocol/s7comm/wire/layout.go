package wire

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
)

// layout places variables as a data block holds them: bits fill octets, all
// that is longer than an octet begins at an even one.
type layout struct {
	data []byte
	bit  int // next bit of the last octet; 0: none begun
}

// add places one variable with its first value; "" is 0.
func (l *layout) add(typ, value string) error {
	if typ == "BOOL" {
		if l.bit == 0 {
			l.data = append(l.data, 0)
		}
		if strings.EqualFold(value, "TRUE") {
			l.data[len(l.data)-1] |= 1 << l.bit
		}
		l.bit = (l.bit + 1) % 8
		return nil
	}
	l.bit = 0
	p, err := literal(typ, value)
	if err != nil {
		return err
	}
	if len(p) > 1 && len(l.data)%2 != 0 {
		l.data = append(l.data, 0)
	}
	l.data = append(l.data, p...)
	return nil
}

// octets returns the whole, of even length.
func (l *layout) octets() []byte {
	if len(l.data)%2 != 0 {
		return append(l.data, 0)
	}
	return l.data
}

// literal returns the octets of a value.
func literal(typ, value string) ([]byte, error) {
	if typ == "DATE_AND_TIME" {
		return AppendTime(nil, time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)), nil // the type's own first value
	}
	if value == "" {
		value = "0"
	}
	switch typ {
	case "REAL":
		f, err := strconv.ParseFloat(value, 32)
		return binary.BigEndian.AppendUint32(nil, math.Float32bits(float32(f))), err
	case "S5TIME":
		if value == "0" {
			return []byte{0, 0}, nil
		}
		v, err := S5Time(strings.TrimPrefix(value, "S5T#"))
		return binary.BigEndian.AppendUint16(nil, v), err
	case "TIME":
		if value == "0" {
			return make([]byte, 4), nil
		}
		d, err := time.ParseDuration(strings.ToLower(strings.TrimPrefix(value, "T#")))
		return binary.BigEndian.AppendUint32(nil, uint32(d.Milliseconds())), err
	}
	base := 10
	if _, digits, ok := strings.Cut(value, "16#"); ok {
		value, base = digits, 16
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(value, "L#"), base, 64)
	switch typ {
	case "BYTE", "CHAR":
		return []byte{byte(n)}, err
	case "WORD", "INT":
		return binary.BigEndian.AppendUint16(nil, uint16(n)), err
	}
	return binary.BigEndian.AppendUint32(nil, uint32(n)), err
}
