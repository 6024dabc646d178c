// Package wire is the language of FTP's control connection: commands and replies
// (RFC 959), addresses of data connections (RFC 959, RFC 2428), listings and
// facts (RFC 3659), and the line ends of ASCII transfers.
package wire

import (
	"bytes"
	"errors"
	"strings"
)

// MaxLine is how many octets of a command line count; what is beyond them is
// read over.
const MaxLine = 4096

// ErrLine says that octets are not one line.
var ErrLine = errors.New("not one line")

// A Command is one line of the visitor's.
type Command struct {
	Verb string // in capitals
	Arg  string // what follows the first space
}

// Telnet codes that may stand in a line (RFC 959 §3.1, RFC 854).
const (
	iac  = 0xff
	will = 0xfb
	dont = 0xfe
)

// Parse reads one line with its end. Telnet commands in it, as clients send
// before ABOR, are passed over.
func Parse(line []byte) (Command, error) {
	if bytes.IndexByte(line, '\n') != len(line)-1 || len(line) == 0 {
		return Command{}, ErrLine
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	verb, arg, _ := strings.Cut(string(stripTelnet(line)), " ")
	return Command{upper(verb), arg}, nil
}

func stripTelnet(p []byte) []byte {
	if bytes.IndexByte(p, iac) < 0 {
		return p
	}
	out := make([]byte, 0, len(p))
	for i := 0; i < len(p); i++ {
		switch {
		case p[i] != iac:
			out = append(out, p[i])
		case i+1 < len(p) && p[i+1] == iac: // the octet itself
			out = append(out, iac)
			i++
		case i+1 < len(p) && p[i+1] >= will && p[i+1] <= dont:
			i += 2
		default:
			i++
		}
	}
	return out
}

// upper is ToUpper of ASCII alone.
func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// Append encodes the line.
func (c Command) Append(b []byte) []byte {
	text := c.Verb
	if c.Arg != "" {
		text += " " + c.Arg
	}
	for i := range len(text) {
		if text[i] == iac {
			b = append(b, iac)
		}
		b = append(b, text[i])
	}
	return append(b, "\r\n"...)
}
