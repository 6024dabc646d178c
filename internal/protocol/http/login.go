package http

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sundew-ics/sundew/internal/event"
)

// logins are the cookies that are good for now. The zero value is ready.
type logins struct {
	mu sync.Mutex
	by map[string]loggedIn
}

type loggedIn struct {
	who   string
	by    string // the visitor's source
	until time.Time
}

// How many are logged in at once, of all visitors and of one: the one that would
// end first makes room.
const (
	maxLogins = 256
	ownLogins = 16
)

func (l *logins) who(id string, now time.Time) string {
	if id == "" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if in, ok := l.by[id]; ok && now.Before(in.until) {
		return in.who
	}
	return ""
}

func (l *logins) add(id, who, by string, now, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = make(map[string]loggedIn)
	}
	oldest, mine, n := "", "", 0
	earlier := func(k, than string) bool { return than == "" || l.by[k].until.Before(l.by[than].until) }
	for k, in := range l.by {
		if !now.Before(in.until) {
			delete(l.by, k)
			continue
		}
		if earlier(k, oldest) {
			oldest = k
		}
		if in.by != by {
			continue
		}
		if n++; earlier(k, mine) {
			mine = k
		}
	}
	switch {
	case n >= ownLogins:
		delete(l.by, mine)
	case len(l.by) >= maxLogins:
		delete(l.by, oldest)
	}
	l.by[id] = loggedIn{who, by, until}
}

func (l *logins) remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.by, id)
}

func (h *handler) buildUsers() error {
	for i := range h.set.User {
		u := &h.set.User[i]
		var err error
		if u.Name, err = h.env.Device.Identity.Expand(u.Name); err == nil {
			u.Secret, err = h.env.Device.Identity.Expand(u.Secret)
		}
		if err != nil {
			return fmt.Errorf("user %s: %w", u.Name, err)
		}
	}
	return nil
}

// check says whether a pair is a user's, and whether the manufacturer ships it.
func (h *handler) check(name, secret string) (ok, shipped bool) {
	for _, u := range h.set.User {
		if u.Name == name && u.Secret == secret {
			return true, u.Default
		}
	}
	return false, false
}

// login answers what is posted to the login form.
func (v *visit) login() (answer, event.Act) {
	l := v.h.set.Login
	name, secret := v.param(l.User), v.param(l.Secret)
	ok, shipped := v.h.check(name, secret)
	act := v.act("login", event.Auth)
	act.Cred = &event.Cred{User: name, Secret: secret, Method: "form"}
	act.Detail = detail{v: v, success: &ok, shipped: shipped}
	if !ok {
		act.Outcome = event.Refused
		return redirect(l.Status, l.Failed), act
	}
	id := make([]byte, 16)
	for i := range id {
		id[i] = byte(v.s.Rand().Uint32())
	}
	now := time.Now()
	v.h.logins.add(hex.EncodeToString(id), name, v.s.Source(), now, now.Add(time.Duration(l.Session)))
	a := redirect(l.Status, l.Done)
	a.cookie = v.cookie(hex.EncodeToString(id))
	return a, act
}

// logout forgets the visitor's cookie.
func (v *visit) logout() (answer, event.Act) {
	l := v.h.set.Login
	v.h.logins.remove(cookie(&v.req, l.Cookie))
	a := redirect(l.Status, l.Page)
	a.cookie = v.cookie("")
	return a, v.act("logout", event.Auth)
}

func (v *visit) cookie(value string) string {
	s := v.h.set.Login.Cookie + "=" + value
	if o := v.h.set.Login.Options; o != "" {
		s += "; " + o
	}
	return s
}

// param is a field of the form, or a parameter of the query.
func (v *visit) param(name string) string {
	if s, ok := v.body.form[name]; ok && len(s) > 0 {
		return s[0]
	}
	return v.query.Get(name)
}

// allowed says whether the visitor may have what auth protects; if not, what
// he gets instead. An attempt by Basic is recorded as one.
func (v *visit) allowed(auth string, act *event.Act) (answer, bool) {
	switch auth {
	case "form":
		if v.who != "" {
			return answer{}, true
		}
		act.Outcome = event.Refused
		v.notes = append(v.notes, "login_required")
		return redirect(v.h.set.Login.Status, v.h.set.Login.Page), false
	case "basic":
		c := v.cred()
		ok, shipped := false, false
		if c != nil && c.Method == "basic" {
			ok, shipped = v.h.check(c.User, c.Secret)
			act.Detail = detail{v: v, success: &ok, shipped: shipped}
		}
		if ok {
			v.who = c.User
			return answer{}, true
		}
		if c != nil {
			act.Op, act.Class = "login", event.Auth
		}
		act.Outcome = event.Refused
		a := v.fault(401)
		a.auth = fmt.Sprintf("Basic realm=%q", v.h.set.Basic.Realm)
		return a, false
	}
	return answer{}, true
}

// cred returns the credential of this request: its Authorization field, or what
// looks like one in a form.
func (v *visit) cred() *event.Cred {
	if a := v.req.Get("Authorization"); a != "" {
		scheme, rest, _ := strings.Cut(a, " ")
		c := &event.Cred{Secret: cut(rest), Method: strings.ToLower(cut(scheme))}
		if c.Method == "basic" {
			pair, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
			if user, secret, ok := strings.Cut(string(pair), ":"); err == nil && ok {
				c.User, c.Secret = cut(user), cut(secret)
			}
		}
		return c
	}
	if c := guess(v.body.form); c != nil {
		return c
	}
	return guess(v.query)
}

// guess finds a credential by the names that login forms give their fields.
func guess(form url.Values) *event.Cred {
	c := event.Cred{Method: "form"}
	found := false
	for name, values := range form {
		switch strings.ToLower(name) {
		case "user", "username", "usr", "login", "name", "uname", "account", "loginuser", "user_name", "admin_name", "j_username":
			c.User = cut(values[0])
		case "password", "pass", "passwd", "pwd", "psd", "pw", "secret", "loginpass", "userpassword", "j_password":
			c.Secret, found = cut(values[0]), true
		}
	}
	if !found {
		return nil
	}
	return &c
}
