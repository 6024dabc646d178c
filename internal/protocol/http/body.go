package http

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol/http/wire"
)

// body is what came behind a head.
type body struct {
	form  url.Values       // of a form, whichever its coding
	kept  []event.Artifact // files
	size  int64            // octets, decoded
	parts int
}

const (
	maxForm  = 64 << 10 // octets of a form's fields
	maxParts = 32       // of a multipart body
)

// errLong says that a chunked body is longer than the device takes.
var errLong = errors.New("http: body too long")

// receive reads the body. An error comes with the status to refuse it with, or
// 0 where the visitor left in its middle.
func (v *visit) receive() (status int, err error) {
	r := v.h.set.Refuse
	n, chunked, err := v.req.BodyLength()
	switch {
	case err != nil:
		v.notes = append(v.notes, "framing")
		return r.Framing, err
	case n > v.h.set.MaxBody:
		v.notes = append(v.notes, "too_long")
		return r.Body, errLong
	case n == 0 && !chunked:
		return 0, nil
	}
	if v.req.AtLeast11() && v.req.Has("Expect", "100-continue") && (v.h.set.Continue == nil || *v.h.set.Continue) {
		head := *v // what is known now: the record may be written when the body has come
		v.s.Record(head.act("expect_continue", event.Other))
		v.s.Write([]byte("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	src, err := v.req.Body(v.s.R())
	if err != nil {
		return r.Framing, err
	}
	b := &bounded{src: src, wait: v.bound(time.Duration(v.h.set.BodyTime)), max: v.h.set.MaxBody, ready: v.s.R().Buffered}
	if err := v.consume(b); err != nil && b.err == nil {
		v.notes = append(v.notes, "multipart") // whole, but no parts could be made out
	}
	io.Copy(io.Discard, b) // its error is b.err
	v.body.size = b.n
	switch {
	case b.err == nil:
		return 0, nil
	case errors.Is(b.err, errLong):
		v.notes = append(v.notes, "too_long")
		return r.Body, b.err
	case errors.Is(b.err, wire.ErrBody):
		v.notes = append(v.notes, "framing")
		return r.Framing, b.err
	}
	v.notes = append(v.notes, "cut_off")
	return 0, b.err
}

// bounded reads a body within the time and the octets that the device allows it.
type bounded struct {
	src   io.Reader
	wait  func() error
	ready func() int // octets that can be read without waiting
	n     int64
	max   int64
	err   error // why the body ended early
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.ready() == 0 {
		if b.err = b.wait(); b.err != nil {
			return 0, b.err
		}
	}
	n, err := b.src.Read(p)
	b.n += int64(n)
	switch {
	case b.n > b.max:
		b.err = errLong
		return n, errLong
	case err != nil && err != io.EOF:
		b.err = err
	}
	return n, err
}

// consume takes the body as its type has it: fields of forms into the form,
// files and all else into artefacts.
func (v *visit) consume(r io.Reader) error {
	kind, params, err := mime.ParseMediaType(v.req.Get("Content-Type"))
	switch {
	case v.req.Method == "PUT":
		return v.keepFile(path.Base(v.path), "http-put", r)
	case v.req.Method != "POST":
		return nil
	case v.req.Get("Content-Type") == "", err == nil && kind == "application/x-www-form-urlencoded":
		text, err := io.ReadAll(io.LimitReader(r, maxForm))
		v.body.form, _ = url.ParseQuery(strings.TrimSpace(string(text))) // what is well-formed of it
		return err
	case err == nil && kind == "application/json":
		text, err := io.ReadAll(io.LimitReader(r, maxForm))
		v.body.form = scalars(text)
		return err
	case err == nil && kind == "multipart/form-data" && params["boundary"] != "":
		return v.consumeParts(multipart.NewReader(r, params["boundary"]))
	}
	return v.keepFile(path.Base(v.path), "http-body", r)
}

// scalars are the texts, numbers and booleans of a JSON object, as a form.
func scalars(text []byte) url.Values {
	var object map[string]any
	if json.Unmarshal(text, &object) != nil {
		return nil
	}
	form := url.Values{}
	for name, value := range object {
		switch value.(type) {
		case string, float64, bool:
			form.Set(name, fmt.Sprint(value))
		}
	}
	return form
}

func (v *visit) consumeParts(m *multipart.Reader) error {
	v.body.form = url.Values{}
	left := int64(maxForm)
	for v.body.parts < maxParts {
		p, err := m.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		v.body.parts++
		if p.FileName() != "" {
			if err := v.keepFile(rawName(p), "http-upload", p); err != nil {
				return err
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(p, left))
		if err != nil {
			return err
		}
		left -= int64(len(text))
		v.body.form.Add(p.FormName(), string(text))
	}
	return nil
}

// rawName is the file name of a part with the directories that a visitor put
// into it: they are what tells an attack. (Part.FileName cuts them off.)
func rawName(p *multipart.Part) string {
	_, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return p.FileName()
	}
	return params["filename"]
}

// keepFile stores what r yields. That the store takes no more is not the
// visitor's affair: he is answered as if it had.
func (v *visit) keepFile(name, kind string, r io.Reader) error {
	a, err := v.s.Keep(name, kind, r)
	if err != nil {
		v.s.Log.Debug("an upload was not kept whole", "err", err)
	}
	if a.SHA256 != "" {
		v.body.kept = append(v.body.kept, a)
	}
	_, err = io.Copy(io.Discard, r)
	return err
}
