package event

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// Text is visitor text in an act's detail. It encodes as Escape does, so that
// any octets survive in valid JSON and none of them is a control character.
type Text string

// MarshalJSON encodes t escaped, in quotes.
func (t Text) MarshalJSON() ([]byte, error) { return AppendText(nil, string(t)), nil }

const hexDigits = "0123456789abcdef"

// Escape makes visitor text printable and reversible: valid UTF-8 is kept, a
// backslash is doubled, control and invalid octets become \xNN.
func Escape(s string) string {
	if !needsEscape(s) {
		return s
	}
	return string(appendEscaped(nil, s, false))
}

func needsEscape(s string) bool {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < 0x20 || c == 0x7f || c == '\\' {
				return true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r < 0xa0 {
			return true
		}
		i += n
	}
	return false
}

// appendEscaped appends s escaped; inJSON escapes the result once more for the
// inside of a JSON string.
func appendEscaped(b []byte, s string, inJSON bool) []byte {
	slash := `\`
	if inJSON {
		slash = `\\`
	}
	hex := func(p string) {
		for i := range len(p) {
			b = append(b, slash...)
			b = append(b, 'x', hexDigits[p[i]>>4], hexDigits[p[i]&15])
		}
	}
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c < 0x20 || c == 0x7f:
				hex(s[i : i+1])
			case c == '\\':
				b = append(append(b, slash...), slash...)
			case inJSON && c == '"':
				b = append(b, '\\', '"')
			default:
				b = append(b, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r < 0xa0 {
			hex(s[i : i+n])
		} else {
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return b
}

// AppendText appends s, escaped, as a JSON string in quotes.
func AppendText(b []byte, s string) []byte {
	b = append(b, '"')
	b = appendEscaped(b, s, true)
	return append(b, '"')
}

// ErrEscape says that a text was not made by Escape.
var ErrEscape = errors.New("not an escaped text")

// Unescape gives back the octets of an escaped text.
func Unescape(s string) (string, error) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\\' {
			b = append(b, '\\')
			i++
			continue
		}
		if i+3 >= len(s) || s[i+1] != 'x' {
			return "", ErrEscape
		}
		v, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
		if err != nil {
			return "", ErrEscape
		}
		b = append(b, byte(v))
		i += 3
	}
	return string(b), nil
}
