package web

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// real is an address for each route's path.
func real(route string) string {
	_, path, _ := strings.Cut(route, " ")
	return strings.NewReplacer("{id}", id(6), "{who}", "203.0.113.6", "{sha256}", sha, "{format}", "lines", "{name}", "modbus").Replace(path)
}

func TestEveryRouteNeedsALogin(t *testing.T) {
	r := newRig(t, nil)
	if err := r.server.cfg.Secrets.SetPassword(password); err != nil {
		t.Fatal(err)
	}
	for _, v := range routes() {
		method, _, _ := strings.Cut(v.name, " ")
		var body any
		if method == "POST" {
			body = map[string]string{}
		}
		resp := r.do(method, prefix+real(v.name), body)
		switch v.name {
		case "GET /me":
			if resp.StatusCode != 200 || strings.Contains(string(resp.body), "csrf") || strings.Contains(string(resp.body), "version") {
				t.Errorf("me tells strangers: %s", resp.body)
			}
			continue
		case "POST /login":
			if resp.StatusCode != 401 {
				t.Errorf("an empty login: %d", resp.StatusCode)
			}
			continue
		}
		if resp.StatusCode != 401 || problemIn(t, resp).Type != "login" {
			t.Errorf("%s: %d %s", v.name, resp.StatusCode, resp.body)
		}
	}
}

func TestHeaders(t *testing.T) {
	r := newRig(t, nil).in()
	for _, path := range []string{"/", "/sessions/" + id(6), prefix + "/overview", prefix + "/nothing", "/assets/none.js"} {
		h := r.do("GET", path, nil).Header
		for name, want := range map[string]string{
			"Content-Security-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cache-Control": "no-store",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
		if h.Get("Server") != "" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestCookie(t *testing.T) {
	r := newRig(t, nil)
	if err := r.server.cfg.Secrets.SetPassword(password); err != nil {
		t.Fatal(err)
	}
	c := r.do("POST", prefix+"/login", map[string]string{"password": password}).Header.Get("Set-Cookie")
	for _, part := range []string{"HttpOnly", "SameSite=Strict", "Path=" + prefix, "Max-Age=43200"} {
		if !strings.Contains(c, part) {
			t.Errorf("the cookie lacks %s: %s", part, c)
		}
	}
	if strings.Contains(c, "Secure") {
		t.Error("without TLS a Secure cookie would be lost")
	}
	if v, _, _ := strings.Cut(strings.TrimPrefix(c, cookieName+"="), ";"); len(v) != 43 {
		t.Errorf("%q has no 256 bits", v)
	}
	r.server.cfg.TLS = true
	c = r.do("POST", prefix+"/login", map[string]string{"password": password}).Header.Get("Set-Cookie")
	if !strings.Contains(c, "Secure") {
		t.Error("with TLS the cookie is Secure")
	}
}

func TestOthersMayNotAsk(t *testing.T) {
	r := newRig(t, nil).in()
	if resp := r.get("/overview"); resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	for _, site := range []string{"cross-site", "same-site"} { // another port of this host is same-site: the honeypot's
		if resp := r.get("/overview", "Sec-Fetch-Site", site); resp.StatusCode != 403 || problemIn(t, resp).Type != "csrf" {
			t.Errorf("GET, %s: %d", site, resp.StatusCode)
		}
		if resp := r.do("POST", prefix+"/logout", map[string]bool{}, "Sec-Fetch-Site", site); resp.StatusCode != 403 {
			t.Errorf("POST, %s: %d", site, resp.StatusCode)
		}
	}
	for name, header := range map[string][]string{
		"another origin": {"Origin", "http://evil.example"}, "another port": {"Origin", "http://127.0.0.1:1"}, "no token": {"X-CSRF-Token", ""},
		"a wrong token": {"X-CSRF-Token", strings.Repeat("A", 43)}, "a form": {"Content-Type", "text/plain"},
	} {
		resp := r.do("POST", prefix+"/logout", map[string]bool{}, header...)
		if resp.StatusCode != 403 && resp.StatusCode != 415 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, resp.body)
		}
	}
	if resp := r.do("POST", prefix+"/login", map[string]string{"password": password}, "Origin", "http://evil.example"); resp.StatusCode != 403 {
		t.Errorf("login from elsewhere: %d", resp.StatusCode)
	}
	if resp := r.get("/me"); !strings.Contains(string(resp.body), `"authenticated":true`) {
		t.Errorf("still in: %s", resp.body)
	}
	if resp := r.do("POST", prefix+"/logout", map[string]bool{}, "Origin", r.url); resp.StatusCode != 204 {
		t.Errorf("logout: %d %s", resp.StatusCode, resp.body)
	}
	if resp := r.get("/overview"); resp.StatusCode != 401 {
		t.Errorf("after logout: %d", resp.StatusCode)
	}
}

func TestRebinding(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Hosts = []string{"sensor.example", "192.0.2.7"} }).in()
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9000": 200, "127.0.0.1:8900": 200, "127.9.9.9": 200, "[::1]:8900": 200, "sensor.example:443": 200, "SENSOR.example": 200, "192.0.2.7": 200,
		"evil.example": 421, "evil.example:8900": 421, "localhost.evil.example": 421, "192.0.2.8": 421, "127.0.0.1.evil.example": 421,
	} {
		if resp := r.get("/me", "Host", host); resp.StatusCode != want {
			t.Errorf("Host %s: %d", host, resp.StatusCode)
		}
		if resp := r.do("GET", "/", nil, "Host", host); resp.StatusCode != want {
			t.Errorf("page at Host %s: %d", host, resp.StatusCode)
		}
	}
}

