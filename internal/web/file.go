package web

import (
	"io"
	"mime"
	"net/http"
	"time"
)

// file sends what write writes as a file. An error before the first octet is
// told as any other; after it the connection is cut, so that nobody takes a part
// for the whole.
func (a *ask) file(kind, name string, write func(io.Writer) error) (any, error) {
	made, err := a.synthetic()
	if err != nil {
		return nil, err
	}
	if len(made) > 0 {
		name = "SYNTHETIC-" + name
	}
	out := &download{ask: a, kind: kind, name: name, control: http.NewResponseController(a.w)}
	err = write(out)
	if err == nil && !out.begun {
		out.begin()
	}
	if err == nil {
		return sent{}, nil
	}
	if !out.begun {
		return nil, err
	}
	if a.ctx.Err() == nil {
		a.cfg.Log.Error("a download from the dashboard broke off", "file", name, "err", err)
	}
	panic(http.ErrAbortHandler)
}

// download is a file that begins with its first octet.
type download struct {
	*ask
	kind, name string
	begun      bool
	control    *http.ResponseController
}

func (d *download) begin() {
	d.begun = true
	h := d.w.Header()
	h.Set("Content-Type", d.kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	d.w.WriteHeader(http.StatusOK)
}

// Write implements io.Writer.
func (d *download) Write(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	if !d.begun {
		d.begin()
	}
	if err := d.control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	return d.w.Write(p)
}
