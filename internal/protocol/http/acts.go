package http

import (
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// detail is an act's own record.
type detail struct {
	v       *visit
	success *bool // of a login
	shipped bool  // the pair is one that the manufacturer ships
}

// act begins the record of this request.
func (v *visit) act(op string, class event.Class) event.Act {
	a := event.Act{Op: op, Class: class, Detail: detail{v: v}, Cred: v.cred()}
	if v.req.Method != "" {
		a.Target = event.Target{Kind: event.TargetPath, Ref: v.req.Target}
	}
	if len(v.body.kept) > 0 {
		a.Artifact = &v.body.kept[0]
	}
	return a
}

// AppendJSON implements event.Detail.
func (d detail) AppendJSON(b []byte) []byte {
	r := &d.v.req
	o := event.NewObject(b)
	if r.Method != "" {
		o.Text("method", r.Method)
	}
	switch {
	case r.Major > 0:
		o.Text("version", string([]byte{byte('0' + r.Major), '.', byte('0' + r.Minor)}))
	case d.v.bare:
		o.Text("version", "0.9")
	}
	for _, f := range []struct{ key, field string }{
		{"host", "Host"}, {"user_agent", "User-Agent"}, {"referer", "Referer"}, {"content_type", "Content-Type"}, {"forwarded_for", "X-Forwarded-For"},
	} {
		if s := r.Get(f.field); s != "" {
			o.Text(f.key, cut(s))
		}
	}
	if d.v.body.size > 0 {
		o.Int("body_len", d.v.body.size)
	}
	if f := fields(d.v.body.form); len(f) > 0 {
		o.Texts("form", f...)
	}
	if k := d.v.body.kept; len(k) > 1 {
		more := make([]string, 0, len(k)-1)
		for _, a := range k[1:] {
			more = append(more, a.SHA256+" "+a.Name)
		}
		o.Texts("more_artifacts", more...)
	}
	if d.v.who != "" {
		o.Text("user", d.v.who)
	}
	if len(d.v.notes) > 0 {
		o.Texts("notes", d.v.notes...)
	}
	if d.success != nil {
		o.Bool("success", *d.success)
		o.Bool("default", d.shipped)
	}
	return o.End()
}

// foreignDetail names the protocol that was spoken instead of ours.
type foreignDetail string

// AppendJSON implements event.Detail.
func (f foreignDetail) AppendJSON(b []byte) []byte {
	o := event.NewObject(b)
	o.Text("protocol", string(f))
	return o.End()
}

const (
	maxText   = 1024 // octets of a header or form field in a detail; the request has all
	maxFields = 32
)

func cut(s string) string { return s[:min(len(s), maxText)] }

// fields lists a form as "name=value", by name.
func fields(form map[string][]string) (out []string) {
	for name, values := range form {
		for _, s := range values {
			out = append(out, cut(name+"="+s))
		}
	}
	slices.Sort(out)
	return out[:min(len(out), maxFields)]
}

// method is the op of a method: its own name for those of RFC 9110, RFC 5789 and
// RFC 4918, one for all that are made up.
func method(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
		"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK":
		return strings.ToLower(m)
	}
	return "unknown_method"
}

// classOf says what a request for a path attempts, where neither a page nor a
// form has said it.
func (v *visit) classOf(found bool) event.Class {
	switch m := v.req.Method; {
	case slices.Contains(v.notes, "traversal"):
		return event.FileRead
	case m == "PUT" || m == "DELETE" || m == "MOVE" || m == "COPY" || m == "MKCOL":
		return event.FileWrite
	case len(v.body.kept) > 0 && v.body.kept[0].Kind == "http-upload":
		return event.FileWrite
	case len(v.body.kept) > 0:
		return event.Other
	case m == "OPTIONS" || m == "TRACE" || fingerprint(v.path):
		return event.Identify
	case m == "CONNECT":
		return event.Foreign // a proxy is looked for
	case found:
		return event.Read
	case v.cred() != nil:
		return event.Auth
	}
	return event.Enumerate
}

// fingerprint says whether scanners ask for a path to learn what they talk to.
func fingerprint(path string) bool {
	switch strings.ToLower(path) {
	case "/", "*", "/favicon.ico", "/robots.txt", "/sitemap.xml", "/.well-known/security.txt", "/version", "/hnap1", "/evox/about", "/sdk",
		"/nmaplowercheck", "/portal0000.htm", "/portal/portal.mwsl", "/default.mwsl", "/default.html", "/css/miniweb.css", "/s7web.css",
		"/__additional", "/docs/cplugerror.html/", "/index.html", "/index.htm", "/home.asp", "/rokform/sysdatadetail":
		return true
	}
	return strings.HasPrefix(strings.ToLower(path), "/nmaplowercheck") || strings.HasPrefix(strings.ToLower(path), "/nice%20ports")
}
