// Package wire reads HTTP requests and writes HTTP responses octet by octet:
// header order, spacing and case are the caller's. It follows RFC 9112 (HTTP/1.1),
// RFC 1945 (HTTP/1.0) and the request of HTTP/0.9, which is a line without a version.
package wire

import (
	"errors"
	"slices"
	"strings"
)

// Why a request head is refused. A Request returned with one of them holds
// what could be read.
var (
	ErrLine    = errors.New("not an HTTP request line")
	ErrHeader  = errors.New("not an HTTP header field")
	ErrVersion = errors.New("an HTTP version that nobody speaks")
	ErrURI     = errors.New("request line too long")
	ErrFields  = errors.New("header fields too large")
	ErrShort   = errors.New("the head ends before its empty line")
)

// A Header is one header field; its name in the sender's own case.
type Header struct{ Name, Value string }

// A Request is the head of a request (RFC 9112 §3).
type Request struct {
	Method string
	Target string // as sent: a path, an absolute URI, an authority or "*"; without a Method the whole line
	Major  int    // version; 0.9 where the line has none
	Minor  int
	Header []Header
}

// Limits bounds a head.
type Limits struct {
	Line   int // octets of the request line
	Fields int // octets of all header fields
	Count  int // lines of header fields
}

// DefaultLimits are those of a roomy server.
func DefaultLimits() Limits { return Limits{Line: 8192, Fields: 32 << 10, Count: 100} }

// Simple says whether this is a request of HTTP/0.9, which has no header
// fields and is answered without a head.
func (r *Request) Simple() bool { return r.Major == 0 }

// AtLeast11 says whether the visitor speaks HTTP/1.1.
func (r *Request) AtLeast11() bool { return r.Major == 1 && r.Minor >= 1 }

// Get returns the first value of the named field, whatever its case.
func (r *Request) Get(name string) string { return get(r.Header, name) }

// Has says whether the list of a field's values, all fields of that name
// together, has the given token (RFC 9110 §5.6.1).
func (r *Request) Has(name, token string) bool {
	for _, h := range r.Header {
		if !strings.EqualFold(h.Name, name) {
			continue
		}
		for t := range strings.SplitSeq(h.Value, ",") {
			if strings.EqualFold(strings.TrimSpace(t), token) {
				return true
			}
		}
	}
	return false
}

func get(fields []Header, name string) string {
	for _, h := range fields {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// Parse reads a whole head: what is left behind the empty line is an error.
func Parse(b []byte) (Request, error) {
	p := parser{lim: DefaultLimits()}
	for len(b) > 0 {
		i := slices.Index(b, '\n')
		if i < 0 {
			return p.req, ErrShort
		}
		done, err := p.line(b[:i+1])
		b = b[i+1:]
		if err != nil {
			return p.req, err
		}
		if done {
			if len(b) > 0 {
				return p.req, ErrHeader
			}
			return p.req, nil
		}
	}
	return p.req, ErrShort
}

// Append encodes the head with one space, CRLF and ": " as separators.
func (r Request) Append(b []byte) []byte {
	b = append(append(append(b, r.Method...), ' '), r.Target...)
	if r.Simple() {
		return append(b, "\r\n"...)
	}
	b = append(b, " HTTP/"...)
	b = append(b, byte('0'+r.Major), '.', byte('0'+r.Minor))
	b = append(b, "\r\n"...)
	for _, h := range r.Header {
		b = append(append(append(append(b, h.Name...), ": "...), h.Value...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// A parser takes a head line by line.
type parser struct {
	lim    Limits
	req    Request
	begun  bool // the request line has been read
	fields int  // octets of header fields
	lines  int  // of header fields: a continued one has several
	bad    error
}

// line takes the next line, its end included; done says that the head is whole.
// A malformed field does not end the head, so that the whole of it is read
// before it is refused.
func (p *parser) line(b []byte) (done bool, err error) {
	text := string(trimEnd(b))
	if !p.begun {
		if text == "" {
			return false, nil // empty lines before the request line are passed over (RFC 9112 §2.2)
		}
		p.begun = true
		if err := p.requestLine(text); err != nil {
			return false, err
		}
		return p.req.Simple(), nil
	}
	if text == "" {
		return true, p.bad
	}
	p.lines++
	if p.fields += len(b); p.fields > p.lim.Fields || p.lines > p.lim.Count {
		return false, ErrFields
	}
	p.field(text)
	return false, nil
}

func trimEnd(b []byte) []byte {
	n := len(b)
	if n > 0 && b[n-1] == '\n' {
		n--
	}
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	return b[:n]
}

// requestLine takes method, target and version apart (RFC 9112 §3).
func (p *parser) requestLine(s string) error {
	method, rest, ok := strings.Cut(s, " ")
	if !ok || !token(method) {
		p.req.Target = s
		return ErrLine
	}
	rest = strings.Trim(rest, " ")
	p.req.Method = method
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 {
		p.req.Target = rest
		if rest == "" || method != "GET" || !visible(rest) {
			return ErrLine // HTTP/0.9 has only GET
		}
		return nil
	}
	p.req.Target = strings.TrimRight(rest[:i], " ")
	v := rest[i+1:]
	if len(v) != len("HTTP/1.1") || v[:5] != "HTTP/" || v[6] != '.' || !digit(v[5]) || !digit(v[7]) {
		return ErrLine
	}
	p.req.Major, p.req.Minor = int(v[5]-'0'), int(v[7]-'0')
	if !visible(p.req.Target) {
		return ErrLine
	}
	if p.req.Major != 1 {
		return ErrVersion
	}
	return nil
}

// field takes one header field, or the continuation of the last (RFC 9112 §5.2).
func (p *parser) field(s string) {
	if s[0] == ' ' || s[0] == '\t' {
		if n := len(p.req.Header); n > 0 && !strings.ContainsAny(s, "\r\x00") {
			h := &p.req.Header[n-1]
			h.Value = strings.Trim(h.Value+" "+strings.Trim(s, " \t"), " \t")
			return
		}
		p.bad = ErrHeader
		return
	}
	name, value, ok := strings.Cut(s, ":")
	if !ok || !token(name) || strings.ContainsAny(value, "\r\x00") {
		p.bad = ErrHeader
		return
	}
	p.req.Header = append(p.req.Header, Header{name, strings.Trim(value, " \t")})
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// token says whether s is a token of RFC 9110 §5.6.2.
func token(s string) bool {
	for i := range len(s) {
		if !tokenOctet(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenOctet(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || digit(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// visible says whether s has neither control octets nor is empty. Blanks
// inside a target are let pass, as old servers do.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return false
		}
	}
	return s != ""
}
