package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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
		if !bytes.EqualFold([]byte(te), []byte("chunked")) {
			return 0, false, ErrBody
		}
		return 0, true, nil
	}
	seen := ""
	for _, h := range fields {
		if !bytes.EqualFold([]byte(h.Name), []byte("Content-Length")) {
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

// chunks reads the chunked coding (RFC 9112 §7.1).
type chunks struct {
	src   *bufio.Reader
	left  int64 // of the chunk
	begun bool
	err   error
}

// chunkLine bounds a chunk's size line with its extensions, and the trailers.
const chunkLine = 1024

func (c *chunks) Read(p []byte) (int, error) {
	if c.err == nil && c.left == 0 {
		c.err = c.next()
	}
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	c.err = err
	return n, err
}

// next reads up to the data of the next chunk; behind the last it reads the trailers.
func (c *chunks) next() error {
	if c.begun {
		if line, err := c.line(); err != nil || len(line) != 0 {
			return cmpErr(err)
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	if c.left, err = hexSize(bytes.TrimSpace(size)); err != nil {
		return err
	}
	if c.left > 0 {
		return nil
	}
	for range 32 { // trailer fields
		if line, err = c.line(); err != nil {
			return err
		}
		if len(line) == 0 {
			return io.EOF
		}
	}
	return ErrBody
}

func cmpErr(err error) error {
	if err == nil {
		return ErrBody
	}
	return err
}

func (c *chunks) line() ([]byte, error) {
	line, err := readLine(c.src, nil, chunkLine, func() error { return nil })
	switch err {
	case io.EOF:
		return nil, io.ErrUnexpectedEOF
	case bufio.ErrTooLong:
		return nil, ErrBody
	}
	return trimEnd(line), err
}

func hexSize(b []byte) (n int64, err error) {
	if len(b) == 0 || len(b) > 15 {
		return 0, ErrBody
	}
	for _, c := range b {
		switch {
		case digit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, ErrBody
		}
		n = n<<4 | int64(c)
	}
	return n, nil
}

// ChunkedSize returns how many octets the chunked body that b begins with has on
// the wire; io.ErrUnexpectedEOF: more than b.
func ChunkedSize(b []byte) (int, error) {
	src := bytes.NewReader(b)
	r := bufio.NewReader(src)
	if _, err := io.Copy(io.Discard, &chunks{src: r}); err != nil {
		return 0, err
	}
	return len(b) - src.Len() - r.Buffered(), nil
}
