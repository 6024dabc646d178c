package process

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Type says how a tag's value is held, and so where it ends and how it is rounded.
type Type uint8

// The types of a tag.
const (
	Bool Type = iota + 1
	Int16
	Uint16
	Int32
	Uint32
	Float32
	Text
)

// String returns the type's name in process.toml.
func (t Type) String() string {
	switch t {
	case Bool:
		return "bool"
	case Int16:
		return "int16"
	case Uint16:
		return "uint16"
	case Int32:
		return "int32"
	case Uint32:
		return "uint32"
	case Float32:
		return "float32"
	case Text:
		return "text"
	}
	return "Type(" + strconv.Itoa(int(t)) + ")"
}

// ParseType returns the type of that name.
func ParseType(s string) (Type, error) {
	for t := Bool; t <= Text; t++ {
		if t.String() == s {
			return t, nil
		}
	}
	return 0, fmt.Errorf("no type %q: use bool, int16, uint16, int32, uint32, float32 or text", s)
}

// limits returns the least and the greatest number that t holds.
func (t Type) limits() (lo, hi float64) {
	switch t {
	case Bool:
		return 0, 1
	case Int16:
		return math.MinInt16, math.MaxInt16
	case Uint16:
		return 0, math.MaxUint16
	case Int32:
		return math.MinInt32, math.MaxInt32
	case Uint32:
		return 0, math.MaxUint32
	}
	return -math.MaxFloat32, math.MaxFloat32
}

// whole says whether t holds whole numbers only.
func (t Type) whole() bool { return t >= Int16 && t <= Uint32 }

// numeric says whether t holds numbers.
func (t Type) numeric() bool { return t >= Int16 && t <= Float32 }

// kind returns the kind of value that t holds.
func (t Type) kind() kind {
	switch t {
	case Bool:
		return boolKind
	case Text:
		return textKind
	}
	return floatKind
}

type kind uint8

const (
	noKind kind = iota
	boolKind
	intKind
	floatKind
	textKind
)

// A Value is a boolean, a whole number, a number or a text: one word and one
// string. The zero Value is none of them; it reads as false, 0 and "".
type Value struct {
	bits uint64
	text string
	kind kind
}

// BoolValue returns b as a Value.
func BoolValue(b bool) Value {
	if b {
		return Value{bits: 1, kind: boolKind}
	}
	return Value{kind: boolKind}
}

// IntValue returns n as a Value.
func IntValue(n int64) Value { return Value{bits: uint64(n), kind: intKind} }

// FloatValue returns f as a Value.
func FloatValue(f float64) Value { return Value{bits: math.Float64bits(f), kind: floatKind} }

// TextValue returns s as a Value.
func TextValue(s string) Value { return Value{text: s, kind: textKind} }

// ValueOf returns what a decoder made of a settings file's value: a bool, an
// int64, a float64 or a string; nil is the zero Value.
func ValueOf(v any) (Value, error) {
	switch v := v.(type) {
	case nil:
		return Value{}, nil
	case bool:
		return BoolValue(v), nil
	case int:
		return IntValue(int64(v)), nil
	case int64:
		return IntValue(v), nil
	case float64:
		return FloatValue(v), nil
	case string:
		return TextValue(v), nil
	}
	return Value{}, fmt.Errorf("%v is neither a boolean, a number nor a text", v)
}

// IsZero says whether v is the zero Value, which stands for "not given".
func (v Value) IsZero() bool { return v.kind == noKind }

// Bool returns v as a boolean: any number but 0 is true; so are the texts true, on and 1.
func (v Value) Bool() bool {
	switch v.kind {
	case floatKind:
		return v.Float() != 0
	case textKind:
		b, _ := parseBool(v.text)
		return b
	}
	return v.bits != 0
}

// Int returns v as a whole number. A fraction is rounded, halves away from zero;
// a number beyond int64 becomes its nearest; a text that is no number is 0.
func (v Value) Int() int64 {
	switch v.kind {
	case floatKind, textKind:
		return toInt(v.Float())
	}
	return int64(v.bits)
}

// Float returns v as a number; a text that is no number is 0.
func (v Value) Float() float64 {
	switch v.kind {
	case floatKind:
		return math.Float64frombits(v.bits)
	case textKind:
		f, _ := parseNumber(v.text)
		return f
	}
	return float64(int64(v.bits))
}

// Text returns v written out: true and false, and the shortest decimal that
// reads back as the same float32 where v is one, else as the same float64.
func (v Value) Text() string {
	switch v.kind {
	case boolKind:
		return strconv.FormatBool(v.bits != 0)
	case intKind:
		return strconv.FormatInt(int64(v.bits), 10)
	case floatKind:
		f := v.Float()
		if float64(float32(f)) == f {
			return strconv.FormatFloat(f, 'f', -1, 32)
		}
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return v.text
}

// String is Text, for fmt.
func (v Value) String() string { return v.Text() }

// Any returns v as nil, bool, int64, float64 or string.
func (v Value) Any() any {
	switch v.kind {
	case boolKind:
		return v.bits != 0
	case intKind:
		return int64(v.bits)
	case floatKind:
		return v.Float()
	case textKind:
		return v.text
	}
	return nil
}

// toInt rounds f into the range of int64; NaN is 0.
func toInt(f float64) int64 {
	f = math.Round(f)
	switch {
	case f != f:
		return 0
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// parseBool reads what forms and command lines send for a boolean.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "on", "yes", "1":
		return true, true
	case "false", "off", "no", "0":
		return false, true
	}
	return false, false
}

// parseNumber reads a decimal number, with blanks around it allowed.
func parseNumber(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return f, err == nil
}
