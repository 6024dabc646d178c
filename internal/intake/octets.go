package intake

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
)

// said is one direction of a line: the octets, where the log has them, and the
// text that it has.
type said struct {
	octets []byte // nil: not known
	text   string
	absent bool
}

// saidOf reads a request or response. Conpot writes octets as Python shows them,
// b'…', within which the binary protocols have hex; others are text; SNMP's are
// objects.
func saidOf(raw json.RawMessage, binary bool) said {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) || bytes.Equal(raw, []byte(`""`)) {
		return said{absent: true}
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return said{text: string(raw)}
	}
	b := []byte(s)
	if inner, ok := pythonBytes(s); ok {
		b = inner
	}
	if !binary {
		return said{octets: b, text: s}
	}
	octets := make([]byte, hex.DecodedLen(len(b)))
	if _, err := hex.Decode(octets, b); err != nil || len(b) == 0 {
		return said{text: s}
	}
	return said{octets: octets, text: s}
}

// pythonBytes reads octets as Python writes them: b'\x01I20100\r\n'.
func pythonBytes(s string) ([]byte, bool) {
	if len(s) < 3 || s[0] != 'b' || s[1] != '\'' && s[1] != '"' || s[len(s)-1] != s[1] {
		return nil, false
	}
	s = s[2 : len(s)-1]
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		if i++; i == len(s) {
			return nil, false
		}
		switch s[i] {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case '\\', '\'', '"':
			out = append(out, s[i])
		case 'x':
			if i+2 >= len(s) {
				return nil, false
			}
			v, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil {
				return nil, false
			}
			out, i = append(out, byte(v)), i+2
		default:
			return nil, false
		}
	}
	return out, true
}

// binary says whether Conpot logs a protocol's octets as hex.
func binary(protocol string) bool {
	switch protocol {
	case "http", "ftp", "atg", "kamstrup_management", "tftp", "snmp":
		return false
	}
	return true
}

// maxDetail bounds a text of the log that is repeated in a detail, in octets.
const maxDetail = 8 << 10

func clip(s string) string { return s[:min(len(s), maxDetail)] }

// httpPath is the path in what Conpot shows of a request: a Python tuple of path,
// list of headers, and body.
func httpPath(s string) (path string, body bool) {
	rest, ok := strings.CutPrefix(s, "('")
	if !ok {
		return "", false
	}
	end := strings.Index(rest, "', ")
	if end < 0 {
		return "", false
	}
	return rest[:end], !strings.HasSuffix(s, ", None)")
}

// snmpPair is the first name and value that Conpot keeps of an SNMP message.
type snmpPair struct {
	OID string `json:"oid"`
	Val any    `json:"val"`
}
