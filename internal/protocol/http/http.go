// Package http answers as the web server of a device or of a plant's HMI: its
// pages with live values, its login, its setpoint forms, its uploads. Every octet
// of a response is the persona's: status line, order and spelling of the header
// fields, connection handling, error pages.
package http

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/protocol"
	"github.com/sundew-ics/sundew/internal/protocol/http/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// Protocol is this room's entry in the catalogue.
func Protocol() protocol.Protocol {
	return protocol.Protocol{
		Name: "http", Title: "HTTP", Network: "tcp", Port: 8800, Alt: 8800,
		New: newHandler, Decode: newDecoder, Refuse: refusal, Hello: hello,
	}
}

// handler is one service.
type handler struct {
	env     protocol.Env
	set     settings
	limits  wire.Limits
	zone    *time.Location
	tls     *tls.Config        // nil: plain
	pages   map[string][]*page // by path, in the file's order
	faults  map[int]*page      // by status
	forms   map[string]*form
	uploads map[string]*upload
	logins  logins
}

func newHandler(env protocol.Env) (protocol.Handler, error) {
	h := &handler{
		env: env, set: defaults(), pages: map[string][]*page{}, faults: map[int]*page{},
		forms: map[string]*form{}, uploads: map[string]*upload{},
	}
	if err := env.Decode(&h.set); err != nil {
		return nil, err
	}
	if err := h.set.check(); err != nil {
		return nil, err
	}
	var err error
	if h.zone, err = time.LoadLocation(h.set.Zone); err != nil { // "" is UTC
		return nil, fmt.Errorf("zone: %w", err)
	}
	h.limits = wire.Limits{Line: h.set.MaxLine, Fields: h.set.MaxFields, Count: h.set.MaxCount}
	for _, step := range []func() error{h.buildHead, h.buildPages, h.buildForms, h.buildUploads, h.buildUsers, h.buildTLS} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return h, nil
}

func (h *handler) buildHead() error {
	if err := h.expandAll(&h.set.Head); err != nil {
		return fmt.Errorf("head: %w", err)
	}
	return checkHead(h.set.Head)
}

func (h *handler) buildPages() error {
	for _, spec := range h.set.Page {
		p, err := h.load(spec)
		if err != nil {
			return fmt.Errorf("page %s: %w", spec.Path, err)
		}
		if !strings.HasPrefix(spec.Path, "/") {
			return fmt.Errorf("page %q: path: begin with /", spec.Path)
		}
		key := h.key(spec.Path)
		h.pages[key] = append(h.pages[key], p)
	}
	for _, spec := range h.set.Page {
		if spec.Alias != "" && h.pages[h.key(spec.Alias)] == nil {
			return fmt.Errorf("page %s: alias: no page %s", spec.Path, spec.Alias)
		}
	}
	for _, spec := range h.set.Error {
		p, err := h.load(spec)
		if err != nil {
			return fmt.Errorf("error %d: %w", spec.Status, err)
		}
		if spec.Status == 0 {
			return fmt.Errorf("error: give a status")
		}
		h.faults[spec.Status] = p
	}
	return nil
}

// key is the form of a path under which pages are found.
func (h *handler) key(path string) string {
	if h.set.IgnoreCase {
		return strings.ToLower(path)
	}
	return path
}

// Serve answers one connection, request after request.
func (h *handler) Serve(_ context.Context, s *session.Session) error {
	if h.tls != nil {
		if err := s.StartTLS(h.tls); err != nil {
			return err
		}
	}
	for n := 1; ; n++ {
		if err := h.await(s, n); err != nil {
			return err
		}
		v := visit{h: h, s: s}
		more, err := v.request(n)
		if err != nil || !more {
			return err
		}
	}
}

// await waits for the n-th request of a connection to begin.
func (h *handler) await(s *session.Session, n int) error {
	wait := h.set.Idle
	if n > 1 {
		wait = h.set.KeepTime
	}
	s.SetIdle(time.Duration(wait))
	_, err := s.R().Peek(1)
	return err
}

// fault answers with the persona's page of a status, or a plain one.
func (v *visit) fault(status int) answer {
	if status < 0 {
		return answer{silent: true, close: true}
	}
	if p := v.h.faults[status]; p != nil {
		return p.answer(v)
	}
	title := fmt.Sprintf("%d %s", status, reason(status))
	return answer{status: status, ctype: "text/html", body: fmt.Appendf(nil,
		"<html><head><title>%s</title></head><body><h1>%s</h1></body></html>\r\n", title, title)}
}

// refuse answers a request that is no good: the connection ends behind it.
func (v *visit) refuse(act event.Act, status int) error {
	a := v.fault(status)
	act.Outcome = event.Refused
	if a.silent {
		act.Outcome = event.Ignored
	}
	v.s.Record(act)
	return v.write(&a, false)
}

// write queues an answer.
func (v *visit) write(a *answer, keep bool) error {
	if a.silent {
		return nil
	}
	v.s.Delay(a.delay)
	_, err := v.s.Write(v.response(a, keep).Append(nil))
	return err
}
