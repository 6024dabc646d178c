package http

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/http/wire"
)

// decoder takes a session's octets apart again.
type decoder struct {
	methods []string // of requests not yet answered
}

func newDecoder() protocol.Decoder { return &decoder{} }

// maxFrame is the longest message that is waited for.
const maxFrame = 16 << 20

// Next implements protocol.Decoder.
func (d *decoder) Next(fromVisitor bool, p []byte) (protocol.Frame, int, error) {
	if len(p) == 0 {
		return protocol.Frame{}, 0, nil
	}
	if fromVisitor {
		return d.request(p)
	}
	return d.response(p)
}

func (d *decoder) request(p []byte) (protocol.Frame, int, error) {
	head := 0
	simple := false
	for off := 0; head == 0; {
		i := bytes.IndexByte(p[off:], '\n')
		if i < 0 {
			if len(p) > wire.DefaultLimits().Fields {
				return protocol.Frame{}, 0, wire.ErrFields
			}
			return protocol.Frame{}, 0, nil
		}
		line := bytes.TrimRight(p[off:off+i], "\r")
		off += i + 1
		if off > 2 && len(line) == 0 {
			head = off
		} else if r, err := wire.Parse(p[:off]); err == nil && r.Simple() {
			head, simple = off, true
		}
	}
	r, err := wire.Parse(p[:head])
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	n, chunked, err := r.BodyLength()
	if err != nil {
		return protocol.Frame{}, 0, err
	}
	size, err := bodySize(p[head:], n, chunked && !simple)
	if size < 0 || err != nil {
		return protocol.Frame{}, 0, err
	}
	d.methods = append(d.methods, r.Method)
	f := protocol.Frame{Act: event.Act{Op: method(r.Method), Class: event.Read, Target: event.Target{Kind: event.TargetPath, Ref: r.Target}}}
	lineEnd := bytes.IndexByte(p, '\n') + 1
	f.Fields = append(f.Fields, protocol.Field{Name: "request line", Value: r.Method + " " + r.Target, Off: 0, Len: lineEnd})
	f.Fields = append(f.Fields, headFields(p[:head], lineEnd)...)
	if size > 0 {
		f.Fields = append(f.Fields, protocol.Field{Name: "body", Value: strconv.Itoa(size) + " octets", Off: head, Len: size})
	}
	return f, head + size, nil
}

func (d *decoder) response(p []byte) (protocol.Frame, int, error) {
	r, head, err := wire.ParseResponseHead(p)
	if err != nil || head == 0 {
		return protocol.Frame{}, 0, err
	}
	m := ""
	if len(d.methods) > 0 && r.Status >= 200 {
		m, d.methods = d.methods[0], d.methods[1:]
	}
	size := 0
	n, lenErr := strconv.ParseInt(r.Get("Content-Length"), 10, 64)
	switch {
	case m == "HEAD" || r.Status < 200 || r.Status == 204 || r.Status == 304:
	case strings.EqualFold(r.Get("Transfer-Encoding"), "chunked"):
		size, err = bodySize(p[head:], 0, true)
	case lenErr == nil && n >= 0:
		size, err = bodySize(p[head:], n, false)
	default:
		size = len(p) - head // ends with the connection
	}
	if size < 0 || err != nil {
		if m != "" {
			d.methods = append([]string{m}, d.methods...)
		}
		return protocol.Frame{}, 0, err
	}
	f := protocol.Frame{Act: event.Act{Op: "response", Class: event.Report}}
	if r.Status >= 400 {
		f.Act.Outcome = event.Refused
	}
	lineEnd := bytes.IndexByte(p, '\n') + 1
	f.Fields = append(f.Fields, protocol.Field{Name: "status line", Value: strings.TrimSpace(strconv.Itoa(r.Status) + " " + r.Reason), Off: 0, Len: lineEnd})
	f.Fields = append(f.Fields, headFields(p[:head], lineEnd)...)
	if size > 0 {
		f.Fields = append(f.Fields, protocol.Field{Name: "body", Value: strconv.Itoa(size) + " octets", Off: head, Len: size})
	}
	return f, head + size, nil
}

// headFields places the header fields of a head.
func headFields(head []byte, off int) (out []protocol.Field) {
	for off < len(head) {
		n := bytes.IndexByte(head[off:], '\n') + 1
		if n == 0 {
			return out
		}
		if name, value, ok := strings.Cut(strings.TrimRight(string(head[off:off+n]), "\r\n"), ":"); ok {
			out = append(out, protocol.Field{Name: name, Value: strings.TrimSpace(value), Off: off, Len: n})
		}
		off += n
	}
	return out
}

// bodySize returns how many octets the body in p has on the wire; -1: more are needed.
func bodySize(p []byte, n int64, chunked bool) (int, error) {
	if !chunked {
		switch {
		case n > maxFrame:
			return 0, wire.ErrBody
		case int64(len(p)) < n:
			return -1, nil
		}
		return int(n), nil
	}
	size, err := wire.ChunkedSize(p)
	if errors.Is(err, io.ErrUnexpectedEOF) && len(p) < maxFrame {
		return -1, nil
	}
	return size, err
}

// refusal is the protocol's own refusal of a request.
func refusal([]byte) []byte {
	return wire.Response{Proto: "HTTP/1.1", Status: 403, Reason: "Forbidden", Head: []string{"Content-Length: 0", "Connection: close"}}.Append(nil)
}

// hello asks for the first page and checks that HTTP answers.
func hello(ctx context.Context, c net.Conn) error {
	if t, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(t); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		return err
	}
	got := make([]byte, 12)
	if _, err := io.ReadFull(c, got); err != nil {
		return fmt.Errorf("no status line: %w", err)
	}
	if !strings.HasPrefix(string(got), "HTTP/1.") {
		return fmt.Errorf("answer begins with %q, want a status line", got)
	}
	return nil
}
