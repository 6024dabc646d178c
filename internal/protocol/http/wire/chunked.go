package wire

import (
	"bufio"
	"bytes"
	"io"
)

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
		switch line, err := c.line(); {
		case err != nil:
			return err
		case len(line) != 0:
			return ErrBody
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
