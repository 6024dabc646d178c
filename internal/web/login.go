package web

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/netip"
	"time"
)

// me is who asks.
type me struct {
	Authenticated bool      `json:"authenticated"`
	Setup         bool      `json:"setup"`
	CSRF          string    `json:"csrf,omitempty"`
	Expires       time.Time `json:"expires,omitzero"`
	Idle          int       `json:"idle_s,omitempty"`
	Version       string    `json:"version,omitempty"`
	Mode          string    `json:"mode,omitempty"`
	Sensor        string    `json:"sensor,omitempty"`
	Synthetic     []string  `json:"synthetic,omitempty"`
	Now           time.Time `json:"now"`
}

func (a *ask) me() (any, error) {
	_, set, err := a.cfg.Secrets.Set()
	if err != nil {
		return nil, err
	}
	m := me{Setup: !set, Now: a.now}
	if a.login == nil {
		if set {
			a.expect(a.now)
		}
		return m, nil
	}
	m.Authenticated, m.CSRF, m.Expires, m.Idle = true, a.login.csrf, a.login.ends, int(loginIdle.Seconds())
	if a.logins.isSetup(a.login) {
		return m, nil
	}
	m.Version, m.Mode = a.cfg.Build, a.mode()
	if m.Synthetic, err = a.synthetic(); err != nil {
		return nil, err
	}
	if a.cfg.Running != nil {
		m.Sensor = a.cfg.Running.Health().Sensor
	}
	return m, nil
}

func (s *Server) mode() string {
	if s.cfg.Running != nil {
		return "running"
	}
	return "stopped"
}

// read reads a request's body strictly.
func (a *ask) read(into any) error {
	d := json.NewDecoder(a.r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &problem{Type: "limit", Status: 413, Title: "The request is too long"}
		}
		return &problem{Type: "query", Status: 400, Title: "The request cannot be read", Detail: "its body is not the JSON object that openapi.json describes"}
	}
	return nil
}

func (a *ask) logIn() (any, error) {
	from, err := netip.ParseAddrPort(a.r.RemoteAddr)
	if err != nil {
		return nil, err
	}
	var in struct{ Password, Token string }
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if wait := a.attempts.take(from.Addr(), a.now); wait > 0 {
		a.cfg.Log.Warn("too many logins to the dashboard are tried", "from", from.Addr())
		return nil, &problem{Type: "limit", Status: 429, Title: "Too many attempts", Detail: "wait, then try again", Retry: int(math.Ceil(wait.Seconds()))}
	}
	at, set, err := a.cfg.Secrets.Set()
	if err != nil {
		return nil, err
	}
	right := false
	switch {
	case !set && in.Token != "":
		right = a.cfg.Secrets.useToken(in.Token)
	case len(in.Password) <= maxPassword:
		right = a.cfg.Secrets.check(in.Password)
	}
	if !right {
		a.cfg.Log.Warn("a login to the dashboard was refused", "from", from.Addr())
		return nil, &problem{Type: "login", Status: 401, Title: "That is not right", Detail: refusal(set)}
	}
	a.attempts.forgive(from.Addr())
	if a.login != nil {
		a.logins.finish(a.login)
	}
	cookie, l := a.logins.begin(!set, at, a.now)
	a.login = l
	a.cfg.Log.Info("somebody logged in to the dashboard", "from", from.Addr())
	http.SetCookie(a.w, a.cookie(cookie, int(loginLife.Seconds())))
	return a.me()
}

func refusal(set bool) string {
	if set {
		return "the password is another; `sundew dashboard passwd` sets a new one"
	}
	return "the token is another, was used, or is older than an hour; a restart prints a new one, and `sundew dashboard passwd` sets a password without"
}

func (a *ask) cookie(value string, age int) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, Path: prefix, MaxAge: age, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: a.cfg.TLS}
}

func (a *ask) logOut() (any, error) {
	var in struct{ Everywhere bool }
	if err := a.read(&in); err != nil {
		return nil, err
	}
	if in.Everywhere {
		set, _, err := a.cfg.Secrets.Set()
		if err != nil {
			return nil, err
		}
		a.logins.keep(nil, set)
	}
	a.logins.finish(a.login)
	http.SetCookie(a.w, a.cookie("", -1))
	a.w.WriteHeader(http.StatusNoContent)
	return sent{}, nil
}

func (a *ask) setPassword() (any, error) {
	var in struct{ Current, New string }
	if err := a.read(&in); err != nil {
		return nil, err
	}
	from, err := netip.ParseAddrPort(a.r.RemoteAddr)
	if err != nil {
		return nil, err
	}
	if wait := a.attempts.take(from.Addr(), a.now); wait > 0 {
		return nil, &problem{Type: "limit", Status: 429, Title: "Too many attempts", Detail: "wait, then try again", Retry: int(math.Ceil(wait.Seconds()))}
	}
	_, set, err := a.cfg.Secrets.Set()
	if err != nil {
		return nil, err
	}
	if set && !a.cfg.Secrets.check(in.Current) {
		return nil, &problem{Type: "login", Status: 403, Title: "The password is another", Parameter: "current"}
	}
	if err := a.cfg.Secrets.SetPassword(in.New); err != nil {
		if errors.Is(err, ErrPassword) {
			return nil, &problem{Type: "query", Status: 400, Title: "The new password will not do", Detail: err.Error(), Parameter: "new"}
		}
		return nil, err
	}
	now, _, err := a.cfg.Secrets.Set()
	if err != nil {
		return nil, err
	}
	a.attempts.forgive(from.Addr())
	a.logins.keep(a.login, now)
	a.cfg.Log.Info("the dashboard's password was set", "from", from.Addr())
	return a.me()
}