func TestFirstStart(t *testing.T) {
	r := newRig(t, nil)
	token := r.server.cfg.Secrets.Token()
	var m me
	r.json("/me", &m)
	if !m.Setup || m.Authenticated {
		t.Errorf("before: %+v", m)
	}
	login := func(v map[string]string) response { return r.do("POST", prefix+"/login", v) }
	if resp := login(map[string]string{"token": token + "x"}); resp.StatusCode != 401 {
		t.Errorf("a wrong token: %d", resp.StatusCode)
	}
	if resp := login(map[string]string{"password": ""}); resp.StatusCode != 401 {
		t.Errorf("no password is set, and none will do: %d", resp.StatusCode)
	}
	resp := login(map[string]string{"token": strings.ToUpper(token)})
	if err := json.Unmarshal(resp.body, &m); err != nil || !m.Authenticated || !m.Setup {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	r.csrf = m.CSRF
	if resp := r.get("/overview"); resp.StatusCode != 403 || problemIn(t, resp).Type != "setup" {
		t.Errorf("before a password is set: %d %s", resp.StatusCode, resp.body)
	}
	if resp := r.do("POST", prefix+"/password", map[string]string{"new": "short"}); resp.StatusCode != 400 {
		t.Errorf("a short password: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/password", map[string]string{"new": password}); resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if resp := r.get("/overview"); resp.StatusCode != 200 {
		t.Errorf("after: %d %s", resp.StatusCode, resp.body)
	}
	if info, err := os.Stat(filepath.Join(r.dir, SecretsFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v %v", info, err)
	}
	r.fresh()
	if resp := login(map[string]string{"token": token}); resp.StatusCode != 401 {
		t.Errorf("the token again: %d", resp.StatusCode)
	}
	again := r.server.cfg.Secrets.Token() // there is a password: it opens nothing
	if resp := login(map[string]string{"token": again}); resp.StatusCode != 401 {
		t.Errorf("a token beside a password: %d", resp.StatusCode)
	}
}

func TestTokenEnds(t *testing.T) {
	s, err := OpenSecrets(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first := s.Token()
	second := s.Token()
	if s.useToken(first) {
		t.Error("an earlier token")
	}
	s.until = time.Now().Add(-time.Second)
	if s.useToken(second) {
		t.Error("after an hour")
	}
	s.Token()
	if s.useToken("") {
		t.Error("no token")
	}
}

func TestPasswordEndsOtherLogins(t *testing.T) {
	r := newRig(t, nil).in()
	one, oneToken := r.client, r.csrf
	r.fresh()
	r.in()
	if resp := r.do("POST", prefix+"/password", map[string]string{"current": "wrong horse battery", "new": "another long sentence"}); resp.StatusCode != 403 {
		t.Errorf("a wrong current password: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/password", map[string]string{"current": password, "new": "another long sentence"}); resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, resp.body)
	}
	if resp := r.get("/overview"); resp.StatusCode != 200 {
		t.Errorf("his own login: %d", resp.StatusCode)
	}
	r.client, r.csrf = one, oneToken
	if resp := r.get("/overview"); resp.StatusCode != 401 {
		t.Errorf("the other login: %d", resp.StatusCode)
	}
	// sundew dashboard passwd, beside the running server.
	r.fresh()
	if resp := r.do("POST", prefix+"/login", map[string]string{"password": "another long sentence"}); resp.StatusCode != 200 {
		t.Fatalf("%d", resp.StatusCode)
	}
	other, err := OpenSecrets(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.SetPassword("a third one, from outside"); err != nil {
		t.Fatal(err)
	}
	if resp := r.get("/overview"); resp.StatusCode != 401 {
		t.Errorf("after passwd: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/login", map[string]string{"password": "a third one, from outside"}); resp.StatusCode != 200 {
		t.Errorf("with the new one: %d", resp.StatusCode)
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	r := newRig(t, nil)
	if err := r.server.cfg.Secrets.SetPassword(password); err != nil {
		t.Fatal(err)
	}
	for i := range triesHere {
		if resp := r.do("POST", prefix+"/login", map[string]string{"password": fmt.Sprint("wrong password ", i)}); resp.StatusCode != 401 {
			t.Fatalf("try %d: %d", i, resp.StatusCode)
		}
	}
	resp := r.do("POST", prefix+"/login", map[string]string{"password": password})
	if p := problemIn(t, resp); resp.StatusCode != 429 || p.Retry < 1 || p.Retry > 20 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("then: %d %s", resp.StatusCode, resp.body)
	}
}

func TestAttempts(t *testing.T) {
	a, now := newAttempts(), time.Unix(1_000_000, 0)
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}) }
	for range triesHere {
		if a.take(addr(1), now) != 0 {
			t.Fatal("the first tries")
		}
	}
	if w := a.take(addr(1), now); w <= 0 || w > hereEvery {
		t.Errorf("one too many waits %v", w)
	}
	if a.take(addr(1), now.Add(hereEvery)) != 0 {
		t.Error("after the wait")
	}
	n := 0
	for i := range 100 {
		if a.take(addr(i+10), now.Add(hereEvery)) == 0 {
			n++
		}
	}
	if n > triesAll {
		t.Errorf("%d tries of many addresses", n)
	}
	six := netip.MustParseAddr("2001:db8::1")
	b := newAttempts()
	for range triesHere {
		b.take(six, now)
	}
	if b.take(netip.MustParseAddr("2001:db8::ffff:1"), now) == 0 {
		t.Error("a /64 is one address")
	}
	b.forgive(six)
	if b.take(six, now) != 0 {
		t.Error("after the right password")
	}
}

func TestLoginsEnd(t *testing.T) {
	l, now, set := newLogins(), time.Now(), time.Unix(5, 0)
	cookie, v := l.begin(false, set, now)
	if l.find(cookie, set, now.Add(loginIdle-time.Second)) != v {
		t.Error("within the idle time")
	}
	if l.find(cookie, set, now.Add(2*loginIdle)) != nil {
		t.Error("idle")
	}
	cookie, v = l.begin(false, set, now)
	for at := now; at.Before(now.Add(loginLife)); at = at.Add(loginIdle / 2) {
		if l.find(cookie, set, at) != v {
			t.Fatalf("in use, after %v", at.Sub(now))
		}
	}
	if l.find(cookie, set, now.Add(loginLife+time.Second)) != nil {
		t.Error("beyond its life")
	}
	select {
	case <-v.end:
	default:
		t.Error("its streams must end with it")
	}
	first, _ := l.begin(false, set, now)
	for range maxLogins {
		l.begin(false, set, now.Add(time.Second))
	}
	if l.find(first, set, now.Add(2*time.Second)) != nil || len(l.known) > maxLogins {
		t.Error("there are too many")
	}
}

func TestBodies(t *testing.T) {
	r := newRig(t, nil).in()
	if resp := r.do("POST", prefix+"/login", map[string]string{"password": strings.Repeat("x", 20_000)}); resp.StatusCode != 413 {
		t.Errorf("a long body: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/login", map[string]any{"password": 3}); resp.StatusCode != 400 {
		t.Errorf("another type: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/login", map[string]any{"passwort": "x"}); resp.StatusCode != 400 {
		t.Errorf("another member: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/overview", map[string]any{}); resp.StatusCode != 404 && resp.StatusCode != 405 {
		t.Errorf("another method: %d", resp.StatusCode)
	}
	if resp := r.do("POST", prefix+"/reports", map[string]any{"from": "7d"}); resp.StatusCode != 501 || problemIn(t, resp).Type != "not-wired" {
		t.Errorf("reports: %d %s", resp.StatusCode, resp.body)
	}
}

func TestHash(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.check("") || s.check(password) {
		t.Error("there is no password")
	}
	if err := s.SetPassword(password); err != nil {
		t.Fatal(err)
	}
	if !s.check(password) || s.check(password+"x") || s.check("") {
		t.Error("it is another")
	}
	b, err := os.ReadFile(filepath.Join(dir, SecretsFile))
	if err != nil || strings.Contains(string(b), password) || !strings.Contains(string(b), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%s %v", b, err)
	}
	for _, damaged := range []string{"{}", "x", `{"v":2,"hash":"x"}`} {
		if err := os.WriteFile(filepath.Join(dir, SecretsFile), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSecrets(dir); err == nil || !strings.Contains(err.Error(), "passwd") {
			t.Errorf("%s: %v", damaged, err)
		}
	}
	for _, hash := range []string{"", "$argon2id$v=19$m=99999999,t=2,p=1$AA$AA", "$argon2i$v=19$m=1,t=1,p=1$AA$AA", "$argon2id$v=19$m=19456,t=2,p=1$AA$AA"} {
		if verify(hash, "x") {
			t.Errorf("%s lets in", hash)
		}
	}
}
