package conpot

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// doc writes TOML, one key a line, rows as inline tables.
type doc struct{ b bytes.Buffer }

func (d *doc) bytes() []byte { return d.b.Bytes() }

func (d *doc) comment(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(&d.b, "# %s\n", l)
	}
}

// table begins a table: "[site]".
func (d *doc) table(head string) { fmt.Fprintf(&d.b, "\n%s\n", head) }

// set writes a key with a text, a number, a truth or a list of texts or numbers.
func (d *doc) set(key string, v any) { d.raw(key, format(v)) }

// raw writes a key with a value that is TOML already.
func (d *doc) raw(key, v string) { fmt.Fprintf(&d.b, "%s = %s\n", word(key), v) }

// rows writes an array of inline tables.
func (d *doc) rows(key string, rows []row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(&d.b, "%s = [\n", word(key))
	for _, r := range rows {
		fmt.Fprintf(&d.b, "\t%s,\n", r)
	}
	d.b.WriteString("]\n")
}

// row is an inline table: keys and values in turn.
type row []any

func (r row) String() string {
	var parts []string
	for i := 0; i+1 < len(r); i += 2 {
		parts = append(parts, word(r[i].(string))+" = "+format(r[i+1]))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

func format(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = quote(s)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []int:
		parts := make([]string, len(v))
		for i, n := range v {
			parts[i] = strconv.Itoa(n)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case row:
		return v.String()
	}
	return fmt.Sprint(v) // whole numbers
}

// word is a bare key where TOML allows one.
func word(key string) string {
	for _, r := range key {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-') {
			return quote(key)
		}
	}
	if key == "" {
		return `""`
	}
	return key
}

// quote writes a basic string (TOML 1.0 §String); octets that are no UTF-8
// become U+FFFD.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		case r == utf8.RuneError:
			b.WriteString(`\uFFFD`)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
