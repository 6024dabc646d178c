package http

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/protocol/http/wire"
)

// An answer is what a request comes to, before it has a head.
type answer struct {
	status   int
	reason   *string // nil: the usual phrase
	head     []string
	extra    []string // page's own lines
	ctype    string
	location string
	cookie   string
	auth     string
	allow    string
	body     []byte
	chunks   []int
	trail    []string
	close    bool
	silent   bool // no answer at all: the device hangs up
	delay    time.Duration
}

// redirect answers with a Location.
func redirect(status int, to string) answer { return answer{status: status, location: to} }

// response gives an answer its head, as this service writes it.
func (v *visit) response(a *answer, keep bool) wire.Response {
	h, req := v.h, &v.req
	r := wire.Response{Proto: h.set.Version, Status: a.status, Body: a.body, Chunks: a.chunks, Trail: a.trail}
	if h.set.Version == "same" {
		r.Proto = "HTTP/1.0"
		if req.AtLeast11() {
			r.Proto = "HTTP/1.1"
		}
	}
	switch {
	case v.bare:
		r.Proto = ""
	case a.reason != nil:
		r.Reason = *a.reason
	case h.set.Reasons == nil || *h.set.Reasons:
		r.Reason = reason(a.status)
	}
	head := a.head
	if head == nil {
		head = h.set.Head
	}
	for _, line := range head {
		if line == "{page}" {
			r.Head = append(r.Head, a.extra...)
		} else if line, ok := h.fill(line, a, keep); ok {
			r.Head = append(r.Head, line)
		}
	}
	if r.Chunks != nil {
		r.Head = slices.DeleteFunc(r.Head, func(s string) bool { return strings.HasPrefix(strings.ToLower(s), "content-length:") })
		r.Head = append(r.Head, "Transfer-Encoding: chunked")
	}
	if req.Method == "HEAD" {
		r.Body, r.Chunks = nil, nil
	}
	return r
}

// fill puts a value in the place of a line's {name}; a line whose value is
// empty is left out.
func (h *handler) fill(line string, a *answer, keep bool) (string, bool) {
	i := strings.IndexByte(line, '{')
	n := strings.IndexByte(line, '}')
	if i < 0 || n < i {
		return line, true
	}
	v := ""
	switch line[i+1 : n] {
	case "date":
		v = h.env.Device.Clock.Now().Format(h.set.Date)
		if h.set.Upper {
			v = strings.ToUpper(v)
		}
	case "type":
		v = a.ctype
	case "length":
		v = strconv.Itoa(len(a.body))
	case "connection":
		v = h.set.Connection[1]
		if keep {
			v = h.set.Connection[0]
		}
	case "location":
		v = a.location
	case "cookie":
		v = a.cookie
	case "auth":
		v = a.auth
	case "allow":
		v = a.allow
	}
	return line[:i] + v + line[n+1:], v != ""
}

// checkHead says which {name} of a head is none.
func checkHead(lines []string) error {
	names := []string{"date", "type", "length", "connection", "location", "cookie", "auth", "allow"}
	for _, line := range lines {
		i, n := strings.IndexByte(line, '{'), strings.IndexByte(line, '}')
		if line != "{page}" && i >= 0 && (n < i || !slices.Contains(names, line[i+1:n])) {
			return fmt.Errorf("head: %q has an unknown {name}; there are %s and {page}", line, strings.Join(names, " "))
		}
	}
	return nil
}

// reason returns the phrase of a status code, RFC 9110 §15.
func reason(status int) string {
	switch status {
	case 200:
		return "OK"
	case 201:
		return "Created"
	case 204:
		return "No Content"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Found"
	case 303:
		return "See Other"
	case 304:
		return "Not Modified"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 411:
		return "Length Required"
	case 413:
		return "Request Entity Too Large"
	case 414:
		return "Request-URI Too Long"
	case 417:
		return "Expectation Failed"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 503:
		return "Service Unavailable"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "Unknown"
}
