package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// A Response is a whole response. Its head lines are written as they stand, so
// that order, spacing and case are the caller's.
type Response struct {
	Proto  string // "HTTP/1.0"; empty: no head at all, as HTTP/0.9
	Status int
	Reason string   // empty: the status line ends behind the code, without a blank
	Head   []string // "Name: value", each without its line end
	Body   []byte
	Chunks []int    // sizes of the chunks that Body is sent in; nil: not chunked
	Trail  []string // trailer fields behind the last chunk
}

// Append encodes the response.
func (r Response) Append(b []byte) []byte {
	if r.Proto == "" {
		return append(b, r.Body...)
	}
	b = append(append(b, r.Proto...), ' ')
	b = strconv.AppendInt(b, int64(r.Status), 10)
	if r.Reason != "" {
		b = append(append(b, ' '), r.Reason...)
	}
	b = append(b, "\r\n"...)
	for _, line := range r.Head {
		b = append(append(b, line...), "\r\n"...)
	}
	b = append(b, "\r\n"...)
	if r.Chunks == nil {
		return append(b, r.Body...)
	}
	return r.appendChunks(b)
}

// appendChunks cuts Body into Chunks; what is left over is one more chunk (RFC 9112 §7.1).
func (r Response) appendChunks(b []byte) []byte {
	body := r.Body
	for i := 0; len(body) > 0; i++ {
		n := len(body)
		if i < len(r.Chunks) && r.Chunks[i] > 0 {
			n = min(n, r.Chunks[i])
		}
		b = append(strconv.AppendInt(b, int64(n), 16), "\r\n"...)
		b = append(append(b, body[:n]...), "\r\n"...)
		body = body[n:]
	}
	b = append(b, "0\r\n"...)
	for _, line := range r.Trail {
		b = append(append(b, line...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// ParseResponseHead reads the head of a response, its empty line included, and
// says how many octets it has; 0 without an error: more are needed.
func ParseResponseHead(b []byte) (Response, int, error) {
	end := headEnd(b)
	if end == 0 {
		if len(b) > DefaultLimits().Fields || len(b) >= 5 && string(b[:5]) != "HTTP/" {
			return Response{}, 0, ErrLine
		}
		return Response{}, 0, nil
	}
	first, rest, _ := strings.Cut(string(b[:end]), "\n")
	proto, status, _ := strings.Cut(strings.TrimSuffix(first, "\r"), " ")
	code, reason, _ := strings.Cut(status, " ")
	n, err := strconv.Atoi(code)
	if err != nil || !strings.HasPrefix(proto, "HTTP/") || n < 100 || n > 999 {
		return Response{}, 0, ErrLine
	}
	r := Response{Proto: proto, Status: n, Reason: reason}
	for line := range strings.Lines(rest) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			r.Head = append(r.Head, line)
		}
	}
	return r, end, nil
}

// Get returns the value of the first head line of that name.
func (r *Response) Get(name string) string {
	for _, line := range r.Head {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// headEnd returns where the head in b ends, behind its empty line; 0 where it does not.
func headEnd(b []byte) int {
	for off := 0; ; {
		i := bytes.IndexByte(b[off:], '\n')
		if i < 0 {
			return 0
		}
		line := trimEnd(b[off : off+i+1])
		off += i + 1
		if len(line) == 0 && off > 2 {
			return off
		}
	}
}
