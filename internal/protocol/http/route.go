package http

import (
	"slices"
	"strings"

	"github.com/sundew-ics/sundew/internal/event"
)

// route finds what a request comes to.
func (v *visit) route() (answer, event.Act) {
	key, post := v.h.key(v.path), v.req.Method == "POST"
	l := &v.h.set.Login
	switch {
	case !slices.Contains(v.h.set.Methods, v.req.Method):
		a := v.fault(v.h.set.Refuse.Method)
		if a.status == 405 {
			a.allow = strings.Join(v.h.set.Methods, ", ")
		}
		a.close = true
		return a, v.act(method(v.req.Method), v.classOf(false))
	case v.req.Method == "OPTIONS":
		return answer{status: 200, allow: strings.Join(v.h.set.Methods, ", ")}, v.act("options", v.classOf(true))
	case v.req.Method == "TRACE":
		return answer{status: 200, ctype: "message/http", body: v.req.Append(nil)}, v.act("trace", v.classOf(true))
	case l.Path != "" && key == v.h.key(l.Path) && post:
		return v.login()
	case l.Logout != "" && key == v.h.key(l.Logout):
		return v.logout()
	}
	if f := v.h.forms[key]; f != nil && slices.Contains(f.spec.Methods, v.req.Method) {
		return v.submit(f)
	}
	if u := v.h.uploads[key]; u != nil && (post || v.req.Method == "PUT") {
		return v.store(u)
	}
	return v.get(key)
}

// get answers with a page.
func (v *visit) get(key string) (answer, event.Act) {
	p, here := v.find(key)
	if p == nil {
		status := v.h.set.Refuse.NotFound
		switch {
		case here:
			status = v.h.set.Refuse.NotHere
		case slices.Contains(v.notes, "traversal") && v.h.set.Refuse.Traversal != 0:
			status = v.h.set.Refuse.Traversal
		case v.req.Method == "PUT" || v.req.Method == "DELETE":
			status = v.h.set.Refuse.Unwritten
		}
		a := v.fault(status)
		if a.status == 405 {
			a.allow = strings.Join(v.h.set.Methods, ", ")
		}
		return a, v.act(method(v.req.Method), v.classOf(here))
	}
	act := v.act(method(v.req.Method), v.classOf(true))
	if p.class != "" && act.Class == event.Read {
		act.Class = p.class
	}
	if a, ok := v.allowed(p.spec.Auth, &act); !ok {
		return a, act
	}
	return p.answer(v), act
}

// find returns the first page of a path whose query terms are all there and that
// has the request's method; here says that the path has pages at all.
func (v *visit) find(key string) (p *page, here bool) {
	for _, p := range v.h.pages[key] {
		if !v.asked(p.spec.Query) {
			continue
		}
		here = true
		if !serves(p.spec.Methods, v.req.Method) {
			continue
		}
		if p.spec.Alias != "" { // one level
			return v.h.pages[v.h.key(p.spec.Alias)][0], true
		}
		return p, true
	}
	return nil, here
}

func serves(methods []string, m string) bool {
	if methods == nil {
		return m == "GET" || m == "HEAD" || m == "POST"
	}
	return slices.Contains(methods, m)
}

// asked says whether each term, "name" or "name=value", is in the query or form.
func (v *visit) asked(terms []string) bool {
	for _, t := range terms {
		name, value, exact := strings.Cut(t, "=")
		got := append(slices.Clone(v.query[name]), v.body.form[name]...)
		if len(got) == 0 || exact && !slices.Contains(got, value) {
			return false
		}
	}
	return true
}
