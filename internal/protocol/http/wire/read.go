package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// ReadHead reads a head from r, no octet more. Before each read that may block
// it calls wait, whose error ends the head: there the caller bounds the time
// that a whole head may take. An error of r comes back as it is, with what was read.
func ReadHead(r *bufio.Reader, lim Limits, wait func() error) (Request, error) {
	p := parser{lim: lim}
	var buf []byte
	for blanks := 0; ; {
		limit, long := lim.Fields, ErrFields
		if !p.begun {
			limit, long = lim.Line, ErrURI
		}
		line, err := readLine(r, buf[:0], limit, wait)
		buf = line
		switch {
		case errors.Is(err, bufio.ErrTooLong):
			if !p.begun {
				p.requestLine(string(trimEnd(line)) + " HTTP/1.1") // for the record: its method and what came of its target
			}
			return p.req, long
		case err != nil:
			if !p.begun {
				p.req.Target = string(line)
			}
			return p.req, err
		}
		if done, err := p.line(line); done || err != nil {
			return p.req, err
		}
		if !p.begun {
			if blanks++; blanks > 16 {
				return p.req, ErrLine
			}
		}
	}
}

// readLine appends the next line, with its end, to b. Beyond limit octets it
// stops with bufio.ErrTooLong.
func readLine(r *bufio.Reader, b []byte, limit int, wait func() error) ([]byte, error) {
	for {
		if r.Buffered() == 0 {
			if err := wait(); err != nil {
				return b, err
			}
			if _, err := r.Peek(1); err != nil {
				return b, err
			}
		}
		have, _ := r.Peek(r.Buffered())
		n, whole := len(have), false
		if i := bytes.IndexByte(have, '\n'); i >= 0 {
			n, whole = i+1, true
		}
		if len(b)+n > limit {
			n, whole = limit-len(b), false
		}
		b = append(b, have[:n]...)
		r.Discard(n)
		if whole {
			return b, nil
		}
		if len(b) >= limit {
			return b, bufio.ErrTooLong
		}
	}
}

// ErrBody says that a body is not framed as its head promised.
var ErrBody = errors.New("body is not framed as RFC 9112 §6 has it")

// BodyLength says how the body behind a head is framed (RFC 9112 §6.3): chunked,
// or by its length in octets.
func (r *Request) BodyLength() (n int64, chunked bool, err error) {
	return bodyLength(r.Header)
}

func bodyLength(fields []Header) (n int64, chunked bool, err error) {
	if te := get(fields, "Transfer-Encoding"); te != "" {
		if !strings.EqualFold(te, "chunked") {
			return 0, false, ErrBody
		}
		return 0, true, nil
	}
	seen := ""
	for _, h := range fields {
		if !strings.EqualFold(h.Name, "Content-Length") {
			continue
		}
		if seen != "" && h.Value != seen {
			return 0, false, ErrBody // two lengths: request smuggling
		}
		seen = h.Value
	}
	if seen == "" {
		return 0, false, nil
	}
	if len(seen) > 18 {
		return 0, false, ErrBody
	}
	for i := range len(seen) {
		if !digit(seen[i]) {
			return 0, false, ErrBody
		}
		n = n*10 + int64(seen[i]-'0')
	}
	return n, false, nil
}

// Body returns a reader of the body behind the head: it ends with io.EOF where
// the body does, and takes no octet more from src.
func (r *Request) Body(src *bufio.Reader) (io.Reader, error) {
	n, chunked, err := r.BodyLength()
	switch {
	case err != nil:
		return nil, err
	case chunked:
		return &chunks{src: src}, nil
	case n > 0:
		return &counted{src, n}, nil
	}
	return nil, nil
}

// counted reads exactly left octets; a source that ends before is an error.
type counted struct {
	src  *bufio.Reader
	left int64
}

func (c *counted) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
