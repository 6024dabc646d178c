package web

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// cookieName is the login's. It is sent to the API's paths alone: a browser does
// not tell ports of one host apart, and a honeypot may listen at another.
const cookieName = "sundew"

// policy is what the pages may do: nothing but load and ask what is ours.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=(), payment=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	if s.cfg.TLS {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if !s.knows(r.Host) {
		s.fail(w, r, &problem{Type: "host", Status: http.StatusMisdirectedRequest, Title: "Not called by its own name", Detail: "this dashboard answers to localhost and to the names that it was started with"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	// An export may be long, and a stream has no end; each write of them begins anew.
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	s.mux.ServeHTTP(w, r)
}

// writeTime is how long an answer, or the next part of it, may take to be sent.
const writeTime = 60 * time.Second

// knows says whether a Host field names this dashboard: a page of elsewhere whose
// name was made to point here (DNS rebinding) does not.
func (s *Server) knows(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" || slices.Contains(s.cfg.Hosts, name) {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && (a.IsLoopback() || slices.Contains(s.cfg.Hosts, a.String()))
}

// admit says whether a request may ask a route.
func (a *ask) admit(v route) error {
	site := a.r.Header.Get("Sec-Fetch-Site")
	if site != "" && site != "same-origin" && site != "none" {
		return &problem{Type: "csrf", Status: 403, Title: "Asked by another page", Detail: "only the dashboard's own pages may ask"}
	}
	changes := a.r.Method != http.MethodGet && a.r.Method != http.MethodHead
	if changes {
		if err := a.origin.Check(a.r); err != nil {
			return &problem{Type: "csrf", Status: 403, Title: "Asked by another page", Detail: "only the dashboard's own pages may ask"}
		}
		if kind, _, _ := strings.Cut(a.r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
			return &problem{Type: "csrf", Status: 415, Title: "Not JSON", Detail: "send application/json"}
		}
	}
	set, _, err := a.cfg.Secrets.Set()
	if err != nil {
		return err
	}
	if c, err := a.r.Cookie(cookieName); err == nil {
		a.login = a.logins.find(c.Value, set, a.now)
	}
	if v.open {
		return nil
	}
	if a.login == nil {
		return &problem{Type: "login", Status: 401, Title: "Not logged in", Detail: "log in first; a login ends after an hour without a request"}
	}
	if changes && subtle.ConstantTimeCompare([]byte(a.r.Header.Get("X-CSRF-Token")), []byte(a.login.csrf)) != 1 {
		return &problem{Type: "csrf", Status: 403, Title: "The token is missing or wrong", Detail: "send GET " + prefix + "/me's csrf as X-CSRF-Token"}
	}
	if !v.setup && a.logins.isSetup(a.login) {
		return &problem{Type: "setup", Status: 403, Title: "No password is set yet", Detail: "set one first: POST " + prefix + "/password"}
	}
	return nil
}
