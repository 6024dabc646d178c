package tool

import (
	"bytes"
	"fmt"
	"strings"
)

// http: the first request's line, names of the fields in their order and case,
// the User-Agent.
func http(b []byte) string {
	head, _, _ := strings.Cut(string(b), "\r\n\r\n")
	all := strings.Split(strings.ReplaceAll(head, "\r\n", "\n"), "\n")
	var names []string
	agent := ""
	for _, l := range all[1:] {
		name, v, ok := strings.Cut(l, ":")
		if !ok {
			continue
		}
		names = append(names, text([]byte(name), 32))
		if strings.EqualFold(name, "User-Agent") {
			agent = text([]byte(strings.TrimSpace(v)), 160)
		}
	}
	return fmt.Sprintf("http:%s;h=%s;ua=%s", text([]byte(strings.TrimRight(all[0], "\r")), 80), strings.Join(names, ","), agent)
}

// ending names how a line ends.
func ending(b []byte) string {
	switch {
	case bytes.HasSuffix(b, []byte("\r\n")):
		return "crlf"
	case bytes.HasSuffix(b, []byte("\n")):
		return "lf"
	case bytes.HasSuffix(b, []byte("\r")):
		return "cr"
	}
	return "none"
}

// lines are the first words of a line protocol, in the visitor's own case, and how
// his lines end: with FTP the name that is tried first says much, the secret nothing.
func lines(protocol string, frames []Frame) string {
	var out []string
	for _, f := range frames {
		l, _, _ := strings.Cut(string(f.Request), "\n")
		word, rest, _ := strings.Cut(strings.TrimRight(l, "\r"), " ")
		w := text([]byte(word), 24)
		if strings.EqualFold(word, "USER") {
			w += " " + text([]byte(rest), 24)
		}
		out = append(out, w)
	}
	return fmt.Sprintf("%s:%s;end=%s", protocol, joined(out), ending(frames[0].Request))
}

// atg: whether a command begins with SOH, its code, how it ends (TLS-350 serial
// interface manual, §6).
func atg(frames []Frame) string {
	var out []string
	for _, f := range frames {
		b, soh := bytes.CutPrefix(f.Request, []byte{1})
		mark := "-"
		if soh {
			mark = "soh"
		}
		b = bytes.TrimRight(b, "\r\n")
		out = append(out, mark+" "+text(b[:min(len(b), 6)], 6))
	}
	return fmt.Sprintf("atg:%s;end=%s", joined(out), ending(frames[0].Request))
}

// kamstrup: address, command and the first register of each frame, without its
// escapes.
func kamstrup(frames []Frame) string {
	var out []string
	for _, f := range frames {
		var p []byte
		for i := 1; i < len(f.Request); i++ {
			c := f.Request[i]
			if c == 0x1B && i+1 < len(f.Request) {
				i++
				c = f.Request[i] ^ 0xFF
			}
			p = append(p, c)
		}
		if len(p) < 2 {
			out = append(out, fmt.Sprintf("octets/%d", f.Len))
			continue
		}
		part := fmt.Sprintf("%02x.%02x", p[0], p[1])
		if p[1] == 0x10 && len(p) >= 5 {
			part += fmt.Sprintf(".%d@%x", p[2], p[3:5])
		}
		out = append(out, part)
	}
	return "kamstrup:" + joined(out)
}
