package backup

import (
	"bytes"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// counter counts lines, sessions and acts in a journal's segment as it goes by,
// packed or not. For other files it counts nothing.
type counter struct {
	lines, sessions, acts int64

	head []byte // of the line under way
	pipe *io.PipeWriter
	done chan struct{}
}

func newCounter(name string) *counter {
	c := &counter{}
	switch {
	case !strings.HasPrefix(name, "journal/"):
		return nil
	case strings.HasSuffix(name, ".jsonl"):
	case strings.HasSuffix(name, ".jsonl.zst"):
		r, w := io.Pipe()
		c.pipe, c.done = w, make(chan struct{})
		go c.unpack(r)
	default:
		return nil
	}
	return c
}

// unpack counts what a packed segment holds. One that is broken counts as far as
// it can be read; its hash tells.
func (c *counter) unpack(r *io.PipeReader) {
	defer close(c.done)
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err == nil {
		buf := make([]byte, piece)
		for {
			n, err := z.Read(buf)
			c.count(buf[:n])
			if err != nil {
				break
			}
		}
		z.Close()
	}
	io.Copy(io.Discard, r)
}

// Write takes octets of the file.
func (c *counter) Write(p []byte) (int, error) {
	if c.pipe != nil {
		return c.pipe.Write(p)
	}
	c.count(p)
	return len(p), nil
}

// headOctets is enough of a line to tell its kind: {"v":1,"kind":"session.open"
const headOctets = 32

func (c *counter) count(p []byte) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		part := p
		if i >= 0 {
			part = p[:i]
		}
		if room := headOctets - len(c.head); room > 0 {
			c.head = append(c.head, part[:min(room, len(part))]...)
		}
		if i < 0 {
			return
		}
		c.lines++
		switch {
		case bytes.Contains(c.head, []byte(`"kind":"session.open"`)):
			c.sessions++
		case bytes.Contains(c.head, []byte(`"kind":"act"`)):
			c.acts++
		}
		c.head, p = c.head[:0], p[i+1:]
	}
}

func (c *counter) end() (lines, sessions, acts int64) {
	if c == nil {
		return 0, 0, 0
	}
	if c.pipe != nil {
		c.pipe.Close()
		<-c.done
	}
	return c.lines, c.sessions, c.acts
}
