package http

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
	"github.com/sundew-ics/sundew/internal/layer/foreign"
	"github.com/sundew-ics/sundew/internal/protocol/http/wire"
	"github.com/sundew-ics/sundew/internal/session"
)

// errSlow says that a head or body took longer than the device waits.
var errSlow = errors.New("http: request not whole in time")

// visit is one request of a session.
type visit struct {
	h     *handler
	s     *session.Session
	req   wire.Request
	path  string // decoded, without the query
	query url.Values
	who   string // logged in by cookie
	body  body
	notes []string
	bare  bool // an answer without a head is due, as HTTP/0.9 has it
}

// request reads and answers the n-th request of the connection; more says
// whether another may come.
func (v *visit) request(n int) (more bool, err error) {
	v.req, err = wire.ReadHead(v.s.R(), v.h.limits, v.bound(time.Duration(v.h.set.HeadTime)))
	if err != nil {
		return false, v.badHead(err)
	}
	if v.req.Simple() && v.h.set.Simple == "refuse" {
		v.notes = append(v.notes, "simple")
		return false, v.refuse(v.act("get", event.Malformed), v.h.set.Refuse.Line)
	}
	v.bare = v.req.Simple()
	v.split()
	if status, err := v.receive(); err != nil {
		act := v.act(method(v.req.Method), event.Malformed)
		if status != 0 {
			return false, v.refuse(act, status)
		}
		act.Outcome = event.Ignored
		v.s.Record(act)
		return false, nil
	}
	a, act := v.route()
	keep := v.keep(n) && !a.close
	if act.Outcome == "" && a.status >= 400 {
		act.Outcome = event.Refused
	}
	if a.silent {
		act.Outcome = event.Ignored
	}
	v.s.Record(act)
	return keep, v.write(&a, keep)
}

// bound returns what must be asked before each read that may block, so that all
// of them together take no longer than total: a visitor who sends an octet a
// second holds no connection.
func (v *visit) bound(total time.Duration) func() error {
	end := time.Now().Add(total)
	return func() error {
		left := time.Until(end)
		if left <= 0 {
			return errSlow
		}
		v.s.SetIdle(min(left, time.Duration(v.h.set.Idle)))
		return nil
	}
}

// badHead records a head that is none and answers as the device does.
func (v *visit) badHead(err error) error {
	r := v.h.set.Refuse
	status := 0
	switch {
	case errors.Is(err, wire.ErrLine):
		status = r.Line
	case errors.Is(err, wire.ErrHeader):
		status = r.Header
	case errors.Is(err, wire.ErrVersion):
		status = r.Version
	case errors.Is(err, wire.ErrURI):
		status = r.URI
	case errors.Is(err, wire.ErrFields):
		status = r.Fields
	}
	act := v.act("bad_request", event.Malformed)
	if v.req.Method == "" {
		if name := foreign.Name([]byte(v.req.Target)); name != "" && name != "http" {
			act.Op, act.Class, act.Target = "foreign", event.Foreign, event.Target{}
			act.Detail = foreignDetail(name)
		}
	}
	if status != 0 {
		return v.refuse(act, status)
	}
	if act.Op == "bad_request" {
		act.Op = "partial_request"
	}
	act.Outcome = event.Ignored
	if errors.Is(err, errSlow) || errors.Is(err, session.ErrIdle) {
		act.Outcome = event.Dropped
		err = nil
	}
	v.s.Record(act)
	return err
}

// keep says whether the connection stays open behind this request (RFC 9112 §9.3).
func (v *visit) keep(n int) bool {
	switch {
	case !v.h.set.KeepAlive || v.req.Simple() || v.h.set.Requests > 0 && n >= v.h.set.Requests:
		return false
	case v.req.Has("Connection", "close"):
		return false
	case v.req.AtLeast11():
		return true
	}
	return v.req.Has("Connection", "keep-alive")
}

// split takes the target apart: absolute form, path, query.
func (v *visit) split() {
	target := v.req.Target
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && strings.EqualFold(target[:len(scheme)], scheme) {
			v.notes = append(v.notes, "absolute")
			_, path, _ := strings.Cut(target[len(scheme):], "/")
			target = "/" + path
		}
	}
	raw, query, _ := strings.Cut(target, "?")
	v.query, _ = url.ParseQuery(query) // what is well-formed of it
	var err error
	if v.path, err = url.PathUnescape(raw); err != nil {
		v.path = raw
	}
	deep, err := url.PathUnescape(v.path) // scanners escape twice
	if err != nil {
		deep = v.path
	}
	if slices.Contains(strings.FieldsFunc(deep+"/"+query, func(r rune) bool { return strings.ContainsRune(`/\&=;`, r) }), "..") {
		v.notes = append(v.notes, "traversal")
	}
	v.who = v.h.logins.who(cookie(&v.req, v.h.set.Login.Cookie), time.Now())
}

// cookie returns the value of a cookie (RFC 6265 §4.2).
func cookie(r *wire.Request, name string) string {
	for part := range strings.SplitSeq(r.Get("Cookie"), ";") {
		if k, val, ok := strings.Cut(strings.TrimSpace(part), "="); ok && k == name {
			return strings.Trim(val, `"`)
		}
	}
	return ""
}
