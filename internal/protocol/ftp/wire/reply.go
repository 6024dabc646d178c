package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// ErrReply says that octets are no reply of RFC 959 §4.2.
var ErrReply = errors.New("not a reply")

// A Reply has a code of three digits and one line or more.
type Reply struct {
	Code  int
	Lines []string
}

// Text makes a Reply of a text whose lines are separated by newlines.
func Text(code int, text string) Reply { return Reply{code, strings.Split(text, "\n")} }

// Append encodes the reply; lines between the first and the last begin with a
// space, so that none is taken for the last.
func (r Reply) Append(b []byte) []byte {
	last := len(r.Lines) - 1
	for i, l := range r.Lines {
		switch {
		case i == last:
			b = fmt.Appendf(b, "%03d %s\r\n", r.Code, l)
		case i == 0:
			b = fmt.Appendf(b, "%03d-%s\r\n", r.Code, l)
		default:
			b = fmt.Appendf(b, " %s\r\n", l)
		}
	}
	return b
}

// ParseReply reads one whole reply and nothing behind it.
func ParseReply(p []byte) (Reply, error) {
	r, n, err := NextReply(p)
	if err == nil && n != len(p) {
		err = ErrReply
	}
	if err != nil {
		return Reply{}, err
	}
	return r, nil
}

// NextReply reads the reply that p begins with and returns how many octets it
// has; ErrLine means that more of them are needed.
func NextReply(p []byte) (Reply, int, error) {
	var r Reply
	for n := 0; ; {
		end := bytes.IndexByte(p[n:], '\n')
		if end < 0 {
			return Reply{}, 0, ErrLine
		}
		line := strings.TrimSuffix(string(p[n:n+end]), "\r")
		n += end + 1
		code, mark, text := split(line)
		switch {
		case len(r.Lines) == 0 && code == 0:
			return Reply{}, 0, ErrReply
		case len(r.Lines) == 0:
			r.Code = code
		case code != r.Code || mark != ' ':
			mark, text = '-', strings.TrimPrefix(line, " ")
		}
		r.Lines = append(r.Lines, text)
		if mark == ' ' {
			return r, n, nil
		}
	}
}

// split takes a line's code, the mark behind it and its text; the code is 0
// where there is none.
func split(line string) (code int, mark byte, text string) {
	if len(line) < 4 || line[3] != ' ' && line[3] != '-' {
		return 0, 0, line
	}
	for _, c := range []byte(line[:3]) {
		if c < '0' || c > '9' {
			return 0, 0, line
		}
		code = code*10 + int(c-'0')
	}
	return code, line[3], line[4:]
}
