package tftp

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/tftp/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// intake keeps a file as its blocks come.
type intake struct {
	kid  *session.Session
	text bool
	held bool // a carriage return waits
	n    int64
	pipe *io.PipeWriter
	done chan struct{}
	art  event.Artifact
	err  error
	once sync.Once
}

func newIntake(kid *session.Session, name string, text bool) *intake {
	r, w := io.Pipe()
	in := &intake{kid: kid, text: text, pipe: w, done: make(chan struct{})}
	go kid.Guarded(func() {
		defer close(in.done)
		defer r.Close() // else the next block would wait for ever
		in.art, in.err = kid.Keep(name, "tftp-upload", r)
		io.Copy(io.Discard, r) // what a full store would not take
	})()
	return in
}

func (in *intake) write(p []byte) {
	in.n += int64(len(p))
	if in.text {
		p, in.held = wire.FromNet(p, in.held)
	}
	in.pipe.Write(p)
}

// close ends the file and returns what was kept of it; nothing where none has begun.
func (in *intake) close() (event.Artifact, error) {
	if in == nil {
		return event.Artifact{}, nil
	}
	in.once.Do(func() {
		if in.held {
			in.pipe.Write([]byte{'\r'})
		}
		in.pipe.Close()
	})
	<-in.done
	return in.art, in.err
}

// record records a file that broke off, as far as it came.
func (in *intake) record(v *visit, path string, cause error) {
	art, _ := in.close()
	if in == nil || in.n == 0 || art.SHA256 == "" {
		return
	}
	outcome := event.Ignored
	if errors.Is(cause, io.EOF) {
		outcome = event.Refused
	}
	in.kid.Record(event.Act{Op: "broken_off", Class: event.FileWrite, Outcome: outcome, Target: target(path), Artifact: &art, Detail: &detail{block: -1, code: -1, octets: in.n}})
}

// textReader is a file as netascii.
type textReader struct {
	r    io.Reader
	rest []byte
	buf  bytes.Buffer
}

// Read implements io.Reader.
func (t *textReader) Read(p []byte) (int, error) {
	if t.buf.Len() == 0 {
		if t.rest == nil {
			t.rest = make([]byte, 4096)
		}
		n, err := t.r.Read(t.rest)
		t.buf.Write(wire.ToNet(nil, t.rest[:n]))
		if n == 0 {
			return 0, err
		}
	}
	return t.buf.Read(p)
}
